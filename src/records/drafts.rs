//! Suppliers' own test profiles: stored beside the national ones, and used by the resources that name them.

use super::judge::{Objection, Profiles};
use super::keys::{self, Group};
use super::stored;
use super::{Access, Records};
use crate::fhir::Version;
use crate::fhir::search::{IndexValues, ResourceType};
use crate::json::{Document, Value};
use crate::store::View;

/// How many drafts may be based on one another.
const MOST_BASES: usize = 8;

impl Records {
    /// Asks the judge, with the drafts that the body names.
    pub(super) fn judged(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        document: &Document,
    ) -> Vec<Objection> {
        // Drafts are for the sandbox: there they are stored on the open endpoint.
        let may_use_drafts = *access == Access::Open || self.settings.is_sandbox;
        let drafts = if may_use_drafts { self.drafts(version, document) } else { Vec::new() };
        let profiles = Profiles { by_type: !resource_type.has_national_profile(), drafts: &drafts };
        self.judge.judge(version, document, &self.settings, profiles)
    }

    /// The stored StructureDefinitions that a body names, and those they are based on.
    fn drafts(&self, version: Version, document: &Document) -> Vec<String> {
        let named = document.root().at(&["meta", "profile"]).into_iter().flat_map(Value::each);
        let mut wanted: Vec<String> = named
            .filter_map(Value::as_str)
            .filter(|url| !self.judge.defines(version, url))
            .map(str::to_owned)
            .collect();
        if wanted.is_empty() {
            return Vec::new();
        }
        let view = self.store.view();
        let mut found: Vec<String> = Vec::new();
        let mut seen: Vec<String> = Vec::new();
        while let Some(url) = wanted.pop() {
            if seen.len() > MOST_BASES || seen.contains(&url) {
                continue;
            }
            if let Some((text, base)) = definition(&view, version, &url) {
                found.push(text);
                wanted.extend(base.filter(|base| !self.judge.defines(version, base)));
            }
            seen.push(url);
        }
        found.sort_unstable();
        found
    }
}

/// The stored StructureDefinition with a URL, and what it is based on.
fn definition(view: &View, version: Version, url: &str) -> Option<(String, Option<String>)> {
    let resource_type = ResourceType::StructureDefinition;
    let group = Group::of(resource_type, version);
    let entries = view.prefix(&keys::dated(0, group, Some(keys::digest(Some(url))), None));
    entries.filter_map(|(key, _)| keys::Dated::decode(key)).find_map(|dated| {
        let stored = stored::current(view, dated.number, resource_type)?;
        let document = Document::parse(stored.text()).ok()?;
        let is_it = IndexValues::of(resource_type, document.root()).codes == [(None, Some(url))];
        let base = document.root().get("baseDefinition").and_then(Value::as_str).map(str::to_owned);
        is_it.then(|| (stored.text().to_owned(), base))
    })
}
