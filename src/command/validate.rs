//! `kanta-phr-sandbox validate`

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::fhir::definitions::Definitions;
use kanta_phr_sandbox::fhir::validation::{self, Finding, Options, report};
use kanta_phr_sandbox::json::Document;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A bar is worth showing for this many files.
const MANY: usize = 500;

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
        let mut texts = Vec::new();
        let mut skipped = 0;
        for input in &self.inputs {
            if input.as_os_str() == "-" {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text).context("standard input is not UTF-8 text")?;
                texts.push(("standard input".to_owned(), text));
            } else if input.is_dir() {
                let mut files = Vec::new();
                collect(input, &mut files)?;
                for file in files {
                    let is_json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
                    if is_json {
                        texts.push((file.display().to_string(), read(&file)?));
                    } else {
                        skipped += 1;
                    }
                }
            } else {
                texts.push((input.display().to_string(), read(input)?));
            }
        }
        if texts.is_empty() {
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
        if skipped > 0 {
            eprintln!("{skipped} files that are not JSON were skipped");
        }
        let refused = reports.iter().any(report::FileReport::is_refused);
        Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn judge(&self, text: &str) -> Vec<Finding> {
        match Document::parse(text) {
            Ok(document) => {
                let version = self.fhir.unwrap_or_else(|| validation::version_of(&document));
                validation::validate(Definitions::embedded(version), &document, &Options::default())
            }
            Err(error) => vec![validation::unreadable(&error)],
        }
    }
}

fn read(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    // A text that is not UTF-8 is no JSON: the verdict says so, with its place.
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// The files below a folder, in the order of their names.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let failed = || format!("cannot read the folder {}", folder.display());
    let entries = std::fs::read_dir(folder).with_context(failed)?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>().with_context(failed)?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn progress(count: usize) -> ProgressBar {
    let is_shown = count >= MANY && std::io::stderr().is_terminal();
    let target = if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(count as u64), target);
    bar.with_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}").unwrap_or_else(|_| ProgressStyle::default_bar()),
    )
}
