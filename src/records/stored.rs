//! One version of a resource: the bytes that are answered, packed behind a small header.

use super::definitions::Definition;
use super::keys::{self, Number};
use super::packing;
use crate::fhir::Version;
use crate::fhir::search::ResourceType;
use crate::store::{Value, View};
use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

/// Milliseconds since 1970 (8 bytes), act (1 byte); the packed text follows.
const HEADER: usize = 9;

/// How a version came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// By `POST`, or by `PUT` of a Patient with an id of the client's choice.
    Create,
    /// By `PUT`.
    Update,
    /// By `DELETE`; such a version has no content.
    Delete,
}

/// A version of a resource.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The type.
    pub resource_type: ResourceType,
    /// The logical id.
    pub id: Uuid,
    /// The logical id of a national definition, whose `id` is nil.
    pub(super) name: Option<&'static str>,
    /// `meta.versionId`, from 1.
    pub version_id: u32,
    /// `meta.lastUpdated`.
    pub last_updated: Timestamp,
    /// How it came to be.
    pub act: Act,
    /// The resource as compact JSON, id and meta included; empty for a deletion.
    pub body: Bytes,
}

impl Stored {
    /// Puts a stored record back into words; nothing when the bytes are not one.
    pub(super) fn decode(resource_type: ResourceType, id: Uuid, version_id: u32, record: &Value) -> Option<Stored> {
        let (last_updated, act) = header(record)?;
        let body = packing::unpack(record.get(HEADER..)?)?.into();
        Some(Stored { resource_type, id, name: None, version_id, last_updated, act, body })
    }

    /// The resource as text.
    pub fn text(&self) -> &str {
        // Bodies are made from text alone.
        std::str::from_utf8(&self.body).unwrap_or_default()
    }

    /// `Observation/<id>`.
    pub fn path(&self) -> String {
        match self.name {
            Some(name) => format!("{}/{name}", self.resource_type),
            None => format!("{}/{}", self.resource_type, self.id),
        }
    }

    /// `Observation/<id>/_history/<version>`.
    pub fn versioned_path(&self) -> String {
        format!("{}/_history/{}", self.path(), self.version_id)
    }

    /// The same, with the profile of a Patient written as the base of `version` has it: Patients are shared by both bases.
    pub(super) fn on(mut self, version: Version) -> Stored {
        if self.resource_type == ResourceType::Patient {
            let other = Version::ALL.into_iter().find(|other| *other != version).unwrap_or(version);
            let foreign = format!("\"{}\"", patient_profile(other));
            if self.text().contains(&foreign) {
                let own = format!("\"{}\"", patient_profile(version));
                self.body = Bytes::from(self.text().replace(&foreign, &own));
            }
        }
        self
    }
}

/// The canonical of the national Patient profile of a version.
pub(super) fn patient_profile(version: Version) -> &'static str {
    match version {
        Version::Stu3 => "http://phr.kanta.fi/StructureDefinition/fiphr-patient-stu3",
        Version::R4 => "http://phr.kanta.fi/StructureDefinition/fiphr-sd-patient",
    }
}

/// Makes the record to store.
pub(super) fn record(at: Timestamp, act: Act, body: &str) -> Value {
    let mut record = Vec::with_capacity(HEADER + body.len() / 3);
    record.extend(at.as_millisecond().to_be_bytes());
    record.push(match act {
        Act::Create => 0,
        Act::Update => 1,
        Act::Delete => 2,
    });
    packing::pack(body.as_bytes(), &mut record);
    record.into()
}

/// When a record was written, and by what.
pub(super) fn header(record: &[u8]) -> Option<(Timestamp, Act)> {
    let milliseconds = i64::from_be_bytes(record.get(..8)?.try_into().ok()?);
    let act = match record.get(8)? {
        0 => Act::Create,
        1 => Act::Update,
        2 => Act::Delete,
        _ => return None,
    };
    Some((Timestamp::from_millisecond(milliseconds).ok()?, act))
}

/// A hit of a search: the current version of a resource, packed as it lies in the store until it is written out.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The type.
    pub resource_type: ResourceType,
    record: Value,
    version: Version,
    /// The logical id of a national definition.
    name: Option<&'static str>,
}

impl Hit {
    /// The current version of the resource with this number, unless it is deleted; `version` is the base that answers.
    pub(super) fn current(view: &View, number: Number, resource_type: ResourceType, version: Version) -> Option<Hit> {
        let (_, record) = current_record(view, number)?;
        let (_, act) = header(record)?;
        (act != Act::Delete).then(|| Hit { resource_type, record: record.clone(), version, name: None })
    }

    /// A national definition.
    pub(super) fn definition(definition: &'static Definition, version: Version) -> Hit {
        let record = definition.record.clone();
        Hit { resource_type: definition.resource_type, record, version, name: Some(&definition.id) }
    }

    /// The same resource in another form; `text` has the id where it was.
    pub(super) fn rewritten(self, text: &str) -> Hit {
        let (written, act) = header(&self.record).unwrap_or((Timestamp::UNIX_EPOCH, Act::Create));
        Hit { record: record(written, act, text), ..self }
    }

    /// The logical id of a national definition, the only one that is no UUID: see [`Hit::append_definition_to`].
    pub fn name(&self) -> Option<&'static str> {
        self.name
    }

    /// Appends the text of a national definition.
    pub fn append_definition_to(&self, output: &mut Vec<u8>) -> bool {
        self.record.get(HEADER..).is_some_and(|packed| packing::append(packed, output))
    }

    /// How long the text is, about.
    pub fn length(&self) -> usize {
        self.record.get(HEADER..).and_then(packing::length).unwrap_or(0)
    }

    /// How many bytes of memory it keeps, about.
    pub fn kept(&self) -> usize {
        size_of::<Hit>() + self.record.len()
    }

    /// Appends the resource as compact JSON, id and meta included, and gives its logical id as text: 36 bytes. Nothing is
    /// appended, and given, when the stored bytes are damaged.
    pub fn append_to(&self, output: &mut Vec<u8>) -> Option<[u8; 36]> {
        let start = output.len();
        let packed = self.record.get(HEADER..)?;
        if self.resource_type == ResourceType::Patient {
            let stored = Stored::decode(self.resource_type, Uuid::nil(), 1, &self.record)?;
            output.extend_from_slice(&stored.on(self.version).body);
        } else if !packing::append(packed, output) {
            return None;
        }
        let at = start + ID_BEHIND + self.resource_type.as_str().len();
        let id = output.get(at..).and_then(|text| text.first_chunk().copied());
        if id.is_none() {
            output.truncate(start);
        }
        id
    }

    /// The logical id.
    pub(super) fn id(&self) -> Option<Uuid> {
        let mut text = Vec::with_capacity(self.length());
        Uuid::try_parse_ascii(&self.append_to(&mut text)?).ok()
    }
}

/// The current version of the resource with this number, unless it is deleted.
pub(super) fn current(view: &View, number: Number, resource_type: ResourceType) -> Option<Stored> {
    let (version_id, record) = current_record(view, number)?;
    let mut stored = Stored::decode(resource_type, Uuid::nil(), version_id, record)?;
    if stored.act == Act::Delete {
        return None;
    }
    stored.id = id_in(stored.text(), resource_type)?;
    Some(stored)
}

/// The newest version of the resource with this number. Versions are counted from 1 without gaps, and most resources have
/// one or two: asking for one after the other is quicker than a walk over a range.
fn current_record(view: &View, number: Number) -> Option<(u32, &Value)> {
    const MOST_STEPS: u32 = 4;
    let mut newest = (1, view.get(&keys::version(number, 1))?);
    for version in 2..=MOST_STEPS {
        match view.get(&keys::version(number, version)) {
            Some(record) => newest = (version, record),
            None => return Some(newest),
        }
    }
    let (key, record) = view.prefix(&keys::versions(number)).next_back()?;
    Some((keys::number_and_version(key)?.1, record))
}

/// When the current version of the resource with this number was written, in UTC milliseconds.
pub(super) fn updated(view: &View, number: Number) -> i64 {
    let current = current_record(view, number);
    current.and_then(|(_, record)| header(record)).map_or(0, |(written, _)| written.as_millisecond())
}

/// How far the id stands behind the beginning, with the length of the type's name.
const ID_BEHIND: usize = "{\"resourceType\":\"\",\"id\":\"".len();

/// The id stands at a fixed place: every stored text begins `{"resourceType":"…","id":"…"`.
fn id_in(text: &str, resource_type: ResourceType) -> Option<Uuid> {
    let start = ID_BEHIND + resource_type.as_str().len();
    Uuid::parse_str(text.get(start..start + 36)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_as_it_was_stored() {
        let at: Timestamp = "2026-06-01T12:00:00.123Z".parse().unwrap();
        let record = record(at, Act::Update, "{}");
        let stored = Stored::decode(ResourceType::Observation, Uuid::nil(), 4, &record).unwrap();
        assert_eq!((stored.last_updated, stored.act, stored.text()), (at, Act::Update, "{}"));
        assert!(stored.versioned_path().ends_with("/_history/4"));
        assert!(Stored::decode(ResourceType::Observation, Uuid::nil(), 4, &Value::default()).is_none());
    }
}
