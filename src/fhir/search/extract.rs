//! What a resource is found by, read straight from its tree.

use super::{Interval, ResourceType, codings};
use crate::json::Value;

/// The index values of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexValues<'d> {
    /// System and code of each coding; at least one entry, `(None, None)` when there is no coding.
    pub codes: Vec<(Option<&'d str>, Option<&'d str>)>,
    /// When it was measured or taken.
    pub date: Interval,
    /// System and value of each identifier that has a value.
    pub identifiers: Vec<(Option<&'d str>, &'d str)>,
}

impl<'d> IndexValues<'d> {
    /// Reads them.
    pub fn of(resource_type: ResourceType, resource: Value<'d>) -> IndexValues<'d> {
        let concept = match resource_type {
            ResourceType::Observation => resource.get("code"),
            ResourceType::MedicationAdministration => resource.get("medicationCodeableConcept"),
            ResourceType::Patient => None,
        };
        let mut codes: Vec<_> = concept.into_iter().flat_map(codings).collect();
        codes.sort_unstable();
        codes.dedup();
        if codes.is_empty() {
            codes.push((None, None));
        }
        let identifiers = resource.get("identifier").into_iter().flat_map(Value::each).filter_map(|identifier| {
            let value = identifier.get("value").and_then(Value::as_str)?;
            Some((identifier.get("system").and_then(Value::as_str), value))
        });
        IndexValues { codes, date: effective(resource), identifiers: identifiers.collect() }
    }
}

/// `effective[x]` as an interval: dateTime, instant or Period.
pub fn effective(resource: Value<'_>) -> Interval {
    let point = resource.get("effectiveDateTime").or_else(|| resource.get("effectiveInstant"));
    if let Some(text) = point.and_then(Value::as_str) {
        return Interval::parse(text).unwrap_or(Interval::NONE);
    }
    let Some(period) = resource.get("effectivePeriod") else { return Interval::NONE };
    let bound = |name: &str| period.get(name).and_then(Value::as_str).and_then(Interval::parse);
    match (bound("start"), bound("end")) {
        (None, None) => Interval::NONE,
        (start, end) => {
            Interval { low: start.map_or(i64::MIN, |start| start.low), high: end.map_or(i64::MAX, |end| end.high) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Document;

    #[test]
    fn codes_date_and_identifiers_are_read() {
        let document = Document::parse(
            r#"{"code":{"coding":[{"system":"s","code":"b"},{"system":"s","code":"a"},{"system":"s","code":"b"}]},
                "effectivePeriod":{"start":"2019-05-27T00:00:00Z"},
                "identifier":[{"system":"i","value":"1"},{"value":"2"},{"system":"i"}]}"#,
        )
        .unwrap();
        let values = IndexValues::of(ResourceType::Observation, document.root());
        assert_eq!(values.codes, [(Some("s"), Some("a")), (Some("s"), Some("b"))]);
        assert_eq!(values.identifiers, [(Some("i"), "1"), (None, "2")]);
        assert_eq!(values.date.high, i64::MAX);
        assert_eq!(values.date.low, Interval::parse("2019-05-27T00:00:00Z").unwrap().low);
    }

    #[test]
    fn a_resource_without_them_has_empty_values() {
        let document = Document::parse("[]").unwrap();
        let values = IndexValues::of(ResourceType::MedicationAdministration, document.root());
        assert_eq!(values.codes, [(None, None)]);
        assert_eq!(values.date, Interval::NONE);
    }
}
