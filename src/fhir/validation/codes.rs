//! Codes against value sets.

use super::grammar::{is_currency, is_language_tag, is_media_type};
use super::place::Place;
use super::slices::is_in;
use super::ucum::is_unit;
use super::walk::{Scope, Walk};
use crate::fhir::definitions::{Binding, Strength};
use crate::json::{Kind, Value};

/// HL7's code systems that a value set lists whole.
const WHOLE_SYSTEMS: [(&str, &str); 9] = [
    ("http://hl7.org/fhir/administrative-gender", "http://hl7.org/fhir/ValueSet/administrative-gender"),
    ("http://hl7.org/fhir/v3/Confidentiality", "http://hl7.org/fhir/ValueSet/security-labels"),
    ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "http://hl7.org/fhir/ValueSet/security-labels"),
    ("http://hl7.org/fhir/observation-category", "http://hl7.org/fhir/ValueSet/observation-category"),
    ("http://hl7.org/fhir/v2/0078", "http://hl7.org/fhir/ValueSet/observation-interpretation"),
    ("http://hl7.org/fhir/data-absent-reason", "http://hl7.org/fhir/ValueSet/observation-valueabsentreason"),
    ("http://terminology.hl7.org/CodeSystem/observation-category", "http://hl7.org/fhir/ValueSet/observation-category"),
    (
        "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
        "http://hl7.org/fhir/ValueSet/observation-interpretation",
    ),
    ("http://terminology.hl7.org/CodeSystem/data-absent-reason", "http://hl7.org/fhir/ValueSet/data-absent-reason"),
];

/// The system of unit codes.
const UCUM: &str = "http://unitsofmeasure.org";

/// Systems whose URI people write almost right.
const WELL_KNOWN: [&str; 4] = [
    "http://snomed.info/sct",
    "http://loinc.org",
    "http://unitsofmeasure.org",
    "http://www.nlm.nih.gov/research/umls/rxnorm",
];

/// Systems below FHIR's own address that are others' and that the engine lets be (`http://hl7.org/fhir/sid/…`).
const OF_OTHERS: [&str; 7] = ["icd-10", "icd-10-cm", "icd-9", "icd-9-cm", "cvx", "ndc", "srt"];

/// Value sets that a grammar defines, whose codes nobody lists.
const BY_GRAMMAR: [&str; 5] = [
    "http://hl7.org/fhir/ValueSet/all-languages",
    "http://hl7.org/fhir/ValueSet/mimetypes",
    "http://www.rfc-editor.org/bcp/bcp13.txt",
    "http://hl7.org/fhir/ValueSet/currencies",
    "http://hl7.org/fhir/ValueSet/ucum-units",
];

/// Whether a value set is one whose codes a grammar tells.
pub fn is_standard_value_set(url: &str) -> bool {
    BY_GRAMMAR.contains(&url)
}

/// Whether a code system is one that everybody uses, or that this validator knows by itself.
pub fn is_standard_system(url: &str) -> bool {
    WELL_KNOWN.contains(&url) || WHOLE_SYSTEMS.iter().any(|(known, _)| *known == url)
}

/// The code systems that everybody uses, or that this validator knows by itself.
pub(super) fn standard_systems() -> impl Iterator<Item = &'static str> {
    WELL_KNOWN.into_iter().chain(WHOLE_SYSTEMS.into_iter().map(|(known, _)| known))
}

/// What can be said about a code and a value set.
enum Verdict {
    In,
    Out,
    /// Nobody publishes the codes, or not all of them.
    Unknown,
}

impl<'w> Walk<'w> {
    pub(super) fn binding(&mut self, place: &Place<'_>, binding: &Binding, type_code: &str, value: Value<'w>) {
        // A preferred value set is only advice: HAPI says nothing about codes outside it, but for those beside one inside.
        if binding.strength < Strength::Preferred {
            return;
        }
        if binding.strength < Strength::Extensible {
            if type_code == "CodeableConcept"
                && matches!(self.verdict(bare(&binding.value_set), type_code, value), Verdict::In)
            {
                self.beside(place, bare(&binding.value_set), value);
            }
            return;
        }
        // The engine looks a coding or quantity up by system and code; of one that lacks either it says nothing.
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        if type_code != "CodeableConcept" && value.kind() == Kind::Object && text("system").and(text("code")).is_none()
        {
            return;
        }
        if let Some(maximum) = &binding.max_value_set
            && binding.strength < Strength::Required
            && matches!(self.verdict(maximum, type_code, value), Verdict::Out)
        {
            let text = format!(
                "None of the codes provided are in the maximum value set {maximum} ({maximum}), and a code from this value set is required) (codes = {})",
                codes(value)
            );
            self.error("binding", place, value, text);
            return;
        }
        let url = bare(&binding.value_set);
        match self.verdict(url, type_code, value) {
            Verdict::In if type_code == "CodeableConcept" => self.beside(place, url, value),
            Verdict::In => {}
            Verdict::Unknown => {
                self.warning("binding", place, value, format!("ValueSet {url} not found by validator"));
            }
            Verdict::Out => self.not_in_value_set(place, binding, type_code, value),
        }
    }

    /// The other codings of a concept that has a code of its value set: of those whose system it holds, the engine wants each
    /// to be in the value set, however weak the binding (`InstanceValidator.checkBindings`).
    fn beside(&mut self, place: &Place<'_>, url: &str, concept: Value<'w>) {
        let list = self.definitions.value_set(url).or_else(|| self.definitions.value_set(same_set(url)));
        // A code of a system that is published elsewhere, such as an article number, does not make the concept pass there.
        let is_told = |coding: Value<'_>| {
            let system = coding.get("system").and_then(Value::as_str).unwrap_or_default();
            list.is_none_or(|list| {
                let is_whole = list.systems.iter().any(|systems| *systems.system == *system && systems.is_whole);
                is_in(list, coding) && (!is_whole || self.definitions.holds_system(system))
            })
        };
        if !concept.get("coding").into_iter().flat_map(Value::items).any(is_told) {
            return;
        }
        for coding in concept.get("coding").into_iter().flat_map(Value::items) {
            let text = |key: &str| coding.get(key).and_then(Value::as_str);
            let (Some(system), Some(code)) = (text("system"), text("code")) else { continue };
            let is_out = match list {
                // Of a system whose codes are published elsewhere nothing can be said.
                Some(list) => {
                    let is_open = || list.is_partial && list.systems.iter().any(|systems| *systems.system == *system);
                    !is_in(list, coding) && !is_open()
                }
                None => by_grammar(url, "Coding", coding) == Some(false),
            };
            if is_out && self.definitions.holds_system(system) {
                self.error("code-beside", place, coding, format!("Unknown code '{system}#{code}'"));
            }
        }
    }

    fn not_in_value_set(&mut self, place: &Place<'_>, binding: &Binding, type_code: &str, value: Value<'w>) {
        let (full, url) = (&binding.value_set, bare(&binding.value_set));
        let codes = codes(value);
        if value.kind() == Kind::Object && type_code == "CodeableConcept" && value.get("coding").is_none() {
            // A concept in words alone: no code to judge.
            let text = match binding.strength {
                Strength::Required => {
                    format!("No code provided, and a code is required from the value set {full} ({url})")
                }
                _ => format!("No code provided, and a code should be provided from the value set {full} ({url})"),
            };
            match binding.strength {
                Strength::Required => self.error("binding", place, value, text),
                _ => self.warning("binding", place, value, text),
            }
            return;
        }
        let text = match (type_code, binding.strength) {
            ("CodeableConcept", Strength::Required) => format!(
                "None of the codes provided are in the value set {full} ({url}), and a code from this value set is required) (codes = {codes})"
            ),
            ("CodeableConcept", _) => format!(
                "None of the codes provided are in the value set {full} ({url}), and a code should come from this value set unless it has no suitable code and the validator cannot judge what is suitable) (codes = {codes})"
            ),
            ("Coding" | "Quantity", Strength::Required) => format!(
                "The code provided ({codes}) is not in the value set {full}, and a code from this value set is required: Unknown code '{codes}'"
            ),
            ("Coding" | "Quantity", _) => format!(
                "The code provided ({codes}) is not in the value set {full}, and a code should come from this value set unless it has no suitable code"
            ),
            (_, Strength::Required) => format!(
                "The value provided ('{codes}') is not in the value set {full} ({url}), and a code is required from this value set) (error message = Unknown code '{codes}')"
            ),
            _ => format!(
                "The value provided ('{codes}') is not in the value set {full} ({url}), and a code should come from this value set unless it has no suitable code"
            ),
        };
        match binding.strength {
            Strength::Required => self.error("binding", place, value, text),
            _ => self.warning("binding", place, value, text),
        }
    }

    fn verdict(&self, url: &str, type_code: &str, value: Value<'_>) -> Verdict {
        let list = self.definitions.value_set(url).or_else(|| self.definitions.value_set(same_set(url)));
        if let Some(list) = list {
            return match is_in(list, value) {
                true => Verdict::In,
                false if list.is_partial => Verdict::Unknown,
                false => Verdict::Out,
            };
        }
        by_grammar(url, type_code, value)
            .map_or(Verdict::Unknown, |holds| if holds { Verdict::In } else { Verdict::Out })
    }

    /// Whether a code system is one of FHIR's, HL7's, a standard's, or of any definition at hand.
    fn is_known_system(&self, system: &str) -> bool {
        let is_published = ["http://hl7.org/fhir/", "http://terminology.hl7.org/", "urn:ietf:", "urn:iso:"];
        WELL_KNOWN.contains(&system)
            || is_published.iter().any(|start| system.starts_with(start))
            || self.definitions.names_system(system)
    }

    /// A coding or quantity by itself: its system, its code when the system's codes are known, its display.
    pub(super) fn coding(&mut self, scope: &Scope<'w>, place: &Place<'_>, coding: Value<'w>) {
        if scope.is_secondary {
            return;
        }
        let text = |key: &str| coding.get(key).and_then(Value::as_str);
        let Some(system) = text("system") else {
            if text("code").is_some() {
                let text = "A code with no system has no defined meaning. A system should be provided";
                self.warning("system", place, coding, text.to_owned());
            }
            return;
        };
        if !is_absolute(system) {
            let text = "Coding.system must be an absolute reference, not a local reference";
            self.error("system", place, coding, text.to_owned());
            return;
        }
        if WELL_KNOWN.iter().any(|known| system.starts_with(known) && system != *known) {
            self.error("system", place, coding, format!("Invalid System URI: {system}"));
            return;
        }
        let Some(code) = text("code") else { return };
        if system == UCUM && !is_unit(code) {
            self.error("code", place, coding, format!("Validation failed for '{system}#{code}'"));
            return;
        }
        let is_of_others =
            system.strip_prefix("http://hl7.org/fhir/sid/").is_some_and(|name| OF_OTHERS.contains(&name));
        if system.starts_with("http://hl7.org/fhir/") && !is_of_others && !self.definitions.is_hl7_system(system) {
            self.error("binding", place, coding, format!("Unknown Code System '{system}'"));
            return;
        }
        let whole = WHOLE_SYSTEMS.iter().find(|(known, _)| *known == system);
        if let Some((_, url)) = whole
            && let Some(list) = self.definitions.value_set(url)
            && let Some(systems) = list.systems.iter().find(|systems| *systems.system == *system)
            && !systems.has(code)
        {
            self.error("code", place, coding, format!("Unknown code '{system}#{code}' for '{system}#{code}'"));
            return;
        }
        let Some(list) = self.definitions.code_system(system) else {
            if !self.is_known_system(system) {
                let text = format!("Code System URI '{system}' is unknown so the code cannot be validated");
                self.warning("system", place, coding, text);
            }
            if let Some(display) = coding.get("display") {
                self.display(place, display, system, code, self.definitions.national_displays(system, code));
            }
            return;
        };
        let Some(systems) = list.systems.first() else { return };
        let Some(concept) = systems.concept(code) else {
            if !list.is_partial {
                let text = format!("Unknown code '{system}#{code}' for '{system}#{code}'");
                self.error("code", place, coding, text);
            }
            return;
        };
        if let Some(display) = coding.get("display") {
            self.display(place, display, system, code, &concept.displays);
        }
    }

    /// A display, when those of its code are known.
    fn display(&mut self, place: &Place<'_>, display: Value<'w>, system: &str, code: &str, known: &[Box<str>]) {
        let Some(shown) = display.as_str() else { return };
        let is_known = |known: &str| known == shown || known.to_lowercase() == shown.trim().to_lowercase();
        if known.is_empty() || known.iter().any(|known| is_known(known)) {
            return;
        }
        let known: Vec<String> = known.iter().map(|known| format!("'{known}'")).collect();
        let text =
            format!("Display Name for {system}#{code} should be one of {} instead of '{shown}'", known.join(", "));
        let here = place.child("display");
        match self.options.refuse_wrong_display {
            true => self.error("display", &here, display, text),
            false => self.warning("display", &here, display, text),
        }
    }
}

/// STU3 has one value set under two names, and its codes under the other.
fn same_set(url: &str) -> &str {
    match url {
        "http://hl7.org/fhir/ValueSet/data-absent-reason" => {
            "http://hl7.org/fhir/ValueSet/observation-valueabsentreason"
        }
        url => url,
    }
}

/// Whether codes fit a value set that a grammar defines; `None` for any other value set.
fn by_grammar(url: &str, type_code: &str, value: Value<'_>) -> Option<bool> {
    let (system, is_code): (&str, fn(&str) -> bool) = match url {
        "http://hl7.org/fhir/ValueSet/all-languages" => ("urn:ietf:bcp:47", is_language_tag),
        "http://hl7.org/fhir/ValueSet/mimetypes" | "http://www.rfc-editor.org/bcp/bcp13.txt" => {
            ("urn:ietf:bcp:13", is_media_type)
        }
        "http://hl7.org/fhir/ValueSet/currencies" => ("urn:iso:std:iso:4217", is_currency),
        "http://hl7.org/fhir/ValueSet/ucum-units" => (UCUM, is_unit),
        _ => return None,
    };
    let fits = |coding: Value<'_>| {
        let text = |key: &str| coding.get(key).and_then(Value::as_str);
        text("system") == Some(system) && text("code").is_some_and(is_code)
    };
    match type_code {
        "code" | "string" | "uri" => value.as_str().map(is_code),
        "CodeableConcept" => Some(value.get("coding").is_some_and(|codings| codings.items().any(fits))),
        _ => Some(fits(value)),
    }
}

/// `system#code, …` as texts list them; the bare code for a code.
fn codes(value: Value<'_>) -> String {
    if let Some(code) = value.as_str() {
        return code.to_owned();
    }
    let one = |coding: Value<'_>| {
        let text = |key: &str| coding.get(key).and_then(Value::as_str);
        match (text("system"), text("code")) {
            (Some(system), Some(code)) => format!("{system}#{code}"),
            (None, Some(code)) => code.to_owned(),
            (Some(system), None) => format!("{system}#"),
            (None, None) => String::new(),
        }
    };
    match value.get("coding") {
        Some(codings) => codings.items().map(one).collect::<Vec<_>>().join(", "),
        None => one(value),
    }
}

/// Whether a system is what HAPI takes for an absolute reference. Others, such as `ftp:` and `tel:`, are none to it.
pub(super) fn is_absolute(uri: &str) -> bool {
    uri.is_empty() || ["http:", "https:", "urn:", "mailto:"].iter().any(|start| uri.starts_with(start))
}

/// Whether a URI is what HAPI takes for an absolute URL.
pub(super) fn is_absolute_address(url: &str) -> bool {
    ["http:", "https:", "urn:uuid:", "urn:oid:"].iter().any(|start| url.starts_with(start))
}

/// A canonical URL without its version.
fn bare(url: &str) -> &str {
    url.split_once('|').map_or(url, |(url, _)| url)
}
