//! `GET …/{type}`: the search form, its fields taken from the table that searches work by, and what a search found.
//! `GET …/page`: another page of a search, by the Bundle's own links.

use super::desk::{Call, Desk, Outcome, Refusal};
use super::place::Place;
use super::send::{Exchange, Outgoing};
use super::shown;
use super::types::patient;
use crate::fhir::search::{
    Parameter, ParameterType, RESULT_PARAMETERS, Role, Summary, default_code_system, parameters,
};
use crate::http::context::App;
use crate::http::pages::tester::{Control, Crumb, Field, Group, Results, Search, Value};
use crate::http::pages::{LANGUAGE_PARAMETER, Language};
use crate::http::segments::Segments;
use crate::json::{self, Document};
use crate::records::ResourceType;
use axum::extract::State;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};

/// The button that sends the search.
const SEND: &str = "send";
/// Behind the name of a date: the prefix of the value that follows.
const PREFIX: &str = "~prefix";
/// The field with further parameters as they stand in a query.
const MORE: &str = "~more";
/// The field that says how the search goes.
const BY: &str = "~by";

/// The handler.
pub async fn show(
    State(app): State<App>,
    Segments((endpoint, base, name)): Segments<(String, String, String)>,
    call: Call,
) -> Response {
    let desk = Desk::new(app, call);
    let outcome = async {
        let (place, resource_type) = desk.type_at(&endpoint, &base, &name)?;
        form(&desk, &place, resource_type).await
    }
    .await;
    desk.finish(outcome)
}

/// The handler of a further page.
pub async fn page(
    State(app): State<App>,
    Segments((endpoint, base)): Segments<(String, String)>,
    call: Call,
) -> Response {
    let desk = Desk::new(app, call);
    let outcome = async {
        let place = desk.place(&endpoint, &base)?;
        let query = written(desk.query().filter(|(name, _)| name != LANGUAGE_PARAMETER));
        let exchange = desk.send(&place, Outgoing::get(&format!("?{query}"))).await?;
        let crumbs = vec![Crumb { name: place.name(), href: place.root.clone() }];
        let view = Search {
            around: desk.around(Some(&place), crumbs),
            type_name: None,
            href: place.root.clone(),
            groups: Vec::new(),
            more: String::new(),
            by_post: false,
            results: results(&place, &exchange, desk.language),
            exchange: Some(shown::exchange(&place, &exchange)),
        };
        Ok(view.page().into_response())
    }
    .await;
    desk.finish(outcome)
}

async fn form(desk: &Desk, place: &Place, resource_type: ResourceType) -> Outcome {
    let typed: Vec<(String, String)> = desk.query().filter(|(name, _)| name != LANGUAGE_PARAMETER).collect();
    let is_sent = typed.iter().any(|(name, _)| name == SEND);
    let by_post = typed.iter().any(|(name, value)| name == BY && value == "post");
    let pairs = asked(&typed);
    let exchange = if is_sent { Some(run(desk, place, resource_type, &pairs, by_post).await?) } else { None };
    let crumbs = vec![Crumb { name: place.name(), href: place.root.clone() }];
    let default_patient = patient(desk, place).filter(|_| !is_sent).map(|patient| patient.to_string());
    let groups = groups(place, resource_type, &pairs, default_patient.as_deref());
    let is_shown = |name: &str| groups.iter().flat_map(|group| &group.fields).any(|field| field.name == name);
    // What has no field of its own, such as a parameter with a modifier, stands as it was typed.
    let more = written(pairs.iter().filter(|(name, _)| !is_shown(name)).cloned());
    let view = Search {
        around: desk.around(Some(place), crumbs),
        type_name: Some(resource_type.as_str()),
        href: place.type_page(resource_type),
        groups,
        more,
        by_post,
        results: exchange.as_ref().and_then(|exchange| results(place, exchange, desk.language)),
        exchange: exchange.as_ref().map(|exchange| shown::exchange(place, exchange)),
    };
    Ok(view.page().into_response())
}

async fn run(
    desk: &Desk,
    place: &Place,
    resource_type: ResourceType,
    pairs: &[(String, String)],
    by_post: bool,
) -> Result<Exchange, Refusal> {
    let query = written(pairs.iter().cloned());
    if !by_post {
        let mark = if query.is_empty() { "" } else { "?" };
        return desk.send(place, Outgoing::get(&format!("/{resource_type}{mark}{query}"))).await;
    }
    let target = format!("/{resource_type}/_search");
    let content_type = (header::CONTENT_TYPE, String::from("application/x-www-form-urlencoded"));
    let outgoing = Outgoing { method: Method::POST, target: &target, headers: vec![content_type], body: query.into() };
    desk.send(place, outgoing).await
}

/// The parameters that the fields of a form ask for: prefixes joined to their dates, empty fields left out, further ones
/// read from theirs.
fn asked(typed: &[(String, String)]) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut prefix = "";
    for (name, value) in typed {
        if name == SEND || name == BY {
            continue;
        }
        if name == MORE {
            pairs.extend(form_urlencoded::parse(value.trim().trim_start_matches('?').as_bytes()).into_owned());
        } else if name.ends_with(PREFIX) {
            prefix = value;
        } else if !value.trim().is_empty() {
            pairs.push((name.clone(), format!("{prefix}{}", value.trim())));
            prefix = "";
        } else {
            prefix = "";
        }
    }
    pairs
}

fn written(pairs: impl Iterator<Item = (String, String)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The fields of a type, filled in.
fn groups(place: &Place, resource_type: ResourceType, pairs: &[(String, String)], patient: Option<&str>) -> Vec<Group> {
    let values = |name: &str| -> Vec<Value> {
        let found = pairs.iter().filter(|(known, _)| known == name);
        found.map(|(_, text)| Value { prefix: String::new(), text: text.clone() }).collect()
    };
    let known = || parameters(resource_type, place.version);
    let looked_for = known().filter(|parameter| parameter.role != Role::Total).map(|parameter| {
        let mut values = values(parameter.name);
        if parameter.kind == ParameterType::Date {
            values = values.into_iter().map(|value| dated(&value.text)).collect();
            // From and to.
            values.resize_with(values.len().max(2), Value::default);
        }
        // A search for Patients without `_id` is answered 500, as was recorded.
        let is_patient_id = resource_type == ResourceType::Patient && parameter.role == Role::Id;
        if (parameter.role == Role::Patient || is_patient_id) && values.is_empty() {
            values.extend(patient.map(|patient| Value { prefix: String::new(), text: patient.to_owned() }));
        }
        values.resize_with(values.len().max(1), Value::default);
        Field {
            name: parameter.name,
            kind: parameter.kind.as_str(place.version),
            documentation: parameter.documentation.to_owned(),
            mandatory: parameter.mandatory || is_patient_id,
            is_patient_id,
            control: if parameter.kind == ParameterType::Date { Control::Dates } else { Control::Text },
            values,
            placeholder: placeholder(parameter, resource_type),
        }
    });
    let date = known().find(|parameter| parameter.role == Role::Date).map(|parameter| parameter.name);
    // Answers are JSON whatever `_format` says, and `Accept` says it already.
    let shaping = RESULT_PARAMETERS.into_iter().filter(|name| *name != "_format").map(|name| {
        let mut values = values(name);
        values.resize_with(values.len().max(1), Value::default);
        let total = known().find(|parameter| parameter.name == name);
        Field {
            name,
            kind: "",
            documentation: total.map_or("", |parameter| parameter.documentation).to_owned(),
            mandatory: false,
            is_patient_id: false,
            control: choices(name, date),
            values,
            placeholder: match name {
                "_count" => String::from("20"),
                "_elements" => String::from("code,valueQuantity"),
                _ => String::new(),
            },
        }
    });
    vec![
        Group { shapes_answer: false, fields: looked_for.collect() },
        Group { shapes_answer: true, fields: shaping.collect() },
    ]
}

/// The words of a parameter that shapes the answer, where there are few.
fn choices(name: &str, date: Option<&str>) -> Control {
    let words = |words: &[&str]| Control::Words(words.iter().map(|word| (*word).to_owned()).collect());
    match name {
        "_summary" => words(&Summary::WORDS),
        "_total" => words(&["none", "estimate", "accurate"]),
        "_pretty" => words(&["true", "false"]),
        "_sort" => {
            let keys = date.into_iter().chain(["_lastUpdated"]);
            Control::Words(keys.flat_map(|key| [format!("-{key}"), key.to_owned()]).collect())
        }
        _ => Control::Text,
    }
}

/// A date with its prefix apart.
fn dated(text: &str) -> Value {
    let letters = text.len() - text.trim_start_matches(|first: char| first.is_ascii_lowercase()).len();
    let (prefix, text) = if letters == 2 { text.split_at(2) } else { ("", text) };
    Value { prefix: prefix.to_owned(), text: text.to_owned() }
}

/// What a value looks like.
fn placeholder(parameter: &Parameter, resource_type: ResourceType) -> String {
    let text = match (parameter.role, parameter.kind) {
        (Role::Indexed, ParameterType::Token) if parameter.or => {
            return format!("{}|…", default_code_system(resource_type));
        }
        (_, ParameterType::Date) => "2026-03-03",
        (Role::Patient, _) => "Patient/…",
        (Role::Identifier, _) => "urn:ietf:rfc:3986|urn:uuid:…",
        (Role::Id, _) => "uuid",
        (_, ParameterType::Token) => "system|code",
        (_, ParameterType::Reference) => "Type/id",
        (_, ParameterType::Uri) => "http://…",
        (_, ParameterType::Special) => "",
    };
    text.to_owned()
}

/// What is in a Bundle; nothing for an answer that is none.
fn results(place: &Place, exchange: &Exchange, language: Language) -> Option<Results> {
    let document = Document::parse(exchange.text()?).ok()?;
    let root = document.root();
    if !exchange.is_success() || shown::text(root, &["resourceType"]) != "Bundle" {
        return None;
    }
    let link = |relation: &str| {
        let mut links = root.get("link").into_iter().flat_map(json::Value::items);
        let found = links.find(|link| shown::text(*link, &["relation"]) == relation)?;
        place.page_for(shown::text(found, &["url"]))
    };
    let entries = root.get("entry").into_iter().flat_map(json::Value::items);
    Some(Results {
        total: root.get("total").and_then(json::Value::number).map(str::to_owned),
        rows: entries
            .filter_map(|entry| entry.get("resource"))
            .map(|resource| shown::row(place, resource, language))
            .collect(),
        previous: link("previous"),
        next: link("next"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_the_parameters_that_are_sent() {
        let typed =
            "patient=+p+&date~prefix=ge&date=2026-01-01&date~prefix=lt&date=&_id=1&_count=&send=&~more=%3Fx:y=1%262=3";
        let typed: Vec<_> = form_urlencoded::parse(typed.as_bytes()).into_owned().collect();
        assert_eq!(written(asked(&typed).into_iter()), "patient=p&date=ge2026-01-01&_id=1&x%3Ay=1&2=3");
        let value = dated("sa2026");
        assert_eq!((value.prefix.as_str(), value.text.as_str()), ("sa", "2026"));
        assert_eq!(dated("2026").prefix, "");
    }
}
