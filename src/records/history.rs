//! The versions of one resource, page by page: those there were when the first page was asked for.

use super::pages::{Gone, Search};
use super::read::is_within;
use super::stored::Stored;
use super::{Access, Records, Refusal, keys};
use crate::fhir::Version;
use crate::fhir::search::ResourceType;
use jiff::Timestamp;
use uuid::Uuid;

/// One page of a history.
#[derive(Clone, Debug)]
pub struct History {
    /// The id of the history; the same on all its pages.
    pub id: Uuid,
    /// When the newest version was written; when the history was asked for, if there is none.
    pub newest: Timestamp,
    /// How many versions there are in all.
    pub total: usize,
    /// The place of the first version of this page among them, from 0.
    pub offset: usize,
    /// How many versions a page holds.
    pub count: usize,
    /// The versions of this page, the newest first, deletions included.
    pub versions: Vec<Stored>,
    /// The type of the resource.
    pub resource_type: ResourceType,
}

impl History {
    /// The offset of the next page, when there is one.
    pub fn next(&self) -> Option<usize> {
        let next = self.offset.saturating_add(self.count);
        (self.count > 0 && next < self.total).then_some(next)
    }

    /// The offset of the page before, when there is one.
    pub fn previous(&self) -> Option<usize> {
        (self.offset > 0).then(|| self.offset.saturating_sub(self.count))
    }
}

impl Records {
    /// The first page of the versions of a resource, of those not older than `since` (UTC milliseconds).
    ///
    /// # Errors
    /// As [`Records::read`], but a deleted resource has its history.
    pub fn history(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        id: &str,
        since: Option<i64>,
        count: Option<usize>,
    ) -> Result<History, Refusal> {
        let is_asked = |stored: &Stored| since.is_none_or(|since| stored.last_updated.as_millisecond() >= since);
        let count = count.unwrap_or(self.settings.page_default).min(self.settings.page_max);
        let made = self.parts.clock.now();
        let mut page = History {
            id: self.parts.random.uuid(),
            newest: made,
            total: 0,
            offset: 0,
            count,
            versions: Vec::new(),
            resource_type,
        };
        if let Some(definition) = self.definition(access, version, resource_type, id) {
            let versions: Vec<Stored> = Some(definition).filter(is_asked).into_iter().collect();
            page.total = versions.len();
            page.newest = versions.first().map_or(made, |stored| stored.last_updated);
            page.versions = versions.into_iter().take(count).collect();
            return Ok(page);
        }
        let (of, _) = self.head(access, version, resource_type, id)?;
        let mut versions = self.versions(access, version, resource_type, of, None)?;
        versions.retain(is_asked);
        page.total = versions.len();
        page.newest = versions.first().map_or(made, |stored| stored.last_updated);
        if count > 0 && count < page.total {
            self.parts.pages.keep(Search {
                id: page.id,
                version,
                resource_type,
                patient: None,
                caller: (access.patient(), access.creator()),
                history: Some(of),
                hits: versions.iter().map(|stored| stored.version_id).collect(),
                made,
            });
        }
        versions.truncate(count);
        page.versions = versions;
        Ok(page)
    }

    /// Another page of a history. What the caller may no longer read is no longer there.
    pub(super) fn history_page(
        &self,
        access: &Access,
        search: &Search,
        of: Uuid,
        offset: usize,
        count: usize,
    ) -> Result<History, Refusal> {
        let gone = |_| Refusal::UnknownPage(search.id.to_string(), Gone::Unknown);
        let asked: Vec<u32> = search.hits.iter().copied().skip(offset).take(count).collect();
        let versions = self.versions(access, search.version, search.resource_type, of, Some(&asked)).map_err(gone)?;
        Ok(History {
            id: search.id,
            newest: search.made,
            total: search.hits.len(),
            offset,
            count,
            versions,
            resource_type: search.resource_type,
        })
    }

    /// The versions of a resource that the caller may see, the newest first; of `only` these, when some are named.
    fn versions(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        of: Uuid,
        only: Option<&[u32]>,
    ) -> Result<Vec<Stored>, Refusal> {
        let (of, head) = self.head(access, version, resource_type, &of.to_string())?;
        let own = self.base_of(&head, resource_type, version);
        let view = self.store.view();
        let records = view.prefix(&keys::versions(head.number)).rev();
        let versions = records.filter_map(|(key, record)| {
            let (_, version_id) = keys::number_and_version(key)?;
            if only.is_some_and(|only| !only.contains(&version_id)) {
                return None;
            }
            let stored = Stored::decode(resource_type, of, version_id, record)?;
            is_within(access, own, &stored).then(|| self.shown(stored, own, version))?
        });
        Ok(versions.collect())
    }
}
