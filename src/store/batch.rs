//! What a commit is made of.

use super::{CommitError, Key, Value, View};
use std::collections::HashSet;

/// What to change, and what must hold for it to be changed.
///
/// On disk a batch costs memory while it is written, some 8 KiB a change: beyond some ten thousand changes, split what
/// need not be one commit (a reset has no such limit).
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub(super) conditions: Vec<(Key, Option<Value>)>,
    pub(super) changes: Vec<(Key, Option<Value>)>,
}

impl Batch {
    /// A batch that changes nothing yet.
    pub fn new() -> Batch {
        Batch::default()
    }
    /// The commit is refused if `key` is there.
    pub fn require_absent(&mut self, key: Key) -> &mut Batch {
        self.conditions.push((key, None));
        self
    }
    /// The commit is refused unless `key` has exactly this value.
    pub fn require_equal(&mut self, key: Key, value: Value) -> &mut Batch {
        self.conditions.push((key, Some(value)));
        self
    }
    /// Sets `key`. Of several changes of one key in a batch the last one counts.
    pub fn put(&mut self, key: Key, value: impl Into<Value>) -> &mut Batch {
        let value = value.into();
        // Index entries have no value: they all share the one allocation that the default is.
        let value = if value.is_empty() { Value::default() } else { value };
        self.changes.push((key, Some(value)));
        self
    }
    /// Removes `key`, whether or not it is there.
    pub fn remove(&mut self, key: Key) -> &mut Batch {
        self.changes.push((key, None));
        self
    }

    /// Adds a batch that was built from [`View::with`] this one. What it demands of keys that are changed here holds by that,
    /// and is no condition of the whole.
    pub fn then(&mut self, next: Batch) -> &mut Batch {
        let changed: HashSet<Key> = self.changes.iter().map(|(key, _)| *key).collect();
        self.conditions.extend(next.conditions.into_iter().filter(|(key, _)| !changed.contains(key)));
        self.changes.extend(next.changes);
        self
    }

    /// Whether the conditions hold, by what `look_up` says a key's value is.
    pub(super) fn check<'a>(&self, look_up: impl Fn(&Key) -> Option<&'a Value>) -> Result<(), CommitError> {
        match self.conditions.iter().find(|(key, expected)| look_up(key) != expected.as_ref()) {
            Some((key, _)) => Err(CommitError::Condition(*key)),
            None => Ok(()),
        }
    }

    /// The state that what is put here makes on its own; removals count only against earlier puts.
    pub(super) fn into_view(self) -> View {
        let mut fresh = View::default();
        fresh.apply(self.changes);
        fresh
    }
}

/// One thing asked of a store.
pub(super) enum Request {
    /// Apply a batch to what is there.
    Commit(Batch),
    /// Put another state in place of what is there, once the conditions hold.
    Replace { conditions: Batch, state: View },
}
