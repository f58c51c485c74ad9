//! What the pages on which a body is written have in common: the verdict, the fields, what was stored.

use super::desk::{Desk, Fields};
use super::place::Place;
use super::send::Exchange;
use super::shown;
use super::types::patient;
use crate::fhir::outcome::Issue;
use crate::fhir::validation::Finding;
use crate::http::context::App;
use crate::http::control::validate;
use crate::http::fhir::Backend;
use crate::http::pages::tester::{Choice, FindingView, Holder, Source, Verdict};
use crate::json::Document;
use crate::records::{Objection, Refusal, ResourceType};
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

/// What is judged.
#[derive(Clone, Copy)]
pub struct Judged<'a> {
    pub resource_type: ResourceType,
    /// The id of the resource that is to have a new version.
    pub id: Option<&'a str>,
    /// A profile to judge by, whatever the resource names.
    pub profile: Option<&'a str>,
}

/// What there is to say of a text. By a profile that was chosen, the validator says it; without one, what the resource
/// server would say if the text were sent.
pub fn verdict(desk: &Desk, place: &Place, text: &str, judged: Judged<'_>) -> Verdict {
    let mut source = Source::new("judged", text, |address| place.page_for(address));
    let profile = judged.profile.map(str::to_owned);
    let is_chosen = profile.is_some();
    let found = match validate::findings(&desk.app, place.version, profile, text.as_bytes()) {
        Ok(found) => found,
        Err(problem) => {
            let problem = Some(problem.detail().to_owned());
            return Verdict { findings: Vec::new(), source, problem, is_refused: true };
        }
    };
    let mut findings: Vec<FindingView> = match Document::parse(text) {
        Ok(document) if !is_chosen => rehearsed(desk, place, judged, &document, found),
        _ => found.into_iter().map(finding_view).collect(),
    };
    for (index, finding) in findings.iter_mut().enumerate() {
        let Some((line, address)) = &mut finding.line else { continue };
        *address = source.address(*line);
        if address.is_some() {
            source.mark(*line, finding.severity, format!("#finding-{}", index + 1));
        }
    }
    let is_refused = findings.iter().any(|finding| matches!(finding.severity, "error" | "fatal"));
    Verdict { findings, source, problem: None, is_refused }
}

fn finding_view(finding: Finding) -> FindingView {
    FindingView {
        severity: shown::severity(finding.severity.as_str()),
        rule: finding.rule,
        text: finding.text,
        fix: finding.fix.map(|fix| fix.into_owned()),
        location: finding.location,
        line: Some((finding.line as usize, None)),
    }
}

/// What the resource server would say. Where its words are poorer than the validator's own finding by the same rule (its
/// recorded errors have no place), that one is told.
fn rehearsed(
    desk: &Desk,
    place: &Place,
    judged: Judged<'_>,
    document: &Document,
    found: Vec<Finding>,
) -> Vec<FindingView> {
    let Some(access) = desk.access(place) else {
        let why = match desk.holder() {
            Holder::Refused(why) => why,
            _ => String::from("no access token is sent"),
        };
        let no_token = FindingView {
            severity: "error",
            rule: String::from("RS-TOKEN"),
            text: why,
            fix: Some(String::from("get or paste an access token on the home page of the tester UI")),
            location: String::new(),
            line: None,
        };
        return [no_token].into_iter().chain(found.into_iter().map(finding_view)).collect();
    };
    if let Some(patient) = access.patient().or_else(|| patient(desk, place)) {
        desk.app.touch(patient);
    }
    let records = desk.app.tenant.records();
    let said = records.rehearse(&access, place.version, judged.resource_type, judged.id, document);
    let mut pool: Vec<Option<Finding>> = found.into_iter().map(Some).collect();
    let mut told = |objection: Objection| {
        let same = pool.iter_mut().find(|known| known.as_ref().is_some_and(|known| known.rule == objection.rule));
        match same.and_then(Option::take) {
            Some(finding) => finding_view(finding),
            None => refused(&objection.issue, &objection.rule, &objection.fix),
        }
    };
    match said {
        Ok(objections) | Err(Refusal::Invalid(objections)) => objections.into_iter().map(&mut told).collect(),
        Err(refusal) => {
            let (rule, fix) = refusal.reason();
            let mut views: Vec<FindingView> = refusal.issues().iter().map(|issue| refused(issue, rule, &fix)).collect();
            // Whatever else keeps it out: the body is judged all the same.
            views.extend(pool.into_iter().flatten().filter(Finding::is_error).map(finding_view));
            views
        }
    }
}

/// An issue of the server's own.
fn refused(issue: &Issue, rule: &str, fix: &str) -> FindingView {
    let line = issue.location.iter().find_map(|place| shown::line_in(place));
    let location = issue.location.iter().find(|place| shown::line_in(place).is_none());
    FindingView {
        severity: shown::severity(issue.severity),
        rule: rule.to_owned(),
        text: match (issue.diagnostics.is_empty(), issue.error) {
            (true, Some(error)) => format!("{} {}", error.digits(), error.text()),
            _ => issue.diagnostics.clone(),
        },
        fix: Some(fix.to_owned()).filter(|fix| !fix.is_empty()),
        location: location.cloned().unwrap_or_default(),
        line: line.map(|line| (line, None)),
    }
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
