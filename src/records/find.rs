//! Search: candidates from the index, the rest of the conditions on the candidates, then one page of bytes.

use super::history::History;
use super::keys::{self, Dated, Group, Number, Run};
use super::pages::{Gone, Search};
use super::read::head_in;
use super::references::parse_id;
use super::stored::{self, Hit};
use super::write_plan::patient_number;
use super::{Access, Interaction, Records, Refusal, definitions};
use crate::fhir::Version;
use crate::fhir::search::{
    DateFilter, IndexValues, Interval, Query, ResourceType, Sort, SortKey, Summary, System, Token,
};
use crate::json::Document;
use crate::store::{Key, View};
use jiff::Timestamp;
use std::cell::Cell;
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
    pub hits: Vec<Hit>,
    /// How many entries of the index were looked at: the cost of the search.
    pub visited: usize,
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

/// What a page link leads to.
#[derive(Clone, Debug)]
pub enum Paged {
    /// A page of a search.
    Search(Page),
    /// A page of a history.
    History(History),
}

/// A resource that may be asked for, with what the index says of it.
#[derive(Clone, Copy)]
struct Candidate {
    number: Number,
    /// When its date begins, in UTC milliseconds.
    date: i64,
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
        self.check_right(access, Interaction::Search, resource_type)?;
        let query =
            Query::parse(version, resource_type, pairs, self.settings.query_rules(version)).map_err(|error| {
                let names = pairs.iter().map(|(name, _)| name.clone()).collect();
                Refusal::Search(resource_type, names, error)
            })?;
        let view = self.store.view();
        let now = self.parts.clock.now();
        let visited = Cell::new(0);
        let (patient, hits) = match resource_type {
            ResourceType::Patient => (None, self.find_patients(&view, access, &query)?),
            _ => self.find(&view, access, version, resource_type, &query, now, &visited)?,
        };
        let count = match query.summary {
            Summary::Count => 0,
            _ => query.count.unwrap_or(self.settings.page_default).min(self.settings.page_max),
        };
        let caller = (access.patient(), access.creator());
        let id = self.parts.random.uuid();
        let search =
            Search { id, version, resource_type, patient, caller, history: None, hits: hits.into(), made: now };
        let mut page = self.page_of(&view, &search, 0, count, true);
        page.visited = visited.get();
        if page.next().is_some() {
            self.parts.pages.keep(search);
        }
        Ok(page)
    }

    /// Lets go of the pages of all searches: what they found is no more.
    pub fn forget_pages(&self) {
        self.parts.pages.clear();
    }

    /// Another page of a search or a history.
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
    ) -> Result<Paged, Refusal> {
        let gone = |why: Gone| Refusal::UnknownPage(id.to_owned(), why);
        let parsed = parse_id(id).ok_or_else(|| gone(Gone::Unknown))?;
        let search = self
            .parts
            .pages
            .find(parsed, (access.patient(), access.creator()), self.parts.clock.now())
            .map_err(gone)?;
        if search.version != version || !access.may(Interaction::Search, search.resource_type) {
            return Err(gone(Gone::Unknown));
        }
        let count = count.unwrap_or(self.settings.page_default).min(self.settings.page_max);
        match search.history {
            Some(of) => self.history_page(access, &search, of, offset, count).map(Paged::History),
            None => Ok(Paged::Search(self.page_of(&self.store.view(), &search, offset, count, false))),
        }
    }

    /// A page of a search; one that was made in this very view has no hit that has changed since.
    fn page_of(&self, view: &View, search: &Search, offset: usize, count: usize, is_new: bool) -> Page {
        let hits = search.hits.iter().skip(offset).take(count).filter_map(|number| {
            if definitions::is_one(*number) {
                return definitions::numbered(search.version, *number)
                    .map(|found| Hit::definition(found, search.version));
            }
            let hit = Hit::current(view, *number, search.resource_type, search.version)?;
            let may_convert = self.shows_stu3(search.resource_type, search.version);
            if is_new && !may_convert {
                return Some(hit);
            }
            // A resource that was deleted or handed to another patient since is no longer a hit.
            let head = head_in(view, hit.id()?)?;
            // And the other base is no longer shown when the knob was turned.
            let is_shown = may_convert || head.group == Group::of(search.resource_type, search.version);
            let is_hit = is_shown && search.patient.is_none_or(|patient| patient == head.patient);
            match is_hit && self.base_of(&head, search.resource_type, search.version) != search.version {
                true => self
                    .converted(stored::current(view, *number, search.resource_type)?.text())
                    .map(|text| hit.rewritten(&text)),
                false => is_hit.then_some(hit),
            }
        });
        Page {
            id: search.id,
            made: search.made,
            total: search.hits.len(),
            offset,
            count,
            hits: hits.collect(),
            visited: 0,
        }
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

    #[expect(clippy::too_many_arguments, reason = "the parts of one search, named where they are used")]
    fn find(
        &self,
        view: &View,
        access: &Access,
        version: Version,
        resource_type: ResourceType,
        query: &Query,
        now: Timestamp,
        visited: &Cell<usize>,
    ) -> Result<(Option<Uuid>, Vec<Number>), Refusal> {
        let now = now.as_millisecond();
        let found_by = |number: Number, patient: Option<Uuid>| {
            let group = Group::of(resource_type, version);
            let scope = Scope { view, resource_type, group, patient: number, now, visited, converter: None };
            let mut found = scope.find(patient, query);
            if self.shows_stu3(resource_type, version) {
                let group = Group::of(resource_type, Version::Stu3);
                found.extend(Scope { group, converter: Some(self), ..scope }.find(patient, query));
            }
            found
        };
        if !resource_type.is_in_compartment() {
            let mut found = sorted(found_by(0, None), &query.sort);
            if resource_type.is_conformance() {
                found.extend(definitions::find(version, resource_type, query));
            }
            return Ok((None, found));
        }
        let patient = match &query.patient {
            Some(asked) => {
                let patient = parse_id(asked);
                // Always refused, data or not: the real server could answer an empty list (resource-server.md §11).
                if access.patient().is_some_and(|own| patient != Some(own)) {
                    return Err(Refusal::Compartment);
                }
                // What is no id is nobody's.
                Some(patient.unwrap_or_default())
            }
            // Where no patient has to be named, it is the caller's own, and on the open endpoint everybody.
            None => access.patient(),
        };
        let Some(patient) = patient else {
            let mut found = Vec::new();
            let mut from = 1;
            while let Some(patient) = keys::next_patient(view, from) {
                visited.set(visited.get() + 1);
                found.extend(found_by(patient, None));
                let Some(next) = patient.checked_add(1) else { break };
                from = next;
            }
            return Ok((None, sorted(found, &query.sort)));
        };
        let Ok(number) = patient_number(view, resource_type, patient) else {
            return Ok((Some(patient), Vec::new()));
        };
        Ok((Some(patient), sorted(found_by(number, Some(patient)), &query.sort)))
    }
}

/// Where a search runs.
#[derive(Clone, Copy)]
struct Scope<'v> {
    view: &'v View,
    resource_type: ResourceType,
    group: Group,
    /// 0 for what is nobody's.
    patient: Number,
    /// UTC milliseconds.
    now: i64,
    /// Counts the entries of the index that were looked at.
    visited: &'v Cell<usize>,
    /// Turns what is found into what the other base shows; what can't be turned is not found.
    converter: Option<&'v Records>,
}

impl Scope<'_> {
    fn find(&self, patient: Option<Uuid>, query: &Query) -> Vec<Candidate> {
        if query.id.is_some() || query.identifier.is_some() {
            self.by_identity(patient, query)
        } else {
            self.by_index(query)
        }
    }

    /// The few resources with an id or an identifier, judged by their content.
    fn by_identity(&self, patient: Option<Uuid>, query: &Query) -> Vec<Candidate> {
        let numbers = match (&query.id, &query.identifier) {
            (Some(id), _) => {
                let head = parse_id(id).and_then(|id| head_in(self.view, id));
                let own = head.filter(|head| {
                    let is_own = match patient {
                        Some(patient) => head.patient == patient,
                        None => patient_number(self.view, self.resource_type, head.patient).ok() == Some(self.patient),
                    };
                    head.group == self.group && is_own
                });
                own.into_iter().map(|head| head.number).collect()
            }
            (None, Some(Token { code: Some(value), .. })) => {
                keys::numbers(self.view.get(&keys::identified(self.patient, self.group, value)))
            }
            // A system alone is asked for: everything has to be looked at.
            (None, _) => self.by_date(query).into_iter().map(|candidate| candidate.number).collect(),
        };
        self.visited.set(self.visited.get() + numbers.len());
        numbers.into_iter().filter_map(|number| self.judge(number, query)).collect()
    }

    fn judge(&self, number: Number, query: &Query) -> Option<Candidate> {
        let stored = stored::current(self.view, number, self.resource_type)?;
        let document = self.document(stored.text())?;
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
            && content_fits(&document, query);
        fits.then_some(Candidate { number, date: values.date.low, updated: updated.low })
    }

    /// The resources that were written at the times asked for: when nothing else is asked for that has an index, or when
    /// there are so few of them that each can be looked at.
    fn by_updated(&self, query: &Query) -> Option<Vec<Candidate>> {
        const FEW: usize = 200;
        let has_other_index = !query.codes.is_empty() || !query.dates.is_empty();
        let needs_content = has_other_index
            || !query.content.is_empty()
            || self.converter.is_some()
            || query.sort.iter().any(|sort| sort.key == SortKey::Date);
        let (low, high) = query.last_updated.iter().fold((i64::MIN, i64::MAX), |(low, high), filter| {
            let (from, to) = filter.beginnings(0, self.now);
            (low.max(from), high.min(to))
        });
        let from = keys::updated(self.patient, self.group, low, 0);
        let to = keys::updated(self.patient, self.group, high, Number::MAX);
        let mut candidates = Vec::new();
        for (visited, (key, _)) in self.view.range(from, to).enumerate() {
            if has_other_index && visited == FEW {
                return None;
            }
            self.visited.set(self.visited.get() + 1);
            let Some((updated, number)) = keys::time_and_number(key) else { continue };
            if !self.all(&query.last_updated, Interval { low: updated, high: updated }) {
                continue;
            }
            match needs_content {
                true => candidates.extend(self.judge(number, query)),
                false => candidates.push(Candidate { number, date: 0, updated }),
            }
        }
        Some(candidates)
    }

    /// The resources that the index finds, and of them those that the conditions without an index leave.
    fn by_index(&self, query: &Query) -> Vec<Candidate> {
        if !query.last_updated.is_empty()
            && let Some(candidates) = self.by_updated(query)
        {
            return candidates;
        }
        let mut candidates = self.by_date(query);
        if !query.last_updated.is_empty() || query.sort.iter().any(|sort| sort.key == SortKey::LastUpdated) {
            for candidate in &mut candidates {
                candidate.updated = stored::updated(self.view, candidate.number);
            }
            candidates.retain(|candidate| {
                self.all(&query.last_updated, Interval { low: candidate.updated, high: candidate.updated })
            });
        }
        if !query.content.is_empty() || self.converter.is_some() {
            candidates.retain(|candidate| self.has_content(candidate.number, query));
        }
        candidates
    }

    /// One candidate for each resource with one of the codes and all of the dates.
    fn by_date(&self, query: &Query) -> Vec<Candidate> {
        let mut candidates = Vec::with_capacity(512);
        let mut runs = 0;
        if query.codes.is_empty() {
            runs += self.scan(&keys::dated(self.patient, self.group, None, None), None, query, &mut candidates);
        }
        for token in &query.codes {
            let code = token.code.as_deref().map(|code| keys::digest(Some(code)));
            let system = match &token.system {
                System::Any => None,
                System::Absent => Some(keys::digest(None)),
                System::Is(system) => Some(keys::digest(Some(system))),
            };
            let prefix = keys::dated(self.patient, self.group, code, system.filter(|_| code.is_some()));
            runs += self.scan(&prefix, system, query, &mut candidates);
        }
        // A resource with several codings stands in the index once for each, in several runs; one run finds it once, and
        // in the order of dates, which is that of most searches.
        if runs > 1 {
            candidates.sort_unstable_by_key(|candidate| candidate.number);
            candidates.dedup_by_key(|candidate| candidate.number);
        }
        candidates
    }

    /// Looks at each run below a prefix, but only where a date that is asked for can stand. Returns how many runs had hits.
    fn scan(&self, prefix: &[u8], system: Option<[u8; 4]>, query: &Query, candidates: &mut Vec<Candidate>) -> usize {
        let behind = keys::behind_dated(prefix);
        let mut from = Key::new(&[prefix]);
        let mut visited = 0;
        let mut runs = 0;
        while let Some(run) = self.view.range(from, behind).next().and_then(|(key, _)| Run::of(key)) {
            visited += 1;
            from = run.end();
            if system.is_some_and(|system| run.system() != system) {
                continue;
            }
            let (low, high) = match run.width().most() {
                Some(width) => query.dates.iter().fold((i64::MIN, i64::MAX), |(low, high), filter| {
                    let (from, to) = filter.beginnings(width, self.now);
                    (low.max(from), high.min(to))
                }),
                // What has no date is found by no date.
                None if query.dates.is_empty() => (i64::MIN, i64::MAX),
                None => continue,
            };
            if low > high {
                continue;
            }
            let before = candidates.len();
            for dated in self.view.range(run.beginning(low), run.behind(high)).filter_map(|(key, _)| Dated::decode(key))
            {
                visited += 1;
                if self.all(&query.dates, dated.date) {
                    candidates.push(Candidate { number: dated.number, date: dated.date.low, updated: 0 });
                }
            }
            runs += usize::from(candidates.len() > before);
        }
        self.visited.set(self.visited.get() + visited);
        runs
    }

    fn has_content(&self, number: Number, query: &Query) -> bool {
        let Some(stored) = stored::current(self.view, number, self.resource_type) else { return false };
        // Most misses show in the raw text; only what may be a hit is parsed.
        let text = stored.text();
        let may_fit = self.converter.is_some()
            || text.contains('\\')
            || query.content.iter().all(|(_, token)| token.code.as_deref().is_none_or(|code| text.contains(code)));
        may_fit && self.document(text).is_some_and(|document| content_fits(&document, query))
    }

    /// A resource as it is answered.
    fn document(&self, text: &str) -> Option<Document> {
        match self.converter {
            None => Document::parse(text).ok(),
            Some(records) => {
                let document = Document::parse(records.converted(text)?).ok()?;
                // What was stored on both bases, as a citizen's own entries are, comes once.
                let own = Group::of(self.resource_type, Version::R4);
                let is_there =
                    |value: &str| !keys::numbers(self.view.get(&keys::identified(self.patient, own, value))).is_empty();
                let values = IndexValues::of(self.resource_type, document.root());
                let has_twin = values.identifiers.iter().any(|(_, value)| is_there(value));
                (!has_twin).then_some(document)
            }
        }
    }

    fn all(&self, filters: &[DateFilter], date: Interval) -> bool {
        filters.iter().all(|filter| filter.matches(date, self.now))
    }
}

/// The conditions that have no index.
fn content_fits(document: &Document, query: &Query) -> bool {
    query.content.iter().all(|(parameter, token)| token.matches_path(document.root(), parameter.path))
}

/// The numbers in the order asked for; among equals, and without an order, in that of creation.
fn sorted(mut candidates: Vec<Candidate>, order: &[Sort]) -> Vec<Number> {
    let by = |sort: &Sort, one: &Candidate, other: &Candidate| {
        let ordering = match sort.key {
            SortKey::Date => one.date.cmp(&other.date),
            SortKey::LastUpdated => one.updated.cmp(&other.updated),
        };
        if sort.descending { ordering.reverse() } else { ordering }
    };
    let creation = |one: &Candidate, other: &Candidate| one.number.cmp(&other.number);
    match order {
        [] => candidates.sort_unstable_by(creation),
        // The index is in the order of dates: either way there is mostly nothing left to sort.
        [sort] if sort.descending => {
            let ascending = Sort { descending: false, ..*sort };
            candidates.sort_unstable_by(|one, other| by(&ascending, one, other).then_with(|| creation(other, one)));
            return candidates.into_iter().rev().map(|candidate| candidate.number).collect();
        }
        [sort] => candidates.sort_unstable_by(|one, other| by(sort, one, other).then_with(|| creation(one, other))),
        several => candidates.sort_unstable_by(|one, other| {
            let decided = several.iter().map(|sort| by(sort, one, other)).find(|ordering| ordering.is_ne());
            decided.unwrap_or_else(|| creation(one, other))
        }),
    }
    candidates.into_iter().map(|candidate| candidate.number).collect()
}
