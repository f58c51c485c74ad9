//! What the `validate` command prints: for people, as OperationOutcome, and as JUnit.

use std::fmt::Write;

use serde_json::{Value as Json, json};

use super::{Finding, Severity};

/// The longest part of a line that is shown.
const SHOWN: usize = 100;

/// A file and what was found in it.
#[derive(Clone, Copy, Debug)]
pub struct FileReport<'r> {
    /// Its name, as the caller gave it.
    pub file: &'r str,
    /// Its text, to show the lines that are wrong.
    pub text: &'r str,
    /// What was found.
    pub findings: &'r [Finding],
}

impl FileReport<'_> {
    /// Whether the resource is refused.
    pub fn is_refused(&self) -> bool {
        self.findings.iter().any(Finding::is_error)
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.is_error()).count()
    }
}

/// For people: each finding with its line, and how to put it right.
pub fn text(reports: &[FileReport<'_>]) -> String {
    let mut out = String::new();
    for report in reports {
        let verdict = match (report.errors(), report.count(Severity::Warning)) {
            (0, 0) => "accepted".to_owned(),
            (0, warnings) => format!("accepted, {}", counted(warnings, "warning")),
            (errors, 0) => format!("refused, {}", counted(errors, "error")),
            (errors, warnings) => format!("refused, {}, {}", counted(errors, "error"), counted(warnings, "warning")),
        };
        let _ = writeln!(out, "{}: {verdict}", report.file);
        for finding in report.findings.iter().filter(|finding| finding.severity >= Severity::Warning) {
            describe(&mut out, report.text, finding);
        }
    }
    let refused = reports.iter().filter(|report| report.is_refused()).count();
    if reports.len() > 1 {
        let _ = writeln!(
            out,
            "{}: {} accepted, {refused} refused",
            counted(reports.len(), "file"),
            reports.len() - refused
        );
    }
    out
}

fn describe(out: &mut String, text: &str, finding: &Finding) {
    let Finding { severity, rule, location, line, column, .. } = finding;
    let _ = writeln!(out, "  {} {location} (line {line}, column {column}) [{rule}]", severity.as_str());
    let code = finding.code.map(|code| format!(" ({code})")).unwrap_or_default();
    let _ = writeln!(out, "    {}{code}", finding.text);
    if let Some(source) = text.lines().nth((*line).saturating_sub(1) as usize) {
        let (shown, caret) = window(source, (*column).saturating_sub(1) as usize);
        let _ = writeln!(out, "    {line:>5} | {shown}");
        let _ = writeln!(out, "          | {:caret$}^", "");
    }
    if let Some(fix) = &finding.fix {
        let _ = writeln!(out, "    fix: {fix}");
    }
}

/// The part of a line around a column, and the column within it.
fn window(line: &str, column: usize) -> (String, usize) {
    let start = column.saturating_sub(SHOWN / 2);
    let mut shown: String =
        line.chars().skip(start).take(SHOWN).map(|character| if character == '\t' { ' ' } else { character }).collect();
    let mut caret = column - start;
    if start > 0 {
        shown.insert(0, '…');
        caret += 1;
    }
    if line.chars().count() > start + SHOWN {
        shown.push('…');
    }
    (shown, caret)
}

/// An OperationOutcome for one file; for several a list of `{"file": …, "outcome": OperationOutcome}`.
pub fn json(reports: &[FileReport<'_>]) -> String {
    let json = match reports {
        [one] => operation_outcome(one.findings),
        several => several
            .iter()
            .map(|report| json!({ "file": report.file, "outcome": operation_outcome(report.findings) }))
            .collect(),
    };
    let mut text = serde_json::to_string_pretty(&json).unwrap_or_default();
    text.push('\n');
    text
}

fn operation_outcome(findings: &[Finding]) -> Json {
    let mut issues: Vec<Json> = findings.iter().map(issue).collect();
    if issues.is_empty() {
        issues.push(json!({
            "severity": "information",
            "code": "informational",
            "diagnostics": "No issues detected during validation",
        }));
    }
    json!({ "resourceType": "OperationOutcome", "issue": issues })
}

fn issue(finding: &Finding) -> Json {
    let mut details = json!({ "text": finding.rule });
    if let Some(code) = finding.code {
        details["coding"] = json!([{ "system": "http://phr.kanta.fi/fiphr-cs-errorcodes", "code": code }]);
    }
    let diagnostics = match &finding.fix {
        Some(fix) => format!("{} (fix: {fix})", finding.text),
        None => finding.text.clone(),
    };
    let place = format!("Line {}, Col {}", finding.line, finding.column);
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

/// JUnit XML: a test case a file, failed when the resource is refused.
pub fn junit(reports: &[FileReport<'_>]) -> String {
    let refused = reports.iter().filter(|report| report.is_refused()).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(out, "<testsuites tests=\"{}\" failures=\"{refused}\">", reports.len());
    let _ = writeln!(
        out,
        "  <testsuite name=\"validate\" tests=\"{}\" failures=\"{refused}\" errors=\"0\">",
        reports.len()
    );
    for report in reports {
        let _ = write!(out, "    <testcase classname=\"validate\" name=\"{}\"", xml(report.file));
        if report.findings.is_empty() {
            out.push_str("/>\n");
            continue;
        }
        out.push_str(">\n");
        let lines = |of: fn(&Finding) -> bool| {
            let lines = report.findings.iter().filter(|finding| of(finding)).map(|finding| {
                let fix = finding.fix.as_ref().map(|fix| format!(" (fix: {fix})")).unwrap_or_default();
                format!(
                    "{}:{} {} [{}] {}{fix}",
                    finding.line, finding.column, finding.location, finding.rule, finding.text
                )
            });
            lines.collect::<Vec<_>>().join("\n")
        };
        if let Some(first) = report.findings.iter().find(|finding| finding.is_error()) {
            let _ = writeln!(
                out,
                "      <failure type=\"{}\" message=\"{}\">{}</failure>",
                xml(&first.rule),
                xml(&first.text),
                xml(&lines(Finding::is_error))
            );
        }
        let others = lines(|finding| !finding.is_error());
        if !others.is_empty() {
            let _ = writeln!(out, "      <system-out>{}</system-out>", xml(&others));
        }
        out.push_str("    </testcase>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
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
            // XML 1.0 has no other control characters.
            control if control.is_control() && !matches!(control, '\n' | '\t') => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
