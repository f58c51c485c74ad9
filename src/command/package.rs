//! `kanta-phr-sandbox package`

use anyhow::{Context, Result, bail};
use clap::Args;
use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::packages;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args)]
pub struct Package {
    /// The FHIR version [default: both]
    #[arg(long, value_name = "stu3|r4")]
    fhir: Option<Version>,
    /// The file to write, with --fhir; else a folder, made when it is not there
    #[arg(long, value_name = "FILE|DIR", default_value = ".")]
    out: PathBuf,
}

impl Package {
    pub fn run(self) -> Result<ExitCode> {
        match self.fhir {
            Some(version) if !self.out.is_dir() => write(version, &self.out)?,
            Some(version) => write(version, &self.out.join(packages::file_name(version)))?,
            None => {
                let is_archive =
                    self.out.extension().is_some_and(|extension| ["tgz", "gz"].iter().any(|of| extension == *of));
                if self.out.is_file() || is_archive && !self.out.is_dir() {
                    bail!(
                        "{} is one file, and there is a package for each FHIR version: add --fhir stu3 or --fhir r4, or name a folder",
                        self.out.display()
                    );
                }
                std::fs::create_dir_all(&self.out).with_context(|| format!("cannot make {}", self.out.display()))?;
                for version in Version::ALL {
                    write(version, &self.out.join(packages::file_name(version)))?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The package is there whole or not at all.
fn write(version: Version, path: &Path) -> Result<()> {
    let bytes = packages::write(version).context("the package cannot be put together")?;
    let failed = || format!("cannot write {}", path.display());
    let mut draft = path.as_os_str().to_owned();
    draft.push(".part");
    let written = std::fs::write(&draft, bytes).and_then(|()| std::fs::rename(&draft, path));
    if written.is_err() {
        // What is left of it, if anything, helps nobody.
        let _ = std::fs::remove_file(&draft);
    }
    written.with_context(failed)?;
    println!("{}", path.display());
    Ok(())
}
