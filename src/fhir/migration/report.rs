//! What `validate --migrate` prints.

use super::{Candidate, Change, Decision, Migration};
use crate::fhir::validation::report::{
    Format, Piece, Place, counted, describe, junit_case, line, operation_outcome, pretty, shown,
};
use crate::fhir::validation::{Finding, Severity};
use crate::json::{Document, Position};
use serde_json::{Value as Json, json};
use std::fmt::Write;

/// The report on one resource; `file` and `place` say which.
pub fn piece(format: Format, file: &str, place: &Place, text: &str, migration: &Migration) -> Piece {
    let name = place.name(file);
    let (members, body) = match format {
        Format::Text => (String::new(), for_people(&name, text, migration)),
        Format::Json => (place.members(file), for_machines(migration)),
        Format::Junit => (String::new(), test_case(&name, migration)),
    };
    let (is_refused, is_whole) = (!migration.is_accepted(), place.is_whole());
    Piece { is_refused, is_unreadable: false, is_whole, members, key: "migration", body }
}

fn own(finding: &Finding) -> Position {
    Position { line: finding.line, column: finding.column }
}

fn errors(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|finding| finding.is_error()).collect()
}

/// What the R4 rules have to say, worst first.
fn told(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    let warnings = findings.iter().filter(|finding| finding.severity == Severity::Warning);
    errors(findings).into_iter().chain(warnings)
}

fn for_people(name: &str, text: &str, migration: &Migration) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    match migration {
        Migration::NoCounterpart(reason) => {
            let _ = writeln!(out, "{name}: cannot be migrated\n    {}", shown(reason));
        }
        Migration::AlreadyR4(findings) => {
            let verdict = if migration.is_accepted() { "accepted" } else { "refused" };
            let _ = writeln!(out, "{name}: R4 already, {verdict}");
            for finding in told(findings) {
                describe(&mut out, text, finding, own(finding));
            }
        }
        Migration::Candidate(candidate) => {
            let Candidate { profile, changes, decisions, text, findings } = &**candidate;
            let mut verdict = match errors(findings).len() {
                0 => "then accepted".to_owned(),
                remaining => format!("then refused, {} to put right by hand", counted(remaining, "error")),
            };
            if !decisions.is_empty() {
                let _ = write!(verdict, ", {} to decide", counted(decisions.len(), "thing"));
            }
            let _ = writeln!(out, "{name}: {} to {profile}, {verdict}", counted(changes.len(), "change"));
            for Change { path, from, to, why } in changes {
                let _ = writeln!(out, "  change {path}\n    {} → {}\n    why: {}", shown(from), shown(to), shown(why));
            }
            for Decision { path, text } in decisions {
                let _ = writeln!(out, "  decide {path}\n    {}", shown(text));
            }
            if told(findings).next().is_some() {
                let _ = writeln!(
                    out,
                    "  what R4 says of the candidate; lines are the candidate's, which --write DIR writes:"
                );
            }
            for finding in told(findings) {
                describe(&mut out, text, finding, own(finding));
            }
        }
    }
    out
}

fn for_machines(migration: &Migration) -> String {
    let (head, candidate) = match migration {
        Migration::NoCounterpart(reason) => (json!({ "result": "no-counterpart", "reason": reason }), None),
        Migration::AlreadyR4(findings) => {
            (json!({ "result": "already-r4", "outcome": operation_outcome(findings, own) }), None)
        }
        Migration::Candidate(candidate) => {
            let Candidate { profile, changes, decisions, text, findings } = &**candidate;
            let change = |change: &Change| {
                let Change { path, from, to, why } = change;
                json!({ "path": path, "from": from, "to": to, "why": why })
            };
            let changes: Vec<Json> = changes.iter().map(change).collect();
            let decisions: Vec<Json> =
                decisions.iter().map(|Decision { path, text }| json!({ "path": path, "text": text })).collect();
            let result = if migration.is_accepted() { "accepted" } else { "incomplete" };
            let outcome = operation_outcome(findings, own);
            let head = json!({
                "result": result, "profile": profile, "changes": changes, "decisions": decisions, "outcome": outcome,
            });
            (head, Some(text))
        }
    };
    let head = pretty(&head);
    // The candidate as it is, with the spelling of its numbers.
    match candidate.and_then(|text| Document::parse(text.as_str()).ok()) {
        Some(candidate) => {
            let mut text = String::new();
            candidate.root().write_pretty(&mut text);
            let head = head.strip_suffix("\n}").unwrap_or(&head);
            format!("{head},\n  \"candidate\": {}\n}}", text.replace('\n', "\n  "))
        }
        None => head,
    }
}

fn test_case(name: &str, migration: &Migration) -> String {
    let (findings, output) = match migration {
        Migration::NoCounterpart(reason) => {
            return junit_case("migrate", name, Some(("no-counterpart", reason, reason.clone())), "");
        }
        Migration::AlreadyR4(findings) => (findings, String::new()),
        Migration::Candidate(candidate) => {
            let change = |change: &Change| format!("{}: {} → {} ({})", change.path, change.from, change.to, change.why);
            let decision = |decision: &Decision| format!("to decide: {}: {}", decision.path, decision.text);
            let changes = candidate.changes.iter().map(change).chain(candidate.decisions.iter().map(decision));
            (&candidate.findings, changes.collect::<Vec<_>>().join("\n"))
        }
    };
    let errors = errors(findings);
    let all = errors.iter().map(|finding| line(finding, own(finding))).collect::<Vec<_>>().join("\n");
    let all = match migration {
        Migration::Candidate(_) => format!("Lines are those of the R4 candidate.\n{all}"),
        _ => all,
    };
    let failure = errors.first().map(|first| (&*first.rule, &*first.text, all));
    junit_case("migrate", name, failure, &output)
}
