//! The store keys of this room, and what lies under them.
//!
//! | key | value |
//! |---|---|
//! | `20` uuid(16) | [`Head`]: where the resource is and whose |
//! | `21` number(4) version(4) | a [`super::stored`] record: one version, header and JSON; as version 0 nothing: a number that no later one may fall below |
//! | `22` patient(4) group(1) code(4) system(4) width(1) low(6) high(6) number(4) | empty: patient + type + code + date |
//! | `23` patient(4) group(1) identifier(8) | the numbers of the resources with that identifier value, 4 bytes each |
//! | `24` target(4) source(4) | empty: the resource `source` refers to the resource `target`, Patients apart |
//! | `25` patient(4) group(1) updated(6) number(4) | empty: patient + type + `meta.lastUpdated`, Patients apart |
//!
//! Integers are big-endian, so that the order of bytes is the order of numbers. Resources get a number on creation; a patient's
//! number is that of its Patient resource, 0 stands for what is nobody's and for the Patients themselves. Dates of like width
//! stand together ([`Width`]), so that a search for a time looks at a stretch of each width and nowhere else. Codes, systems and identifier values are the first bytes of their SHA-256.

use crate::fhir::Version;
use crate::fhir::search::{Interval, ResourceType};
use crate::store::{Key, Value, View};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const HEAD: u8 = 0x20;
const VERSION: u8 = 0x21;
const DATED: u8 = 0x22;
const IDENTIFIED: u8 = 0x23;
const REFERRED: u8 = 0x24;
const UPDATED: u8 = 0x25;

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
    /// Whose compartment it is in; a Patient is in its own, the nil UUID stands for nobody.
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
        match resource_type {
            ResourceType::Patient => Group(0),
            other => Group(number_of(other) << 4 | base),
        }
    }

    /// The base it was written on; of a Patient either.
    pub fn version(self) -> Version {
        match self.0 & 1 {
            0 => Version::Stu3,
            _ => Version::R4,
        }
    }

    /// The type; what no type has is read as a Patient, which nothing then takes it for.
    pub fn resource_type(self) -> ResourceType {
        let number = self.0 >> 4;
        let found = ResourceType::ALL.into_iter().find(|resource_type| number_of(*resource_type) == number);
        found.unwrap_or(ResourceType::Patient)
    }
}

/// The number of a type in keys and heads. Stored data depends on it: a new type takes a new number.
fn number_of(resource_type: ResourceType) -> u8 {
    match resource_type {
        ResourceType::Patient => 0,
        ResourceType::Observation => 1,
        ResourceType::MedicationAdministration => 2,
        ResourceType::MedicationStatement => 3,
        ResourceType::Consent => 4,
        ResourceType::CarePlan => 5,
        ResourceType::Questionnaire => 6,
        ResourceType::QuestionnaireResponse => 7,
        ResourceType::ValueSet => 8,
        ResourceType::CodeSystem => 9,
        ResourceType::StructureDefinition => 10,
        ResourceType::OperationDefinition => 11,
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

/// How long a date lasts, in classes: within one, the order of beginnings bounds that of ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Width(u8);

impl Width {
    /// The longest date of each class, in milliseconds from first to last: a minute, a day of 25 hours, a month, a year,
    /// any; the class behind them has no date at all.
    const MOST: [i64; 5] = [59_999, 90_000_000, 31 * 86_400_000 + 3_600_000, 366 * 86_400_000, i64::MAX];

    fn of(date: Interval) -> Width {
        if date == Interval::NONE {
            return Width(Width::MOST.len() as u8);
        }
        let width = date.high.saturating_sub(date.low);
        // The last class holds them all.
        Width(Width::MOST.iter().position(|most| width <= *most).unwrap_or(0) as u8)
    }

    /// The longest date of the class; nothing for the class without dates.
    pub fn most(self) -> Option<i64> {
        Width::MOST.get(usize::from(self.0)).copied()
    }
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
            &[Width::of(self.date).0],
            &low.to_be_bytes()[2..],
            &high.to_be_bytes()[2..],
            &self.number.to_be_bytes(),
        ])
    }

    pub fn decode(key: &Key) -> Option<Dated> {
        let bytes: &[u8; 31] = key.as_bytes().try_into().ok()?;
        let (low, high) = (read_48(bytes, 15), read_48(bytes, 21));
        let date = if low > high { Interval::NONE } else { Interval { low: from_48(low), high: from_48(high) } };
        Some(Dated {
            code: bytes[6..10].try_into().ok()?,
            system: bytes[10..14].try_into().ok()?,
            date,
            number: u32::from_be_bytes(bytes[27..31].try_into().ok()?),
        })
    }
}

/// All entries of one patient and group with the same code, system and width: in the order of their beginnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    prefix: [u8; 15],
}

impl Run {
    /// The run that an entry stands in.
    pub fn of(key: &Key) -> Option<Run> {
        Some(Run { prefix: *key.as_bytes().first_chunk()? })
    }

    pub fn system(&self) -> [u8; 4] {
        [self.prefix[10], self.prefix[11], self.prefix[12], self.prefix[13]]
    }

    pub fn width(&self) -> Width {
        Width(self.prefix[14])
    }

    /// The first key of those that begin at `from` or later.
    pub fn beginning(&self, from: i64) -> Key {
        Key::new(&[&self.prefix, &to_48(from).to_be_bytes()[2..]])
    }

    /// The first key behind those that begin at `to` or earlier.
    pub fn behind(&self, to: i64) -> Key {
        match to_48(to) {
            MAX_48 => self.end(),
            to => Key::new(&[&self.prefix, &(to + 1).to_be_bytes()[2..]]),
        }
    }

    /// The first key behind the run.
    pub fn end(&self) -> Key {
        let mut prefix = self.prefix;
        // Widths are small numbers: there is room for one more.
        prefix[14] = prefix[14].saturating_add(1);
        Key::new(&[&prefix])
    }
}

/// The first patient from this number on who has anything in the index by code and date.
pub(super) fn next_patient(view: &View, from: Number) -> Option<Number> {
    let first = Key::new(&[&[DATED], &from.to_be_bytes()]);
    let (key, _) = view.range(first, Key::new(&[&[DATED + 1]])).next()?;
    Some(u32::from_be_bytes(key.as_bytes().get(1..5)?.try_into().ok()?))
}

/// The first key behind all that stands in the index by code and date for a patient and a group.
pub(super) fn behind_dated(prefix: &[u8]) -> Key {
    Key::new(&[prefix, &[0xFF; Key::MAX][..Key::MAX - prefix.len().min(Key::MAX)]])
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

/// The place of a resource in the index by `meta.lastUpdated`, in UTC milliseconds; with number 0 the first of its time.
pub(super) fn updated(patient: Number, group: Group, at: i64, number: Number) -> Key {
    Key::new(&[&[UPDATED], &patient.to_be_bytes(), &[group.0], &to_48(at).to_be_bytes()[2..], &number.to_be_bytes()])
}

/// Time and number of a key of [`updated`].
pub(super) fn time_and_number(key: &Key) -> Option<(i64, Number)> {
    let bytes: &[u8; 16] = key.as_bytes().try_into().ok()?;
    let [.., a, b, c, d] = *bytes;
    let mut time = [0; 8];
    time[2..].copy_from_slice(&bytes[6..12]);
    Some((from_48(u64::from_be_bytes(time)), u32::from_be_bytes([a, b, c, d])))
}

pub(super) fn identified(patient: Number, group: Group, identifier: &str) -> Key {
    Key::new(&[&[IDENTIFIED], &patient.to_be_bytes(), &[group.0], &digest::<8>(Some(identifier))])
}

/// That the resource `source` refers to the resource `target`.
pub(super) fn referred(target: Number, source: Number) -> Key {
    Key::new(&[&[REFERRED], &target.to_be_bytes(), &source.to_be_bytes()])
}

/// The prefix of what refers to a resource.
pub(super) fn referring(target: Number) -> [u8; 5] {
    let [a, b, c, d] = target.to_be_bytes();
    [REFERRED, a, b, c, d]
}

/// The source of a key under [`referring`].
pub(super) fn source(key: &Key) -> Option<Number> {
    Some(u32::from_be_bytes(key.as_bytes().get(5..9)?.try_into().ok()?))
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

/// The six bytes from `at` on, read as eight of which the first two do not count.
fn read_48(bytes: &[u8; 31], at: usize) -> u64 {
    let eight = bytes[at - 2..at + 6].first_chunk().copied().unwrap_or_default();
    u64::from_be_bytes(eight) & MAX_48
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
        assert!(early.key(1, group) < late.key(1, group), "a month stands before what is open");
        let run = Run::of(&early.key(1, group)).unwrap();
        assert_eq!((run.width().most(), run.system()), (Some(31 * 86_400_000 + 3_600_000), early.system));
        let (key, low) = (early.key(1, group), early.date.low);
        assert!(run.beginning(low) <= key && key < run.behind(low) && key < run.end());
        assert!(run.beginning(low + 1) > key && run.behind(low - 1) <= key);
        let none = Dated { date: Interval::NONE, ..early };
        assert_eq!(Dated::decode(&none.key(1, group)), Some(none));
        let open = Dated { date: Interval { low: i64::MIN, high: i64::MAX }, ..early };
        assert_eq!(Dated::decode(&open.key(1, group)), Some(open));
        assert_eq!(number_and_version(&version(5, 6)), Some((5, 6)));
        let now = 1_790_000_000_123;
        assert_eq!(time_and_number(&updated(1, group, now, 7)), Some((now, 7)));
        assert!(updated(1, group, now, u32::MAX) < updated(1, group, now + 1, 0));
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
        for resource_type in ResourceType::ALL {
            for version in Version::ALL {
                assert_eq!(Group::of(resource_type, version).resource_type(), resource_type);
            }
        }
        assert_eq!(Head::decode(b"\xff"), None);
    }
}
