//! What the pages on which a body is written have in common: the verdict, the fields, what was stored.

use super::desk::{Desk, Fields};
use super::place::Place;
use super::send::Exchange;
use super::shown;
use crate::http::context::App;
use crate::http::control::validate;
use crate::http::pages::tester::{Choice, FindingView, Source, Verdict};
use crate::records::ResourceType;
use axum::http::{HeaderName, header};

/// The words of `Prefer` that a write takes (FHIR: http, return preference).
const PREFER: [&str; 4] = ["", "return=representation", "return=minimal", "return=OperationOutcome"];

/// The choice of a `Prefer` header.
pub fn prefer(current: &str) -> Vec<Choice> {
    let choice = |word: &str| Choice { value: word.to_owned(), name: word.to_owned(), is_current: word == current };
    PREFER.map(choice).into()
}

/// The headers of a write that the fields of its form ask for.
pub fn headers(form: &Fields) -> Vec<(HeaderName, String)> {
    let field = |name: &str| Some(form.get(name).trim().to_owned()).filter(|value| !value.is_empty());
    let content_type = Some((header::CONTENT_TYPE, String::from("application/fhir+json")));
    let prefer = field("prefer").map(|value| (HeaderName::from_static("prefer"), value));
    let if_match = field("if_match").map(|value| (header::IF_MATCH, value));
    let if_none_exist = field("if_none_exist").map(|value| (HeaderName::from_static("if-none-exist"), value));
    [content_type, prefer, if_match, if_none_exist].into_iter().flatten().collect()
}

/// The profiles a type can be judged by, `current` among them if it is one.
pub fn profiles(place: &Place, app: &App, resource_type: ResourceType, current: &str) -> Vec<Choice> {
    let definitions = app.tenant.profiles().of(place.version, app.tenant.records().settings().definitions);
    let urls = definitions
        .profile_urls()
        .into_iter()
        .filter(|url| definitions.profile(url).is_some_and(|profile| &*profile.type_name == resource_type.as_str()));
    let choice = |url: &str| Choice {
        value: url.to_owned(),
        name: url.rsplit('/').next().unwrap_or(url).to_owned(),
        is_current: url == current,
    };
    urls.map(choice).collect()
}

/// What the validator says of a text, by the knobs in force; without a profile, by those the resource names.
pub fn verdict(desk: &Desk, place: &Place, text: &str, profile: &str) -> Verdict {
    let mut source = Source::new("judged", text, |address| place.page_for(address));
    let profile = Some(profile.to_owned()).filter(|profile| !profile.is_empty());
    let found = match validate::findings(&desk.app, place.version, profile, text.as_bytes()) {
        Ok(found) => found,
        Err(problem) => return Verdict { findings: Vec::new(), source, problem: Some(problem.detail().to_owned()) },
    };
    let findings = found.into_iter().enumerate().map(|(index, finding)| {
        let line = finding.line as usize;
        let severity = shown::severity(finding.severity.as_str());
        let address = source.address(line);
        if address.is_some() {
            source.mark(line, severity, format!("#finding-{}", index + 1));
        }
        FindingView {
            severity,
            rule: finding.rule,
            text: finding.text,
            fix: finding.fix.map(|fix| fix.into_owned()),
            location: finding.location,
            line: (line, address),
        }
    });
    let findings = findings.collect();
    Verdict { findings, source, problem: None }
}

/// The page of what a write has stored, by its `Location` or `Content-Location`.
pub fn stored(place: &Place, exchange: &Exchange) -> Option<Choice> {
    let headers = &exchange.answered.headers;
    let location = headers.get(header::LOCATION).or_else(|| headers.get(header::CONTENT_LOCATION))?.to_str().ok()?;
    let current = location.split("/_history/").next().unwrap_or(location);
    let value = place.page_for(current).filter(|_| exchange.is_success())?;
    let name = location.strip_prefix(&place.base).unwrap_or(location).trim_start_matches('/').to_owned();
    Some(Choice { value, name, is_current: true })
}
