//! What a walk finds: said in texts, kept in order, and given its line and column at the end.

use super::place::Place;
use super::walk::Walk;
use super::{Finding, Severity, advice};
use crate::json::{Document, Value};

/// More findings than this help nobody; the rest is counted, the least grave left out first.
const MAX_FINDINGS: usize = 1000;

/// The findings of a walk, or only their number.
pub(super) struct Findings {
    is_quiet: bool,
    kept: Vec<Finding>,
    /// For each finding the byte offset it points to, from which line and column follow at the end.
    offsets: Vec<usize>,
    /// How many there are of each severity, those not kept included.
    counts: [usize; 4],
}

impl Finding {
    /// One without a fix or code; its line and column are worked out at the end.
    pub(super) fn new(severity: Severity, rule: String, location: String, text: String) -> Finding {
        Finding { severity, rule, location, line: 0, column: 0, text, fix: None, code: None }
    }
}

impl Findings {
    /// Findings that are to be read.
    pub(super) fn kept() -> Findings {
        Findings { is_quiet: false, kept: Vec::new(), offsets: Vec::new(), counts: [0; 4] }
    }

    /// Only their number is of interest.
    pub(super) fn counted() -> Findings {
        Findings { is_quiet: true, ..Findings::kept() }
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.is_quiet
    }

    /// Whether something of this severity was found.
    pub(super) fn has(&self, severity: Severity) -> bool {
        self.counts[severity as usize] > 0
    }

    pub(super) fn count(&mut self, severity: Severity) {
        self.counts[severity as usize] += 1;
    }

    /// Takes a finding that points to a byte offset.
    pub(super) fn push(&mut self, finding: Finding, offset: usize) {
        self.count(finding.severity);
        // Each severity on its own: no number of warnings may hide an error.
        if self.is_quiet || self.counts[finding.severity as usize] > MAX_FINDINGS {
            return;
        }
        self.kept.push(finding);
        self.offsets.push(offset);
    }

    /// Takes out what two profiles said alike, and works out lines and columns in one pass over the text.
    pub(super) fn finish(mut self, document: &Document) -> Vec<Finding> {
        let mut order: Vec<usize> = (0..self.kept.len()).collect();
        order.sort_by_key(|&index| self.offsets[index]);
        let (mut line, mut column, mut at) = (1, 1, 0);
        for index in order {
            let offset = self.offsets[index].min(document.text().len());
            for character in document.text().get(at..offset).unwrap_or_default().chars() {
                (line, column) = if character == '\n' { (line + 1, 1) } else { (line, column + 1) };
            }
            at = offset;
            let finding = &mut self.kept[index];
            (finding.line, finding.column) = (line, column);
        }
        let mut seen = std::collections::HashSet::new();
        let mut findings = self.kept;
        findings.retain(|finding| {
            seen.insert((
                finding.rule.clone(),
                finding.location.clone(),
                finding.line,
                finding.column,
                finding.severity,
            ))
        });
        let mut left_out = self.counts.map(|count| count.saturating_sub(MAX_FINDINGS));
        for severity in [Severity::Information, Severity::Warning, Severity::Error] {
            let excess = findings.len().saturating_sub(MAX_FINDINGS);
            let mut kept = findings.iter().filter(|finding| finding.severity == severity).count();
            let excess = excess.min(kept);
            kept -= excess;
            left_out[severity as usize] += excess;
            findings.retain(|finding| {
                let is_kept = finding.severity != severity || kept > 0;
                kept -= usize::from(is_kept && finding.severity == severity);
                is_kept
            });
        }
        let total: usize = left_out.iter().sum();
        if total > 0 {
            // As grave as the gravest of them, so that the note is shown wherever they would have been.
            let has = |severity: &Severity| left_out[*severity as usize] > 0;
            let severity = [Severity::Error, Severity::Warning].into_iter().find(has).unwrap_or(Severity::Information);
            let text = format!("{total} more findings are not shown");
            findings.push(Finding {
                line: 1,
                column: 1,
                ..Finding::new(severity, "#json".to_owned(), String::new(), text)
            });
        }
        findings
    }
}

impl<'w> Walk<'w> {
    pub(super) fn cardinality(
        &mut self,
        key: &'static str,
        place: &Place<'_>,
        anchor: Value<'w>,
        limit: u32,
        count: u32,
    ) {
        let (id, profile) = (place.element_id(), self.owner_url(place));
        let is_min = key.ends_with("min");
        let text = match (self.options.texts_of_2018, is_min) {
            (false, true) => format!("{id}: minimum required = {limit}, but only found {count} (from {profile})"),
            (false, false) => format!("{id}: max allowed = {limit}, but found {count} (from {profile})"),
            // The quote that is missing in the second one was missing then.
            (true, true) => {
                format!("Profile {profile}, Element '{id}': minimum required = {limit}, but only found {count}")
            }
            (true, false) => format!("Profile {profile}, Element '{id}: max allowed = {limit}, but found {count}"),
        };
        let location = place.parent().map_or_else(String::new, Place::location);
        self.report_at(Severity::Error, key, place, &location, anchor, text);
    }

    pub(super) fn error(&mut self, key: &str, place: &Place<'_>, anchor: Value<'w>, text: String) {
        self.report_at(Severity::Error, key, place, &place.location(), anchor, text);
    }

    pub(super) fn warning(&mut self, key: &str, place: &Place<'_>, anchor: Value<'w>, text: String) {
        self.report_at(Severity::Warning, key, place, &place.location(), anchor, text);
    }

    pub(super) fn information(&mut self, key: &str, place: &Place<'_>, anchor: Value<'w>, text: String) {
        self.report_at(Severity::Information, key, place, &place.location(), anchor, text);
    }

    pub(super) fn report_at(
        &mut self,
        severity: Severity,
        key: &str,
        place: &Place<'_>,
        location: &str,
        anchor: Value<'w>,
        text: String,
    ) {
        let is_overlooked =
            self.overlooked > 0 && severity == Severity::Error && !is_of_the_reader(key, place, anchor, &text);
        let severity = if is_overlooked { Severity::Warning } else { severity };
        // What is only counted needs no advice.
        if self.findings.is_quiet() || self.findings.counts[severity as usize] >= MAX_FINDINGS {
            return self.findings.count(severity);
        }
        let path = place.element_path();
        let fix = match is_overlooked {
            true => Some(
                "put it right all the same: the service's engine does not look into this element, newer ones do".into(),
            ),
            false => advice::advise(self, key, place, &path, anchor, &text),
        };
        let offset = match key {
            "unknown" | "json" => anchor.key_span().map_or(anchor.span().start, |span| span.start),
            _ => anchor.span().start,
        };
        let finding = Finding::new(severity, format!("{path}#{key}"), location.to_owned(), text);
        self.findings.push(Finding { fix, ..finding }, offset);
    }
}

/// Whether a rule is one that holds as the text is read, before any definition is looked at: the JSON, the names of elements,
/// the formats of values and the codes of FHIR's own enumerations.
fn is_of_the_reader(key: &str, place: &Place<'_>, anchor: Value<'_>, text: &str) -> bool {
    match key {
        "json" | "empty" | "unknown" => true,
        // A type that FHIR has for the element and a profile took away is read all the same.
        "type" => !text.contains("definition allows for the type"),
        // Texts are read whatever they are.
        "primitive" => {
            let is_text =
                matches!(place.type_code, "code" | "string" | "markdown" | "id" | "uri" | "url" | "canonical" | "oid");
            !is_text && anchor.as_str() != Some("")
        }
        "binding" => place.type_code == "code" && anchor.as_str().is_some(),
        "max" => place.choice.is_some(),
        _ => false,
    }
}
