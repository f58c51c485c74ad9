//! An exchange, and the resources in it, as a page shows them.

use super::place::Place;
use super::send::Exchange;
use crate::http::pages::Language;
use crate::http::pages::tester::{Answer, ExchangeView, HeaderLine, Issue, Reason, Row, Source};
use crate::http::reason::SANDBOX_REASON;
use crate::json::{Document, Value};
use axum::http::{HeaderMap, header};

/// A request with its answer.
pub fn exchange(place: &Place, exchange: &Exchange) -> ExchangeView {
    let sent = &exchange.sent;
    let link = |address: &str| place.page_for(address);
    let line = |name: &str, value: &str| HeaderLine {
        name: name.to_owned(),
        value: value.to_owned(),
        href: matches!(name, "location" | "content-location").then(|| link(value)).flatten(),
    };
    let text = String::from_utf8_lossy(&sent.body);
    let mut body = (!sent.body.is_empty()).then(|| Source::new("request", &text, link));
    let answered = &exchange.answered;
    let document = Document::from_bytes(&answered.body).ok();
    let answer = answered.status.map(|status| {
        let shown = match &document {
            Some(document) => pretty(document.root()),
            None => String::from_utf8_lossy(&answered.body).into_owned(),
        };
        Answer {
            status: status.as_u16(),
            phrase: status.canonical_reason().unwrap_or_default().to_owned(),
            headers: answered
                .headers
                .iter()
                .map(|(name, value)| line(name.as_str(), &String::from_utf8_lossy(value.as_bytes())))
                .collect(),
            reasons: reasons(&answered.headers),
            issues: issues(document.as_ref(), body.as_mut()),
            body: (!answered.body.is_empty()).then(|| Source::new("body", &shown, link)),
            length: answered.body.len(),
        }
    });
    ExchangeView {
        method: sent.method.to_string(),
        url: sent.url.clone(),
        headers: sent.headers.iter().map(|(name, value)| line(name, value)).collect(),
        body,
        curl: curl(exchange),
        answer,
        milliseconds: format!("{:.2}", answered.milliseconds),
    }
}

/// The text of a value with one member a line.
pub fn pretty(value: Value<'_>) -> String {
    let mut text = String::new();
    value.write_pretty(&mut text);
    text
}

fn reasons(headers: &HeaderMap) -> Vec<Reason> {
    // It is ASCII as the sandbox writes it; whatever bytes it has, it is told.
    let told = headers.get_all(SANDBOX_REASON).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let reason = |told: std::borrow::Cow<'_, str>| {
        let (rule, text) = told.split_once("; ").unwrap_or(("", &told));
        Reason { rule: rule.to_owned(), text: text.to_owned() }
    };
    told.map(reason).collect()
}

/// The issues of an OperationOutcome; lines of the request that they name are marked there.
fn issues(document: Option<&Document>, mut body: Option<&mut Source>) -> Vec<Issue> {
    let Some(root) = document.map(Document::root) else { return Vec::new() };
    if text(root, &["resourceType"]) != "OperationOutcome" {
        return Vec::new();
    }
    let all = root.get("issue").into_iter().flat_map(Value::items).enumerate();
    all.map(|(index, issue)| {
        let severity = severity(text(issue, &["severity"]));
        let details = issue.get("details");
        let coding = details.and_then(|details| details.get("coding")).and_then(|codings| codings.items().next());
        let words = [text(issue, &["diagnostics"]), text(issue, &["details", "text"])];
        let places: Vec<&str> =
            issue.get("location").into_iter().flat_map(Value::items).filter_map(Value::as_str).collect();
        let number = places.iter().find_map(|place| line_in(place));
        let line = number.zip(body.as_deref_mut()).and_then(|(number, body)| {
            let address = body.address(number)?;
            body.mark(number, severity, format!("#issue-{}", index + 1));
            Some((number, address))
        });
        let location = places.iter().find(|place| line_in(place).is_none()).map(|place| (*place).to_owned());
        let code = coding.and_then(|coding| coding.get("code")).and_then(Value::as_str).map(str::to_owned);
        let told = words.into_iter().find(|words| !words.is_empty()).unwrap_or_default();
        Issue { severity, code, text: told.to_owned(), location, line }
    })
    .collect()
}

/// One of the words of `issue.severity`, as a static text: it becomes the name of a class.
pub fn severity(word: &str) -> &'static str {
    match word {
        "fatal" => "fatal",
        "warning" => "warning",
        "information" => "information",
        _ => "error",
    }
}

/// The number in `Line 12, Col 3`.
pub fn line_in(place: &str) -> Option<usize> {
    place.strip_prefix("Line ")?.split(',').next()?.parse().ok()
}

/// A command line for a POSIX shell that sends the same.
fn curl(exchange: &Exchange) -> String {
    let sent = &exchange.sent;
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let mut line = String::from("curl -i");
    if sent.method != axum::http::Method::GET {
        line.push_str(&format!(" -X {}", sent.method));
    }
    line.push_str(&format!(" {}", quoted(&sent.url)));
    let own = [header::HOST.as_str(), header::USER_AGENT.as_str(), header::CONTENT_LENGTH.as_str()];
    for (name, value) in sent.headers.iter().filter(|(name, _)| !own.contains(&name.as_str())) {
        line.push_str(&format!(" \\\n  -H {}", quoted(&format!("{name}: {value}"))));
    }
    if !sent.body.is_empty() {
        line.push_str(&format!(" \\\n  --data-binary {}", quoted(&String::from_utf8_lossy(&sent.body))));
    }
    line
}

/// The text at a path of keys, or nothing.
pub fn text<'d>(value: Value<'d>, path: &[&str]) -> &'d str {
    value.at(path).and_then(Value::as_str).unwrap_or_default()
}

/// A resource in a line; numbers as the language has them.
pub fn row(place: &Place, resource: Value<'_>, language: Language) -> Row {
    let type_name = text(resource, &["resourceType"]);
    let id = text(resource, &["id"]);
    let profiles = resource.at(&["meta", "profile"]).into_iter().flat_map(Value::each).filter_map(Value::as_str);
    Row {
        type_name: type_name.to_owned(),
        id: id.to_owned(),
        href: place.resource_type(type_name).map(|known| place.resource_page(known, id)).filter(|_| !id.is_empty()),
        version: text(resource, &["meta", "versionId"]).to_owned(),
        updated: moment(text(resource, &["meta", "lastUpdated"])),
        what: what(resource),
        value: value(resource, language),
        when: when(resource),
        profiles: profiles.map(|url| url.rsplit('/').next().unwrap_or(url).to_owned()).collect(),
    }
}

/// `2026-03-03 07:05` of a date and time: the rest is in the body.
pub fn moment(text: &str) -> String {
    match (text.get(..16), text.get(10..11)) {
        (Some(minutes), Some("T")) => minutes.replace('T', " "),
        _ => text.to_owned(),
    }
}

/// The words of a CodeableConcept: its text, a display, or a code.
fn concept(value: Value<'_>) -> Option<String> {
    let codings = || value.get("coding").into_iter().flat_map(Value::items);
    let of = |key: &'static str| move |coding: Value<'_>| coding.get(key).and_then(Value::as_str).map(str::to_owned);
    let told = value.get("text").and_then(Value::as_str).map(str::to_owned);
    told.or_else(|| codings().find_map(of("display"))).or_else(|| codings().find_map(of("code")))
}

/// What a resource is about.
fn what(resource: Value<'_>) -> String {
    let concepts = ["code", "medicationCodeableConcept", "category"];
    let coded = concepts.into_iter().find_map(|key| resource.get(key)?.each().find_map(concept));
    let named = || {
        let keys = ["title", "name", "url", "questionnaire"];
        keys.into_iter().find_map(|key| resource.get(key)?.as_str().map(str::to_owned))
    };
    let refers = || Some(text(resource, &["questionnaire", "reference"]).to_owned());
    coded.or_else(named).or_else(refers).unwrap_or_default()
}

/// The result of a resource, or its status.
fn value(resource: Value<'_>, language: Language) -> String {
    let measured = |element| measured(element, language);
    if let Some(found) = measured(resource) {
        return found;
    }
    let parts: Vec<String> =
        resource.get("component").into_iter().flat_map(Value::items).filter_map(measured).collect();
    if !parts.is_empty() {
        return parts.join(" · ");
    }
    let dose = resource.at(&["dosage", "dose"]).and_then(|dose| quantity(dose, language));
    dose.unwrap_or_else(|| text(resource, &["status"]).to_owned())
}

/// `value[x]` in words.
fn measured(element: Value<'_>, language: Language) -> Option<String> {
    if let Some(found) = element.get("valueQuantity").and_then(|value| quantity(value, language)) {
        return Some(found);
    }
    if let Some(found) = element.get("valueCodeableConcept").and_then(concept) {
        return Some(found);
    }
    let (_, value) = element.members().find(|(key, _)| key.starts_with("value"))?;
    value.as_str().map(str::to_owned).or_else(|| value.number().map(|number| decimal(number, language)))
}

fn quantity(value: Value<'_>, language: Language) -> Option<String> {
    let number = decimal(value.get("value")?.number()?, language);
    // The unit 1 of UCUM is none.
    let unit =
        [text(value, &["unit"]), text(value, &["code"])].into_iter().find(|unit| !unit.is_empty() && *unit != "1");
    Some(unit.map_or_else(|| number.clone(), |unit| format!("{number} {unit}")))
}

/// A number as the language writes it.
fn decimal(number: &str, language: Language) -> String {
    match language {
        Language::En => number.to_owned(),
        Language::Fi | Language::Sv => number.replace('.', ","),
    }
}

/// When a resource is about.
fn when(resource: Value<'_>) -> String {
    let moments = ["effectiveDateTime", "authored", "date", "dateTime"];
    if let Some(found) = moments.into_iter().find_map(|key| resource.get(key)?.as_str()) {
        return moment(found);
    }
    let periods = ["effectivePeriod", "period"];
    let Some(period) = periods.into_iter().find_map(|key| resource.get(key)) else { return String::new() };
    let (start, end) = (text(period, &["start"]), text(period, &["end"]));
    format!("{} – {}", moment(start), moment(end))
}

/// The references in a resource and the pages that stand for them, each once.
pub fn references(place: &Place, resource: Value<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut waiting = vec![resource];
    while let Some(value) = waiting.pop() {
        waiting.extend(value.members().map(|(_, member)| member).chain(value.items()));
        let reference = value.get("reference").and_then(Value::as_str);
        if let Some((reference, href)) = reference.and_then(|text| Some((text, place.page_for(text)?)))
            && !found.iter().any(|(known, _)| known == reference)
        {
            found.push((reference.to_owned(), href));
        }
    }
    found.reverse();
    found
}
