//! `GET /citizen/item/{base}/{type}/{id}`, and its deletion

use super::guest::{Call, Member, answer_form, answer_member, base_word};
use super::measurements::{item_address, source_of};
use super::reading::{Reading, copies, indented};
use super::refusal::Refusal;
use super::wanted::Wanted;
use crate::citizens::entry::Moment;
use crate::fhir::Version;
use crate::fhir::narrative;
use crate::http::context::App;
use crate::http::pages::citizen::{Confirm, Copy, Done, Here, Item, Question};
use crate::http::segments::Segments;
use crate::records::{Access, Records, Refusal as RecordRefusal, ResourceType, Stored};
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// Base, type and id, as the address has them.
type Place = (String, String, String);

/// A result with its copies on the other bases; the first is the one that was asked for.
struct Found {
    records: Records,
    access: Access,
    all: Vec<(Reading, Stored)>,
}

/// The page of one result.
pub async fn show(State(app): State<App>, Segments(place): Segments<Place>, call: Call) -> Response {
    answer_member(app, call, move |member| {
        let found = find(member, &place)?;
        let (reading, _) = found.first()?;
        let copies = found.all.iter().map(|(reading, stored)| Copy {
            base: match reading.version {
                Version::Stu3 => "STU3",
                Version::R4 => "R4",
            },
            path: format!("{}/{}", reading.resource_type, reading.id),
            profiles: reading.profiles.clone(),
            version_id: stored.version_id,
            stored: Moment::Instant(stored.last_updated).in_words(member.language()),
            json: indented(stored),
        });
        let view = Item {
            around: member.surroundings(Here::Measurements),
            kind: reading.kind.clone(),
            all: member.guest.path(&address(reading)),
            when: reading.when.clone(),
            amounts: reading.amounts.clone(),
            words: reading.words.clone(),
            notes: reading.notes.clone(),
            source: source_of(reading, &found.records, &found.access),
            narrative: reading.narrative.as_deref().and_then(narrative::to_html),
            copies: copies.collect(),
            delete: member.guest.path(&format!("{}/delete", item_address(reading))),
        };
        Ok(view.page().into_response())
    })
    .await
}

/// Asks before deleting.
pub async fn ask(State(app): State<App>, Segments(place): Segments<Place>, call: Call) -> Response {
    answer_member(app, call, move |member| {
        let found = find(member, &place)?;
        let (reading, _) = found.first()?;
        let view = Confirm {
            around: member.surroundings(Here::Measurements),
            question: Question::Delete {
                kind: reading.kind.clone(),
                when: reading.when.clone(),
                amounts: reading.amounts.clone(),
                words: reading.words.clone(),
                source: source_of(reading, &found.records, &found.access),
            },
            form: member.form(&format!("{}/delete", item_address(reading))),
            back: member.guest.path(&item_address(reading)),
        };
        Ok(view.page().into_response())
    })
    .await
}

/// Deletes a result with its copies. Doing it twice is fine.
pub async fn delete(State(app): State<App>, Segments(place): Segments<Place>, call: Call) -> Response {
    answer_form(app, call, move |member, _| {
        let found = match find(member, &place) {
            // The second of two submits finds nothing any more, and that is what was wanted.
            Err(Refusal::NotFound(_)) if is_deleted(member, &place) => return Ok(member.done("", Done::Deleted)),
            found => found?,
        };
        for (reading, _) in &found.all {
            let id = reading.id.to_string();
            let deleted = found.records.delete(&found.access, reading.version, reading.resource_type, &id, None);
            deleted.map_err(|refusal| Refusal::internal(refusal.reason().1))?;
        }
        Ok(member.done("", Done::Deleted))
    })
    .await
}

impl Found {
    fn first(&self) -> Result<&(Reading, Stored), Refusal> {
        self.all.first().ok_or(NOTHING)
    }
}

const NOTHING: Refusal = Refusal::NotFound("there is no such result of this citizen");

fn find(member: &Member<'_, '_>, (base, type_name, id): &Place) -> Result<Found, Refusal> {
    let version = Version::ALL.into_iter().find(|version| base_word(*version) == base).ok_or(NOTHING)?;
    let resource_type = ResourceType::from_name(type_name).filter(|each| *each != ResourceType::Patient);
    let (records, access) = member.records().ok_or(NOTHING)?;
    let stored =
        records.read(&access, version, resource_type.ok_or(NOTHING)?, id).map_err(|refusal| match refusal {
            RecordRefusal::Store(error) => Refusal::Internal(error),
            // Whether others have it is nobody's business.
            _ => NOTHING,
        })?;
    let language = member.language();
    let reading = Reading::of(&stored, version, language).ok_or(NOTHING)?;
    let others = copies(&records, &access, &reading, language);
    let mut all = vec![(reading, stored)];
    for copy in others {
        let stored = records.read(&access, copy.version, copy.resource_type, &copy.id.to_string());
        all.extend(stored.ok().map(|stored| (copy, stored)));
    }
    Ok(Found { records, access, all })
}

/// Whether there was such a result of the citizen's, now deleted.
fn is_deleted(member: &Member<'_, '_>, (base, type_name, id): &Place) -> bool {
    let version = Version::ALL.into_iter().find(|version| base_word(*version) == base);
    let (Some(version), Some(resource_type)) = (version, ResourceType::from_name(type_name)) else { return false };
    let Some((records, access)) = member.records() else { return false };
    matches!(records.read(&access, version, resource_type, id), Err(RecordRefusal::Deleted(..)))
}

fn address(reading: &Reading) -> String {
    Wanted::of(reading).address()
}
