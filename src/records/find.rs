//! Search: candidates from the index, the rest of the conditions on the candidates, then one page of bytes.

use super::keys::{self, Dated, Group, Number};
use super::pages::Search;
use super::read::head_in;
use super::references::parse_id;
use super::stored::{self, Stored};
use super::write::patient_number;
use super::{Access, Records, Refusal};
use crate::fhir::Version;
use crate::fhir::search::{
    DateFilter, IndexValues, Interval, Query, ResourceType, Sort, SortKey, Summary, System, Token,
};
use crate::json::Document;
use crate::store::View;
use jiff::Timestamp;
use uuid::Uuid;

/// One page of a search.
#[derive(Clone, Debug)]
pub struct Page {
    /// The id of the search; the same on all its pages.
    pub id: Uuid,
    /// When the search was made.
    pub made: Timestamp,
    /// How many resources were found in all.
    pub total: usize,
    /// The place of the first hit of this page among them, from 0.
    pub offset: usize,
    /// How many hits a page holds.
    pub count: usize,
    /// The hits of this page.
    pub hits: Vec<Stored>,
}

impl Page {
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

/// A resource that may be asked for, with what the index says of it.
#[derive(Clone, Copy)]
struct Candidate {
    number: Number,
    date: Interval,
    /// `meta.lastUpdated`; looked up only when the query asks about it.
    updated: i64,
}

impl Records {
    /// The first page of a search; `pairs` are the decoded query parameters.
    ///
    /// # Errors
    /// [`Refusal::Search`], [`Refusal::Scope`], [`Refusal::Compartment`], [`Refusal::PatientSearch`].
    pub fn search(
        &self,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        pairs: &[(String, String)],
    ) -> Result<Page, Refusal> {
        if !access.reads(resource_type) {
            return Err(Refusal::Scope("read", resource_type));
        }
        let query =
            Query::parse(version, resource_type, pairs, self.settings.ignore_unknown_parameters).map_err(|error| {
                let names = pairs.iter().map(|(name, _)| name.clone()).collect();
                Refusal::Search(resource_type, names, error)
            })?;
        let view = self.store.view();
        let now = self.clock.now();
        let (patient, hits) = match resource_type {
            ResourceType::Patient => (None, self.find_patients(&view, access, &query)?),
            _ => self.find(&view, access, version, resource_type, &query, now)?,
        };
        let count = match query.summary {
            Summary::Count => 0,
            _ => query.count.unwrap_or(self.settings.page_default).min(self.settings.page_max),
        };
        let search = Search { id: self.random.uuid(), version, resource_type, patient, hits: hits.into(), made: now };
        let page = self.page_of(&view, &search, 0, count);
        if page.next().is_some() {
            self.pages.keep(search);
        }
        Ok(page)
    }

    /// Another page of a search.
    ///
    /// # Errors
    /// [`Refusal::UnknownPage`] when the search is unknown, expired, of another base or not the caller's to see.
    pub fn page(
        &self,
        access: &Access,
        version: Version,
        id: &str,
        offset: usize,
        count: Option<usize>,
    ) -> Result<Page, Refusal> {
        let search = parse_id(id).and_then(|id| self.pages.find(id, self.clock.now())).filter(|search| {
            let own = access.patient().is_none() || access.patient() == search.patient;
            own && search.version == version && access.reads(search.resource_type)
        });
        let search = search.ok_or_else(|| Refusal::UnknownPage(id.to_owned()))?;
        let count = count.unwrap_or(self.settings.page_default).min(self.settings.page_max);
        Ok(self.page_of(&self.store.view(), &search, offset, count))
    }

    fn page_of(&self, view: &View, search: &Search, offset: usize, count: usize) -> Page {
        let hits = search.hits.iter().skip(offset).take(count).filter_map(|number| {
            let stored = stored::current(view, *number, search.resource_type)?;
            // A resource that was deleted or handed to another patient since is no longer a hit.
            let head = head_in(view, stored.id)?;
            search.patient.is_none_or(|patient| patient == head.patient).then(|| stored.on(search.version))
        });
        Page { id: search.id, made: search.made, total: search.hits.len(), offset, count, hits: hits.collect() }
    }

    /// Patients are found by `_id` alone; without it the real server failed in a way that was recorded.
    fn find_patients(&self, view: &View, access: &Access, query: &Query) -> Result<Vec<Number>, Refusal> {
        let Some(id) = &query.id else { return Err(Refusal::PatientSearch) };
        let id = parse_id(id);
        if access.patient().is_some_and(|own| id != Some(own)) {
            return Err(Refusal::Compartment);
        }
        let head = id.and_then(|id| head_in(view, id));
        let head = head.filter(|head| head.group.resource_type() == ResourceType::Patient && !head.deleted);
        Ok(head.into_iter().map(|head| head.number).collect())
    }

    fn find(
        &self,
        view: &View,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        query: &Query,
        now: Timestamp,
    ) -> Result<(Option<Uuid>, Vec<Number>), Refusal> {
        let asked = query.patient.as_deref().unwrap_or_default();
        let patient = parse_id(asked);
        // Always refused, data or not: the real server could answer an empty list (resource-server.md §11).
        if access.patient().is_some_and(|own| patient != Some(own)) {
            return Err(Refusal::Compartment);
        }
        let Some(number) = patient.and_then(|patient| patient_number(view, resource_type, patient).ok()) else {
            return Ok((patient, Vec::new()));
        };
        let group = Group::of(resource_type, version);
        let scope = Scope { view, resource_type, group, patient: number, now: now.as_millisecond() };
        let candidates = if query.id.is_some() || query.identifier.is_some() {
            scope.by_identity(patient, query)
        } else {
            scope.by_index(query)
        };
        Ok((patient, sorted(candidates, &query.sort)))
    }
}

/// Where a search runs.
struct Scope<'v> {
    view: &'v View,
    resource_type: ResourceType,
    group: Group,
    patient: Number,
    /// UTC milliseconds.
    now: i64,
}

impl Scope<'_> {
    /// The few resources with an id or an identifier, judged by their content.
    fn by_identity(&self, patient: Option<Uuid>, query: &Query) -> Vec<Candidate> {
        let numbers = match (&query.id, &query.identifier) {
            (Some(id), _) => {
                let head = parse_id(id).and_then(|id| head_in(self.view, id));
                let own = head.filter(|head| head.group == self.group && Some(head.patient) == patient);
                own.into_iter().map(|head| head.number).collect()
            }
            (None, Some(Token { code: Some(value), .. })) => {
                keys::numbers(self.view.get(&keys::identified(self.patient, self.group, value)))
            }
            // A system alone is asked for: everything has to be looked at.
            (None, _) => self.by_date(query).into_iter().map(|candidate| candidate.number).collect(),
        };
        numbers.into_iter().filter_map(|number| self.judge(number, query)).collect()
    }

    fn judge(&self, number: Number, query: &Query) -> Option<Candidate> {
        let stored = stored::current(self.view, number, self.resource_type)?;
        let document = Document::parse(stored.text()).ok()?;
        let values = IndexValues::of(self.resource_type, document.root());
        let updated = Interval::instant(stored.last_updated);
        let identifier_fits = query
            .identifier
            .as_ref()
            .is_none_or(|token| values.identifiers.iter().any(|(system, value)| token.matches(*system, Some(value))));
        let code_fits = query.codes.is_empty()
            || query.codes.iter().any(|token| values.codes.iter().any(|(system, code)| token.matches(*system, *code)));
        let fits = identifier_fits
            && code_fits
            && self.all(&query.dates, values.date)
            && self.all(&query.last_updated, updated)
            && labels_fit(&document, query);
        fits.then_some(Candidate { number, date: values.date, updated: updated.low })
    }

    /// The resources that the index finds, and of them those that the conditions without an index leave.
    fn by_index(&self, query: &Query) -> Vec<Candidate> {
        let mut candidates = self.by_date(query);
        if !query.last_updated.is_empty() || query.sort.iter().any(|sort| sort.key == SortKey::LastUpdated) {
            for candidate in &mut candidates {
                candidate.updated = stored::updated(self.view, candidate.number);
            }
            candidates.retain(|candidate| {
                self.all(&query.last_updated, Interval { low: candidate.updated, high: candidate.updated })
            });
        }
        if query.category.is_some() || query.security.is_some() {
            candidates.retain(|candidate| self.has_labels(candidate.number, query));
        }
        candidates
    }

    /// One candidate for each resource with one of the codes and all of the dates.
    fn by_date(&self, query: &Query) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        let mut first_system = None;
        let mut several_systems = false;
        let mut scan = |prefix: &[u8], fits: &dyn Fn(&Dated) -> bool| {
            for dated in self.view.prefix(prefix).filter_map(|(key, _)| Dated::decode(key)) {
                if fits(&dated) && self.all(&query.dates, dated.date) {
                    several_systems |= *first_system.get_or_insert(dated.system) != dated.system;
                    candidates.push(Candidate { number: dated.number, date: dated.date, updated: 0 });
                }
            }
        };
        if query.codes.is_empty() {
            scan(&keys::dated(self.patient, self.group, None, None), &|_| true);
        }
        for token in &query.codes {
            let code = token.code.as_deref().map(|code| keys::digest(Some(code)));
            let system = match &token.system {
                System::Any => None,
                System::Absent => Some(keys::digest(None)),
                System::Is(system) => Some(keys::digest(Some(system))),
            };
            let prefix = keys::dated(self.patient, self.group, code, system.filter(|_| code.is_some()));
            scan(&prefix, &|dated| system.is_none_or(|system| dated.system == system));
        }
        // A resource with several codings stands in the index once for each. One code of one system finds it once, and in
        // the order of dates, which is that of most searches.
        let finds_once = matches!(query.codes.as_slice(), [Token { code: Some(_), .. }]) && !several_systems;
        if !finds_once {
            candidates.sort_unstable_by_key(|candidate| candidate.number);
            candidates.dedup_by_key(|candidate| candidate.number);
        }
        candidates
    }

    fn has_labels(&self, number: Number, query: &Query) -> bool {
        let Some(stored) = stored::current(self.view, number, self.resource_type) else { return false };
        // Most misses show in the raw text; only what may be a hit is parsed.
        let mentions = |token: &Option<Token>| {
            token.as_ref().and_then(|token| token.code.as_deref()).is_none_or(|code| stored.text().contains(code))
        };
        let may_fit = stored.text().contains('\\') || (mentions(&query.category) && mentions(&query.security));
        may_fit && Document::parse(stored.text()).is_ok_and(|document| labels_fit(&document, query))
    }

    fn all(&self, filters: &[DateFilter], date: Interval) -> bool {
        filters.iter().all(|filter| filter.matches(date, self.now))
    }
}

/// `category` and `_security`, which have no index.
fn labels_fit(document: &Document, query: &Query) -> bool {
    let root = document.root();
    let category_fits = query
        .category
        .as_ref()
        .is_none_or(|token| root.get("category").is_some_and(|category| token.matches_concepts(category)));
    let security_fits = query.security.as_ref().is_none_or(|token| {
        root.at(&["meta", "security"]).is_some_and(|labels| {
            labels.each().any(|label| {
                let member = |name| label.get(name).and_then(crate::json::Value::as_str);
                token.matches(member("system"), member("code"))
            })
        })
    });
    category_fits && security_fits
}

/// The numbers in the order asked for; among equals, and without an order, in that of creation.
fn sorted(mut candidates: Vec<Candidate>, order: &[Sort]) -> Vec<Number> {
    let by = |sort: &Sort, one: &Candidate, other: &Candidate| {
        let ordering = match sort.key {
            SortKey::Date => one.date.low.cmp(&other.date.low),
            SortKey::LastUpdated => one.updated.cmp(&other.updated),
        };
        if sort.descending { ordering.reverse() } else { ordering }
    };
    let creation = |one: &Candidate, other: &Candidate| one.number.cmp(&other.number);
    match order {
        [] => candidates.sort_unstable_by(creation),
        [sort] => {
            if sort.descending {
                // The index is in the order of dates: turned round, there is mostly nothing left to sort.
                candidates.reverse();
            }
            candidates.sort_unstable_by(|one, other| by(sort, one, other).then_with(|| creation(one, other)));
        }
        several => candidates.sort_unstable_by(|one, other| {
            let decided = several.iter().map(|sort| by(sort, one, other)).find(|ordering| ordering.is_ne());
            decided.unwrap_or_else(|| creation(one, other))
        }),
    }
    candidates.into_iter().map(|candidate| candidate.number).collect()
}
