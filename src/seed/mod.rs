//! Seed data: the citizens, clients and records a tenant begins with.
//!
//! They are files of `seed-data/` (see the README there for their form), embedded in the binary, and can be extended
//! with a folder at run time. Citizens and clients are read at once; a citizen's records are worked out from a few
//! lines only when somebody first looks at them ([`Seed::records`]), so that a start does not wait for them. All times
//! are relative to the tenant's start, and everything is the same every time.

mod embedded;
mod files;
mod persona;
mod records;
mod series;
mod when;

pub use records::{Author, SeedRecord, SeedRecords};

use crate::citizens::Citizen;
use crate::fhir::Version;
use jiff::Timestamp;
use persona::Persona;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use uuid::Uuid;

/// A world to begin with. Clones share it.
#[derive(Clone, Debug)]
pub struct Seed(Arc<Content>);

#[derive(Debug)]
struct Content {
    citizens: Vec<Citizen>,
    /// One for each citizen, in the same order.
    personas: Vec<Persona>,
    clients: Vec<SeedClient>,
}

/// A client to register, as its file says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedClient {
    /// The OAuth client id.
    pub client_id: String,
    /// Its secret; a public one, for nothing but this sandbox.
    pub client_secret: String,
    /// The name on the consent page.
    pub name: String,
    /// Where codes may be sent.
    pub redirect_uris: Vec<String>,
    /// The scopes it may ask for, separated by spaces.
    pub scope: String,
    /// What sort of application it belongs to.
    #[serde(default)]
    pub kind: SeedClientKind,
    /// The OID of the application it belongs to.
    #[serde(default)]
    pub oid: Option<String>,
    /// What the client is for, on the consent page.
    #[serde(default)]
    pub description: Option<String>,
    /// The same in other languages, by tag: `fi`, `sv`, `en`.
    #[serde(default)]
    pub descriptions: BTreeMap<String, String>,
    /// Whom a citizen can ask.
    #[serde(default)]
    pub contacts: Vec<String>,
    /// A picture for the consent page.
    #[serde(default)]
    pub logo_uri: Option<String>,
}

/// The sort of application a client belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SeedClientKind {
    /// An application of citizens.
    #[default]
    Wellbeing,
    /// An application of social and health care.
    Professional,
}

impl SeedClientKind {
    /// `wellbeing` or `professional`.
    pub fn as_str(self) -> &'static str {
        match self {
            SeedClientKind::Wellbeing => "wellbeing",
            SeedClientKind::Professional => "professional",
        }
    }
}

/// Why a seed cannot be used: the file, what is wrong with it and where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {problem}; {remedy}")]
pub struct SeedError {
    /// The file, or the folder.
    pub file: String,
    /// What is wrong, with line and field where there are any.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

impl Seed {
    /// The world in the binary.
    pub fn embedded() -> Seed {
        static EMBEDDED: LazyLock<Seed> = LazyLock::new(|| {
            files::read_embedded()
                .expect("the embedded files are valid: the test `every_embedded_file_is_valid` reads them")
        });
        EMBEDDED.clone()
    }

    /// A world from a folder with the sub-folders `citizens` and `clients`, either of which may be missing.
    /// Every file whose name ends in `.json` is read, in the order of their names.
    pub fn read_dir(folder: impl AsRef<Path>) -> Result<Seed, SeedError> {
        files::read_folder(folder.as_ref())
    }

    /// Citizens and clients that stand in another file (the configuration), each in the form of a seed file.
    pub fn of_values(
        file: &str,
        citizens: &[serde_json::Value],
        clients: &[serde_json::Value],
    ) -> Result<Seed, SeedError> {
        files::read_values(file, citizens, clients)
    }

    /// This world with another's citizens and clients added; where ids are the same, the other's stand.
    pub fn extended_by(&self, other: &Seed) -> Result<Seed, SeedError> {
        let Content { citizens, personas, clients } = &*other.0;
        let mut merged: Vec<(Citizen, Persona)> =
            self.0.citizens.iter().cloned().zip(self.0.personas.iter().cloned()).collect();
        for (citizen, persona) in citizens.iter().zip(personas) {
            let addition = (citizen.clone(), persona.clone());
            match merged.iter_mut().find(|(present, _)| present.id == citizen.id) {
                Some(present) => *present = addition,
                None => merged.push(addition),
            }
        }
        let mut merged_clients = self.0.clients.clone();
        for client in clients {
            match merged_clients.iter_mut().find(|present| present.client_id == client.client_id) {
                Some(present) => *present = client.clone(),
                None => merged_clients.push(client.clone()),
            }
        }
        Seed::of(merged, merged_clients)
    }

    /// The citizens, in the order they are to be listed.
    pub fn citizens(&self) -> &[Citizen] {
        &self.0.citizens
    }

    /// The clients.
    pub fn clients(&self) -> &[SeedClient] {
        &self.0.clients
    }

    /// Whether there are records to make for a citizen.
    pub fn has_records(&self, citizen_id: &str) -> bool {
        self.persona(citizen_id).is_some_and(|(_, persona)| !persona.is_empty())
    }

    /// The records of a citizen for a tenant that started at `start`, the oldest first; nothing for an unknown id.
    /// All of them lie before `start`. The resources are written one by one as they are asked for.
    pub fn records(&self, citizen_id: &str, start: Timestamp, pseudonym: Uuid) -> SeedRecords {
        match self.persona(citizen_id) {
            Some((citizen, persona)) => SeedRecords::of(citizen, persona, &self.0.clients, start, pseudonym),
            None => SeedRecords::none(),
        }
    }

    fn persona(&self, citizen_id: &str) -> Option<(&Citizen, &Persona)> {
        let index = self.0.citizens.iter().position(|citizen| citizen.id == citizen_id)?;
        Some((&self.0.citizens[index], &self.0.personas[index]))
    }

    /// A world whose ids, codes and pseudonyms differ and whose authors exist.
    fn of(people: Vec<(Citizen, Persona)>, clients: Vec<SeedClient>) -> Result<Seed, SeedError> {
        for (index, (citizen, persona)) in people.iter().enumerate() {
            for (earlier, earlier_persona) in &people[..index] {
                let shared = if citizen.id == earlier.id {
                    "id"
                } else if citizen.personal_identity_code == earlier.personal_identity_code {
                    "personal_identity_code"
                } else if citizen.pseudonym.is_some() && citizen.pseudonym == earlier.pseudonym {
                    "pseudonym"
                } else {
                    continue;
                };
                return Err(SeedError {
                    file: persona.file.to_string(),
                    problem: format!("{shared} is the same as in {}", earlier_persona.file),
                    remedy: "give every citizen its own".to_owned(),
                });
            }
            let known =
                |author: &&str| *author == "citizen" || clients.iter().any(|client| client.client_id == **author);
            if let Some(author) = persona.authors().find(|author| !known(author)) {
                return Err(SeedError {
                    file: persona.file.to_string(),
                    problem: format!("author: there is no client {author:?}"),
                    remedy: r#"write "citizen", the client_id of a file in clients, or leave it out"#.to_owned(),
                });
            }
        }
        let (citizens, personas) = people.into_iter().unzip();
        Ok(Seed(Arc::new(Content { citizens, personas, clients })))
    }
}

/// The version records have unless their file says otherwise.
const DEFAULT_VERSION: Version = Version::R4;

#[cfg(test)]
mod tests;
