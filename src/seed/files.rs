//! Reading seed files, with errors that lead to the spot.

use super::persona::{Fault, Persona, PersonaFile};
use super::{Seed, SeedClient, SeedClientKind, SeedError, embedded};
use crate::citizens::Citizen;
use crate::json::{Document, Position};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::{fs, io};

const REMEDY: &str = "correct the file or take it out of the folder (seed-data/README.md describes the form)";

pub(super) fn read_embedded() -> Result<Seed, SeedError> {
    let citizens = embedded::CITIZENS.iter().map(|file| citizen(file.name, file.text)).collect::<Result<_, _>>()?;
    let clients = embedded::CLIENTS.iter().map(|file| client(file.name, file.text)).collect::<Result<_, _>>()?;
    Seed::of(citizens, clients)
}

pub(super) fn read_folder(folder: &Path) -> Result<Seed, SeedError> {
    let citizens = read_all(&folder.join("citizens"), citizen)?;
    let clients = read_all(&folder.join("clients"), client)?;
    if citizens.is_none() && clients.is_none() {
        return Err(SeedError {
            file: folder.display().to_string(),
            problem: "there is neither a folder citizens nor a folder clients in it".to_owned(),
            remedy: "name a folder that has at least one of them".to_owned(),
        });
    }
    Seed::of(citizens.unwrap_or_default(), clients.unwrap_or_default())
}

/// What lists of citizens and clients within another file say, each in the form of a file of its own.
pub(super) fn read_values(file: &str, citizens: &[Json], clients: &[Json]) -> Result<Seed, SeedError> {
    let place = |list: &str, index: usize| format!("{file}, {list}[{index}]");
    let citizens = citizens.iter().enumerate();
    let citizens =
        citizens.map(|(index, value)| citizen(&place("citizens", index), &value.to_string()).map_err(of_entry));
    let citizens = citizens.collect::<Result<_, _>>()?;
    let clients = clients.iter().enumerate();
    let clients = clients.map(|(index, value)| client(&place("clients", index), &value.to_string()).map_err(of_entry));
    Seed::of(citizens, clients.collect::<Result<_, _>>()?)
}

/// The same error for an entry of another file: the line is that of a text nobody has seen, and there is no folder.
fn of_entry(error: SeedError) -> SeedError {
    let problem = error.problem.split(" at line ").next().unwrap_or_default().to_owned();
    SeedError { problem, remedy: "correct that entry (README.md shows one)".to_owned(), ..error }
}

/// What all JSON files of a folder say, in the order of their names; none when there is no such folder.
fn read_all<T>(folder: &Path, read: fn(&str, &str) -> Result<T, SeedError>) -> Result<Option<Vec<T>>, SeedError> {
    let unreadable = |path: &Path, error: io::Error| SeedError {
        file: path.display().to_string(),
        problem: format!("it cannot be read: {error}"),
        remedy: "check that it exists, is UTF-8 text and may be read".to_owned(),
    };
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(folder, error)),
    };
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in listing {
        let path = entry.map_err(|error| unreadable(folder, error))?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    let one = |path: &PathBuf| {
        let text = fs::read_to_string(path).map_err(|error| unreadable(path, error))?;
        // Some editors begin a file with a byte order mark.
        read(&path.display().to_string(), text.strip_prefix('\u{feff}').unwrap_or(&text))
    };
    paths.iter().map(one).collect::<Result<_, _>>().map(Some)
}

fn citizen(file: &str, text: &str) -> Result<(Citizen, Persona), SeedError> {
    let persona: PersonaFile = parse(file, text)?;
    persona.split(file).map_err(|Fault { entry, problem }| {
        let problem = match entry {
            Some((list, index)) => {
                // Read a second time, since only a file that is wrong needs to know its lines.
                let position = Document::parse(text)
                    .ok()
                    .and_then(|document| Some(document.root().get(list)?.items().nth(index)?.position()));
                let place = position.map(|Position { line, column, .. }| format!(" at line {line} column {column}"));
                format!("{list}[{index}].{problem}{}", place.unwrap_or_default())
            }
            None => problem,
        };
        SeedError { file: file.to_owned(), problem, remedy: REMEDY.to_owned() }
    })
}

fn client(file: &str, text: &str) -> Result<SeedClient, SeedError> {
    let client: SeedClient = parse(file, text)?;
    let problem = if client.client_id.is_empty() || client.client_id.contains(char::is_whitespace) {
        "client_id: it must have at least one character and no white space"
    } else if client.client_id == "citizen" {
        r#"client_id: "citizen" stands for the citizen as an author"#
    } else if client.client_secret.is_empty() {
        "client_secret: it must not be empty"
    } else if client.name.trim().is_empty() {
        "name: it must not be empty"
    } else if client.redirect_uris.is_empty() && client.kind != SeedClientKind::Professional
        || !client.redirect_uris.iter().all(|uri| uri.contains(':'))
    {
        "redirect_uris: there must be at least one (but for a professional client), and each must begin with a scheme such as https:"
    } else if client.scope.split_whitespace().next().is_none() {
        "scope: it must name at least one scope"
    } else {
        return Ok(client);
    };
    Err(SeedError { file: file.to_owned(), problem: problem.to_owned(), remedy: REMEDY.to_owned() })
}

fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, SeedError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| SeedError {
        file: file.to_owned(),
        // serde_json's text ends with the line and the column.
        problem: error.to_string(),
        remedy: REMEDY.to_owned(),
    })
}
