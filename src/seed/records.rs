//! A citizen's records: worked out in small, put in order, written one by one.

use super::SeedClient;
use super::persona::Persona;
use super::series::Happening;
use crate::citizens::entry::{Application, Content, Entry, Moment};
use crate::citizens::{Citizen, Language};
use crate::fhir::Version;
use crate::time::helsinki;
use aws_lc_rs::digest;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use uuid::Uuid;

/// A record ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedRecord {
    /// The FHIR version, and so the base it belongs to.
    pub version: Version,
    /// `Observation` or `MedicationAdministration`.
    pub resource_type: &'static str,
    /// The resource without id, `versionId` and `lastUpdated`.
    pub json: Vec<u8>,
    /// Who stored it.
    pub author: Author,
    /// When it was stored: after what it tells of, and not after the tenant's start.
    pub stored_at: Timestamp,
}

/// Who stored a record, which decides who may delete it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// The citizen, by their own hand.
    Citizen,
    /// An application.
    Client {
        /// Its client id.
        client_id: Arc<str>,
        /// Its name.
        name: Arc<str>,
    },
}

impl Author {
    /// The application of records whose file names no author. It is not registered.
    fn seed() -> Author {
        Author::Client { client_id: "sandbox-seed-data".into(), name: "Sandbox seed data".into() }
    }
}

/// The records of one citizen, the oldest first.
#[derive(Debug)]
pub struct SeedRecords {
    rest: std::vec::IntoIter<Plan>,
    language: Language,
    pseudonym: Uuid,
    start: Timestamp,
    /// The part of an identifier's name that the citizen gives.
    id: Arc<str>,
}

/// A record before it is written.
#[derive(Debug)]
struct Plan {
    order: Timestamp,
    effective: Moment,
    content: Content,
    version: Version,
    author: Author,
    note: Option<Arc<str>>,
    /// `records` or `series`, the index there, the day, the place in the day.
    source: (&'static str, usize, i32, u16),
}

impl SeedRecords {
    pub(super) fn none() -> SeedRecords {
        SeedRecords {
            rest: Vec::new().into_iter(),
            language: Language::Finnish,
            pseudonym: Uuid::nil(),
            start: Timestamp::UNIX_EPOCH,
            id: "".into(),
        }
    }

    pub(super) fn of(
        citizen: &Citizen,
        persona: &Persona,
        clients: &[SeedClient],
        start: Timestamp,
        pseudonym: Uuid,
    ) -> SeedRecords {
        let author = |client_id: Option<&Arc<str>>| match client_id {
            Some(citizen) if &**citizen == "citizen" => Author::Citizen,
            Some(client_id) => {
                let client = clients.iter().find(|client| client.client_id == **client_id);
                let name = client.map_or(client_id.clone(), |client| client.name.as_str().into());
                Author::Client { client_id: client_id.clone(), name }
            }
            None => Author::seed(),
        };
        let local_start = start.to_zoned(helsinki().clone());
        let mut plans = Vec::new();
        for (index, single) in persona.records.iter().enumerate() {
            let Some((effective, order)) = single.at.at(&local_start) else { continue };
            plans.push(Plan {
                order,
                effective,
                content: single.content,
                version: single.common.version,
                author: author(single.common.author.as_ref()),
                note: single.note.clone(),
                source: ("records", index, 0, 0),
            });
        }
        let mut happenings = Vec::new();
        for (index, series) in persona.series.iter().enumerate() {
            series.happenings(local_start.date(), key(&citizen.id, index), &mut happenings);
            let author = author(series.common.author.as_ref());
            plans.extend(happenings.drain(..).map(|happening: Happening| Plan {
                order: happening.order,
                effective: happening.effective,
                content: happening.content,
                version: series.common.version,
                author: author.clone(),
                note: None,
                source: ("series", index, happening.days_before, happening.slot),
            }));
        }
        plans.retain(|plan| plan.order < start);
        // The source breaks ties, so that the order never depends on anything else.
        plans.sort_unstable_by_key(|plan| (plan.order, plan.source));
        SeedRecords {
            rest: plans.into_iter(),
            language: citizen.language,
            pseudonym,
            start,
            id: citizen.id.as_str().into(),
        }
    }
}

impl Iterator for SeedRecords {
    type Item = SeedRecord;

    fn next(&mut self) -> Option<SeedRecord> {
        let plan = self.rest.next()?;
        let (list, index, day, place) = plan.source;
        let identifier = name_based(self.pseudonym, &format!("{}/{list}/{index}/{day}/{place}", self.id));
        // Applications send a reading some seconds to minutes after it was taken.
        let delay = SignedDuration::from_millis(2_000 + i64::from(identifier.as_bytes()[0]) * 471);
        let stored_at = plan.order.checked_add(delay).unwrap_or(self.start).min(self.start);
        let entry = Entry {
            patient: self.pseudonym,
            identifier,
            language: self.language,
            effective: plan.effective,
            issued: stored_at,
            content: plan.content,
            note: plan.note.as_deref(),
            application: match &plan.author {
                Author::Citizen => None,
                Author::Client { client_id, name } => Some(Application { name, id: client_id }),
            },
        };
        // Reading the file has made sure that the kind has a profile in this version.
        let json = entry.to_json(plan.version).unwrap_or_default().into_bytes();
        let resource_type = plan.content.resource_type();
        Some(SeedRecord { version: plan.version, resource_type, json, author: plan.author, stored_at })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rest.size_hint()
    }
}

impl ExactSizeIterator for SeedRecords {}

/// Tells the series of all citizens apart (FNV-1a of the id, and the place in the file).
fn key(citizen_id: &str, index: usize) -> u64 {
    let hash = citizen_id
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3));
    hash.wrapping_add(index as u64)
}

/// A name-based (version 5) UUID, whose making includes SHA-1 by definition (RFC 9562).
fn name_based(namespace: Uuid, name: &str) -> Uuid {
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    context.update(namespace.as_bytes());
    context.update(name.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&context.finish().as_ref()[..16]);
    uuid::Builder::from_sha1_bytes(bytes).into_uuid()
}
