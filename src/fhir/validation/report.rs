//! What the `validate` command prints: for people, as OperationOutcome, and as JUnit.
//!
//! Each verdict becomes a [`Piece`] of its own, so that many can be made at once and the resources be let go; a [`Writer`]
//! puts the pieces together in the order it is given them.

use std::borrow::Cow;
use std::fmt::Write;
use std::io;

use serde_json::{Value as Json, json};

use super::{Finding, Severity};
use crate::json::{Position, escape};

/// The longest part of a line that is shown.
const SHOWN: usize = 100;

/// How verdicts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people: the offending line and what to do.
    Text,
    /// OperationOutcome.
    Json,
    /// JUnit XML.
    Junit,
}

/// Where in a file a resource stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its line, from 1, when each line holds a resource (NDJSON).
    pub line: Option<u32>,
    /// Its place in a Bundle.
    pub entry: Option<Entry>,
}

/// An entry of a Bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// From 0, as in `Bundle.entry[0]`.
    pub index: usize,
    /// `fullUrl`, or type and id, as far as there are any.
    pub name: String,
}

impl Place {
    /// Whether the resource is all the file holds.
    pub fn is_whole(&self) -> bool {
        self.line.is_none() && self.entry.is_none()
    }

    /// The name of the resource: `file`, `file:12`, `file entry[0] (urn:uuid:…)`.
    pub fn name<'f>(&self, file: &'f str) -> Cow<'f, str> {
        let mut name = Cow::Borrowed(file);
        if let Some(line) = self.line {
            // Writing to a String cannot fail, here and below.
            let _ = write!(name.to_mut(), ":{line}");
        }
        if let Some(Entry { index, name: entry }) = &self.entry {
            let _ = write!(name.to_mut(), " entry[{index}]");
            if !entry.is_empty() {
                let _ = write!(name.to_mut(), " ({entry})");
            }
        }
        name
    }

    /// The members of a JSON object that say the same.
    pub(crate) fn members(&self, file: &str) -> String {
        let mut members = format!("\"file\": {}", escape(file));
        if let Some(line) = self.line {
            let _ = write!(members, ", \"line\": {line}");
        }
        if let Some(Entry { index, .. }) = &self.entry {
            let _ = write!(members, ", \"entry\": {index}");
        }
        members
    }
}

/// A resource and what was found in it.
#[derive(Clone, Copy, Debug)]
pub struct Report<'r> {
    /// The name of its file, as the caller gave it.
    pub file: &'r str,
    /// Where it stands there.
    pub place: &'r Place,
    /// Line and column of its first character in the file.
    pub start: Position,
    /// Its own text, to show the lines that are wrong.
    pub text: &'r str,
    /// What was found; lines and columns are those of its own text.
    pub findings: &'r [Finding],
}

impl Report<'_> {
    /// Whether the resource is refused.
    pub fn is_refused(&self) -> bool {
        self.findings.iter().any(Finding::is_error)
    }

    /// Line and column in the file.
    fn position(&self, finding: &Finding) -> Position {
        let column = if finding.line <= 1 { self.start.column.saturating_sub(1) } else { 0 };
        Position { line: finding.line + self.start.line.saturating_sub(1), column: finding.column + column }
    }
}

/// A verdict, ready to be written.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Whether the resource was refused.
    pub is_refused: bool,
    /// Whether there was nothing to judge, because the file could not be read.
    pub is_unreadable: bool,
    /// Whether it was all its file held.
    pub is_whole: bool,
    /// For a list in JSON: members that name the resource.
    pub(crate) members: String,
    /// For a list in JSON: the name of the member that holds the verdict.
    pub(crate) key: &'static str,
    /// The verdict.
    pub(crate) body: String,
}

/// The verdict on one resource.
pub fn piece(format: Format, report: &Report<'_>) -> Piece {
    let (members, body) = match format {
        Format::Text => (String::new(), text(report)),
        Format::Json => (
            report.place.members(report.file),
            pretty(&operation_outcome(report.findings, |each| report.position(each))),
        ),
        Format::Junit => (String::new(), test_case(report)),
    };
    let (is_refused, is_whole) = (report.is_refused(), report.place.is_whole());
    Piece { is_refused, is_unreadable: false, is_whole, members, key: "outcome", body }
}

/// What stands in a report for a file that could not be read; nothing in a report for people, who see it on standard error.
pub fn unreadable(format: Format, file: &str, reason: &str) -> Option<Piece> {
    let text = format!("cannot read {file}: {reason}");
    let (members, body) = match format {
        Format::Text => return None,
        Format::Json => {
            let finding = Finding::new(Severity::Fatal, "#unreadable".to_owned(), String::new(), text);
            let mut outcome = operation_outcome(&[finding], |_| Position { line: 1, column: 1 });
            // There is no text to have a line.
            if let Some(issue) = outcome["issue"][0].as_object_mut() {
                issue.remove("location");
                issue.insert("code".to_owned(), "exception".into());
            }
            (Place::default().members(file), pretty(&outcome))
        }
        Format::Junit => {
            let (name, text) = (xml(file), xml(&text));
            let case = format!("    <testcase classname=\"validate\" name=\"{name}\">\n");
            (String::new(), format!("{case}      <error type=\"unreadable\" message=\"{text}\"/>\n    </testcase>\n"))
        }
    };
    Some(Piece { is_refused: false, is_unreadable: true, is_whole: true, members, key: "outcome", body })
}

fn text(report: &Report<'_>) -> String {
    let count = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    let errors = report.findings.iter().filter(|finding| finding.is_error()).count();
    let verdict = match (errors, count(Severity::Warning)) {
        (0, 0) => "accepted".to_owned(),
        (0, warnings) => format!("accepted, {}", counted(warnings, "warning")),
        (errors, 0) => format!("refused, {}", counted(errors, "error")),
        (errors, warnings) => format!("refused, {}, {}", counted(errors, "error"), counted(warnings, "warning")),
    };
    let mut out = format!("{}: {verdict}\n", shown(&report.place.name(report.file)));
    for finding in report.findings.iter().filter(|finding| finding.severity >= Severity::Warning) {
        describe(&mut out, report.text, finding, report.position(finding));
    }
    out
}

/// A finding with the line it is about.
pub(crate) fn describe(out: &mut String, text: &str, finding: &Finding, position: Position) {
    let Finding { severity, rule, location, .. } = finding;
    let Position { line, column } = position;
    // A text that is no JSON has no elements.
    let location = if location.is_empty() { String::new() } else { format!("{} ", shown(location)) };
    let _ = writeln!(out, "  {} {location}(line {line}, column {column}) [{}]", severity.as_str(), shown(rule));
    let code = finding.code.map(|code| format!(" ({code})")).unwrap_or_default();
    let _ = writeln!(out, "    {}{code}", shown(&finding.text));
    if let Some(source) = text.lines().nth((finding.line).saturating_sub(1) as usize) {
        let (shown, caret) = window(source, (finding.column).saturating_sub(1) as usize);
        let _ = writeln!(out, "    {line:>5} | {shown}");
        let _ = writeln!(out, "          | {:caret$}^", "");
    }
    if let Some(fix) = &finding.fix {
        let _ = writeln!(out, "    fix: {}", shown(fix));
    }
}

/// A text as it may be shown on a terminal: what would steer it (escape sequences) or turn letters round is written as its
/// number, `\u{1b}`.
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match is_unprintable(character) {
            true => out.extend(character.escape_unicode()),
            false => out.push(character),
        }
    }
    Cow::Owned(out)
}

/// Whether a character steers a terminal, or the direction or the looks of the text around it.
fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// The part of a line around a column, and the column within it.
fn window(line: &str, column: usize) -> (String, usize) {
    let start = column.saturating_sub(SHOWN / 2);
    let mut rest = line.chars().skip(start);
    // What is no printable character would move the caret, or the reader's terminal.
    let visible = |character: char| if is_unprintable(character) { ' ' } else { character };
    let mut shown: String = rest.by_ref().take(SHOWN).map(visible).collect();
    let mut caret = column - start;
    if start > 0 {
        shown.insert(0, '…');
        caret += 1;
    }
    if rest.next().is_some() {
        shown.push('…');
    }
    (shown, caret)
}

/// The findings in a text of its own as an OperationOutcome: rules in `details.text`, what to do in `diagnostics`.
pub fn outcome(findings: &[Finding]) -> Json {
    operation_outcome(findings, |finding| Position { line: finding.line, column: finding.column })
}

/// The findings as an OperationOutcome, with the place that `position` gives each.
pub(crate) fn operation_outcome(findings: &[Finding], position: impl Fn(&Finding) -> Position) -> Json {
    let mut issues: Vec<Json> = findings.iter().map(|finding| issue(finding, position(finding))).collect();
    if issues.is_empty() {
        issues.push(json!({
            "severity": "information",
            "code": "informational",
            "diagnostics": "No issues detected during validation",
        }));
    }
    json!({ "resourceType": "OperationOutcome", "issue": issues })
}

fn issue(finding: &Finding, position: Position) -> Json {
    let mut details = json!({ "text": finding.rule });
    if let Some(code) = finding.code {
        details["coding"] = json!([{ "system": "http://phr.kanta.fi/fiphr-cs-errorcodes", "code": code }]);
    }
    let diagnostics = match &finding.fix {
        Some(fix) => format!("{} (fix: {fix})", finding.text),
        None => finding.text.clone(),
    };
    let place = format!("Line {}, Col {}", position.line, position.column);
    let location = match finding.location.as_str() {
        "" => json!([place]),
        location => json!([location, place]),
    };
    json!({
        "severity": finding.severity.as_str(),
        "code": "processing",
        "details": details,
        "diagnostics": diagnostics,
        "location": location,
    })
}

/// JSON with indentation; what has string keys only can always be written.
pub(crate) fn pretty(json: &Json) -> String {
    serde_json::to_string_pretty(json).unwrap_or_default()
}

/// A finding in a line.
pub(crate) fn line(finding: &Finding, position: Position) -> String {
    let fix = finding.fix.as_ref().map(|fix| format!(" (fix: {fix})")).unwrap_or_default();
    let Finding { location, rule, text, .. } = finding;
    let (location, rule, text, fix) = (shown(location), shown(rule), shown(text), shown(&fix));
    format!("{}:{} {location} [{rule}] {text}{fix}", position.line, position.column)
}

/// A test case of JUnit, failed when the resource is refused.
fn test_case(report: &Report<'_>) -> String {
    let lines = |is_error: bool| {
        let findings = report.findings.iter().filter(|finding| finding.is_error() == is_error);
        findings.map(|finding| line(finding, report.position(finding))).collect::<Vec<_>>().join("\n")
    };
    let failure = report.findings.iter().find(|finding| finding.is_error());
    let failure = failure.map(|first| (&*first.rule, &*first.text, lines(true)));
    junit_case("validate", &report.place.name(report.file), failure, &lines(false))
}

/// A test case of JUnit. `failure` is its type, its message and all there is to say; `output` is what else is told.
pub(crate) fn junit_case(class: &str, name: &str, failure: Option<(&str, &str, String)>, output: &str) -> String {
    let mut out = format!("    <testcase classname=\"{class}\" name=\"{}\"", xml(name));
    if failure.is_none() && output.is_empty() {
        out.push_str("/>\n");
        return out;
    }
    out.push_str(">\n");
    if let Some((kind, message, all)) = failure {
        let (kind, message, all) = (xml(kind), xml(message), xml(&all));
        let _ = writeln!(out, "      <failure type=\"{kind}\" message=\"{message}\">{all}</failure>");
    }
    if !output.is_empty() {
        let _ = writeln!(out, "      <system-out>{}</system-out>", xml(output));
    }
    out.push_str("    </testcase>\n");
    out
}

fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML 1.0 has no other control characters, and neither of these two.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            control if control.is_control() && !matches!(control, '\n' | '\t') => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

/// How many verdicts there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// All of them.
    pub judged: usize,
    /// Those that refuse.
    pub refused: usize,
    /// Files that could not be read, where the report has them; they are not among the others.
    pub unreadable: usize,
}

/// Puts pieces together. Only JUnit, which begins with its totals, is held back until the end.
pub struct Writer<W> {
    format: Format,
    out: W,
    /// The words for verdicts that are fine and not: accepted, refused.
    words: [&'static str; 2],
    totals: Totals,
    all_whole: bool,
    /// JSON: the first verdict, as long as it is not known whether it is the only one.
    first: Option<Piece>,
    cases: String,
}

impl<W: io::Write> Writer<W> {
    /// A writer to `out`; `words` are those for a verdict that is fine and one that is not, for the summary.
    pub fn new(format: Format, out: W, words: [&'static str; 2]) -> Self {
        Writer { format, out, words, totals: Totals::default(), all_whole: true, first: None, cases: String::new() }
    }

    /// The next verdict.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, piece: Piece) -> io::Result<()> {
        self.totals.judged += usize::from(!piece.is_unreadable);
        self.totals.refused += usize::from(piece.is_refused);
        self.totals.unreadable += usize::from(piece.is_unreadable);
        self.all_whole &= piece.is_whole;
        match self.format {
            Format::Text => self.out.write_all(piece.body.as_bytes()),
            Format::Junit => {
                self.cases.push_str(&piece.body);
                Ok(())
            }
            Format::Json if self.totals.judged + self.totals.unreadable == 1 => {
                self.first = Some(piece);
                Ok(())
            }
            Format::Json => {
                if let Some(first) = self.first.take() {
                    write!(self.out, "[\n{}", listed(&first))?;
                }
                write!(self.out, ",\n{}", listed(&piece))
            }
        }
    }

    /// Ends the output and says how many verdicts there were.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<Totals> {
        let Totals { judged, refused, unreadable } = self.totals;
        let written = judged + unreadable;
        match self.format {
            Format::Text if judged > 1 => {
                let what = counted(judged, if self.all_whole { "file" } else { "resource" });
                let [fine, not] = self.words;
                writeln!(self.out, "{what}: {} {fine}, {refused} {not}", judged - refused)?;
            }
            Format::Text => {}
            Format::Junit => {
                writeln!(self.out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
                let counts = format!("tests=\"{written}\" failures=\"{refused}\" errors=\"{unreadable}\"");
                writeln!(self.out, "<testsuites {counts}>")?;
                writeln!(self.out, "  <testsuite name=\"validate\" {counts}>")?;
                self.out.write_all(self.cases.as_bytes())?;
                self.out.write_all(b"  </testsuite>\n</testsuites>\n")?;
            }
            Format::Json => match &self.first {
                Some(only) if only.is_whole => writeln!(self.out, "{}", only.body)?,
                Some(only) => write!(self.out, "[\n{}\n]\n", listed(only))?,
                None => self.out.write_all(if written == 0 { b"[]\n" } else { b"\n]\n" })?,
            },
        }
        self.out.flush()?;
        Ok(self.totals)
    }
}

/// An item of the list: no text in JSON holds a line break, so that lines can be moved.
fn listed(piece: &Piece) -> String {
    let Piece { members, key, body, .. } = piece;
    format!("  {{ {members}, \"{key}\": {} }}", body.replace('\n', "\n  "))
}

pub(crate) fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

#[cfg(test)]
mod tests;
