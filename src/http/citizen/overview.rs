//! `GET /citizen/`: each kind of measurement with its newest result.

use super::guest::{Call, Member, Outcome, answer_member};
use super::measurements::source_of;
use super::reading::{Reading, TYPES};
use super::refusal::Refusal;
use super::wanted::Wanted;
use crate::fhir::Version;
use crate::http::context::App;
use crate::http::pages::citizen::{Here, KindCard, Overview, Plot};
use crate::records::{Access, Records};
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// How many results the small picture of a kind shows.
const SHOWN: usize = 30;

/// The handler.
pub async fn show(State(app): State<App>, call: Call) -> Response {
    answer_member(app, call, page).await
}

fn page(member: &Member<'_, '_>) -> Outcome {
    let mut cards = Vec::new();
    if let Some((records, access)) = member.records() {
        for wanted in kinds(member, &records, &access)? {
            cards.extend(card(member, &records, &access, wanted)?);
        }
    }
    cards.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let cards = cards.into_iter().map(|(_, card)| card).collect();
    Ok(Overview { around: member.surroundings(Here::Measurements), cards }.page().into_response())
}

/// What there is anything of.
fn kinds(member: &Member<'_, '_>, records: &Records, access: &Access) -> Result<Vec<Wanted>, Refusal> {
    let mut all: Vec<Wanted> = Vec::new();
    for version in Version::ALL {
        for resource_type in TYPES {
            let newest = records.newest_by_code(access, version, resource_type);
            let newest = newest.map_err(|refusal| Refusal::internal(refusal.reason().1))?;
            for reading in newest.iter().filter_map(|stored| Reading::of(stored, version, member.language())) {
                if !all.iter().any(|known| known.has(&reading)) {
                    all.push(Wanted::of(&reading));
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
    wanted: Wanted,
) -> Result<Option<(i64, KindCard)>, Refusal> {
    let (readings, _) = wanted.newest(records, access, member.language(), None, SHOWN)?;
    let Some(newest) = readings.first() else { return Ok(None) };
    let plotted = readings.iter().take(SHOWN).filter_map(|reading| Some((reading.at?, reading.amounts.as_slice())));
    let plot = Plot::of(plotted).filter(|plot| plot.series.iter().any(|series| series.points.len() > 1));
    let card = KindCard {
        href: member.guest.path(&wanted.address()),
        newest: newest.amounts.clone(),
        words: newest.words.clone(),
        when: newest.when.clone(),
        source: source_of(newest, records, access),
        plot,
        kind: wanted.kind,
    };
    Ok(Some((newest.at.unwrap_or(i64::MIN), card)))
}
