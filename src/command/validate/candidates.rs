//! R4 candidates written to a folder.

use super::resources::Resource;
use anyhow::{Context, Error, anyhow};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// A folder that candidates are written to. A file of a former run is replaced; two resources of this run never share one.
pub struct Candidates {
    folder: PathBuf,
    /// Written files with the name of the resource they came from.
    written: Mutex<HashMap<PathBuf, String>>,
    failed: Mutex<Vec<Error>>,
}

impl Candidates {
    pub fn new(folder: PathBuf) -> Self {
        Candidates { folder, written: Mutex::default(), failed: Mutex::default() }
    }

    /// Writes a candidate: `bodyweight.json`, `many-12.json` for line 12, `bundle-entry-0.json`.
    pub fn write(&self, resource: &Resource, text: &str) {
        if let Err(error) = self.attempt(resource, text) {
            let mut failed = self.failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            failed.push(error);
        }
    }

    fn attempt(&self, resource: &Resource, text: &str) -> Result<(), Error> {
        let mut name = resource.stem.as_os_str().to_owned();
        if let Some(line) = resource.place.line {
            name.push(format!("-{line}"));
        }
        if let Some(entry) = &resource.place.entry {
            name.push(format!("-entry-{}", entry.index));
        }
        name.push(".json");
        let path = self.folder.join(Path::new(&name));
        let from = resource.place.name(&resource.file).into_owned();
        let taken = {
            let mut written = self.written.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            written.insert(path.clone(), from.clone())
        };
        if let Some(other) = taken {
            let path = path.display();
            return Err(anyhow!("{path} is written for {other}, and would be for {from}: give them one at a time"));
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// What could not be written.
    pub fn finish(self) -> Vec<Error> {
        self.failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
