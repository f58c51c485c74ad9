//! FHIR packages (NPM-style `.tgz`) and folders of definitions: a supplier's own read, the national ones written.
//!
//! What a package looks like: <https://hl7.org/fhir/packages.html> and the package specification it leads to.

mod read;
mod write;

use crate::fhir::definitions::{CompileError, Ignored, Profiles};
use std::io;
use std::path::{Path, PathBuf};

pub use write::{file_name, write};

/// So many definitions that are built in are told in one line.
const MANY: usize = 3;

/// Why content of one's own cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// A file, folder or archive cannot be read.
    #[error("cannot read {path}: {error}")]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// The operating system's error, or what is wrong with the archive.
        error: io::Error,
    },
    /// There is nothing in it that resources could be judged by.
    #[error("{path} has no definitions: a profile, value set or code system in JSON")]
    Empty {
        /// Which one.
        path: PathBuf,
    },
    /// Everything that cannot be used, by file and element.
    #[error("these definitions cannot be used:{}", list(.0))]
    Invalid(Vec<CompileError>),
}

/// A line for each, but for the many that a copy of the national package brings.
fn list(errors: &[CompileError]) -> String {
    let (built_in, mut shown): (Vec<&CompileError>, Vec<&CompileError>) =
        errors.iter().partition(|error| error.is_built_in());
    let summary = match built_in.as_slice() {
        [first, others @ ..] if others.len() >= MANY => Some(format!(
            "\n  {} and {} others are national or FHIR's own, and built in already: leave them out",
            first.file,
            others.len()
        )),
        few => {
            shown.splice(0..0, few.iter().copied());
            None
        }
    };
    summary.into_iter().chain(shown.into_iter().map(|error| format!("\n  {error}"))).collect()
}

/// The national definitions with what `paths` (folders, `.tgz` packages, JSON files) hold beside them, and what was ignored.
///
/// In a package, `fhirVersions` of `package.json` says which FHIR version it is for. In a folder that is said by folders
/// called `stu3` and `r4`, by a `package.json`, or by `fhirVersion` of a profile.
///
/// # Errors
/// As [`PackageError`] says; nothing is used then.
pub fn load(paths: &[impl AsRef<Path>]) -> Result<(Profiles, Vec<Ignored>), PackageError> {
    let mut content = Vec::new();
    let mut ignored = Vec::new();
    for path in paths {
        let found = read::read(path.as_ref(), &mut ignored)?;
        if found.iter().all(|group| group.files.is_empty()) {
            return Err(PackageError::Empty { path: path.as_ref().to_owned() });
        }
        content.extend(found);
    }
    let (profiles, more) = Profiles::with_own(content).map_err(PackageError::Invalid)?;
    ignored.extend(more);
    Ok((profiles, ignored))
}

#[cfg(test)]
mod tests;
