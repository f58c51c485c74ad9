//! The arrows between rooms (ARCHITECTURE.md): read from the paths that the sources use, never upwards, never between neighbours.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of each storey, from the top. A room may use itself and every storey below its own.
const STOREYS: [&[&str]; 7] = [
    &["main", "command", "config"],
    &["sandbox"],
    &["http", "seed", "packages"],
    &["tenant", "settings"],
    &["authorization", "records", "citizens", "exchanges", "pki"],
    &["fhir", "store"],
    &["json", "time"],
];

/// Arrows that the rule above forbids and ARCHITECTURE.md explains.
const ALLOWED: [(&str, &str); 4] = [
    // The configuration is made of the sandbox's options; the sandbox never sees it.
    ("main", "command"),
    ("main", "config"),
    ("command", "config"),
    // A tenant obeys its settings.
    ("tenant", "settings"),
];

#[test]
fn rooms_use_only_rooms_below_them() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&sources, &mut files);
    assert!(files.len() > 20, "the sources are not where they should be");
    let mut wrong = Vec::new();
    for file in files {
        let relative = file.strip_prefix(&sources).unwrap();
        let first = relative.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        let room = first.trim_end_matches(".rs");
        if room == "lib" {
            continue;
        }
        let own =
            storey(room).unwrap_or_else(|| panic!("src/{first} is a room that tests/architecture.rs does not know"));
        for (number, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for used in used_rooms(code) {
                let Some(other) = storey(&used) else { continue };
                let fine = used == room || other > own || ALLOWED.contains(&(room, used.as_str()));
                if !fine {
                    wrong.push(format!("src/{}:{}: {room} → {used}", relative.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that point up or sideways:\n{}", wrong.join("\n"));
}

fn storey(room: &str) -> Option<usize> {
    STOREYS.iter().position(|rooms| rooms.contains(&room))
}

/// The first segments behind `crate::` and `kanta_phr_sandbox::`, also of `use crate::{a, b::c}`.
fn used_rooms(code: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for root in ["crate::", "kanta_phr_sandbox::"] {
        for (at, _) in code.match_indices(root) {
            let rest = &code[at + root.len()..];
            match rest.strip_prefix('{') {
                Some(group) => rooms.extend(group.split([',', '}']).map(first_word).filter(|word| !word.is_empty())),
                None => rooms.push(first_word(rest)),
            }
        }
    }
    rooms
}

fn first_word(text: &str) -> String {
    text.trim().chars().take_while(|character| character.is_ascii_alphanumeric() || *character == '_').collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn the_reader_of_arrows_sees_groups_and_paths() {
    assert_eq!(used_rooms("use crate::{store::Key, time};"), ["store", "time"]);
    assert_eq!(used_rooms("let key = crate::store::Key::new(&[]);"), ["store"]);
}
