//! `GET /citizen/`: each kind of measurement with its newest result.

use super::guest::{Call, Member, Outcome, answer_member};
use super::measurements::{address_of, source_of};
use super::reading::{Code, Reading, TYPES, merged, search_of};
use super::refusal::Refusal;
use crate::fhir::Version;
use crate::http::context::App;
use crate::http::pages::citizen::{Here, Kind, KindCard, Overview, Plot};
use crate::records::{Access, Records, ResourceType};
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// How many results the small picture of a kind shows.
const SHOWN: usize = 30;

/// A kind that the citizen has something of.
#[derive(PartialEq)]
struct Found {
    resource_type: ResourceType,
    kind: Kind,
    /// The code of a kind without a name of ours.
    code: Option<Code>,
}

/// The handler.
pub async fn show(State(app): State<App>, call: Call) -> Response {
    answer_member(app, call, page).await
}

fn page(member: &Member<'_, '_>) -> Outcome {
    let mut cards = Vec::new();
    if let Some((records, access)) = member.records() {
        for found in kinds(member, &records, &access)? {
            cards.extend(card(member, &records, &access, found)?);
        }
    }
    cards.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let cards = cards.into_iter().map(|(_, card)| card).collect();
    Ok(Overview { around: member.surroundings(Here::Measurements), cards }.page().into_response())
}

/// What there is anything of.
fn kinds(member: &Member<'_, '_>, records: &Records, access: &Access) -> Result<Vec<Found>, Refusal> {
    let mut all: Vec<Found> = Vec::new();
    for version in Version::ALL {
        for resource_type in TYPES {
            let newest = records.newest_by_code(access, version, resource_type);
            let newest = newest.map_err(|refusal| Refusal::internal(refusal.reason().1))?;
            for reading in newest.iter().filter_map(|stored| Reading::of(stored, version, member.language())) {
                let code = match reading.kind {
                    Kind::Other(_) => reading.code,
                    _ => None,
                };
                let is_known = all.iter().any(|found| match (&found.kind, &reading.kind) {
                    (Kind::Other(_), Kind::Other(_)) => {
                        found.resource_type == resource_type && found.code.as_ref() == code.as_ref()
                    }
                    (one, other) => one == other,
                });
                if !is_known {
                    all.push(Found { resource_type, kind: reading.kind, code });
                }
            }
        }
    }
    Ok(all)
}

/// The card of a kind, with the moment of its newest result.
fn card(
    member: &Member<'_, '_>,
    records: &Records,
    access: &Access,
    found: Found,
) -> Result<Option<(i64, KindCard)>, Refusal> {
    let Some(patient) = access.patient() else { return Ok(None) };
    let token = search_of(&found.kind).map(|(_, codes)| codes).or_else(|| found.code.as_ref().map(Code::as_token));
    let mut readings = Vec::new();
    for version in Version::ALL {
        let mut pairs = vec![
            (String::from("patient"), patient.to_string()),
            (String::from("_sort"), String::from(newest_first(found.resource_type))),
            (String::from("_count"), SHOWN.to_string()),
        ];
        pairs.extend(token.clone().map(|token| (String::from("code"), token)));
        let page = records.search(access, version, found.resource_type, &pairs);
        let page = page.map_err(|refusal| Refusal::internal(refusal.reason().1))?;
        readings.extend(page.hits.iter().filter_map(|hit| Reading::of_hit(hit, version, member.language())));
    }
    readings.retain(|reading| is_of(reading, &found.kind, found.code.as_ref()));
    let readings = merged(readings);
    let Some(newest) = readings.first() else { return Ok(None) };
    let plotted = readings.iter().take(SHOWN).filter_map(|reading| Some((reading.at?, reading.amounts.as_slice())));
    let plot = Plot::of(plotted).filter(|plot| plot.series.iter().any(|series| series.points.len() > 1));
    let card = KindCard {
        href: member.guest.path(&address_of(&found.kind, found.resource_type, found.code.as_ref())),
        newest: newest.amounts.clone(),
        words: newest.words.clone(),
        when: newest.when.clone(),
        source: source_of(newest, records, access),
        plot,
        kind: found.kind,
    };
    Ok(Some((newest.at.unwrap_or(i64::MIN), card)))
}

/// Whether a reading belongs to a kind: a code may stand in resources of several.
pub fn is_of(reading: &Reading, kind: &Kind, code: Option<&Code>) -> bool {
    match (&reading.kind, kind) {
        (Kind::Other(_), Kind::Other(_)) => reading.code.as_ref() == code,
        (one, other) => one == other,
    }
}

/// The order of a search, the newest first.
pub fn newest_first(resource_type: ResourceType) -> &'static str {
    match resource_type {
        ResourceType::MedicationAdministration => "-effective-time",
        _ => "-date",
    }
}
