//! Group commit: many threads wait, one of them writes for all.
//!
//! A thread that commits queues its request. If nobody is writing, it takes everything that is queued, judges the
//! requests one after the other on an overlay over the map, writes their joint effect to the log in one go (one
//! flush, one fsync), edits the map, and tells each waiting thread its outcome. Meanwhile others queue, and one of
//! them takes the next turn. So nothing is visible before it is durable, and under load the disk is waited for once
//! a group, not once a commit.

use super::batch::Request;
use super::{CommitError, Key, Map, Value, View};
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A durable log. The map is its only reader: it is read when the directory is opened, and then only written.
pub(super) trait Log: Send {
    /// Writes `effect`, whole or not at all; returns once it would survive a loss of power.
    /// `base` is what all effects so far have made.
    fn write(&mut self, base: &View, effect: &Effect) -> Result<(), String>;
}

/// The joint effect of a group of requests on a base state, which stays untouched.
#[derive(Debug, Default)]
pub(super) struct Effect {
    /// What replaces the base, if a request does that.
    pub(super) replaced: Option<View>,
    /// What differs from the base, or from what replaces it: the new value, or none for a removal.
    pub(super) changes: HashMap<Key, Option<Value>>,
}

impl Effect {
    /// Adds `request`, or says which of its conditions does not hold on `base` with the effect so far.
    fn add(&mut self, base: &View, request: Request) -> Result<(), CommitError> {
        let look_up = |key: &Key| match self.changes.get(key) {
            Some(change) => change.as_ref(),
            None => self.replaced.as_ref().unwrap_or(base).get(key),
        };
        match request {
            Request::Commit(batch) => {
                batch.check(look_up)?;
                self.changes.extend(batch.changes);
            }
            Request::Replace { conditions, state } => {
                conditions.check(look_up)?;
                self.changes.clear();
                self.replaced = Some(state);
            }
        }
        Ok(())
    }

    fn is_nothing(&self) -> bool {
        self.replaced.is_none() && self.changes.is_empty()
    }
}

/// A log with the queue in front of it.
pub(super) struct Durable {
    queue: Mutex<Queue>,
    /// Told whenever a group is done.
    done: Condvar,
}

struct Queue {
    /// Here while nobody writes; the thread whose turn it is takes it along.
    log: Option<Box<dyn Log>>,
    waiting: Vec<(Ticket, Request)>,
    outcomes: HashMap<Ticket, Result<(), CommitError>>,
    next: Ticket,
    /// Why the log failed, once it has.
    failure: Option<String>,
}

type Ticket = u64;

/// When a group has this many changes, what else is waiting goes into the next one.
const CHANGES_A_GROUP: usize = 2000;

impl Queue {
    /// The requests whose turn it is, at least one. It need not be that of the thread that asks: then that one writes
    /// for others first.
    fn take_group(&mut self) -> Vec<(Ticket, Request)> {
        let (mut count, mut changes) = (0, 0);
        for (_, request) in &self.waiting {
            if changes >= CHANGES_A_GROUP {
                break;
            }
            count += 1;
            changes += match request {
                Request::Commit(batch) => batch.changes.len(),
                Request::Replace { state, .. } => state.len(),
            };
        }
        self.waiting.drain(..count).collect()
    }
}

impl Durable {
    pub(super) fn new(log: Box<dyn Log>) -> Durable {
        let queue = Queue { log: Some(log), waiting: Vec::new(), outcomes: HashMap::new(), next: 0, failure: None };
        Durable { queue: Mutex::new(queue), done: Condvar::new() }
    }

    /// Whether the log has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.lock().failure.is_some()
    }

    /// Has `request` judged, logged and shown in `map`; returns when that has happened.
    pub(super) fn submit(&self, map: &Map, request: Request) -> Result<(), CommitError> {
        let mut queue = self.lock();
        let ticket = queue.next;
        queue.next += 1;
        queue.waiting.push((ticket, request));
        loop {
            if let Some(outcome) = queue.outcomes.remove(&ticket) {
                return outcome;
            }
            // A ticket without an outcome is waiting or being written, so whoever finds the log here is waiting.
            let Some(mut log) = queue.log.take() else {
                queue = self.done.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let group = queue.take_group();
            let failure = queue.failure.clone();
            drop(queue);
            let (outcomes, failure) = match failure {
                Some(failure) => (refuse(group.into_iter().map(|(ticket, _)| ticket), &failure), Some(failure)),
                None => write_group(log.as_mut(), map, group),
            };
            queue = self.lock();
            queue.log = Some(log);
            queue.failure = failure;
            queue.outcomes.extend(outcomes);
            self.done.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Durable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Durable")
    }
}

type Outcomes = Vec<(Ticket, Result<(), CommitError>)>;

/// Judges, logs and shows a group; the second result is the failure of the log.
fn write_group(log: &mut dyn Log, map: &Map, group: Vec<(Ticket, Request)>) -> (Outcomes, Option<String>) {
    let base = map.read(View::clone);
    let mut effect = Effect::default();
    let outcomes: Outcomes = group.into_iter().map(|(ticket, request)| (ticket, effect.add(&base, request))).collect();
    if effect.is_nothing() {
        return (outcomes, None);
    }
    // The log is code of others that asserts: a panic in it must not leave the queue without a log.
    let written = std::panic::catch_unwind(AssertUnwindSafe(|| log.write(&base, &effect)))
        .unwrap_or_else(|_| Err("it stopped in the middle of a write".to_owned()));
    // Without this view the map can be edited in place.
    drop(base);
    match written {
        Ok(()) => {
            map.publish(effect);
            (outcomes, None)
        }
        // Those whose condition failed are refused too: it may have failed on a request of this very group.
        Err(failure) => (refuse(outcomes.into_iter().map(|(ticket, _)| ticket), &failure), Some(failure)),
    }
}

fn refuse(tickets: impl Iterator<Item = Ticket>, failure: &str) -> Outcomes {
    tickets.map(|ticket| (ticket, Err(CommitError::Log(failure.to_owned())))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Batch, Shared, Store};
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    /// A log that counts, is as slow as a disk, and fails or panics when told.
    struct TestLog {
        writes: Arc<AtomicUsize>,
        fail_after: usize,
        panics: bool,
    }

    impl Log for TestLog {
        fn write(&mut self, _: &View, _: &Effect) -> Result<(), String> {
            std::thread::sleep(Duration::from_millis(2));
            if self.writes.fetch_add(1, Ordering::Relaxed) < self.fail_after {
                return Ok(());
            }
            assert!(!self.panics, "as asked");
            Err("disk full".to_owned())
        }
    }

    fn store(fail_after: usize, panics: bool) -> (Store, Arc<AtomicUsize>) {
        let writes = Arc::new(AtomicUsize::new(0));
        let log = TestLog { writes: writes.clone(), fail_after, panics };
        (Store(Arc::new(Shared { log: Some(Durable::new(Box::new(log))), ..Shared::default() })), writes)
    }

    fn put(number: u32) -> Batch {
        let mut batch = Batch::new();
        batch.put(Key::new(&[&number.to_be_bytes()]), number.to_be_bytes().as_slice());
        batch
    }

    #[test]
    fn waiting_threads_share_a_write() {
        let (store, writes) = store(usize::MAX, false);
        std::thread::scope(|scope| {
            for thread in 0..16_u32 {
                let store = &store;
                scope.spawn(move || (0..20).for_each(|number| store.commit(put(thread * 100 + number)).unwrap()));
            }
        });
        assert_eq!(store.view().len(), 320);
        let writes = writes.load(Ordering::Relaxed);
        assert!(writes <= 160, "320 commits of 16 threads took {writes} writes");
    }

    #[test]
    fn conditions_see_what_is_queued_in_front() {
        let (store, _) = store(usize::MAX, false);
        let winners: usize = std::thread::scope(|scope| {
            let contend = || {
                let mut batch = put(7);
                batch.require_absent(Key::new(&[&7_u32.to_be_bytes()]));
                usize::from(store.commit(batch).is_ok())
            };
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(contend)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(winners, 1);
    }

    #[test]
    fn a_failed_log_refuses_everything_afterwards_and_reads_go_on() {
        for panics in [false, true] {
            let (store, writes) = store(1, panics);
            store.commit(put(1)).unwrap();
            assert!(matches!(store.commit(put(2)), Err(CommitError::Log(_))));
            assert!(matches!(store.commit(put(3)), Err(CommitError::Log(_))));
            assert!(matches!(store.reset(Batch::new()), Err(CommitError::Log(_))));
            assert_eq!(writes.load(Ordering::Relaxed), 2, "the log is not tried again");
            assert_eq!(store.view().len(), 1);
            assert_eq!(store.fork().view().len(), 1);
        }
    }

    #[test]
    fn nothing_is_visible_before_it_is_logged() {
        let (store, writes) = store(usize::MAX, false);
        std::thread::scope(|scope| {
            scope.spawn(|| (0..50).for_each(|number| store.commit(put(number)).unwrap()));
            loop {
                let seen = store.view().len();
                assert!(seen <= writes.load(Ordering::Relaxed));
                if seen == 50 {
                    break;
                }
            }
        });
    }
}
