//! Ordered bytes: look at a frozen view, commit a batch under conditions, fork in O(1).
//!
//! A map in memory serves every read. [`Store::in_memory`] is that map alone; [`Store::open`] puts a durable log
//! behind it, from which the map is filled again at the next start. Both behave the same but for what a commit waits for.
//!
//! | | in memory | on disk |
//! |---|---|---|
//! | a commit returns | once it is in the map | once its batch is in the log, flushed and fsynced; then it is in the map |
//! | readers see a commit | whole, just before it returns | whole, just before it returns: **never before it is durable** |
//! | conditions are judged | on the map | on the map with everything that is queued in front |
//! | after the process dies | nothing is left | every commit that returned; of those under way, each whole or not at all |

mod batch;
#[cfg(feature = "disk")]
mod directory;
#[cfg(feature = "disk")]
mod durable;
mod key;
#[cfg(feature = "disk")]
mod log;
mod view;

pub use batch::Batch;
#[cfg(feature = "disk")]
pub use directory::OpenError;
pub use key::Key;
pub use view::View;

use batch::Request;
use std::sync::{Arc, PoisonError, RwLock};

/// A stored value, shared and never changed.
pub type Value = Arc<[u8]>;

/// Why a commit did not happen. Nothing of the batch is visible then.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A condition did not hold.
    #[error("the value of {0:?} is not what the batch requires")]
    Condition(Key),
    /// The durable log failed; the store refuses all further commits, reads go on. Whether this batch reached the
    /// disk is unknown until the directory is opened again; those refused afterwards did not.
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

/// An ordered map of bytes; clones share it.
///
/// A store on disk is closed when its last clone is dropped: the log is flushed and fsynced and the directory's lock
/// given back before the drop returns.
#[derive(Clone, Debug, Default)]
pub struct Store(Arc<Shared>);

impl Store {
    /// An empty store that lives as long as the process.
    pub fn in_memory() -> Store {
        Store::default()
    }
    /// The store kept in the directory `dir`, which is made (with an empty store) if it is missing or empty.
    ///
    /// Reads everything into memory. One process at a time may have a directory open.
    ///
    /// # Errors
    /// [`OpenError`] names the directory and says what to do.
    #[cfg(feature = "disk")]
    pub fn open(dir: &std::path::Path) -> Result<Store, OpenError> {
        let (log, content) = log::SledLog::open(dir)?;
        let log = Some(durable::Durable::new(Box::new(log)));
        Ok(Store(Arc::new(Shared { map: Map::new(content), gate: RwLock::default(), log })))
    }
    /// The present state, frozen.
    pub fn view(&self) -> View {
        self.0.map.read(View::clone)
    }
    /// The present value of one key, cheaper than a view.
    pub fn get(&self, key: &Key) -> Option<Value> {
        self.0.map.read(|view| view.get(key).cloned())
    }
    /// Whether these keys still have the very values that were got for them: nothing has written them since.
    pub fn still_holds(&self, found: &[(Key, Value)]) -> bool {
        self.0.map.read(|view| {
            found.iter().all(|(key, value)| view.get(key).is_some_and(|present| Arc::ptr_eq(present, value)))
        })
    }
    /// Whether commits wait for a disk: a caller on an async thread then moves them to a blocking one.
    pub fn is_durable(&self) -> bool {
        #[cfg(feature = "disk")]
        return self.0.log.is_some();
        #[cfg(not(feature = "disk"))]
        false
    }
    /// Whether the log has failed, so that commits are refused until the store is opened again.
    pub fn has_failed(&self) -> bool {
        #[cfg(feature = "disk")]
        return self.0.log.as_ref().is_some_and(durable::Durable::has_failed);
        #[cfg(not(feature = "disk"))]
        false
    }
    /// Applies `batch` whole, or not at all; returns once it is durable.
    pub fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        self.submit(Request::Commit(batch))
    }
    /// Builds a batch from a view and commits it; starts again on a fresh view when a condition no longer holds. One that
    /// others keep overtaking has them wait in the end, so that a long batch gets through among many short ones.
    ///
    /// `act` must not attempt anything on this store itself.
    pub fn attempt<T, E>(&self, mut act: impl FnMut(&View) -> Result<(Batch, T), E>) -> Result<T, AttemptError<E>> {
        const PATIENCE: usize = 8;
        let mut attempt = || -> Result<Option<T>, AttemptError<E>> {
            // The view is gone before the commit, which can then edit the map in place.
            let (batch, value) = act(&self.view()).map_err(AttemptError::Refused)?;
            match self.commit(batch) {
                Ok(()) => Ok(Some(value)),
                Err(CommitError::Condition(_)) => Ok(None),
                Err(error) => Err(error.into()),
            }
        };
        for _ in 0..PATIENCE {
            let _among_others = self.0.gate.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(value) = attempt()? {
                return Ok(value);
            }
        }
        let _alone = self.0.gate.write().unwrap_or_else(PoisonError::into_inner);
        loop {
            // Commits without an attempt may still come between.
            if let Some(value) = attempt()? {
                return Ok(value);
            }
        }
    }
    /// An independent in-memory store with the present content, in O(1).
    pub fn fork(&self) -> Store {
        Store::of(self.view())
    }
    /// An in-memory store with the content of a view, in O(1).
    pub fn of(view: View) -> Store {
        Store(Arc::new(Shared {
            map: Map::new(view),
            gate: RwLock::default(),
            #[cfg(feature = "disk")]
            log: None,
        }))
    }
    /// Replaces the whole content by what `batch` puts, in time independent of how much there was.
    /// The conditions of the batch are judged on the content that goes.
    pub fn reset(&self, batch: Batch) -> Result<(), CommitError> {
        let Batch { conditions, changes } = batch;
        let conditions = Batch { conditions, changes: Vec::new() };
        let state = Batch { conditions: Vec::new(), changes }.into_view();
        self.submit(Request::Replace { conditions, state })
    }
    /// Replaces the whole content by that of `view`: O(1) in memory; on disk all of `view` is written.
    pub fn restore(&self, view: View) -> Result<(), CommitError> {
        self.submit(Request::Replace { conditions: Batch::new(), state: view })
    }

    fn submit(&self, request: Request) -> Result<(), CommitError> {
        #[cfg(feature = "disk")]
        if let Some(log) = &self.0.log {
            return log.submit(&self.0.map, request);
        }
        self.0.map.submit(request)
    }
}

/// What the clones of a store share.
#[derive(Debug, Default)]
struct Shared {
    map: Map,
    /// Held by attempts: shared, or alone by one that was overtaken too often.
    gate: RwLock<()>,
    #[cfg(feature = "disk")]
    log: Option<durable::Durable>,
}

/// The present state behind its lock, which is held for reads and edits of the map only, never for the disk.
#[derive(Debug, Default)]
struct Map(RwLock<View>);

impl Map {
    fn new(view: View) -> Map {
        Map(RwLock::new(view))
    }

    fn read<T>(&self, look: impl FnOnce(&View) -> T) -> T {
        // A poisoned lock is whole all the same: a change of a persistent map cannot be left half done by a panic
        // of ours, since nothing of ours runs inside it.
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Judges and makes one request under one lock.
    fn submit(&self, request: Request) -> Result<(), CommitError> {
        let mut view = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match request {
            Request::Commit(batch) => {
                batch.check(|key| view.get(key))?;
                view.apply(batch.changes);
            }
            Request::Replace { conditions, state } => {
                conditions.check(|key| view.get(key))?;
                let old = std::mem::replace(&mut *view, state);
                drop(view);
                discard(old);
            }
        }
        Ok(())
    }

    /// Makes an effect that was judged (and logged) before.
    #[cfg(feature = "disk")]
    fn publish(&self, effect: durable::Effect) {
        let mut view = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let old = effect.replaced.map(|state| std::mem::replace(&mut *view, state));
        view.apply(effect.changes);
        drop(view);
        old.into_iter().for_each(discard);
    }
}

/// Frees an old state; a large one on a thread of its own, since that takes time in the amount of data.
fn discard(view: View) {
    const LARGE: usize = 10_000;
    if view.len() > LARGE {
        // If no thread can be had, the closure is dropped here and now, and the state with it.
        let _ = std::thread::Builder::new().name("store-discard".to_owned()).spawn(move || {
            // Who asked for it gets the answer first, also where there is one core.
            std::thread::sleep(std::time::Duration::from_millis(20));
            drop(view);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_copies_nothing_unless_a_view_is_alive() {
        let store = Store::in_memory();
        let mut batch = Batch::new();
        for number in 0..1000_u16 {
            batch.put(Key::new(&[&number.to_be_bytes()]), [1_u8].as_slice());
        }
        store.commit(batch).unwrap();
        let neighbour = store.get(&Key::new(&[&500_u16.to_be_bytes()])).unwrap();
        let change = |value: u8| {
            let mut batch = Batch::new();
            batch.put(Key::new(&[&501_u16.to_be_bytes()]), [value].as_slice());
            store.commit(batch).unwrap();
        };
        change(2);
        assert_eq!(Arc::strong_count(&neighbour), 2, "edited in place: the map holds the neighbour once");
        let view = store.view();
        change(3);
        assert_eq!(Arc::strong_count(&neighbour), 3, "the view and the map each hold the neighbour's node");
        drop(view);
        change(4);
        assert_eq!(Arc::strong_count(&neighbour), 2);
    }

    #[test]
    fn an_attempt_that_is_always_overtaken_gets_through() {
        let store = Store::in_memory();
        let key = Key::new(&[b"counter"]);
        let count = |view: &View| view.get(&key).map_or(0, |value| u64::from_be_bytes(value[..].try_into().unwrap()));
        let increase = |store: &Store, delay: std::time::Duration| {
            let tries = std::cell::Cell::new(0);
            let done = store.attempt(|view| {
                tries.set(tries.get() + 1);
                std::thread::sleep(delay);
                let mut batch = Batch::new();
                match view.get(&key) {
                    Some(value) => batch.require_equal(key, value.clone()),
                    None => batch.require_absent(key),
                };
                batch.put(key, (count(view) + 1).to_be_bytes().to_vec());
                Ok::<_, ()>((batch, ()))
            });
            done.unwrap();
            tries.get()
        };
        let is_over = std::sync::atomic::AtomicBool::new(false);
        let order = std::sync::atomic::Ordering::SeqCst;
        let (quick, tries) = std::thread::scope(|scope| {
            let others = scope.spawn(|| {
                let mut done = 0;
                while !is_over.load(order) {
                    increase(&store, std::time::Duration::ZERO);
                    done += 1;
                }
                done
            });
            let tries = increase(&store, std::time::Duration::from_millis(2));
            is_over.store(true, order);
            (others.join().unwrap(), tries)
        });
        assert_eq!(count(&store.view()), quick + 1, "nothing is lost");
        assert!(tries <= 9, "{tries}");
    }

    #[test]
    fn empty_values_share_one_allocation() {
        let store = Store::in_memory();
        let mut batch = Batch::new();
        batch.put(Key::new(&[b"a"]), Vec::new()).put(Key::new(&[b"b"]), Vec::new());
        store.commit(batch).unwrap();
        let (one, other) = (store.get(&Key::new(&[b"a"])).unwrap(), store.get(&Key::new(&[b"b"])).unwrap());
        assert!(Arc::ptr_eq(&one, &other));
    }
}
