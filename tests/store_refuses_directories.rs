//! Directories that are not a store's, not of this version, damaged or in use: one clear error each, and nothing in
//! them is touched.
#![cfg(feature = "disk")]

use kanta_phr_sandbox::store::{Batch, Key, OpenError, Store};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Every file below `directory` with its bytes.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => drop(found.insert(path.clone(), fs::read(path).unwrap())),
        }
    }
    found
}

fn filled(directory: &Path) {
    let store = Store::open(directory).unwrap();
    for number in 0..200_u32 {
        let mut batch = Batch::new();
        batch.put(Key::new(&[&number.to_be_bytes()]), vec![number as u8; number as usize * 7]);
        store.commit(batch).unwrap();
    }
}

/// Opening fails with an error that names the directory, and leaves every file as it is.
#[track_caller]
fn refused(directory: &Path) -> OpenError {
    let before = files(directory);
    let error = Store::open(directory).expect_err("it should be refused");
    assert!(files(directory) == before, "something was touched");
    assert!(error.to_string().contains(&directory.display().to_string()), "{error}");
    error
}

#[test]
fn a_missing_and_an_empty_directory_are_made_a_store() {
    let parent = tempfile::tempdir().unwrap();
    for directory in [parent.path().to_owned(), parent.path().join("below/and below")] {
        filled(&directory);
        assert_eq!(Store::open(&directory).unwrap().view().len(), 200);
    }
}

#[test]
fn a_file_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    fs::write(parent.path().join("file"), "text").unwrap();
    for path in [parent.path().join("file"), parent.path().join("file/below")] {
        let error = Store::open(&path).unwrap_err();
        assert!(matches!(error, OpenError::NotADirectory(_)), "{error}");
        assert!(error.to_string().contains(&path.display().to_string()));
    }
    assert_eq!(fs::read(parent.path().join("file")).unwrap(), b"text");
}

#[test]
fn a_directory_with_something_else_in_it_is_refused() {
    for name in ["holiday.jpg", "sled", "mark"] {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(name), "text").unwrap();
        assert!(matches!(refused(directory.path()), OpenError::Foreign(_)));
    }
}

#[test]
fn another_version_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path());
    fs::write(directory.path().join("format"), "kanta-phr-sandbox store 999\n").unwrap();
    let error = refused(directory.path());
    assert!(
        matches!(&error, OpenError::OtherVersion { found, .. } if found == "kanta-phr-sandbox store 999"),
        "{error}"
    );
}

#[test]
fn a_directory_in_use_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path());
    let store = Store::open(directory.path()).unwrap();
    let clone = store.clone();
    assert!(matches!(refused(directory.path()), OpenError::Locked(_)));
    drop(store);
    assert!(matches!(refused(directory.path()), OpenError::Locked(_)));
    drop(clone);
    Store::open(directory.path()).unwrap();
}

#[test]
fn missing_and_cut_files_are_damage() {
    for name in ["mark", "sled/db", "sled/conf", "sled/blobs", "sled"] {
        let directory = tempfile::tempdir().unwrap();
        filled(directory.path());
        let path = directory.path().join(name);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap()
        } else {
            fs::remove_file(path).unwrap()
        }
        let error = refused(directory.path());
        assert!(matches!(error, OpenError::Damaged { .. }), "{name}: {error}");
    }
    for name in ["sled/conf", "sled/db"] {
        let directory = tempfile::tempdir().unwrap();
        filled(directory.path());
        fs::write(directory.path().join(name), "").unwrap();
        assert!(matches!(refused(directory.path()), OpenError::Damaged { .. }));
    }
}

#[test]
fn a_directory_whose_making_was_cut_short_is_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    drop(Store::open(directory.path()).unwrap());
    fs::remove_file(directory.path().join("format")).unwrap();
    assert_eq!(Store::open(directory.path()).unwrap().view().len(), 0);
    filled(directory.path());
}

/// A copy may leave a file out: what was acknowledged is never thrown away for it.
#[test]
fn a_directory_in_use_that_lost_its_format_marker_or_its_mark_is_damaged() {
    for lost in [&["format"][..], &["format", "mark"]] {
        let directory = tempfile::tempdir().unwrap();
        filled(directory.path());
        let kept: Vec<_> = lost.iter().map(|name| fs::read(directory.path().join(name)).unwrap()).collect();
        lost.iter().for_each(|name| fs::remove_file(directory.path().join(name)).unwrap());
        let error = Store::open(directory.path()).unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{lost:?}: {error}");
        for (name, bytes) in lost.iter().zip(kept) {
            fs::write(directory.path().join(name), bytes).unwrap();
        }
        assert_eq!(Store::open(directory.path()).unwrap().view().len(), 200, "{lost:?}");
    }
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path());
    fs::write(directory.path().join("mark"), "").unwrap();
    assert!(matches!(refused(directory.path()), OpenError::Damaged { .. }));
}

/// The log takes its own unfinished snapshot for a damaged one, if it is let.
#[test]
fn a_snapshot_of_the_log_that_was_cut_short_is_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path());
    let unfinished = directory.path().join("sled/snap.7FFFFFFFFFFFFFFF.generating");
    fs::write(&unfinished, "cut sh").unwrap();
    assert_eq!(Store::open(directory.path()).unwrap().view().len(), 200);
    assert!(!unfinished.exists());
}

/// Bytes changed anywhere in the log are either of no consequence (unused space, superseded pages) or an error:
/// never a store that has less or other content than it acknowledged.
#[test]
fn changed_bytes_are_noticed() {
    let original = tempfile::tempdir().unwrap();
    filled(original.path());
    let expected = Store::open(original.path()).unwrap().view();
    let whole = files(original.path());
    let length = whole[&original.path().join("sled/db")].len();
    let mut noticed = 0;
    for at in 0..40 {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("sled/blobs")).unwrap();
        for (path, bytes) in &whole {
            let name = path.strip_prefix(original.path()).unwrap();
            let mut bytes = bytes.clone();
            if name == Path::new("sled/db") {
                // From the end to the beginning, in ever larger steps: most of what counts is at the end.
                let place = length - 1 - (length - 1) * at * at / (39 * 39);
                bytes[place] ^= 0x55;
                bytes[(place + 1).min(length - 1)] ^= 0xFF;
            }
            fs::write(directory.path().join(name), bytes).unwrap();
        }
        match Store::open(directory.path()) {
            Ok(store) => assert!(store.view().prefix(b"").eq(expected.prefix(b"")), "changed at step {at}"),
            Err(OpenError::Damaged { .. }) => noticed += 1,
            Err(error) => panic!("step {at}: {error}"),
        }
    }
    assert!(noticed > 0);
}

#[test]
fn a_lost_end_of_the_log_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path());
    let db = directory.path().join("sled/db");
    let early = fs::read(&db).unwrap();
    {
        let store = Store::open(directory.path()).unwrap();
        let mut batch = Batch::new();
        batch.put(Key::new(&[b"late"]), b"acknowledged".as_slice());
        store.commit(batch).unwrap();
    }
    fs::write(&db, early).unwrap();
    for entry in fs::read_dir(directory.path().join("sled")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("snap.") {
            fs::remove_file(path).unwrap();
        }
    }
    let error = Store::open(directory.path()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
}
