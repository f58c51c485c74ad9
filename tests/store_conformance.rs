//! One suite over both engines of the store: the map in memory, and the map with a log on disk behind it.
//! On disk, what the store holds is also compared with what is there after opening the directory again.

use kanta_phr_sandbox::store::{AttemptError, Batch, CommitError, Key, Store, Value, View};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A way to have a store, and to have it again after it was closed.
trait Engine {
    fn new() -> Self;
    fn store(&self) -> &Store;
    /// Closes and opens it, where there is such a thing.
    fn reopen(&mut self);
}

struct InMemory(Store);

impl Engine for InMemory {
    fn new() -> InMemory {
        InMemory(Store::in_memory())
    }
    fn store(&self) -> &Store {
        &self.0
    }
    fn reopen(&mut self) {}
}

#[cfg(feature = "disk")]
struct OnDisk {
    store: Option<Store>,
    directory: tempfile::TempDir,
}

#[cfg(feature = "disk")]
impl Engine for OnDisk {
    fn new() -> OnDisk {
        let directory = tempfile::tempdir().unwrap();
        OnDisk { store: Some(Store::open(&directory.path().join("data")).unwrap()), directory }
    }
    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }
    fn reopen(&mut self) {
        drop(self.store.take());
        self.store = Some(Store::open(&self.directory.path().join("data")).unwrap());
    }
}

macro_rules! suite {
    ($($test:ident),* $(,)?) => {
        mod in_memory {
            $(#[test] fn $test() { super::$test::<super::InMemory>(); })*
        }
        #[cfg(feature = "disk")]
        mod on_disk {
            $(#[test] fn $test() { super::$test::<super::OnDisk>(); })*
        }
    };
}

suite![
    a_batch_is_applied_whole_or_not_at_all,
    conditions_are_judged_on_the_present_value,
    the_last_change_of_a_key_in_a_batch_counts,
    views_stay_as_they_were_taken,
    prefixes_and_ranges_are_read_from_both_ends,
    an_attempt_starts_again_until_its_conditions_hold,
    concurrent_counting_loses_nothing,
    a_fork_goes_its_own_way,
    a_reset_replaces_everything,
    a_restore_brings_a_view_back,
    values_of_every_size_are_kept,
    it_behaves_like_a_model,
];

fn key(bytes: &[u8]) -> Key {
    Key::new(&[bytes])
}

fn value(bytes: &[u8]) -> Value {
    Value::from(bytes)
}

fn put(store: &Store, entries: &[(&[u8], &[u8])]) {
    let mut batch = Batch::new();
    for (name, bytes) in entries {
        batch.put(key(name), *bytes);
    }
    store.commit(batch).unwrap();
}

fn content(view: &View) -> Vec<(Vec<u8>, Vec<u8>)> {
    view.prefix(b"").map(|(key, value)| (key.as_bytes().to_vec(), value.to_vec())).collect()
}

fn a_batch_is_applied_whole_or_not_at_all<E: Engine>() {
    let mut engine = E::new();
    put(engine.store(), &[(b"a", b"1"), (b"b", b"2")]);
    let mut batch = Batch::new();
    batch.put(key(b"a"), value(b"changed")).remove(key(b"b")).require_absent(key(b"b"));
    assert!(matches!(engine.store().commit(batch), Err(CommitError::Condition(at)) if at == key(b"b")));
    let expected = vec![(b"a".to_vec(), b"1".to_vec()), (b"b".to_vec(), b"2".to_vec())];
    assert_eq!(content(&engine.store().view()), expected);
    engine.reopen();
    assert_eq!(content(&engine.store().view()), expected);

    let mut batch = Batch::new();
    batch.put(key(b"a"), value(b"changed")).remove(key(b"b")).remove(key(b"never there"));
    engine.store().commit(batch).unwrap();
    let expected = vec![(b"a".to_vec(), b"changed".to_vec())];
    assert_eq!(content(&engine.store().view()), expected);
    engine.reopen();
    assert_eq!(content(&engine.store().view()), expected);
    engine.store().commit(Batch::new()).unwrap();
}

fn conditions_are_judged_on_the_present_value<E: Engine>() {
    let engine = E::new();
    let store = engine.store();
    let commit = |condition: fn(&mut Batch) -> &mut Batch| {
        let mut batch = Batch::new();
        condition(&mut batch);
        batch.put(key(b"k"), value(b"v"));
        store.commit(batch)
    };
    assert!(commit(|batch| batch.require_equal(key(b"k"), value(b"v"))).is_err());
    assert!(commit(|batch| batch.require_absent(key(b"k"))).is_ok());
    assert!(commit(|batch| batch.require_absent(key(b"k"))).is_err());
    assert!(commit(|batch| batch.require_equal(key(b"k"), value(b"v"))).is_ok());
    assert!(commit(|batch| batch.require_equal(key(b"k"), value(b"w"))).is_err());
    assert_eq!(store.get(&key(b"k")).as_deref(), Some(b"v".as_slice()));
    assert_eq!(store.get(&key(b"l")), None);
}

fn the_last_change_of_a_key_in_a_batch_counts<E: Engine>() {
    let mut engine = E::new();
    let mut batch = Batch::new();
    batch.put(key(b"a"), value(b"1")).remove(key(b"a")).put(key(b"b"), value(b"1")).put(key(b"b"), value(b"2"));
    batch.remove(key(b"c")).put(key(b"c"), value(b"3"));
    engine.store().commit(batch).unwrap();
    let expected = vec![(b"b".to_vec(), b"2".to_vec()), (b"c".to_vec(), b"3".to_vec())];
    assert_eq!(content(&engine.store().view()), expected);
    engine.reopen();
    assert_eq!(content(&engine.store().view()), expected);
}

fn views_stay_as_they_were_taken<E: Engine>() {
    let engine = E::new();
    put(engine.store(), &[(b"a", b"1")]);
    let before = engine.store().view();
    put(engine.store(), &[(b"a", b"2"), (b"b", b"3")]);
    engine.store().reset(Batch::new()).unwrap();
    assert_eq!(content(&before), [(b"a".to_vec(), b"1".to_vec())]);
    assert!(engine.store().view().is_empty());
}

fn prefixes_and_ranges_are_read_from_both_ends<E: Engine>() {
    let engine = E::new();
    let names: [&[u8]; 8] = [b"", b"a", b"a\0", b"a\xFF", b"a\xFF\xFF", b"b", b"\xFF", b"\xFF\xFF"];
    names.iter().for_each(|name| put(engine.store(), &[(name, name)]));
    let view = engine.store().view();
    for prefix in names {
        let mut expected: Vec<&[u8]> = names.into_iter().filter(|name| name.starts_with(prefix)).collect();
        expected.sort();
        assert!(view.prefix(prefix).map(|(key, _)| key.as_bytes()).eq(expected.iter().copied()), "{prefix:?}");
        assert!(view.prefix(prefix).rev().map(|(key, _)| key.as_bytes()).eq(expected.iter().rev().copied()));
    }
    let range =
        |from: &[u8], to: &[u8]| view.range(key(from), key(to)).map(|(key, _)| key.as_bytes().to_vec()).collect();
    let found: Vec<Vec<u8>> = range(b"a\0", b"b");
    assert_eq!(found, [b"a\0".to_vec(), b"a\xFF".to_vec(), b"a\xFF\xFF".to_vec()]);
    let none: Vec<Vec<u8>> = range(b"b", b"a");
    assert!(none.is_empty());
    let mut ends = view.range(key(b"a"), key(b"c"));
    assert_eq!(ends.next().unwrap().0.as_bytes(), b"a");
    assert_eq!(ends.next_back().unwrap().0.as_bytes(), b"b");
    assert_eq!(ends.count(), 3);
}

fn an_attempt_starts_again_until_its_conditions_hold<E: Engine>() {
    let engine = E::new();
    let store = engine.store();
    let mut tries = 0;
    let outcome: Result<&str, AttemptError<&str>> = store.attempt(|view| {
        tries += 1;
        if tries == 1 {
            // Someone else is quicker.
            put(store, &[(b"name", b"taken")]);
        }
        let mut batch = Batch::new();
        match view.get(&key(b"name")) {
            None => batch.require_absent(key(b"name")).put(key(b"name"), value(b"mine")),
            Some(name) => batch.require_equal(key(b"name"), name.clone()).put(key(b"second"), value(b"mine")),
        };
        Ok((batch, "done"))
    });
    assert_eq!(outcome.unwrap(), "done");
    assert_eq!(tries, 2);
    assert_eq!(store.get(&key(b"name")).as_deref(), Some(b"taken".as_slice()));
    assert_eq!(store.get(&key(b"second")).as_deref(), Some(b"mine".as_slice()));
    let refused: Result<(), _> = store.attempt(|_| Err("no"));
    assert!(matches!(refused, Err(AttemptError::Refused("no"))));
}

fn concurrent_counting_loses_nothing<E: Engine>() {
    const THREADS: u32 = 4;
    const EACH: u32 = 15;
    let mut engine = E::new();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            let store = engine.store().clone();
            scope.spawn(move || {
                for _ in 0..EACH {
                    let counted: Result<(), AttemptError<()>> = store.attempt(|view| {
                        let mut batch = Batch::new();
                        let count = match view.get(&key(b"count")) {
                            None => {
                                batch.require_absent(key(b"count"));
                                0
                            }
                            Some(count) => {
                                batch.require_equal(key(b"count"), count.clone());
                                u32::from_be_bytes(count[..].try_into().unwrap())
                            }
                        };
                        batch.put(key(b"count"), (count + 1).to_be_bytes().as_slice());
                        Ok((batch, ()))
                    });
                    counted.unwrap();
                }
            });
        }
    });
    engine.reopen();
    let count = engine.store().get(&key(b"count")).unwrap();
    assert_eq!(u32::from_be_bytes(count[..].try_into().unwrap()), THREADS * EACH);
}

fn a_fork_goes_its_own_way<E: Engine>() {
    let mut engine = E::new();
    put(engine.store(), &[(b"a", b"1")]);
    let fork = engine.store().fork();
    assert!(!fork.is_durable());
    put(&fork, &[(b"b", b"fork")]);
    put(engine.store(), &[(b"c", b"parent")]);
    assert_eq!(content(&fork.view()), [(b"a".to_vec(), b"1".to_vec()), (b"b".to_vec(), b"fork".to_vec())]);
    engine.reopen();
    let expected = [(b"a".to_vec(), b"1".to_vec()), (b"c".to_vec(), b"parent".to_vec())];
    assert_eq!(content(&engine.store().view()), expected);
}

fn a_reset_replaces_everything<E: Engine>() {
    let mut engine = E::new();
    for round in 0..3_u8 {
        put(engine.store(), &[(b"old", &[round; 9000]), (b"both", b"old")]);
        let mut batch = Batch::new();
        batch.require_absent(key(b"old")).put(key(b"new"), value(b"lost"));
        assert!(matches!(engine.store().reset(batch), Err(CommitError::Condition(_))));
        let mut batch = Batch::new();
        batch.put(key(b"new"), value(&[round])).put(key(b"both"), value(b"new")).remove(key(b"old"));
        engine.store().reset(batch).unwrap();
        let expected = [(b"both".to_vec(), b"new".to_vec()), (b"new".to_vec(), vec![round])];
        assert_eq!(content(&engine.store().view()), expected);
        engine.reopen();
        assert_eq!(content(&engine.store().view()), expected);
    }
}

fn a_restore_brings_a_view_back<E: Engine>() {
    let mut engine = E::new();
    let mut batch = Batch::new();
    for number in 0..9000_u16 {
        batch.put(key(&number.to_be_bytes()), number.to_be_bytes().as_slice());
    }
    engine.store().commit(batch).unwrap();
    let snapshot = engine.store().view();
    put(engine.store(), &[(b"\0\0", b"changed"), (b"later", b"gone again")]);
    engine.store().restore(snapshot.clone()).unwrap();
    assert_eq!(content(&engine.store().view()), content(&snapshot));
    put(engine.store(), &[(b"afterwards", b"kept")]);
    engine.reopen();
    assert_eq!(engine.store().view().len(), 9001);
    assert_eq!(engine.store().get(&key(b"afterwards")).as_deref(), Some(b"kept".as_slice()));
}

fn values_of_every_size_are_kept<E: Engine>() {
    let mut engine = E::new();
    let sizes = [0, 1, 4095, 4096, 4097, 8192, 300_000, 2_000_000];
    // Each size follows each other one under the same key, so that values shrink and grow.
    for shift in 0..sizes.len() {
        let mut batch = Batch::new();
        for (number, _) in sizes.iter().enumerate() {
            let size = sizes[(number + shift) % sizes.len()];
            let bytes: Vec<u8> = (0..size).map(|at| (at * 7 + number + shift) as u8).collect();
            batch.put(key(&[number as u8]), bytes);
        }
        engine.store().commit(batch).unwrap();
        let before = engine.store().view();
        if shift % 3 == 1 {
            engine.reopen();
        }
        assert!(content(&engine.store().view()) == content(&before), "shift {shift}");
    }
}

/// What the model test does to a store.
#[derive(Clone, Debug)]
enum Act {
    Commit(Vec<(u8, Option<u16>)>, Option<(u8, Option<u16>)>),
    Reset(Vec<(u8, u16)>),
    RestoreFirst,
    Reopen,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let entry = (0..24_u8, proptest::option::weighted(0.7, 0..9000_u16));
    let commit = (proptest::collection::vec(entry.clone(), 0..12), proptest::option::weighted(0.3, entry));
    let act = prop_oneof![
        12 => commit.prop_map(|(changes, condition)| Act::Commit(changes, condition)),
        1 => proptest::collection::vec((0..24_u8, 0..9000_u16), 0..6).prop_map(Act::Reset),
        1 => Just(Act::RestoreFirst),
        2 => Just(Act::Reopen),
    ];
    proptest::collection::vec(act, 1..24)
}

/// Keys of one to three bytes that share prefixes.
fn model_key(number: u8) -> Vec<u8> {
    vec![b'a' + number % 3; 1 + usize::from(number % 8) / 3].into_iter().chain([number]).collect()
}

fn model_value(number: u16) -> Vec<u8> {
    vec![number as u8; usize::from(number)]
}

fn it_behaves_like_a_model<E: Engine>() {
    let config = ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(acts in acts())| {
        let mut engine = E::new();
        let mut model: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        let mut first = None;
        for act in acts {
            match act {
                Act::Commit(changes, condition) => {
                    let mut batch = Batch::new();
                    let mut holds = true;
                    if let Some((number, expected)) = condition {
                        let present = model.get(&model_key(number));
                        match expected {
                            // Often what is there, so that the condition often holds.
                            Some(expected) => {
                                let expected = present.filter(|_| expected % 2 == 0).cloned().unwrap_or(model_value(expected));
                                holds = present == Some(&expected);
                                batch.require_equal(key(&model_key(number)), Value::from(expected));
                            }
                            None => {
                                holds = present.is_none();
                                batch.require_absent(key(&model_key(number)));
                            }
                        }
                    }
                    for (number, change) in &changes {
                        match change {
                            Some(change) => batch.put(key(&model_key(*number)), model_value(*change)),
                            None => batch.remove(key(&model_key(*number))),
                        };
                    }
                    prop_assert_eq!(engine.store().commit(batch).is_ok(), holds);
                    if holds {
                        for (number, change) in changes {
                            match change {
                                Some(change) => model.insert(model_key(number), model_value(change)),
                                None => model.remove(&model_key(number)),
                            };
                        }
                    }
                }
                Act::Reset(entries) => {
                    let mut batch = Batch::new();
                    model.clear();
                    for (number, size) in entries {
                        batch.put(key(&model_key(number)), model_value(size));
                        model.insert(model_key(number), model_value(size));
                    }
                    engine.store().reset(batch).unwrap();
                }
                Act::RestoreFirst => match &first {
                    None => first = Some((engine.store().view(), model.clone())),
                    Some((view, then)) => {
                        engine.store().restore(view.clone()).unwrap();
                        model = then.clone();
                    }
                },
                Act::Reopen => engine.reopen(),
            }
            let view = engine.store().view();
            prop_assert!(view.len() == model.len());
            prop_assert!(content(&view).into_iter().eq(model.clone()));
            let (from, to) = (b"aa".to_vec(), b"bb".to_vec());
            let found: Vec<_> = view.range(key(&from), key(&to)).rev().map(|(key, _)| key.as_bytes().to_vec()).collect();
            let expected: Vec<_> = model.range(from..to).rev().map(|(key, _)| key.clone()).collect();
            prop_assert_eq!(found, expected);
        }
    });
}
