//! What a resource is found by, read straight from its tree.

use super::{Interval, ResourceType, codings};
use crate::json::{Kind, Value};

/// The index values of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexValues<'d> {
    /// System and code of what the type is indexed by: codings, or a URL without a system. At least one entry,
    /// `(None, None)` when there is nothing.
    pub codes: Vec<(Option<&'d str>, Option<&'d str>)>,
    /// When it was measured, taken, answered or planned for.
    pub date: Interval,
    /// System and value of each identifier that has a value.
    pub identifiers: Vec<(Option<&'d str>, &'d str)>,
}

impl<'d> IndexValues<'d> {
    /// Reads them.
    pub fn of(resource_type: ResourceType, resource: Value<'d>) -> IndexValues<'d> {
        let indexed = resource_type.indexed().and_then(|name| resource.get(name));
        let mut codes: Vec<_> = indexed.into_iter().flat_map(Value::each).flat_map(keys_of).collect();
        codes.sort_unstable();
        codes.dedup();
        if codes.is_empty() {
            codes.push((None, None));
        }
        let identifiers = resource.get("identifier").into_iter().flat_map(Value::each).filter_map(|identifier| {
            let value = identifier.get("value").and_then(Value::as_str)?;
            Some((identifier.get("system").and_then(Value::as_str), value))
        });
        let date = resource_type.date().map_or(Interval::NONE, |name| when(resource, name));
        IndexValues { codes, date, identifiers: identifiers.collect() }
    }
}

/// The codings of a CodeableConcept, or a URL or reference as a code without a system.
fn keys_of(value: Value<'_>) -> Vec<(Option<&str>, Option<&str>)> {
    let link = value.as_str().or_else(|| value.get("reference").and_then(Value::as_str));
    match link {
        Some(link) => vec![(None, Some(canonical(link)))],
        None => codings(value).collect(),
    }
}

/// What a URL or reference is compared by: without `|version`; of a reference to a resource here its `Type/id`.
pub fn canonical(link: &str) -> &str {
    let link = link.split_once('|').map_or(link, |(link, _)| link);
    let link = link.split_once("/_history/").map_or(link, |(link, _)| link);
    match link.split_once("/phr-resourceserver/") {
        Some((_, below)) => below.split_once('/').map_or(link, |(_, local)| local),
        None => link,
    }
}

/// An element that tells when, as an interval: a dateTime, an instant or a Period, under its name or as a choice.
pub fn when(resource: Value<'_>, name: &str) -> Interval {
    let choice = |suffix: &str| {
        resource.members().find(|(key, _)| key.strip_prefix(name) == Some(suffix)).map(|(_, value)| value)
    };
    let value = choice("").or_else(|| choice("DateTime")).or_else(|| choice("Period")).or_else(|| choice("Instant"));
    match value {
        Some(value) if value.kind() == Kind::Object => period(value),
        Some(value) => value.as_str().and_then(Interval::parse).unwrap_or(Interval::NONE),
        None => Interval::NONE,
    }
}

fn period(period: Value<'_>) -> Interval {
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
        for resource_type in ResourceType::ALL {
            let values = IndexValues::of(resource_type, document.root());
            assert_eq!(values.codes, [(None, None)]);
            assert_eq!(values.date, Interval::NONE);
        }
    }

    #[test]
    fn urls_and_references_are_indexed_without_version_and_base() {
        let values = |text: &str| {
            let document = Document::parse(text).unwrap();
            let values = IndexValues::of(ResourceType::QuestionnaireResponse, document.root());
            (values.codes[0].1.map(str::to_owned), values.date)
        };
        let (questionnaire, date) = values(r#"{"questionnaire":"http://x.test/q|2","authored":"2026-05-01"}"#);
        assert_eq!(questionnaire.as_deref(), Some("http://x.test/q"));
        assert_eq!(date, Interval::parse("2026-05-01").unwrap());
        for reference in ["Questionnaire/1", "https://h.test/phr-resourceserver/baseStu3/Questionnaire/1/_history/2"] {
            let (questionnaire, _) = values(&format!(r#"{{"questionnaire":{{"reference":"{reference}"}}}}"#));
            assert_eq!(questionnaire.as_deref(), Some("Questionnaire/1"));
        }
        let document =
            Document::parse(r#"{"period":{"start":"2026"},"category":[{"coding":[{"code":"1"}]}]}"#).unwrap();
        let values = IndexValues::of(ResourceType::CarePlan, document.root());
        assert_eq!((values.codes, values.date.high), (vec![(None, Some("1"))], i64::MAX));
    }
}
