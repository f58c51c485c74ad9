//! The durable log: sled, used as a journal of the map in memory.
//!
//! What is in it:
//! ```text
//! 00                                            the state: generation, sequence, entries, sum (4 × u64, little-endian)
//! 01 generation(8) length(1) key part(4)        a value's bytes, cut into parts of at most 4096
//! ```
//! A group of commits is one sled batch, which sled recovers whole or not at all, with the new state in it.
//! What this file does beyond calling sled, and why:
//!
//! - **fsync**: sled's `flush` writes its buffers and starts the write-back, it does not make the disk keep them. So
//!   the log file is fsynced after every flush, by a handle of our own.
//! - **parts**: sled moves nodes beyond 128 KiB into files of their own, which it never fsyncs. A leaf holds at most
//!   some 27 entries, so parts of 4 KiB keep every node below.
//! - **generations**: a reset writes its entries under the next generation and then the state that names it; until then
//!   the old one counts. The entries of other generations are erased bit by bit along with what is written later.
//! - **entries, sum, mark**: sled repairs a damaged log by cutting it where it gets unreadable, and is content. The
//!   state's tally and the mark (the sequence of the last acknowledged group, in a file beside) make that an error.
//! - **unfinished snapshots**: sled takes a snapshot file whose writing was cut short for a damaged one, though the
//!   one before it is still there; the cut-short one is removed before sled looks.
//!
//! sled's flusher thread is off: it would only fsync every half second what is fsynced already. The threads of sled's
//! I/O pool (`sled-io-…`) are shared by all stores of a process and idle when nothing is written; sled keeps them.

use super::directory::{self, Directory, OpenError};
use super::durable::{Effect, Log};
use super::{Key, Value, View};
use sled::Batch;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::Duration;

/// The longest part of a value, in bytes.
const PART: usize = 4096;
/// How many old entries a group erases along the way.
const ERASED_WITH_A_GROUP: usize = 256;
/// How many entries of a reset go into one sled batch. sled frees the nodes it replaces only between batches, some
/// hundreds at a time: with much larger ones its memory grows without bound.
const ENTRIES_A_BATCH: usize = 400;
/// sled keeps its own pages only for writing, since the map serves the reads.
const SLED_CACHE_BYTES: u64 = 8 * 1024 * 1024;

const STATE: &[u8] = &[0];
const DATA: u8 = 1;

/// The log of one directory.
pub(super) struct SledLog {
    /// There until this is dropped.
    db: Option<sled::Db>,
    /// sled's log file, for the fsync.
    file: File,
    mark: File,
    state: State,
    /// A generation that never had an entry: the one that a reset writes.
    next_generation: u64,
    /// Whether entries of other generations may be left.
    has_garbage: bool,
    // Last, so that the directory is unlocked when everything else is closed.
    _directory: Directory,
}

/// What the log knows about its own content; part of every batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct State {
    /// Under which prefix the present content is.
    generation: u64,
    /// How many groups were written.
    sequence: u64,
    /// How many entries there are.
    entries: u64,
    /// The sum of the entries' fingerprints.
    sum: u64,
}

impl SledLog {
    /// Opens (or makes) the directory, and reads what is in it.
    pub(super) fn open(path: &Path) -> Result<(SledLog, View), OpenError> {
        let directory = Directory::lock(path)?;
        // sled asserts that what it reads makes sense.
        let opened = std::panic::catch_unwind(AssertUnwindSafe(|| {
            if directory.is_new { create(&directory) } else { recover(&directory) }
        }))
        .unwrap_or_else(|_| Err(Trouble::Damage("the log is unreadable".to_owned())));
        match opened {
            Ok(Opened { db, file, mark, state, next_generation, content }) => {
                let db = Some(db);
                // Whether there is garbage shows when the first group looks for some.
                let log = SledLog { db, file, mark, state, next_generation, has_garbage: true, _directory: directory };
                Ok((log, content))
            }
            Err(Trouble::Damage(reason)) => Err(OpenError::Damaged { directory: path.to_owned(), reason }),
            Err(Trouble::InUse) => Err(OpenError::Locked(path.to_owned())),
            Err(Trouble::Io(error)) => Err(OpenError::Io { directory: path.to_owned(), error }),
        }
    }

    /// Applies `batch`; afterwards it would survive a loss of power.
    fn write_through(&mut self, db: &sled::Db, batch: Batch) -> Result<(), String> {
        db.apply_batch(batch).and_then(|()| db.flush()).map_err(|error| error.to_string())?;
        self.file.sync_data().map_err(|error| error.to_string())
    }

    /// Writes the whole of `content` under the next generation, and the state that makes it the present one. Erases
    /// about as much of earlier generations as it writes, so that resets in a row do not pile up.
    fn replace(&mut self, db: &sled::Db, content: &View) -> Result<State, String> {
        let sequence = self.state.sequence + 1;
        let mut next = State { generation: self.next_generation, sequence, entries: 0, sum: 0 };
        let mut batch = Batch::default();
        for (number, (key, value)) in content.prefix(&[]).enumerate() {
            if number > 0 && number % ENTRIES_A_BATCH == 0 {
                // Nobody sees these before the state names their generation; so they need not be durable one by one.
                self.erase_some(db, ENTRIES_A_BATCH, &mut batch)?;
                let written = db.apply_batch(std::mem::take(&mut batch)).and_then(|()| db.flush());
                written.map_err(|error| error.to_string())?;
            }
            next.put(&mut batch, key, value, None);
        }
        self.file.sync_data().map_err(|error| error.to_string())?;
        batch.insert(STATE, &next.to_bytes());
        self.write_through(db, batch)?;
        self.next_generation += 1;
        self.has_garbage = true;
        Ok(next)
    }

    /// Writes what differs from `base`, and erases a little of what earlier generations left.
    fn change(&mut self, db: &sled::Db, base: &View, effect: &Effect) -> Result<State, String> {
        let mut next = State { sequence: self.state.sequence + 1, ..self.state };
        let mut batch = Batch::default();
        for (key, change) in &effect.changes {
            match (change, base.get(key)) {
                (Some(value), old) => next.put(&mut batch, key, value, old),
                (None, Some(old)) => next.remove(&mut batch, key, old),
                (None, None) => {}
            }
        }
        self.erase_some(db, ERASED_WITH_A_GROUP, &mut batch)?;
        batch.insert(STATE, &next.to_bytes());
        self.write_through(db, batch)?;
        Ok(next)
    }

    /// Adds to `batch` the removal of at most `limit` entries that are neither of the present generation nor of the next.
    fn erase_some(&mut self, db: &sled::Db, limit: usize, batch: &mut Batch) -> Result<(), String> {
        if self.has_garbage {
            let before = db.range([DATA].as_slice()..generation_prefix(self.state.generation).as_slice());
            let behind = [self.state.generation + 1, self.next_generation].map(generation_prefix);
            let behind = db.range(behind[0].as_slice()..behind[1].as_slice());
            let mut found = 0;
            for key in before.keys().chain(behind.keys()).take(limit) {
                batch.remove(key.map_err(|error| error.to_string())?);
                found += 1;
            }
            self.has_garbage = found == limit;
        }
        Ok(())
    }
}

impl Log for SledLog {
    fn write(&mut self, base: &View, effect: &Effect) -> Result<(), String> {
        let db = self.db.clone().ok_or("the log is closed")?;
        self.state = match &effect.replaced {
            Some(state) => {
                let mut content = state.clone();
                content.apply(effect.changes.iter().map(|(key, change)| (*key, change.clone())));
                self.replace(&db, &content)?
            }
            None => self.change(&db, base, effect)?,
        };
        // Not fsynced: it must never be ahead of the log, and behind it does no harm.
        write_mark(&mut self.mark, self.state.sequence).map_err(|error| error.to_string())
    }
}

impl Drop for SledLog {
    fn drop(&mut self) {
        // Everything acknowledged is durable already. sled writes what it has on its mind when it is dropped, and
        // asserts that this works, which must not take down a process that is ending or has a full disk.
        if let Some(db) = self.db.take() {
            let _ = std::panic::catch_unwind(AssertUnwindSafe(|| drop(db)));
        }
        let _ = self.file.sync_all().and_then(|()| self.mark.sync_all());
    }
}

impl State {
    const BYTES: usize = 32;

    fn to_bytes(self) -> [u8; State::BYTES] {
        let mut bytes = [0; State::BYTES];
        let numbers = [self.generation, self.sequence, self.entries, self.sum];
        bytes.chunks_exact_mut(8).zip(numbers).for_each(|(slot, number)| slot.copy_from_slice(&number.to_le_bytes()));
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<State> {
        let (numbers, []) = bytes.as_chunks::<8>() else { return None };
        let &[generation, sequence, entries, sum] = numbers else { return None };
        let number = u64::from_le_bytes;
        Some(State {
            generation: number(generation),
            sequence: number(sequence),
            entries: number(entries),
            sum: number(sum),
        })
    }

    fn put(&mut self, batch: &mut Batch, key: &Key, value: &Value, old: Option<&Value>) {
        if let Some(old) = old {
            self.entries -= 1;
            self.sum = self.sum.wrapping_sub(fingerprint(key, old));
        }
        self.entries += 1;
        self.sum = self.sum.wrapping_add(fingerprint(key, value));
        for (part, bytes) in value.chunks(PART).enumerate() {
            batch.insert(part_key(self.generation, key, part), bytes);
        }
        if value.is_empty() {
            batch.insert(part_key(self.generation, key, 0), &[]);
        }
        for part in parts(value)..old.map_or(0, parts) {
            batch.remove(part_key(self.generation, key, part));
        }
    }

    fn remove(&mut self, batch: &mut Batch, key: &Key, old: &Value) {
        self.entries -= 1;
        self.sum = self.sum.wrapping_sub(fingerprint(key, old));
        for part in 0..parts(old) {
            batch.remove(part_key(self.generation, key, part));
        }
    }
}

/// How many parts a value has: an empty one has one.
fn parts(value: &Value) -> usize {
    value.len().div_ceil(PART).max(1)
}

fn part_key(generation: u64, key: &Key, part: usize) -> Vec<u8> {
    let key = key.as_bytes();
    let mut bytes = Vec::with_capacity(1 + 8 + 1 + key.len() + 4);
    bytes.push(DATA);
    bytes.extend_from_slice(&generation.to_be_bytes());
    bytes.push(key.len() as u8);
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(&(part as u32).to_be_bytes());
    bytes
}

/// Reads a part's key again: generation, key, part.
fn read_part_key(bytes: &[u8]) -> Option<(u64, Key, u32)> {
    let (&kind, rest) = bytes.split_first()?;
    let (generation, rest) = rest.split_first_chunk::<8>()?;
    let (&length, rest) = rest.split_first()?;
    let (key, part) = rest.split_last_chunk::<4>()?;
    if kind != DATA || key.len() != usize::from(length) {
        return None;
    }
    Some((u64::from_be_bytes(*generation), Key::from_bytes(key)?, u32::from_be_bytes(*part)))
}

/// FNV-1a: quick, the same on every machine, and enough to notice an entry that is missing, old or too many (that a
/// part's bytes are what was written, sled's own checksums see to).
fn fingerprint(key: &Key, value: &[u8]) -> u64 {
    let key = key.as_bytes();
    [key.len() as u8]
        .iter()
        .chain(key)
        .chain(value)
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

struct Opened {
    db: sled::Db,
    file: File,
    mark: File,
    state: State,
    next_generation: u64,
    content: View,
}

/// Why a log could not be opened; without the directory.
enum Trouble {
    Damage(String),
    InUse,
    Io(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::Io(error)
    }
}

impl From<sled::Error> for Trouble {
    fn from(error: sled::Error) -> Trouble {
        match error {
            // sled's lock has no error of its own.
            sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => Trouble::InUse,
            sled::Error::Io(error)
                if !matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::NotFound)
                    && error.raw_os_error().is_some() =>
            {
                Trouble::Io(error)
            }
            error => Trouble::Damage(error.to_string()),
        }
    }
}

/// Whether writes were acknowledged here once: a copy that left the format marker out must not be taken for a directory
/// whose making never finished.
fn was_in_use(sled: &Path, mark: &Path) -> Result<bool, Trouble> {
    let acknowledged = match File::open(mark) {
        Ok(mut mark) => read_mark(&mut mark)?,
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(error.into()),
    };
    if acknowledged > 0 || !sled.join("db").exists() {
        return Ok(acknowledged > 0);
    }
    // What cannot be opened was never finished.
    let state = open_sled(sled).ok().and_then(|db| db.get(STATE).ok().flatten());
    Ok(state.and_then(|state| State::from_bytes(&state)).is_some_and(|state| state.sequence > 0))
}

/// Makes an empty log. A process that died while it did the same may have left something: nothing in it was promised.
fn create(directory: &Directory) -> Result<Opened, Trouble> {
    let (sled, mark) = (directory.sled(), directory.mark());
    if was_in_use(&sled, &mark)? {
        return Err(Trouble::Damage("the file format is missing".to_owned()));
    }
    if sled.exists() {
        fs::remove_dir_all(&sled)?;
    }
    let db = open_sled(&sled)?;
    let mut mark = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(mark)?;
    write_mark(&mut mark, 0)?;
    let state = State::default();
    db.insert(STATE, &state.to_bytes())?;
    db.flush()?;
    let file = sled_file(&sled)?;
    file.sync_all()?;
    mark.sync_all()?;
    File::open(sled.join("conf"))?.sync_all()?;
    directory::sync(&sled)?;
    directory::sync(directory.path())?;
    directory.finish()?;
    Ok(Opened { db, file, mark, state, next_generation: 1, content: View::default() })
}

/// Reads a log.
fn recover(directory: &Directory) -> Result<Opened, Trouble> {
    let sled = directory.sled();
    // What sled would make anew, content with an empty log.
    for name in ["conf", "db", "blobs"] {
        if !sled.join(name).exists() {
            return Err(Trouble::Damage(format!("sled/{name} is missing")));
        }
    }
    if fs::metadata(sled.join("conf"))?.len() <= 8 || fs::metadata(sled.join("db"))?.len() == 0 {
        return Err(Trouble::Damage("sled/conf or sled/db is cut short".to_owned()));
    }
    let mut mark = match OpenOptions::new().read(true).write(true).open(directory.mark()) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(Trouble::Damage("mark is missing".to_owned())),
        opened => opened?,
    };
    // It was made whole before the directory was called finished, and is written over in place.
    if mark.metadata()?.len() != 8 {
        return Err(Trouble::Damage("mark is cut short".to_owned()));
    }
    remove_unfinished_snapshots(&sled)?;
    let db = open_sled(&sled)?;
    let file = sled_file(&sled)?;
    let stored = db.get(STATE)?.ok_or_else(|| Trouble::Damage("the log has no state".to_owned()))?;
    let state = State::from_bytes(&stored).ok_or_else(|| Trouble::Damage("the state is unreadable".to_owned()))?;
    let acknowledged = read_mark(&mut mark)?;
    if state.sequence < acknowledged {
        let missing = acknowledged - state.sequence;
        return Err(Trouble::Damage(format!("the last {missing} acknowledged writes are missing")));
    }
    let content = read_content(&db, &state)?;
    // A reset that was cut short has left entries of a generation that no state names.
    let last = db.range([DATA].as_slice()..[DATA + 1].as_slice()).next_back().transpose()?;
    let last_generation = last.and_then(|(key, _)| read_part_key(&key)).map_or(0, |(generation, ..)| generation);
    Ok(Opened { db, file, mark, state, next_generation: last_generation.max(state.generation) + 1, content })
}

/// Fills the map, and checks that it is what the state says.
fn read_content(db: &sled::Db, state: &State) -> Result<View, Trouble> {
    let damage = |text: &str| Trouble::Damage(text.to_owned());
    let prefix = generation_prefix(state.generation);
    let mut content = View::default();
    let mut found = State { entries: 0, sum: 0, ..*state };
    let mut add = |key: Key, value: &[u8]| {
        found.entries += 1;
        found.sum = found.sum.wrapping_add(fingerprint(&key, value));
        // As in Batch::put: all empty values share one allocation.
        let value = if value.is_empty() { Value::default() } else { Value::from(value) };
        content.apply([(key, Some(value))]);
    };
    let mut current: Option<(Key, u32, Vec<u8>)> = None;
    for entry in db.scan_prefix(prefix) {
        let (bytes, part_bytes) = entry?;
        let (_, key, part) = read_part_key(&bytes).ok_or_else(|| damage("an entry is unreadable"))?;
        match &mut current {
            Some((last, last_part, value)) if *last == key => {
                if part != *last_part + 1 || value.len() % PART != 0 {
                    return Err(damage("a part of a value is missing"));
                }
                *last_part = part;
                value.extend_from_slice(&part_bytes);
            }
            _ => {
                if let Some((key, _, value)) = &current {
                    add(*key, value);
                }
                if part != 0 {
                    return Err(damage("the beginning of a value is missing"));
                }
                current = Some((key, 0, part_bytes.to_vec()));
            }
        }
    }
    if let Some((key, _, value)) = &current {
        add(*key, value);
    }
    if found != *state {
        return Err(Trouble::Damage(format!("{} entries were written and {} are there", state.entries, found.entries)));
    }
    Ok(content)
}

fn generation_prefix(generation: u64) -> [u8; 9] {
    let mut prefix = [DATA; 9];
    prefix[1..].copy_from_slice(&generation.to_be_bytes());
    prefix
}

fn open_sled(path: &Path) -> Result<sled::Db, Trouble> {
    // Our own lock is held, so who has sled's can only be a store of this process that was just dropped: a thread of
    // sled's pool lets go of the file a moment after the store is gone.
    const TRIES: u32 = 200;
    for _ in 1..TRIES {
        match sled_config(path).open().map_err(Trouble::from) {
            Err(Trouble::InUse) => std::thread::sleep(Duration::from_millis(10)),
            opened => return opened,
        }
    }
    Ok(sled_config(path).open()?)
}

fn sled_config(path: &Path) -> sled::Config {
    sled::Config::new().path(path).cache_capacity(SLED_CACHE_BYTES).flush_every_ms(None)
}

fn sled_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path.join("db"))
}

fn remove_unfinished_snapshots(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("snap.") && name.to_string_lossy().ends_with(".generating") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn write_mark(mark: &mut File, sequence: u64) -> io::Result<()> {
    mark.rewind()?;
    mark.write_all(&sequence.to_le_bytes())
}

/// The mark; 0 when a loss of power left none.
fn read_mark(mark: &mut File) -> io::Result<u64> {
    let mut bytes = Vec::new();
    mark.rewind()?;
    mark.take(8).read_to_end(&mut bytes)?;
    Ok(<[u8; 8]>::try_from(bytes).map_or(0, u64::from_le_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_keys_can_be_read_again() {
        for key in [b"".as_slice(), b"a", &[0xFF; Key::MAX]] {
            let key = Key::new(&[key]);
            assert_eq!(read_part_key(&part_key(7, &key, 258)), Some((7, key, 258)));
        }
        assert_eq!(read_part_key(b"\x01"), None);
        assert_eq!(read_part_key(&[DATA; 60]), None);
    }

    #[test]
    fn the_state_can_be_read_again() {
        let state = State { generation: 1, sequence: u64::MAX, entries: 3, sum: 4 };
        assert_eq!(State::from_bytes(&state.to_bytes()), Some(state));
        assert_eq!(State::from_bytes(&[0; 31]), None);
        assert_eq!(State::from_bytes(&[0; 40]), None);
    }
}
