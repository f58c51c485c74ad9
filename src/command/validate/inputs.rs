//! What the arguments lead to: files, in order, and what was passed over.

use std::io;
use std::path::{Path, PathBuf};

/// One thing to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    StandardInput,
    File {
        path: PathBuf,
        /// The path below the folder it was found in; the file's name for one that was named itself.
        below: PathBuf,
    },
}

impl Input {
    pub fn name(&self) -> String {
        match self {
            Input::StandardInput => "standard input".to_owned(),
            Input::File { path, .. } => path.display().to_string(),
        }
    }

    /// Whether the name says that each line is a resource.
    pub fn is_lines(&self) -> bool {
        matches!(self, Input::File { path, .. } if has_extension(path, &["ndjson", "jsonl"]))
    }

    /// How many bytes it has, as far as that is known.
    pub fn size(&self) -> Option<u64> {
        match self {
            Input::StandardInput => None,
            Input::File { path, .. } => {
                path.metadata().ok().filter(std::fs::Metadata::is_file).map(|found| found.len())
            }
        }
    }
}

/// What the arguments hold.
#[derive(Default)]
pub struct Inputs {
    pub inputs: Vec<Input>,
    /// How many files in folders are neither JSON nor NDJSON.
    pub skipped: usize,
    /// How many symbolic links in folders lead to folders; followed, they might lead in circles.
    pub links: usize,
    /// The files and folders that could not be read, and why; the others are judged all the same.
    pub unreadable: Vec<(String, io::Error)>,
}

impl Inputs {
    pub fn of(arguments: &[PathBuf]) -> Inputs {
        let mut inputs = Inputs::default();
        for argument in arguments {
            if argument.as_os_str() == "-" {
                // It can be read once only.
                if !inputs.inputs.contains(&Input::StandardInput) {
                    inputs.inputs.push(Input::StandardInput);
                }
            } else if argument.is_dir() {
                inputs.folder(argument, Path::new(""));
            } else {
                let below = argument.file_name().map(PathBuf::from).unwrap_or_default();
                inputs.inputs.push(Input::File { path: argument.clone(), below });
            }
        }
        inputs
    }

    /// Takes the files of a folder and below, in the order of their names.
    fn folder(&mut self, folder: &Path, below: &Path) {
        let mut names = Vec::new();
        match std::fs::read_dir(folder) {
            Ok(entries) => {
                for entry in entries {
                    match entry {
                        Ok(entry) => names.push(entry.file_name()),
                        Err(error) => self.failed(error, folder),
                    }
                }
            }
            Err(error) => self.failed(error, folder),
        }
        names.sort();
        for name in names {
            let (path, below) = (folder.join(&name), below.join(&name));
            match path.is_dir() {
                true if path.is_symlink() => self.links += 1,
                true => self.folder(&path, &below),
                false if !has_extension(&path, &["json", "ndjson", "jsonl"]) => self.skipped += 1,
                // A pipe or device met on the way might never end.
                false if path.exists() && !path.is_file() => {
                    self.failed(io::Error::other("this is no regular file"), &path);
                }
                false => self.inputs.push(Input::File { path, below }),
            }
        }
    }

    fn failed(&mut self, error: io::Error, path: &Path) {
        self.unreadable.push((path.display().to_string(), error));
    }
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let own = path.extension().unwrap_or_default();
    extensions.iter().any(|extension| own.eq_ignore_ascii_case(extension))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn folders_are_read_in_order_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("below")).unwrap();
        for name in ["below/b.json", "c.JSON", "e.ndjson", "notes.txt"] {
            std::fs::write(path(name), "{}").unwrap();
        }
        symlink(path("c.JSON"), path("d.json")).unwrap();
        symlink(folder.path(), path("below/around")).unwrap();
        let inputs = Inputs::of(&[folder.path().to_owned(), "-".into(), "-".into()]);
        let names: Vec<String> = inputs
            .inputs
            .iter()
            .map(|input| match input {
                Input::StandardInput => "-".to_owned(),
                Input::File { below, .. } => below.display().to_string(),
            })
            .collect();
        assert_eq!(names, ["below/b.json", "c.JSON", "d.json", "e.ndjson", "-"]);
        assert_eq!((inputs.skipped, inputs.links, inputs.unreadable.len()), (1, 1, 0));
    }
}
