//! The national profiles, value sets and code systems as resources: read and searched beside those that suppliers store,
//! written over by nobody. They lie in the binary, are unpacked when somebody first asks for one, and then are the same for
//! all tenants: no store holds them.

use super::keys::Number;
use super::stored::{self, Stored};
use super::{Access, Act, Interaction, Records};
use crate::fhir::Version;
use crate::fhir::definitions::published;
use crate::fhir::search::{Query, ResourceType};
use crate::json::{Document, Value as Element, escape};
use crate::store::Value;
use crate::time::to_helsinki;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use std::collections::HashMap;
use std::sync::OnceLock;
use uuid::Uuid;

/// The numbers of resources grow from 1 on; the definitions have the last ones.
const FIRST_NUMBER: Number = Number::MAX - 0xFFFF;

/// A definition as it lies ready.
pub(super) struct Definition {
    pub resource_type: ResourceType,
    /// Its logical id: that of the file. (How the real server calls them is not known.)
    pub id: String,
    url: String,
    /// As [`stored::record`] makes it.
    pub record: Value,
}

/// When the real server may have got them: the dates of its published statements.
fn written(version: Version) -> Timestamp {
    let day: Date = match version {
        Version::Stu3 => date(2018, 6, 15),
        Version::R4 => date(2021, 11, 24),
    };
    day.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()).unwrap_or_default()
}

/// All of a version, in the order of their files.
fn all(version: Version) -> &'static [Definition] {
    static STU3: OnceLock<Vec<Definition>> = OnceLock::new();
    static R4: OnceLock<Vec<Definition>> = OnceLock::new();
    let slot = match version {
        Version::Stu3 => &STU3,
        Version::R4 => &R4,
    };
    slot.get_or_init(|| published(version).iter().filter_map(|(_, text)| read(version, text)).collect())
}

/// A file as a resource that could have been stored; a test says that each is one.
fn read(version: Version, text: &str) -> Option<Definition> {
    let document = Document::parse(text).ok()?;
    let root = document.root();
    let member = |name: &str| root.get(name).and_then(Element::as_str);
    let resource_type = ResourceType::from_name(member("resourceType")?).filter(|found| found.is_conformance())?;
    let (id, url, at) = (member("id")?, member("url")?, written(version));
    let mut compact = format!(
        "{{\"resourceType\":\"{resource_type}\",\"id\":{},\"meta\":{{\"versionId\":\"1\",\"lastUpdated\":\"{}\"}}",
        escape(id),
        to_helsinki(at)
    );
    for (key, value) in root.members().filter(|(key, _)| !matches!(*key, "resourceType" | "id" | "meta")) {
        compact.push(',');
        compact.push_str(&escape(key));
        compact.push(':');
        value.write_compact(&mut compact);
    }
    compact.push('}');
    let record = stored::record(at, Act::Create, &compact);
    Some(Definition { resource_type, id: id.to_owned(), url: url.to_owned(), record })
}

/// The definition with a number that [`find`] gave.
pub(super) fn numbered(version: Version, number: Number) -> Option<&'static Definition> {
    all(version).get(number.checked_sub(FIRST_NUMBER)? as usize)
}

/// Whether a number is a definition's.
pub(super) fn is_one(number: Number) -> bool {
    number >= FIRST_NUMBER
}

/// The definition with a logical id.
pub(super) fn named(version: Version, resource_type: ResourceType, id: &str) -> Option<&'static Definition> {
    // Of the other types there are none: nothing has to be unpacked to say so.
    let all = if resource_type.is_conformance() { all(version) } else { &[] };
    all.iter().find(|each| each.resource_type == resource_type && each.id == id)
}

/// The numbers of those that a search finds: by logical id and by URL.
pub(super) fn find(version: Version, resource_type: ResourceType, query: &Query) -> impl Iterator<Item = Number> {
    let fits = move |each: &Definition| {
        each.resource_type == resource_type
            && query.id.as_ref().is_none_or(|id| *id == each.id)
            && query.codes.iter().all(|url| url.matches(None, Some(&each.url)))
            // A URL with a version behind it: an element `url` has none.
            && query.content.is_empty()
    };
    let numbered = all(version).iter().zip(FIRST_NUMBER..);
    numbered.filter(move |(each, _)| fits(each)).map(|(_, number)| number)
}

/// How many there are of each type.
pub(super) fn counts(version: Version) -> HashMap<ResourceType, usize> {
    let mut counts = HashMap::new();
    all(version).iter().for_each(|each| *counts.entry(each.resource_type).or_default() += 1);
    counts
}

impl Records {
    /// The national definition that a read is about.
    pub(super) fn definition(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        id: &str,
    ) -> Option<Stored> {
        if !access.may(Interaction::Read, resource_type) {
            return None;
        }
        let found = named(version, resource_type, id)?;
        let mut stored = Stored::decode(resource_type, Uuid::nil(), 1, &found.record)?;
        stored.name = Some(&found.id);
        Some(stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_file_is_one() {
        for version in Version::ALL {
            assert_eq!(all(version).len(), published(version).len());
            for each in all(version) {
                let stored = Stored::decode(each.resource_type, Uuid::nil(), 1, &each.record).unwrap();
                let document = Document::parse(stored.text()).unwrap();
                assert_eq!(document.root().get("id").and_then(Element::as_str), Some(&*each.id));
                assert_eq!(document.root().get("url").and_then(Element::as_str), Some(&*each.url));
            }
        }
    }
}
