//! `kanta-phr-sandbox validate`

use anyhow::{Context, Error, Result, bail};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::fhir::definitions::{Definitions, Selection};
use kanta_phr_sandbox::fhir::validation::{self, Finding, Options, report};
use kanta_phr_sandbox::json::Document;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A bar is worth showing for this many files.
const MANY: usize = 500;

/// The exit code when something could not be read, as for other wrong arguments.
const UNREADABLE: u8 = 2;

#[derive(Args)]
pub struct Validate {
    /// Files, folders (read with everything below them), or - for standard input
    #[arg(required = true, value_name = "FILE|DIR|-")]
    inputs: Vec<PathBuf>,
    /// The FHIR version [default: by the profile each resource names, else r4]
    #[arg(long, value_name = "stu3|r4")]
    fhir: Option<Version>,
    /// How to write the verdicts
    #[arg(long, default_value = "text")]
    format: Format,
    /// The rules of the STU3 profiles: the later, relaxed ones, or the first ones
    #[arg(long, default_value = "updated", value_name = "RULES")]
    stu3_rules: Stu3Rules,
    /// Know R4 profiles outside the published set as well: distance, waist circumference, body height
    #[arg(long)]
    extras: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stu3Rules {
    Updated,
    #[value(name = "2017")]
    Of2017,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: the offending line and what to do
    Text,
    /// One OperationOutcome per file
    Json,
    /// JUnit XML for CI
    Junit,
}

/// A text with its verdict.
struct Judged {
    name: String,
    text: String,
    findings: Vec<Finding>,
}

impl Validate {
    pub fn run(self) -> Result<ExitCode> {
        let mut found = Found::default();
        for input in &self.inputs {
            if input.as_os_str() == "-" {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text).context("standard input is not UTF-8 text")?;
                found.texts.push(("standard input".to_owned(), text));
            } else if input.is_dir() {
                found.folder(input);
            } else {
                found.file(input);
            }
        }
        let Found { texts, skipped, links, unreadable } = found;
        if texts.is_empty() && unreadable.is_empty() {
            bail!("there are no JSON files to judge");
        }
        let bar = progress(texts.len());
        let judged: Vec<Judged> = texts
            .into_iter()
            .map(|(name, text)| {
                bar.inc(1);
                let findings = self.judge(&text);
                Judged { name, text, findings }
            })
            .collect();
        bar.finish_and_clear();
        let reports: Vec<report::FileReport<'_>> = judged
            .iter()
            .map(|judged| report::FileReport { file: &judged.name, text: &judged.text, findings: &judged.findings })
            .collect();
        let verdicts = match self.format {
            Format::Text => report::text(&reports),
            Format::Json => report::json(&reports),
            Format::Junit => report::junit(&reports),
        };
        // A reader such as `head` may have enough before the end.
        let _ = std::io::stdout().lock().write_all(verdicts.as_bytes());
        match skipped {
            0 => {}
            1 => eprintln!("1 file that is not JSON was skipped"),
            _ => eprintln!("{skipped} files that are not JSON were skipped"),
        }
        match links {
            0 => {}
            1 => eprintln!("1 symbolic link to a folder was not followed"),
            _ => eprintln!("{links} symbolic links to folders were not followed"),
        }
        for problem in &unreadable {
            eprintln!("error: {problem:#}");
        }
        let refused = reports.iter().any(report::FileReport::is_refused);
        Ok(match (unreadable.is_empty(), refused) {
            (false, _) => ExitCode::from(UNREADABLE),
            (true, true) => ExitCode::FAILURE,
            (true, false) => ExitCode::SUCCESS,
        })
    }

    fn judge(&self, text: &str) -> Vec<Finding> {
        match Document::parse(text) {
            Ok(document) => {
                let version = self.fhir.unwrap_or_else(|| validation::version_of(&document));
                let selection = Selection { stu3_2017: self.stu3_rules == Stu3Rules::Of2017, r4_extras: self.extras };
                validation::validate(Definitions::selected(version, selection), &document, &Options::default())
            }
            Err(error) => vec![validation::unreadable(&error)],
        }
    }
}

/// What the inputs hold.
#[derive(Default)]
struct Found {
    /// Names and texts to judge.
    texts: Vec<(String, String)>,
    /// How many files in folders are not JSON.
    skipped: usize,
    /// How many symbolic links in folders lead to folders; followed, they might lead in circles.
    links: usize,
    /// Why a file or folder could not be read; the others are judged all the same.
    unreadable: Vec<Error>,
}

impl Found {
    /// Takes the JSON files in a folder and below, in the order of their names.
    fn folder(&mut self, folder: &Path) {
        let mut paths = Vec::new();
        match std::fs::read_dir(folder) {
            Ok(entries) => {
                for entry in entries {
                    match entry {
                        Ok(entry) => paths.push(entry.path()),
                        Err(error) => self.failed(error, folder),
                    }
                }
            }
            Err(error) => self.failed(error, folder),
        }
        paths.sort();
        for path in paths {
            match path.is_dir() {
                true if path.is_symlink() => self.links += 1,
                true => self.folder(&path),
                false => {
                    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
                    match is_json {
                        // A pipe or device met on the way might never end.
                        true if path.exists() && !path.is_file() => {
                            self.failed(std::io::Error::other("this is no regular file"), &path);
                        }
                        true => self.file(&path),
                        false => self.skipped += 1,
                    }
                }
            }
        }
    }

    fn file(&mut self, path: &Path) {
        match std::fs::read(path) {
            Ok(bytes) => {
                // A text that is not UTF-8 is no JSON: the verdict says so, with its place.
                let text = String::from_utf8(bytes)
                    .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
                self.texts.push((path.display().to_string(), text));
            }
            Err(error) => self.failed(error, path),
        }
    }

    fn failed(&mut self, error: std::io::Error, path: &Path) {
        self.unreadable.push(Error::new(error).context(format!("cannot read {}", path.display())));
    }
}

fn progress(count: usize) -> ProgressBar {
    let is_shown = count >= MANY && std::io::stderr().is_terminal();
    let target = if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(count as u64), target);
    bar.with_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}").unwrap_or_else(|_| ProgressStyle::default_bar()),
    )
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_cannot_be_read_keeps_nothing_else_from_being_judged() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("below")).unwrap();
        std::fs::write(path("below/b.json"), "{}").unwrap();
        std::fs::write(path("c.JSON"), "{}").unwrap();
        std::fs::write(path("notes.txt"), "").unwrap();
        symlink(path("gone"), path("a.json")).unwrap();
        symlink(path("c.JSON"), path("d.json")).unwrap();
        symlink(folder.path(), path("below/around")).unwrap();
        let mut found = Found::default();
        found.folder(folder.path());
        let names: Vec<&str> = found.texts.iter().map(|(name, _)| &name[name.len() - 6..]).collect();
        assert_eq!(names, ["b.json", "c.JSON", "d.json"]);
        assert_eq!((found.skipped, found.links, found.unreadable.len()), (1, 1, 1));
        assert!(format!("{:#}", found.unreadable[0]).contains("a.json"), "{:#}", found.unreadable[0]);
    }
}
