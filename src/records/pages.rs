//! The pages of searches that had more hits than fit on one: kept for an hour, as the upstream engine does.
//!
//! They are the one thing of this room that is not in the store: nothing is lost with them but a link to follow.

use super::ResourceType;
use super::keys::Number;
use crate::fhir::Version;
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// How long a search is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(1);
/// How many hits all kept searches have together; the oldest search goes first.
const MOST_HITS: usize = 2_000_000;
/// How many searches are kept.
const MOST_SEARCHES: usize = 1_000;

/// Who searched: the patient within reach, and the application.
pub(super) type Caller = (Option<Uuid>, [u8; 8]);

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

/// The kept searches.
#[derive(Debug, Default)]
pub(super) struct Pages(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// The oldest first.
    searches: VecDeque<Search>,
    /// How many hits they have together.
    hits: usize,
}

impl Pages {
    /// Keeps a search.
    pub fn keep(&self, search: Search) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.searches.len() >= MOST_SEARCHES || kept.hits > MOST_HITS {
            match kept.searches.pop_front() {
                Some(oldest) => kept.hits -= oldest.hits.len(),
                None => break,
            }
        }
        kept.hits += search.hits.len();
        kept.searches.push_back(search);
    }

    /// The search with this id, unless it has expired.
    pub fn find(&self, id: Uuid, now: Timestamp) -> Option<Search> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let search = kept.searches.iter().rev().find(|search| search.id == id)?;
        let age = now.duration_since(search.made);
        // A clock that was set back makes a search young, not unknown.
        (age < KEPT).then(|| search.clone())
    }
}
