//! The pages of searches that had more hits than fit on one: kept for an hour, as the upstream engine does.
//!
//! They are the one thing of this room that is not in the store: nothing is lost with them but a link to follow. Together
//! they have a bounded size. When it is reached, room is made by whoever holds most of it: another caller's many searches
//! never cost somebody their few links.

use super::ResourceType;
use super::keys::Number;
use crate::fhir::Version;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// How long a search is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(1);
/// How many bytes all kept searches have together.
const MOST_BYTES: usize = 4 << 20;
/// What a search costs besides its hits: itself, and its places in the indexes.
const OVERHEAD: usize = 512;
/// How many of those that had to make room are remembered, so that the refusal can say so.
const MOST_REMEMBERED: usize = 10_000;

/// Who searched: the patient within reach, and the application; the open endpoint is one application.
pub(super) type Caller = (Option<Uuid>, [u8; 8]);

/// Whose share of the room a search takes: the caller's. The callers of the open endpoint are one, so that there each
/// patient has a share.
type Owner = (Caller, Option<Uuid>);

/// A search whose hits can be paged through.
#[derive(Clone, Debug)]
pub(super) struct Search {
    pub id: Uuid,
    pub version: Version,
    pub resource_type: ResourceType,
    /// Whose resources were found; nothing when they are nobody's, or several patients'.
    pub patient: Option<Uuid>,
    /// Who searched: nobody else may follow the links.
    pub caller: Caller,
    /// Whose history it is; the hits are the numbers of its versions then.
    pub history: Option<Uuid>,
    pub hits: Arc<[Number]>,
    /// When it was made, by the tenant's clock.
    pub made: Timestamp,
}

impl Search {
    fn owner(&self) -> Owner {
        (self.caller, self.patient)
    }

    fn cost(&self) -> usize {
        OVERHEAD + std::mem::size_of_val(&*self.hits)
    }
}

/// Why a search is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It is older than an hour.
    Expired,
    /// It made room for later searches of the same caller.
    MadeRoom,
    /// Nobody of this name has made it here: another server run, another base, another caller, or never.
    Unknown,
}

/// The kept searches.
#[derive(Debug, Default)]
pub(super) struct Pages(Mutex<Kept>);

/// Only the oldest search of an owner is ever removed: those of one owner, like all of them, stand in the order in which
/// they were made.
#[derive(Debug, Default)]
struct Kept {
    searches: HashMap<Uuid, Search>,
    /// The oldest first; those that made room may still stand here.
    order: VecDeque<(Timestamp, Uuid)>,
    shares: HashMap<Owner, Share>,
    /// The owners by how much they hold.
    sizes: BTreeSet<(usize, Owner)>,
    bytes: usize,
    /// Those that made room, and whose they were.
    made_room: VecDeque<(Uuid, Caller)>,
}

/// What one owner holds.
#[derive(Debug, Default)]
struct Share {
    /// The oldest first.
    searches: VecDeque<Uuid>,
    bytes: usize,
}

impl Pages {
    /// Keeps a search.
    pub fn keep(&self, search: Search) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.drop_expired(search.made);
        kept.add(search);
        while kept.bytes > MOST_BYTES && kept.make_room() {}
    }

    /// Lets all of them go.
    pub fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }

    /// The search with this id, if `caller` made it and it is still kept.
    pub fn find(&self, id: Uuid, caller: Caller, now: Timestamp) -> Result<Search, Gone> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.searches.get(&id) {
            Some(search) if search.caller != caller => Err(Gone::Unknown),
            Some(search) if is_expired(search.made, now) => Err(Gone::Expired),
            Some(search) => Ok(search.clone()),
            None if kept.made_room.contains(&(id, caller)) => Err(Gone::MadeRoom),
            None => Err(Gone::Unknown),
        }
    }
}

/// A clock that was set back makes a search young, not unknown.
fn is_expired(made: Timestamp, now: Timestamp) -> bool {
    now.duration_since(made) >= KEPT
}

impl Kept {
    fn add(&mut self, search: Search) {
        let (id, owner, cost) = (search.id, search.owner(), search.cost());
        self.order.push_back((search.made, id));
        let share = self.shares.entry(owner).or_default();
        self.sizes.remove(&(share.bytes, owner));
        share.searches.push_back(id);
        share.bytes += cost;
        self.sizes.insert((share.bytes, owner));
        self.bytes += cost;
        self.searches.insert(id, search);
    }

    fn remove_oldest_of(&mut self, owner: Owner) -> Option<Search> {
        let share = self.shares.get_mut(&owner)?;
        let search = self.searches.remove(&share.searches.pop_front()?)?;
        self.sizes.remove(&(share.bytes, owner));
        share.bytes -= search.cost();
        match share.searches.is_empty() {
            true => drop(self.shares.remove(&owner)),
            false => drop(self.sizes.insert((share.bytes, owner))),
        }
        self.bytes -= search.cost();
        Some(search)
    }

    /// Drops what is too old, as far as nothing younger stands in front of it.
    fn drop_expired(&mut self, now: Timestamp) {
        while let Some((_, id)) = self.order.pop_front_if(|(made, _)| is_expired(*made, now)) {
            if let Some(owner) = self.searches.get(&id).map(Search::owner) {
                self.remove_oldest_of(owner);
            }
        }
    }

    /// Drops the oldest search of the owner who holds most; but never the latest of all, whose links have not been seen yet.
    fn make_room(&mut self) -> bool {
        let Some((_, owner)) = self.sizes.last().copied() else { return false };
        let oldest = self.shares.get(&owner).and_then(|share| share.searches.front());
        if oldest == self.order.back().map(|(_, id)| id) {
            return false;
        }
        let Some(search) = self.remove_oldest_of(owner) else { return false };
        if self.made_room.len() >= MOST_REMEMBERED {
            self.made_room.pop_front();
        }
        self.made_room.push_back((search.id, search.caller));
        self.order.pop_front_if(|(_, id)| *id == search.id);
        // Somebody's old search in front, behind it many that made room.
        if self.order.len() > 2 * self.searches.len() + MOST_REMEMBERED {
            self.order.retain(|(_, id)| self.searches.contains_key(id));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn search(id: u128, patient: u128, application: u8, hits: usize) -> Search {
        Search {
            id: Uuid::from_u128(id),
            version: Version::R4,
            resource_type: ResourceType::Observation,
            patient: Some(Uuid::from_u128(patient)),
            caller: (Some(Uuid::from_u128(patient)), [application; 8]),
            history: None,
            hits: vec![7; hits].into(),
            made: NOW,
        }
    }

    #[test]
    fn one_callers_many_searches_cost_another_nothing() {
        let pages = Pages::default();
        let few = search(1, 1, 1, 100);
        pages.keep(few.clone());
        for id in 2..20_000 {
            pages.keep(search(id, 2, 1, 5_000));
        }
        assert_eq!(pages.find(few.id, few.caller, NOW).unwrap().hits.len(), 100);
        let many = search(0, 2, 1, 0).caller;
        assert!(pages.find(Uuid::from_u128(19_999), many, NOW).is_ok());
        assert_eq!(pages.find(Uuid::from_u128(18_000), many, NOW).unwrap_err(), Gone::MadeRoom);
        assert_eq!(pages.find(Uuid::from_u128(18_000), few.caller, NOW).unwrap_err(), Gone::Unknown);
        assert_eq!(pages.find(few.id, many, NOW).unwrap_err(), Gone::Unknown);
        let kept = pages.0.lock().unwrap();
        let held: usize = kept.searches.values().map(Search::cost).sum();
        assert_eq!((kept.bytes, held <= MOST_BYTES), (held, true));
        assert_eq!(kept.shares.values().map(|share| share.bytes).sum::<usize>(), held);
        assert_eq!(kept.shares.values().map(|share| share.searches.len()).sum::<usize>(), kept.searches.len());
        assert_eq!(kept.sizes.len(), 2);
        assert!(kept.order.len() <= 2 * kept.searches.len() + MOST_REMEMBERED + 1);
        assert!(kept.made_room.len() <= MOST_REMEMBERED);
    }

    #[test]
    fn after_an_hour_a_search_is_gone_and_gives_its_room_back() {
        let pages = Pages::default();
        let old = search(1, 1, 1, 10);
        pages.keep(old.clone());
        let later = NOW + KEPT;
        assert!(pages.find(old.id, old.caller, later - SignedDuration::from_secs(1)).is_ok());
        assert_eq!(pages.find(old.id, old.caller, later).unwrap_err(), Gone::Expired);
        pages.keep(Search { made: later, ..search(2, 1, 1, 10) });
        assert_eq!(pages.0.lock().unwrap().bytes, old.cost());
        assert_eq!(pages.find(old.id, old.caller, later).unwrap_err(), Gone::Unknown);
    }

    #[test]
    fn on_the_open_endpoint_each_patient_has_a_share() {
        let open = |id, patient, hits| Search { caller: (None, [0; 8]), ..search(id, patient, 0, hits) };
        let pages = Pages::default();
        let few = open(1, 1, 10);
        pages.keep(few.clone());
        (2..5_000).for_each(|id| pages.keep(open(id, 2, 5_000)));
        assert!(pages.find(few.id, few.caller, NOW).is_ok());
    }

    #[test]
    fn a_search_beyond_all_room_is_kept_until_the_next() {
        let pages = Pages::default();
        let small = search(1, 1, 1, 10);
        pages.keep(small.clone());
        let huge = search(2, 2, 1, MOST_BYTES / 4);
        pages.keep(huge.clone());
        assert!(pages.find(huge.id, huge.caller, NOW).is_ok());
        pages.keep(search(3, 1, 1, 10));
        assert_eq!(pages.find(huge.id, huge.caller, NOW).unwrap_err(), Gone::MadeRoom);
        assert!(pages.find(small.id, small.caller, NOW).is_ok());
    }
}
