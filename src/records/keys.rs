//! The store keys of this room, and what lies under them.
//!
//! | key | value |
//! |---|---|
//! | `20` uuid(16) | [`Head`]: where the resource is and whose |
//! | `21` number(4) version(4) | a [`super::stored`] record: one version, header and JSON |
//! | `22` patient(4) group(1) code(4) system(4) low(6) high(6) number(4) | empty: patient + type + code + date |
//! | `23` patient(4) group(1) identifier(8) | the numbers of the resources with that identifier value, 4 bytes each |
//!
//! Integers are big-endian, so that the order of bytes is the order of numbers. Resources get a number on creation; a patient's
//! number is that of its Patient resource. `meta.lastUpdated` has no index: it stands in the header of the version, and an entry
//! for each resource would cost more memory than all the searches by it are worth. Codes, systems and identifier values are the first bytes of their SHA-256.

use crate::fhir::Version;
use crate::fhir::search::{Interval, ResourceType};
use crate::store::{Key, Value};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const HEAD: u8 = 0x20;
const VERSION: u8 = 0x21;
const DATED: u8 = 0x22;
const IDENTIFIED: u8 = 0x23;

/// The number of a resource within its store.
pub(super) type Number = u32;

/// What is known of a resource without looking at its versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub group: Group,
    pub number: Number,
    /// The current version, from 1.
    pub version: u32,
    pub deleted: bool,
    /// Whose compartment it is in; a Patient is in its own.
    pub patient: Uuid,
    /// Who may delete it, see [`creator`].
    pub creator: [u8; 8],
}

impl Head {
    /// Reads a stored head; nothing when the bytes are not one.
    pub fn decode(value: &[u8]) -> Option<Head> {
        postcard::from_bytes(value).ok()
    }

    pub fn encode(&self) -> Value {
        // Plain integers into a growing buffer: postcard has no way to fail here.
        postcard::to_stdvec(self).unwrap_or_default().into()
    }
}

/// Resource type and base: what a search runs over. Patients are the same on both bases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Group(u8);

impl Group {
    pub fn of(resource_type: ResourceType, version: Version) -> Group {
        let base = match version {
            Version::Stu3 => 0,
            Version::R4 => 1,
        };
        Group(match resource_type {
            ResourceType::Patient => 0,
            ResourceType::Observation => 0x10 | base,
            ResourceType::MedicationAdministration => 0x20 | base,
        })
    }

    pub fn resource_type(self) -> ResourceType {
        match self.0 >> 4 {
            0 => ResourceType::Patient,
            1 => ResourceType::Observation,
            _ => ResourceType::MedicationAdministration,
        }
    }
}

pub(super) fn head(id: Uuid) -> Key {
    Key::new(&[&[HEAD], id.as_bytes()])
}

pub(super) fn all_heads() -> [u8; 1] {
    [HEAD]
}

pub(super) fn version(number: Number, version: u32) -> Key {
    Key::new(&[&[VERSION], &number.to_be_bytes(), &version.to_be_bytes()])
}

/// The prefix of all versions of a resource.
pub(super) fn versions(number: Number) -> [u8; 5] {
    let [a, b, c, d] = number.to_be_bytes();
    [VERSION, a, b, c, d]
}

pub(super) fn all_versions() -> [u8; 1] {
    [VERSION]
}

/// Number and version of a key of [`all_versions`].
pub(super) fn number_and_version(key: &Key) -> Option<(Number, u32)> {
    let bytes = key.as_bytes();
    Some((u32::from_be_bytes(bytes.get(1..5)?.try_into().ok()?), u32::from_be_bytes(bytes.get(5..9)?.try_into().ok()?)))
}

/// A place in the index by code and date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dated {
    pub code: [u8; 4],
    pub system: [u8; 4],
    pub date: Interval,
    pub number: Number,
}

impl Dated {
    pub fn key(&self, patient: Number, group: Group) -> Key {
        let (low, high) = if self.date == Interval::NONE {
            // The one combination no date has: it ends before it starts.
            (MAX_48, 0)
        } else {
            (to_48(self.date.low), to_48(self.date.high))
        };
        Key::new(&[
            &[DATED],
            &patient.to_be_bytes(),
            &[group.0],
            &self.code,
            &self.system,
            &low.to_be_bytes()[2..],
            &high.to_be_bytes()[2..],
            &self.number.to_be_bytes(),
        ])
    }

    pub fn decode(key: &Key) -> Option<Dated> {
        let bytes: &[u8; 30] = key.as_bytes().try_into().ok()?;
        let (low, high) = (read_48(&bytes[14..20]), read_48(&bytes[20..26]));
        let date = if low > high { Interval::NONE } else { Interval { low: from_48(low), high: from_48(high) } };
        Some(Dated {
            code: bytes[6..10].try_into().ok()?,
            system: bytes[10..14].try_into().ok()?,
            date,
            number: u32::from_be_bytes(bytes[26..30].try_into().ok()?),
        })
    }
}

/// The prefix of the index by code and date; with a code (and a system) only theirs.
pub(super) fn dated(patient: Number, group: Group, code: Option<[u8; 4]>, system: Option<[u8; 4]>) -> Vec<u8> {
    let mut prefix = vec![DATED];
    prefix.extend(patient.to_be_bytes());
    prefix.push(group.0);
    if let Some(code) = code {
        prefix.extend(code);
        prefix.extend(system.into_iter().flatten());
    }
    prefix
}

pub(super) fn identified(patient: Number, group: Group, identifier: &str) -> Key {
    Key::new(&[&[IDENTIFIED], &patient.to_be_bytes(), &[group.0], &digest::<8>(Some(identifier))])
}

/// The numbers in a value under [`identified`].
pub(super) fn numbers(value: Option<&Value>) -> Vec<Number> {
    let bytes = value.map(|value| &value[..]).unwrap_or_default();
    bytes.chunks_exact(4).map(|chunk| u32::from_be_bytes([chunk[0], chunk[1], chunk[2], chunk[3]])).collect()
}

/// The first bytes of the SHA-256 of a text; zeros for none.
pub(super) fn digest<const N: usize>(text: Option<&str>) -> [u8; N] {
    let mut bytes = [0; N];
    if let Some(text) = text {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
        bytes.copy_from_slice(&digest.as_ref()[..N]);
    }
    bytes
}

/// What stands for the one who created a resource: nobody on the open endpoint (zeros), the citizen, or an application.
pub(super) fn creator(application: Option<&str>) -> [u8; 8] {
    digest(application)
}

const MAX_48: u64 = (1 << 48) - 1;
/// Milliseconds before 1970 that 48 bits begin with (the year 1082), so that they reach the year 9999; earlier dates count as then.
const ORIGIN_48: i64 = 28_000_000_000_000;

fn to_48(milliseconds: i64) -> u64 {
    let shifted = milliseconds.saturating_add(ORIGIN_48).clamp(0, MAX_48 as i64);
    shifted as u64
}

fn from_48(value: u64) -> i64 {
    match value {
        0 => i64::MIN,
        MAX_48 => i64::MAX,
        _ => value as i64 - ORIGIN_48,
    }
}

fn read_48(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_keys_keep_what_they_are_made_of_and_sort_by_date() {
        let group = Group::of(ResourceType::Observation, Version::R4);
        let at = |text: &str| Dated {
            code: digest(Some("1")),
            system: digest(None),
            date: Interval::parse(text).unwrap(),
            number: 7,
        };
        let (early, late) = (at("1969-05"), at("9999-12-31"));
        assert_eq!(Dated::decode(&early.key(1, group)), Some(early));
        assert!(early.key(1, group) < late.key(1, group));
        let none = Dated { date: Interval::NONE, ..early };
        assert_eq!(Dated::decode(&none.key(1, group)), Some(none));
        let open = Dated { date: Interval { low: i64::MIN, high: i64::MAX }, ..early };
        assert_eq!(Dated::decode(&open.key(1, group)), Some(open));
        assert_eq!(number_and_version(&version(5, 6)), Some((5, 6)));
    }

    #[test]
    fn a_head_survives_the_store() {
        let head = Head {
            group: Group::of(ResourceType::MedicationAdministration, Version::Stu3),
            number: 70_000,
            version: 3,
            deleted: true,
            patient: Uuid::from_u128(5),
            creator: creator(Some("1.2.3")),
        };
        assert_eq!(Head::decode(&head.encode()), Some(head.clone()));
        assert_eq!(head.group.resource_type(), ResourceType::MedicationAdministration);
        assert_eq!(Head::decode(b"\xff"), None);
    }
}
