//! The client's text with id and meta spliced in: what is stored and answered.
//!
//! Keys, strings and numbers stay exactly as the client wrote them (72.50 stays 72.50); only white space between them goes.

use super::Author;
use crate::json::{Value, write_escaped};
use crate::time::to_helsinki;
use jiff::Timestamp;
use uuid::Uuid;

/// The extension that names the application which stored the resource.
pub(super) const CREATING_APPLICATION: &str = "http://phr.kanta.fi/StructureDefinition/fiphr-ext-creatingapplication";

/// What the server says of a version.
pub(super) struct Imprint<'a> {
    pub resource_type: &'static str,
    pub id: Uuid,
    pub version_id: u32,
    pub last_updated: Timestamp,
    /// A `fiphr-ext-creatingapplication` to add, as JSON.
    pub extension: Option<&'a str>,
}

/// The text to store. `resourceType`, `id` and `meta` lead; all else keeps its order.
pub(super) fn splice(resource: Value<'_>, imprint: &Imprint<'_>) -> String {
    let extra = 160 + imprint.extension.map_or(0, str::len);
    let mut output = String::with_capacity(resource.span().len() + extra);
    output.push_str("{\"resourceType\":\"");
    output.push_str(imprint.resource_type);
    output.push_str("\",\"id\":\"");
    output.push_str(imprint.id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    output.push_str("\",\"meta\":{\"versionId\":\"");
    output.push_str(&imprint.version_id.to_string());
    output.push_str("\",\"lastUpdated\":\"");
    output.push_str(&to_helsinki(imprint.last_updated));
    output.push('"');
    let meta = resource.get("meta");
    let rest = || meta.into_iter().flat_map(Value::members);
    // The recorded order is versionId, lastUpdated, profile; other members follow as they were.
    let (profile, others): (Vec<_>, Vec<_>) = rest()
        .filter(|(key, _)| !matches!(*key, "versionId" | "lastUpdated" | "_versionId" | "_lastUpdated"))
        .partition(|(key, _)| *key == "profile");
    for (_, member) in profile.into_iter().chain(others) {
        write_member(&mut output, member);
    }
    output.push('}');
    let mut extension = imprint.extension;
    for (key, member) in resource.members() {
        match key {
            "resourceType" | "id" | "meta" => continue,
            "extension" if extension.is_some() => {
                let added = extension.take().unwrap_or_default();
                output.push_str(",\"extension\":[");
                for item in member.each() {
                    item.write_compact(&mut output);
                    output.push(',');
                }
                output.push_str(added);
                output.push(']');
                continue;
            }
            _ => {}
        }
        // Elements before `extension` in FHIR's order; behind them is its place when the client sent none.
        let before = matches!(key.trim_start_matches('_'), "implicitRules" | "language" | "text" | "contained");
        if !before
            && resource.get("extension").is_none()
            && let Some(added) = extension.take()
        {
            output.push_str(",\"extension\":[");
            output.push_str(added);
            output.push(']');
        }
        write_member(&mut output, member);
    }
    output.push('}');
    output
}

fn write_member(output: &mut String, member: Value<'_>) {
    output.push(',');
    if let Some(key) = member.key_span() {
        output.push_str(&member.document().text()[key]);
    }
    output.push(':');
    member.write_compact(output);
}

/// The extension for an application.
pub(super) fn creating_application(author: &Author) -> String {
    let mut output = format!("{{\"url\":\"{CREATING_APPLICATION}\",\"extension\":[{{\"url\":\"name\",\"valueString\":");
    write_escaped(&mut output, &author.name);
    output.push_str("},{\"url\":\"applicationId\",\"valueString\":");
    write_escaped(&mut output, &author.application_id);
    output.push_str("}]}");
    output
}

/// The `fiphr-ext-creatingapplication` of a resource.
pub(super) fn find_creating_application(resource: Value<'_>) -> Option<Value<'_>> {
    let mut extensions = resource.get("extension")?.items();
    extensions.find(|extension| extension.get("url").and_then(Value::as_str) == Some(CREATING_APPLICATION))
}

/// Whether two versions say the same: members in any order, numbers by their spelling, what the server stamps left out.
pub(super) fn same_content(one: Value<'_>, other: Value<'_>) -> bool {
    let members = |resource: Value<'_>| resource.members().filter(|(key, _)| !matches!(*key, "id" | "meta")).count();
    let meta_members = |resource: Value<'_>| {
        let all = resource.get("meta").into_iter().flat_map(Value::members);
        all.filter(|(key, _)| !matches!(*key, "versionId" | "lastUpdated")).count()
    };
    members(one) == members(other)
        && meta_members(one) == meta_members(other)
        && one.members().all(|(key, value)| match key {
            "id" => true,
            "meta" => value.members().all(|(key, value)| {
                matches!(key, "versionId" | "lastUpdated")
                    || other.at(&["meta", key]).is_some_and(|other| equal(value, other))
            }),
            _ => other.get(key).is_some_and(|other| equal(value, other)),
        })
}

fn equal(one: Value<'_>, other: Value<'_>) -> bool {
    use crate::json::Kind;
    if one.kind() != other.kind() {
        return false;
    }
    match one.kind() {
        Kind::Object => {
            one.members().count() == other.members().count()
                && one.members().all(|(key, value)| other.get(key).is_some_and(|other| equal(value, other)))
        }
        Kind::Array => {
            one.items().count() == other.items().count()
                && one.items().zip(other.items()).all(|(one, other)| equal(one, other))
        }
        Kind::String => one.as_str() == other.as_str(),
        Kind::Number | Kind::Boolean | Kind::Null => one.source() == other.source(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Document;

    fn spliced(text: &str, extension: Option<&str>) -> String {
        let document = Document::parse(text).unwrap();
        let imprint = Imprint {
            resource_type: "Observation",
            id: Uuid::from_u128(1),
            version_id: 2,
            last_updated: "2019-05-27T09:05:44.669Z".parse().unwrap(),
            extension,
        };
        splice(document.root(), &imprint)
    }

    #[test]
    fn id_and_meta_lead_and_spelling_stays() {
        insta::assert_snapshot!(
            spliced(r#"{ "status": "final", "id":"x", "meta": {"tag": [], "versionId":"9", "profile": ["p"]}, "resourceType":"Observation", "value": 72.50, "text": "\u00e4 b" }"#, None),
            @r#"{"resourceType":"Observation","id":"00000000-0000-0000-0000-000000000001","meta":{"versionId":"2","lastUpdated":"2019-05-27T12:05:44.669+03:00","profile":["p"],"tag":[]},"status":"final","value":72.50,"text":"\u00e4 b"}"#
        );
    }

    #[test]
    fn the_extension_joins_the_others_or_stands_behind_the_narrative() {
        assert!(
            spliced(r#"{"language":"fi","status":"final"}"#, Some("E"))
                .contains(r#""language":"fi","extension":[E],"status""#)
        );
        assert!(
            spliced(r#"{"status":"final","extension":[1]}"#, Some("E"))
                .ends_with(r#""status":"final","extension":[1,E]}"#)
        );
    }

    #[test]
    fn content_is_compared_without_order_and_stamps() {
        let same = |one: &str, other: &str| {
            let (one, other) = (Document::parse(one).unwrap(), Document::parse(other).unwrap());
            same_content(one.root(), other.root())
        };
        assert!(same(
            r#"{"id":"1","meta":{"versionId":"1","profile":["p"]},"a":1,"b":{"c":2,"d":3}}"#,
            r#"{"b":{"d":3,"c":2},"a":1,"meta":{"profile":["p"]}}"#
        ));
        assert!(!same(r#"{"a":1.0}"#, r#"{"a":1.00}"#));
        assert!(!same(r#"{"a":[1,2]}"#, r#"{"a":[2,1]}"#));
        assert!(!same(r#"{"meta":{"profile":["p"]}}"#, r#"{"meta":{"profile":["q"]}}"#));
        assert!(!same(r#"{"a":1}"#, r#"{"a":1,"b":2}"#));
    }
}
