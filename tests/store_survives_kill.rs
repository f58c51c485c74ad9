//! A process that commits is killed (SIGKILL) at varied moments; afterwards every commit it acknowledged is there, and
//! every batch is whole.
//!
//! The test runs its own binary again as that process: `child_process` below is a test that does nothing unless it is
//! asked to by an environment variable. The child prints a line for each thing that is acknowledged; the parent reads
//! them, kills the child, opens the directory and compares. The directory is used for all kills of a test, so what is
//! recovered was itself recovered before.
//!
//! `KILLS=300 cargo test --test store_survives_kill` kills 300 times in each of the tests instead of 5.
#![cfg(feature = "disk")]

use kanta_phr_sandbox::store::{Batch, Key, Store, View};
use kanta_phr_sandbox::time::Random;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const DIRECTORY: &str = "STORE_KILL_DIRECTORY";
const MODE: &str = "STORE_KILL_MODE";

/// How many entries the batch of a record has.
const ENTRIES: u8 = 7;
const THREADS: u8 = 6;
/// How many entries a reset has beside its record.
const MANY: u32 = 1000;

fn kills() -> u64 {
    std::env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(5)
}

// What the child does.

fn record_key(thread: u8, number: u32, entry: u8) -> Key {
    Key::new(&[b"r", &[thread], &number.to_be_bytes(), &[entry]])
}

/// Some empty, most short, one beyond what the log keeps in one piece.
fn record_value(number: u32, entry: u8) -> Vec<u8> {
    let size = match entry {
        0 => 900,
        1 => (number as usize * 37) % 9000,
        _ => 0,
    };
    (0..size).map(|at| (at as u32 + number) as u8).collect()
}

/// The whole of a record, and the removal of the one 50 before it.
fn record(thread: u8, number: u32) -> Batch {
    let mut batch = Batch::new();
    for entry in 0..ENTRIES {
        batch.put(record_key(thread, number, entry), record_value(number, entry));
        if let Some(old) = number.checked_sub(50) {
            batch.remove(record_key(thread, old, entry));
        }
    }
    batch.put(Key::new(&[b"last", &[thread]]), number.to_be_bytes().as_slice());
    batch
}

fn last(view: &View, thread: u8) -> Option<u32> {
    view.get(&Key::new(&[b"last", &[thread]])).map(|bytes| u32::from_be_bytes(bytes[..].try_into().unwrap()))
}

fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}").and_then(|()| stdout.flush()).unwrap();
}

fn commit_for_ever(store: &Store, thread: u8) {
    for number in last(&store.view(), thread).map_or(0, |last| last + 1).. {
        store.commit(record(thread, number)).unwrap();
        say(&format!("committed {thread} {number}"));
    }
}

/// A record with more entries before it than the log writes at once.
fn many_and_record(number: u32) -> Batch {
    let mut batch = record(0, number);
    for entry in 0..MANY {
        batch.put(Key::new(&[b"many", &entry.to_be_bytes()]), number.to_be_bytes().as_slice());
    }
    batch
}

/// Commits a few records, and then starts again with a reset that puts the record after them.
fn commit_and_reset_for_ever(store: &Store) {
    let mut number = last(&store.view(), 0).map_or(0, |last| last + 1);
    loop {
        for _ in 0..8 {
            store.commit(record(0, number)).unwrap();
            say(&format!("committed 0 {number}"));
            number += 1;
        }
        store.reset(many_and_record(number)).unwrap();
        say(&format!("reset 0 {number}"));
        number += 1;
    }
}

#[test]
fn child_process() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let store = Store::open(Path::new(&directory)).unwrap();
    say("open");
    match std::env::var(MODE).unwrap().as_str() {
        "threads" => std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let store = &store;
                scope.spawn(move || commit_for_ever(store, thread));
            }
        }),
        "resets" => commit_and_reset_for_ever(&store),
        mode => panic!("no mode {mode}"),
    }
}

// What the parent does.

fn start(directory: &Path, mode: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["child_process", "--exact", "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, directory)
        .env(MODE, mode)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// When a child is killed.
enum Moment {
    /// So long after its start, whatever it has done by then.
    Start(Duration),
    /// So many commits and so long after that.
    Commits(u64, Duration),
    /// Right behind so many resets.
    Resets(u64),
}

/// Runs a child until `moment`, and gives back all whole lines it printed.
fn run_and_kill(directory: &Path, mode: &str, moment: Moment) -> Vec<String> {
    let mut child = start(directory, mode);
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut lines = Vec::new();
    // A line without its end was cut by the kill: what it says may not have been acknowledged.
    let mut next = || {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        line.ends_with('\n').then(|| line.trim_end().to_owned())
    };
    let (wanted, count, pause): (fn(&str) -> bool, u64, Duration) = match moment {
        Moment::Start(pause) => (|_| true, 0, pause),
        Moment::Commits(count, pause) => (|line| line.starts_with("committed"), count, pause),
        Moment::Resets(count) => (|line| line.starts_with("reset"), count, Duration::ZERO),
    };
    let mut seen = 0;
    while seen < count {
        let Some(line) = next() else { break };
        seen += u64::from(wanted(&line));
        lines.push(line);
    }
    std::thread::sleep(pause);
    child.kill().unwrap();
    while let Some(line) = next() {
        lines.push(line);
    }
    child.wait().unwrap();
    assert!(seen >= count, "the child ended early: {lines:?}");
    lines
}

/// What follows the last line that begins with `word`, for `thread`: the number.
fn number_of(line: &str, thread: u8) -> Option<u32> {
    let mut words = line.split(' ');
    let kind = words.next()?;
    let is_ours = (kind == "committed" || kind == "reset") && words.next()? == thread.to_string();
    if is_ours { words.next()?.parse().ok() } else { None }
}

/// The records of a thread: those in `first..=last`, all whole, and nothing else.
fn check_records(view: &View, thread: u8, first: u32, last: u32) {
    let mut expected: Vec<(Key, Vec<u8>)> = Vec::new();
    for number in first..=last {
        expected.extend((0..ENTRIES).map(|entry| (record_key(thread, number, entry), record_value(number, entry))));
    }
    let prefix = [b'r', thread];
    assert_eq!(view.prefix(&prefix).count(), expected.len(), "records {first}..={last} of thread {thread}");
    for ((key, value), (expected_key, expected_value)) in view.prefix(&prefix).zip(&expected) {
        assert_eq!(key, expected_key);
        assert!(value[..] == expected_value[..], "the value of {key:?}");
    }
}

/// A moment out of the kinds, evenly.
fn moment(random: &Random, kill: u64) -> Moment {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    let number = u64::from_le_bytes(bytes);
    let microseconds = |most| Duration::from_micros(number / 1000 % most);
    match kill % 3 {
        0 => Moment::Start(microseconds(40_000)),
        1 => Moment::Commits(number % 3, microseconds(500)),
        _ => Moment::Commits(number % 200, microseconds(3_000)),
    }
}

#[test]
fn many_threads_commit() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("data");
    let random = Random::system();
    let mut acknowledged = [None; THREADS as usize];
    for kill in 0..kills() {
        for line in run_and_kill(&directory, "threads", moment(&random, kill)) {
            for thread in 0..THREADS {
                acknowledged[usize::from(thread)] = number_of(&line, thread).or(acknowledged[usize::from(thread)]);
            }
        }
        let store = Store::open(&directory).unwrap();
        let view = store.view();
        for thread in 0..THREADS {
            let found = last(&view, thread);
            let promised = acknowledged[usize::from(thread)];
            // One more may have been under way.
            assert!(
                found == promised || found == Some(promised.map_or(0, |number| number + 1)),
                "{found:?} {promised:?}"
            );
            acknowledged[usize::from(thread)] = found;
            match found {
                Some(last) => check_records(&view, thread, last.saturating_sub(49), last),
                None => assert_eq!(view.prefix(&[b'r', thread]).count(), 0),
            }
        }
    }
}

/// A reset leaves its record alone; after a kill there is what followed the last reset that happened.
#[test]
fn resets_come_between() {
    check_resets(moment);
}

#[test]
fn the_kill_follows_a_reset() {
    check_resets(|_, kill| Moment::Resets(1 + kill % 3));
}

fn check_resets(moment: fn(&Random, u64) -> Moment) {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("data");
    let random = Random::system();
    let (mut promised, mut first): (Option<u32>, u32) = (None, 0);
    for kill in 0..kills() {
        for line in run_and_kill(&directory, "resets", moment(&random, kill)) {
            promised = number_of(&line, 0).or(promised);
            if line.starts_with("reset") {
                first = number_of(&line, 0).unwrap();
            }
        }
        let store = Store::open(&directory).unwrap();
        let view = store.view();
        let found = last(&view, 0);
        assert!(found == promised || found == Some(promised.map_or(0, |number| number + 1)), "{found:?} {promised:?}");
        promised = found;
        let Some(last) = found else {
            assert!(view.is_empty());
            continue;
        };
        // What a reset put tells which one it was; it may be the one that was under way.
        let mut many = view.prefix(b"many").map(|(_, value)| u32::from_be_bytes(value[..].try_into().unwrap()));
        let resets = view.prefix(b"many").count();
        match many.next() {
            Some(number) => {
                assert!(number == first || number == last, "the reset is {number}, not {first}");
                first = number;
                assert_eq!(resets, MANY as usize);
                assert!(many.all(|other| other == number));
            }
            None => assert_eq!(first, 0, "a reset is lost"),
        }
        let oldest = first.max(last.saturating_sub(49));
        check_records(&view, 0, oldest, last);
        assert_eq!(view.len(), usize::from(ENTRIES) * (last - oldest + 1) as usize + 1 + resets);
    }
}
