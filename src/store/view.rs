//! The map in memory that serves every read.

use super::{Batch, Key, Value};
use imbl::OrdMap;
use std::ops::Bound::{Excluded, Included, Unbounded};

/// A frozen state of a store: O(1) to take, unaffected by later commits.
///
/// The map shares its nodes: as long as a view is alive, a commit copies the few nodes on its path; with no view
/// alive it edits them in place.
#[derive(Clone, Debug, Default)]
pub struct View(OrdMap<Key, Value>);

impl View {
    /// The value of `key`.
    pub fn get(&self, key: &Key) -> Option<&Value> {
        self.0.get(key)
    }
    /// The entries whose key starts with `prefix`, in order; can be read from both ends.
    pub fn prefix(&self, prefix: &[u8]) -> impl DoubleEndedIterator<Item = (&Key, &Value)> + '_ {
        let from = Key::new(&[prefix]);
        let mut upper = prefix.to_vec();
        while upper.last() == Some(&0xFF) {
            upper.pop();
        }
        let to = upper.last_mut().map(|last| *last += 1).map(|()| Key::new(&[&upper]));
        self.0.range((Included(from), to.map_or(Unbounded, Excluded)))
    }
    /// The entries from `from` (included) to `to` (excluded), in order; can be read from both ends.
    pub fn range(&self, from: Key, to: Key) -> impl DoubleEndedIterator<Item = (&Key, &Value)> + '_ {
        let to = to.max(from);
        self.0.range(from..to)
    }
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// This state with the changes of a batch made, whatever its conditions; nothing is committed by it.
    pub fn with(&self, batch: &Batch) -> View {
        let mut view = self.clone();
        view.apply(batch.changes.iter().cloned());
        view
    }

    /// Makes the changes: a value to put, or none to remove.
    pub(super) fn apply(&mut self, changes: impl IntoIterator<Item = (Key, Option<Value>)>) {
        for (key, value) in changes {
            match value {
                Some(value) => self.0.insert(key, value),
                None => self.0.remove(&key),
            };
        }
    }
}
