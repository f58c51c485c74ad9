//! The binary, run with arguments and a standard input.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run ended with.
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kanta-phr-sandbox"));
    command.env_clear().current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the binary in the repository's folder.
pub fn run(arguments: &[&str]) -> Run {
    run_with_input(arguments, b"")
}

pub fn run_with_input(arguments: &[&str], input: &[u8]) -> Run {
    let mut process = program().args(arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = process.stdin.take().unwrap();
    let input = input.to_vec();
    // Whoever reads no input closes it.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = process.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the binary writes UTF-8");
    Run { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

pub fn example(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(path)
}

/// An example in one line.
pub fn line(path: &str) -> String {
    let text = std::fs::read_to_string(example(path)).unwrap();
    let mut line = String::new();
    kanta_phr_sandbox::json::Document::parse(text).unwrap().root().write_compact(&mut line);
    line
}

/// A text in which the name of a folder is `DIR`.
pub fn without(folder: &Path, text: &str) -> String {
    text.replace(&folder.display().to_string(), "DIR")
}
