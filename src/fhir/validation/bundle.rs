//! A Bundle as a parcel: what is wrong with itself, when its resources are judged one by one.

use super::walk::Walk;
use super::{Finding, Options, Severity, walk};
use crate::fhir::definitions::Definitions;
use crate::json::{Document, Kind, Value};
use std::borrow::Cow;

/// What is wrong with a Bundle apart from the resources in its entries: JSON faults, unknown elements, values, and entries
/// without the resource they should have. Rules that tie entries to the use of a Bundle (`bdl-…`) are left out: people put
/// resources into a Bundle only to have them judged.
pub fn bundle(definitions: &Definitions, document: &Document, is_inner: bool) -> Vec<Finding> {
    let options = Options { allow_missing_profile: true, entries_apart: true, ..Options::default() };
    let mut findings = match is_inner {
        true => walk::with(definitions, document, &options, |walk| walk.inner_bundle(document.root())),
        false => walk::validate(definitions, document, &options),
    };
    findings.retain(|finding| !finding.rule.contains("#bdl-") && finding.rule != "Bundle.meta.profile#profile");
    // As one reads the Bundle, entry by entry.
    findings.sort_by_key(|finding| (finding.line, finding.column));
    findings
}

/// Whether a document is a Bundle.
pub fn is_bundle(root: Value<'_>) -> bool {
    root.get("resourceType").and_then(Value::as_str) == Some("Bundle")
}

impl<'w> Walk<'w> {
    /// Tells of entries that should hold a resource and do not, and of a Bundle with none at all.
    pub(super) fn entries(&mut self, bundle: Value<'w>) {
        let mut is_judged = false;
        for (index, entry) in bundle.get("entry").into_iter().flat_map(Value::items).enumerate() {
            is_judged |= entry.get("resource").is_some_and(|resource| resource.kind() == Kind::Object);
            // What is no object, or holds something else as its resource, is told of as such.
            let is_told = entry.members().next().is_none() || entry.get("resource").is_some();
            let method = entry.at(&["request", "method"]).and_then(Value::as_str);
            if is_told || entry.get("response").is_some() || matches!(method, Some("DELETE" | "GET" | "HEAD")) {
                continue;
            }
            self.entry(
                Severity::Error,
                "Bundle.entry.resource#min",
                format!("Bundle.entry[{index}]"),
                entry,
                format!("entry[{index}] has no resource, so nothing of it was judged"),
                "put the resource into \"resource\"; only an entry that reads, deletes or answers goes without",
            );
        }
        if !is_judged && !self.findings.has(Severity::Error) {
            let text = "The Bundle holds no resources, so nothing was judged".to_owned();
            let fix = "put the resources into entry, each as \"resource\"";
            self.entry(Severity::Warning, "Bundle.entry#min", "Bundle".to_owned(), bundle, text, fix);
        }
    }

    fn inner_bundle(&mut self, bundle: Value<'w>) {
        let text = "This is a Bundle within a Bundle: its resources were not judged".to_owned();
        let fix = "judge the inner Bundle as a file or line of its own";
        self.entry(Severity::Error, "Bundle.entry.resource#type", "Bundle".to_owned(), bundle, text, fix);
    }

    fn entry(
        &mut self,
        severity: Severity,
        rule: &str,
        location: String,
        anchor: Value<'w>,
        text: String,
        fix: &'static str,
    ) {
        let finding = Finding::new(severity, rule.to_owned(), location, text);
        self.findings.push(Finding { fix: Some(Cow::Borrowed(fix)), ..finding }, anchor.span().start);
    }
}
