//! `kanta-phr-sandbox validate`

mod candidates;
mod inputs;
mod judging;
mod resources;

use anyhow::{Error, Result, bail};
use candidates::Candidates;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use inputs::{Input, Inputs};
use judging::Source;
use kanta_phr_sandbox::fhir::Version;
use kanta_phr_sandbox::fhir::definitions::{Definitions, Profiles, Selection};
use kanta_phr_sandbox::fhir::migration::{self, Migration};
use kanta_phr_sandbox::fhir::validation::report::{self, Piece, Report, Totals, Writer};
use kanta_phr_sandbox::fhir::validation::{self, Finding, Options, Questionnaires};
use kanta_phr_sandbox::json::{Document, ParseError};
use kanta_phr_sandbox::packages;
use memchr::memmem;
use resources::Resource;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// A bar is worth showing for this many bytes or files.
const MANY_BYTES: u64 = 4 << 20;
const MANY_FILES: usize = 500;

/// The exit code when something could not be read, as for other wrong arguments.
const UNREADABLE: u8 = 2;

const AFTER_HELP: &str = "\
Exit codes:
  0  every resource is accepted (with --migrate: R4 accepts what it becomes)
  1  one or more are refused, are no JSON, or have nothing to become
  2  wrong usage, or an input that cannot be read (the others are judged)

Inputs: one resource; a Bundle (each entry's resource is judged);
NDJSON (each line is judged: files called .ndjson or .jsonl, and whatever
has an object in each of its first two lines).";

#[derive(Args)]
#[command(after_help = AFTER_HELP)]
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
    /// Folder, .tgz package or JSON file with draft profiles beside the national ones (repeatable)
    #[arg(long, env = "PHR_PROFILES", value_name = "DIR|PACKAGE.tgz", value_delimiter = ',')]
    profiles: Vec<PathBuf>,
    /// The rules of the STU3 profiles: the later, relaxed ones, or the first ones
    #[arg(long, default_value = "updated", value_name = "RULES")]
    stu3_rules: Stu3Rules,
    /// Know R4 profiles outside the published set as well: distance, waist circumference, body height
    #[arg(long)]
    extras: bool,
    /// What a display that is none of its code's is: a warning, or an error
    #[arg(long, default_value = "warn", value_name = "HOW")]
    display: Display,
    /// Judge QuestionnaireResponses by themselves, not by the Questionnaires among the inputs
    #[arg(long)]
    no_questionnaires: bool,
    /// Turn resources of STU3 into R4: what has to change, and what the R4 rules then still refuse
    #[arg(long, conflicts_with = "fhir")]
    migrate: bool,
    /// With --migrate: folder to write the R4 resources to, finished or not
    #[arg(long, value_name = "DIR", requires = "migrate")]
    write: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stu3Rules {
    Updated,
    #[value(name = "2017")]
    Of2017,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Display {
    Warn,
    Refuse,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: the offending line and what to do
    Text,
    /// An OperationOutcome, or a list with one for each resource
    Json,
    /// JUnit XML for CI
    Junit,
}

impl From<Format> for report::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => report::Format::Text,
            Format::Json => report::Format::Json,
            Format::Junit => report::Format::Junit,
        }
    }
}

impl Validate {
    pub fn run(self) -> Result<ExitCode> {
        let (profiles, ignored) = packages::load(&self.profiles)?;
        for each in ignored {
            eprintln!("--profiles: {}", report::shown(&each.to_string()));
        }
        for note in profiles.notes() {
            eprintln!("--profiles: note: {}", report::shown(note));
        }
        let Inputs { inputs, skipped, links, unreadable: not_found } = Inputs::of(&self.inputs);
        if inputs.is_empty() && not_found.is_empty() {
            bail!("there are no JSON files to judge");
        }
        let format = self.format.into();
        let questionnaires = match self.migrate || self.no_questionnaires {
            true => Questionnaires::default(),
            false => questionnaires(&inputs),
        };
        let candidates = self.write.as_ref().map(|folder| Candidates::new(folder.clone()));
        let mut unreadable = Vec::new();
        let totals = self.judge_all(&inputs, not_found, &mut unreadable, |resource| match self.migrate {
            _ if resource.is_bundle => self.bundle(format, resource),
            true => Some(migrate(&profiles, self.selection(), format, candidates.as_ref(), resource)),
            false => Some(self.judge(&profiles, &questionnaires, format, resource)),
        })?;
        if let Some(candidates) = candidates {
            unreadable.extend(candidates.finish());
        }
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
        if totals.judged == 0 && unreadable.is_empty() {
            bail!("there are no resources to judge: the input has only blank lines");
        }
        Ok(match (unreadable.is_empty(), totals.refused) {
            (false, _) => ExitCode::from(UNREADABLE),
            (true, 0) => ExitCode::SUCCESS,
            (true, _) => ExitCode::FAILURE,
        })
    }

    fn selection(&self) -> Selection {
        Selection { stu3_2017: self.stu3_rules == Stu3Rules::Of2017, r4_extras: self.extras }
    }

    /// Writes what `judge` makes of each resource, in order, round by round. What cannot be read is in the report, where that
    /// is for machines, and in `unreadable`.
    fn judge_all(
        &self,
        inputs: &[Input],
        not_found: Vec<(String, io::Error)>,
        unreadable: &mut Vec<Error>,
        judge: impl Fn(&Resource) -> Option<Piece> + Sync,
    ) -> Result<Totals> {
        let bar = progress(inputs);
        let words = if self.migrate { ["accepted on R4", "not"] } else { ["accepted", "refused"] };
        let out = Output(Some(io::BufWriter::new(io::stdout().lock())));
        let mut writer = Writer::new(self.format.into(), out, words);
        for (name, error) in not_found {
            self.not_read(&mut writer, unreadable, name, error).map_err(unwritten)?;
        }
        let mut source = Source::new(inputs);
        loop {
            let round = source.round();
            let pieces = judging::in_parallel(&round.resources, |resource| {
                let piece = judge(resource);
                // The resources of a Bundle come after it.
                if !resource.is_bundle {
                    bar.inc(resource.bytes.len() as u64);
                }
                piece
            });
            let mut not_read = round.unreadable.into_iter().peekable();
            // Written above the bar, should both go to one terminal.
            let written = bar.suspend(|| {
                for (index, piece) in pieces.into_iter().enumerate() {
                    while let Some((_, name, error)) = not_read.next_if(|(before, ..)| *before <= index) {
                        self.not_read(&mut writer, unreadable, name, error)?;
                    }
                    piece.map_or(Ok(()), |piece| writer.write(piece))?;
                }
                not_read.try_for_each(|(_, name, error)| self.not_read(&mut writer, unreadable, name, error))
            });
            written.map_err(unwritten)?;
            if round.is_last {
                break;
            }
        }
        bar.finish_and_clear();
        writer.finish().map_err(unwritten)
    }

    /// Notes what could not be read, in the report as well where that is for machines.
    fn not_read<W: Write>(
        &self,
        writer: &mut Writer<W>,
        unreadable: &mut Vec<Error>,
        name: String,
        error: io::Error,
    ) -> io::Result<()> {
        let piece = report::unreadable(self.format.into(), &name, &error.to_string());
        unreadable.push(Error::new(error).context(format!("cannot read {name}")));
        piece.map_or(Ok(()), |piece| writer.write(piece))
    }

    /// The verdict on a Bundle itself, when there is something to say.
    fn bundle(&self, format: report::Format, resource: &Resource) -> Option<Piece> {
        let Resource { file, place, start, .. } = resource;
        let findings = match Document::from_bytes(&resource.bytes) {
            Ok(document) => {
                let definitions = Definitions::embedded(self.fhir.unwrap_or(Version::R4));
                validation::bundle(definitions, &document, place.entry.is_some())
            }
            Err(error) => vec![unreadable(resource, &error)],
        };
        let text = String::from_utf8_lossy(&resource.bytes);
        let report = Report { file, place, start: *start, text: &text, findings: &findings };
        (!findings.is_empty()).then(|| report::piece(format, &report))
    }

    fn judge(
        &self,
        profiles: &Profiles,
        questionnaires: &Questionnaires,
        format: report::Format,
        resource: &Resource,
    ) -> Piece {
        let findings = match Document::from_bytes(&resource.bytes) {
            Ok(document) => {
                let version = self.fhir.unwrap_or_else(|| profiles.version_of(&document));
                let options = Options {
                    questionnaires: questionnaires.clone(),
                    refuse_wrong_display: self.display == Display::Refuse,
                    ..Options::default()
                };
                validation::validate(profiles.of(version, self.selection()), &document, &options)
            }
            Err(error) => vec![unreadable(resource, &error)],
        };
        let text = String::from_utf8_lossy(&resource.bytes);
        let Resource { file, place, start, .. } = resource;
        report::piece(format, &Report { file, place, start: *start, text: &text, findings: &findings })
    }
}

/// The Questionnaires among the inputs, by which responses are judged. Standard input is left out: it can be read once.
fn questionnaires(inputs: &[Input]) -> Questionnaires {
    let files: Vec<Input> = inputs.iter().filter(|input| **input != Input::StandardInput).cloned().collect();
    let name = memmem::Finder::new("\"Questionnaire\"");
    let mut found = Vec::new();
    let mut source = Source::new(&files);
    loop {
        let round = source.round();
        let may_be =
            round.resources.iter().filter(|resource| !resource.is_bundle && name.find(&resource.bytes).is_some());
        found.extend(may_be.filter_map(|resource| Document::from_bytes(&resource.bytes).ok()).map(Arc::new));
        if round.is_last {
            return Questionnaires::among(found);
        }
    }
}

/// What a resource would be on R4.
fn migrate(
    profiles: &Profiles,
    selection: Selection,
    format: report::Format,
    candidates: Option<&Candidates>,
    resource: &Resource,
) -> Piece {
    let Resource { file, place, start, .. } = resource;
    let text = String::from_utf8_lossy(&resource.bytes);
    match Document::from_bytes(&resource.bytes) {
        Ok(document) => {
            let migration = migration::migrate(profiles, selection, &document);
            if let (Some(candidates), Migration::Candidate(candidate)) = (candidates, &migration) {
                candidates.write(resource, &candidate.text);
            }
            migration::report::piece(format, file, place, &text, &migration)
        }
        Err(error) => {
            let findings = [unreadable(resource, &error)];
            report::piece(format, &Report { file, place, start: *start, text: &text, findings: &findings })
        }
    }
}

/// The finding for what is no JSON; a packed file is what people forget to unpack.
fn unreadable(resource: &Resource, error: &ParseError) -> Finding {
    let finding = validation::unreadable(error);
    match resource.bytes.starts_with(&[0x1f, 0x8b]) {
        true => Finding { fix: Some("the input is compressed: unpack it first, as with zcat".into()), ..finding },
        false => finding,
    }
}

fn unwritten(error: io::Error) -> Error {
    Error::new(error).context("the verdicts cannot be written")
}

/// Standard output until its reader, such as `head`, has enough; the exit code still tells of everything.
struct Output<W: Write>(Option<W>);

impl<W: Write> Output<W> {
    fn attempt<T>(&mut self, enough: T, write: impl FnOnce(&mut W) -> io::Result<T>) -> io::Result<T> {
        match self.0.as_mut().map(write) {
            None => Ok(enough),
            Some(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.0 = None;
                Ok(enough)
            }
            Some(written) => written,
        }
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(bytes.len(), |out| out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt((), Write::flush)
    }
}

/// A bar on standard error for long work: bytes of files, or a count where the end is not known.
fn progress(inputs: &[Input]) -> ProgressBar {
    let sizes: Option<Vec<u64>> = inputs.iter().map(Input::size).collect();
    let total = sizes.map(|sizes| sizes.iter().sum::<u64>());
    let is_long = inputs.len() >= MANY_FILES || total.is_none_or(|total| total >= MANY_BYTES);
    if !is_long || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match total {
        Some(total) => (ProgressBar::new(total), "{bar:40} {bytes}/{total_bytes} {eta}"),
        None => (ProgressBar::no_length(), "{spinner} {bytes}"),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr());
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
