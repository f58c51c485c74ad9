//! Ordered bytes: look at a frozen view, commit a batch under conditions, fork in O(1).

use imbl::OrdMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// A key of at most [`Key::MAX`] bytes, kept inline; ordered by its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    bytes: [u8; Key::MAX],
    length: u8,
}

/// A stored value, shared and never changed.
pub type Value = Arc<[u8]>;

impl Key {
    /// The longest key, in bytes. Longer identifiers are hashed by the room that owns them.
    pub const MAX: usize = 31;

    /// The key made of `parts`, one behind the other.
    ///
    /// # Panics
    /// When the parts are longer than [`Key::MAX`] together: key layouts are fixed by the rooms, never by input.
    pub fn new(parts: &[&[u8]]) -> Key {
        let mut key = Key { bytes: [0; Key::MAX], length: 0 };
        for part in parts {
            let start = usize::from(key.length);
            key.bytes[start..start + part.len()].copy_from_slice(part);
            key.length += part.len() as u8;
        }
        key
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Key({})", self.as_bytes().escape_ascii())
    }
}

/// What to change, and what must hold for it to be changed.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    conditions: Vec<(Key, Option<Value>)>,
    changes: Vec<(Key, Option<Value>)>,
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
    /// Sets `key`.
    pub fn put(&mut self, key: Key, value: impl Into<Value>) -> &mut Batch {
        self.changes.push((key, Some(value.into())));
        self
    }
    /// Removes `key`, whether or not it is there.
    pub fn remove(&mut self, key: Key) -> &mut Batch {
        self.changes.push((key, None));
        self
    }
}

/// Why a commit did not happen. Nothing of the batch is visible or durable then.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A condition did not hold.
    #[error("the value of {0:?} is not what the batch requires")]
    Condition(Key),
    /// The durable log failed; the store refuses all further commits.
    #[error("the durable log failed: {0}")]
    Log(String),
}

/// Why [`Store::attempt`] did not commit.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError<E> {
    /// The closure's own no.
    #[error("{0}")]
    Refused(E),
    /// The durable log failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// A frozen state of a store: O(1) to take, unaffected by later commits.
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
        use std::ops::Bound::{Excluded, Included, Unbounded};
        self.0.range((Included(from), to.map_or(Unbounded, Excluded)))
    }
    /// The entries from `from` (included) to `to` (excluded), in order; can be read from both ends.
    pub fn range(&self, from: Key, to: Key) -> impl DoubleEndedIterator<Item = (&Key, &Value)> + '_ {
        let to = to.max(from);
        self.0.range(from..to)
    }
}

/// An ordered map of bytes; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Store(Arc<RwLock<View>>);

impl Store {
    /// An empty store that lives as long as the process.
    pub fn in_memory() -> Store {
        Store::default()
    }
    /// The present state, frozen.
    pub fn view(&self) -> View {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// The present value of one key, cheaper than a view.
    pub fn get(&self, key: &Key) -> Option<Value> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }
    /// Whether commits wait for a disk: a caller on an async thread then moves them to a blocking one.
    pub fn is_durable(&self) -> bool {
        false
    }
    /// Applies `batch` whole, or not at all; returns once it is durable.
    pub fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        let mut view = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (key, expected) in &batch.conditions {
            if view.0.get(key) != expected.as_ref() {
                return Err(CommitError::Condition(*key));
            }
        }
        for (key, value) in batch.changes {
            match value {
                Some(value) => view.0.insert(key, value),
                None => view.0.remove(&key),
            };
        }
        Ok(())
    }
    /// Builds a batch from a view and commits it; starts again on a fresh view when a condition no longer holds.
    pub fn attempt<T, E>(&self, mut act: impl FnMut(&View) -> Result<(Batch, T), E>) -> Result<T, AttemptError<E>> {
        loop {
            let (batch, value) = act(&self.view()).map_err(AttemptError::Refused)?;
            match self.commit(batch) {
                Ok(()) => return Ok(value),
                Err(CommitError::Condition(_)) => continue,
                Err(error) => return Err(error.into()),
            }
        }
    }
    /// An independent in-memory store with the present content, in O(1).
    pub fn fork(&self) -> Store {
        Store(Arc::new(RwLock::new(self.view())))
    }
    /// Replaces the whole content by what `batch` puts, in time independent of how much there was.
    pub fn reset(&self, batch: Batch) -> Result<(), CommitError> {
        let fresh = batch.changes.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        self.0.write().unwrap_or_else(PoisonError::into_inner).0 = fresh;
        Ok(())
    }
}
