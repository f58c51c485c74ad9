//! Suppliers' own test profiles: stored beside the national ones, and used by the resources that name them.

use super::judge::{Objection, Surroundings};
use super::keys::{self, Group};
use super::stored;
use super::{Access, Records};
use crate::fhir::Version;
use crate::fhir::search::{IndexValues, ResourceType};
use crate::fhir::validation::Questionnaires;
use crate::json::{Document, Value};
use crate::store::View;
use std::sync::Arc;

/// How many stored drafts a resource may be judged by: those it names, with those they are based on and use.
const MOST_DRAFTS: usize = 32;

impl Records {
    /// Asks the judge, with the drafts that the body names; or by FHIR's definition of the type alone.
    pub(super) fn judged(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        document: &Document,
        type_alone: bool,
    ) -> Vec<Objection> {
        // Drafts are for the sandbox: there they are stored on the open endpoint.
        let may_use_drafts = *access == Access::Open || self.settings.is_sandbox;
        let wanted = match resource_type {
            // A draft is judged by whether it can be used, together with the drafts it stands on.
            ResourceType::StructureDefinition => references(document.root()),
            _ if may_use_drafts && !type_alone => named(document),
            _ => Vec::new(),
        };
        let own_url = match resource_type {
            ResourceType::StructureDefinition => document.root().get("url").and_then(Value::as_str),
            _ => None,
        };
        let drafts = self.drafts(version, wanted, own_url);
        let surroundings = Surroundings {
            now: self.parts.clock.now(),
            questionnaires: self.questionnaires(version, resource_type),
            type_alone,
            by_type: !resource_type.has_national_profile(),
            refuse_drafts: !may_use_drafts,
            drafts: &drafts,
        };
        self.parts.judge.judge(version, document, &self.settings, &surroundings)
    }

    /// Where a response finds the stored Questionnaire it answers: by its URL, in STU3 also by `Questionnaire/<id>`.
    fn questionnaires(&self, version: Version, resource_type: ResourceType) -> Questionnaires {
        if resource_type != ResourceType::QuestionnaireResponse {
            return Questionnaires::default();
        }
        let view = self.store.view();
        Questionnaires::by(move |name| {
            let (url, wanted) = name.split_once('|').map_or((name, None), |(url, version)| (url, Some(version)));
            let id = url.strip_prefix("Questionnaire/").and_then(super::references::parse_id);
            let text = match id {
                Some(id) => {
                    let head = super::read::head_in(&view, id)?;
                    let is_it = head.group == Group::of(ResourceType::Questionnaire, version);
                    let stored = is_it.then(|| stored::current(&view, head.number, ResourceType::Questionnaire));
                    stored.flatten()?.text().to_owned()
                }
                None => stored_under(&view, version, ResourceType::Questionnaire, url)?,
            };
            let document = Document::parse(text).ok()?;
            let own = document.root().get("version").and_then(Value::as_str);
            (wanted.is_none() || wanted == own).then(|| Arc::new(document))
        })
    }

    /// The stored StructureDefinitions with the URLs in `wanted`, and those they are based on and use; not the one at `own_url`.
    fn drafts(&self, version: Version, wanted: Vec<String>, own_url: Option<&str>) -> Vec<String> {
        let is_draft = |url: &String| !self.parts.judge.defines(version, url);
        let mut wanted: Vec<String> = wanted.into_iter().filter(is_draft).collect();
        if wanted.is_empty() {
            return Vec::new();
        }
        let view = self.store.view();
        let mut found: Vec<String> = Vec::new();
        let mut seen: Vec<String> = own_url.into_iter().map(str::to_owned).collect();
        while let Some(url) = wanted.pop() {
            if found.len() >= MOST_DRAFTS || seen.contains(&url) {
                continue;
            }
            if let Some((text, references)) = definition(&view, version, &url) {
                found.push(text);
                wanted.extend(references.into_iter().filter(is_draft));
            }
            seen.push(url);
        }
        found.sort_unstable();
        found
    }
}

/// The profiles that a body names.
fn named(document: &Document) -> Vec<String> {
    let named = document.root().at(&["meta", "profile"]).into_iter().flat_map(Value::each);
    named.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The definitions that a StructureDefinition needs: its base, and the profiles of the types of its elements.
fn references(definition: Value<'_>) -> Vec<String> {
    let elements = definition.at(&["differential", "element"]).into_iter().flat_map(Value::items);
    let types = elements.flat_map(|element| element.get("type").into_iter().flat_map(Value::items));
    let profiles = types.flat_map(|reference| reference.get("profile").into_iter().flat_map(Value::each));
    let urls = definition.get("baseDefinition").into_iter().chain(profiles).filter_map(Value::as_str);
    urls.map(|url| url.split_once('|').map_or(url, |(url, _)| url).to_owned()).take(1000).collect()
}

/// The stored StructureDefinition with a URL, and what it needs.
fn definition(view: &View, version: Version, url: &str) -> Option<(String, Vec<String>)> {
    let text = stored_under(view, version, ResourceType::StructureDefinition, url)?;
    let document = Document::parse(text.as_str()).ok()?;
    let references = references(document.root());
    Some((text, references))
}

/// The text of the stored resource of a type that is indexed by its `url`.
fn stored_under(view: &View, version: Version, resource_type: ResourceType, url: &str) -> Option<String> {
    let group = Group::of(resource_type, version);
    let entries = view.prefix(&keys::dated(0, group, Some(keys::digest(Some(url))), None));
    entries.filter_map(|(key, _)| keys::Dated::decode(key)).find_map(|dated| {
        let stored = stored::current(view, dated.number, resource_type)?;
        let document = Document::parse(stored.text()).ok()?;
        let is_it = IndexValues::of(resource_type, document.root()).codes == [(None, Some(url))];
        is_it.then(|| stored.text().to_owned())
    })
}
