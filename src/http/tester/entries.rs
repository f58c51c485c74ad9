//! What came of each entry of a batch or a transaction.

use super::place::Place;
use super::send::Exchange;
use super::shown::text;
use crate::http::pages::tester::{EntryOutcome, tone};
use crate::json::{Document, Value};

/// The outcomes in the order of the entries; nothing for an answer that is no Bundle of outcomes.
pub fn outcomes(place: &Place, exchange: &Exchange) -> Vec<EntryOutcome> {
    let Some(answer) = exchange.text().and_then(|text| Document::parse(text).ok()) else { return Vec::new() };
    if !matches!(text(answer.root(), &["type"]), "batch-response" | "transaction-response") {
        return Vec::new();
    }
    let sent = Document::from_bytes(&exchange.sent.body).ok();
    let entries = |document: &Document| -> Vec<String> {
        let entries = document.root().get("entry").into_iter().flat_map(Value::items);
        entries
            .map(|entry| format!("{} {}", text(entry, &["request", "method"]), text(entry, &["request", "url"])))
            .collect()
    };
    let requests = sent.as_ref().map(entries).unwrap_or_default();
    let answers = answer.root().get("entry").into_iter().flat_map(Value::items).enumerate();
    answers.map(|(index, entry)| outcome(place, requests.get(index), entry)).collect()
}

fn outcome(place: &Place, request: Option<&String>, entry: Value<'_>) -> EntryOutcome {
    let status = text(entry, &["response", "status"]);
    let number = status.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default();
    let resource = entry.get("resource");
    let location = text(entry, &["response", "location"]);
    let named = resource.map(|resource| format!("{}/{}", text(resource, &["resourceType"]), text(resource, &["id"])));
    let address = Some(location.split("/_history/").next().unwrap_or(location)).filter(|address| !address.is_empty());
    let address = address.map(str::to_owned).or(named);
    let linked = address.and_then(|address| {
        let name = address.strip_prefix(&place.base).unwrap_or(&address).trim_start_matches('/').to_owned();
        Some((name, place.page_for(&address)?))
    });
    let issues = entry.at(&["response", "outcome"]).and_then(|outcome| outcome.get("issue"));
    let issues = issues.into_iter().flat_map(Value::items).map(|issue| {
        let words = [text(issue, &["diagnostics"]), text(issue, &["details", "text"])];
        words.into_iter().find(|words| !words.is_empty()).unwrap_or_default().to_owned()
    });
    let total = resource.and_then(|resource| resource.get("total")).and_then(Value::number);
    let told: Vec<String> = issues.chain(total.map(|total| format!("total {total}"))).collect();
    EntryOutcome {
        request: request.cloned().unwrap_or_default(),
        status: status.to_owned(),
        tone: tone(number),
        resource: linked,
        told: told.join(" · "),
    }
}
