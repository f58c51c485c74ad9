//! How a tenant begins, and begins again: its first citizens and clients, and records that are made when first touched.

use super::{CLOCK, SETTINGS, Tenant, encode};
use crate::authorization::{Authorization, Client, ClientError, NewClient};
use crate::citizens::{AddCitizenError, Citizen, Citizens};
use crate::exchanges::Journal;
use crate::fhir::Version;
use crate::fhir::definitions::Profiles;
use crate::json::Document;
use crate::records::{Access, Loading, Records, Refusal, ResourceType, Rights, Types};
use crate::settings::{SettingError, Settings};
use crate::store::{Batch, CommitError, Key, Store, Value};
use crate::time::{Clock, ClockState, Random};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use std::fmt;
use std::sync::{Arc, Mutex};
use uuid::Uuid;

/// When the tenant began: the records of seeds are dated relative to it.
const STARTED: [u8; 1] = [0x52];
/// Pseudonyms whose Patient and seeded records have been made.
const TOUCHED: u8 = 0x53;

/// A record that a citizen has from the start.
#[derive(Clone, Debug)]
pub struct SeedRecord {
    /// The base it belongs to.
    pub version: Version,
    /// Its type.
    pub resource_type: String,
    /// The resource.
    pub json: Vec<u8>,
    /// When it was stored.
    pub stored_at: Timestamp,
    /// The application that stored it; the citizen when absent.
    pub author: Option<SeedAuthor>,
}

/// An application that stored a record.
#[derive(Clone, Debug)]
pub struct SeedAuthor {
    /// Its client id.
    pub client_id: String,
    /// Its name.
    pub name: String,
}

type MakeRecords = dyn Fn(&str, Timestamp, Uuid) -> Vec<SeedRecord> + Send + Sync;

/// What a tenant begins with, and what a reset goes back to.
#[derive(Clone)]
pub struct Beginning {
    /// The citizens.
    pub citizens: Vec<Citizen>,
    /// The clients, with their ids and secrets.
    pub clients: Vec<NewClient>,
    /// The id of the client to show first, to try things with.
    pub ready_client: Option<String>,
    /// Knobs that differ from their defaults.
    pub settings: Map<String, Json>,
    /// What resources are judged by.
    pub profiles: Profiles,
    /// The records of a citizen: id, the tenant's start, pseudonym.
    pub records: Arc<MakeRecords>,
}

impl Default for Beginning {
    /// An empty world.
    fn default() -> Beginning {
        Beginning {
            citizens: Vec::new(),
            clients: Vec::new(),
            ready_client: None,
            settings: Map::new(),
            profiles: Profiles::default(),
            records: Arc::new(|_, _, _| Vec::new()),
        }
    }
}

impl fmt::Debug for Beginning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Beginning({} citizens, {} clients)", self.citizens.len(), self.clients.len())
    }
}

/// Why a tenant did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A knob of the configuration.
    #[error("--set or [fidelity]: {0}")]
    Setting(#[from] SettingError),
    /// A client of the configuration or of the seed data.
    #[error("client {client:?}: {error}")]
    Client {
        /// Its id or name.
        client: String,
        /// What is wrong with it.
        error: ClientError,
    },
    /// A citizen of the configuration or of the seed data.
    #[error("citizen {citizen:?}: {error}")]
    Citizen {
        /// The id.
        citizen: String,
        /// What is wrong.
        error: AddCitizenError,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] CommitError),
}

impl Beginning {
    /// Whether a tenant could begin so: knobs and clients are what they should be.
    pub fn check(&self, random: &Random) -> Result<(), StartError> {
        Settings::default().update(&self.settings)?;
        for client in &self.clients {
            Authorization::seed(&mut Batch::new(), client.clone(), random)
                .map_err(|error| StartError::Client { client: name_of(client), error })?;
        }
        Ok(())
    }
}

impl Tenant {
    /// A tenant over `store`. An empty store is given the beginning; in another one only what the beginning has and the
    /// store lacks is added, and its knobs are set.
    pub fn start(
        id: impl Into<String>,
        store: Store,
        random: Arc<Random>,
        beginning: Beginning,
    ) -> Result<Tenant, StartError> {
        let state = store.get(&Key::new(&[&CLOCK])).and_then(|value| serde_json::from_slice::<ClockState>(&value).ok());
        let clock = Arc::new(Clock::from_state(state.unwrap_or_default()));
        let judge = crate::records::judge_by(beginning.profiles.clone());
        let records = Records::new(store.clone(), clock.clone(), random.clone(), judge);
        let is_empty = store.get(&Key::new(&[&STARTED])).is_none();
        let tenant = Tenant {
            id: id.into(),
            clock,
            random,
            citizens: Citizens::new(store.clone()),
            authorization: Authorization::new(store.clone()),
            exchanges: Journal::default(),
            records,
            beginning,
            touching: Mutex::new(()),
            settings: Mutex::new(None),
            faults: Mutex::new(None),
            store,
        };
        if is_empty {
            let first = tenant.first_state()?;
            tenant.store.commit(first)?;
        } else {
            tenant.add_what_is_missing()?;
        }
        Ok(tenant)
    }

    /// What resources are judged by.
    pub fn profiles(&self) -> &Profiles {
        &self.beginning.profiles
    }

    /// The client to try things with: the beginning's choice, else the first there is.
    pub fn ready_client(&self) -> Option<Client> {
        let chosen = self.beginning.ready_client.as_deref().and_then(|id| self.authorization.client(id));
        chosen.or_else(|| self.authorization.clients().into_iter().next())
    }

    /// Back to the beginning, clock and knobs included; only the journal stays. The time it takes does not depend on
    /// how much there was.
    pub fn reset(&self) -> Result<(), StartError> {
        self.clock.set_state(ClockState::default());
        let first = self.first_state()?;
        self.store.reset(first)?;
        self.records.forget_pages();
        Ok(())
    }

    /// Everything that a fresh store holds.
    fn first_state(&self) -> Result<Batch, StartError> {
        let mut batch = Batch::new();
        let mut settings = Settings::default();
        settings.update(&self.beginning.settings)?;
        batch.put(Key::new(&[&SETTINGS]), encode(&settings));
        batch.put(Key::new(&[&CLOCK]), encode(&self.clock.state()));
        batch.put(Key::new(&[&STARTED]), encode(&self.clock.now()));
        Citizens::seed(&mut batch, &self.beginning.citizens);
        for client in &self.beginning.clients {
            Authorization::seed(&mut batch, client.clone(), &self.random)
                .map_err(|error| StartError::Client { client: name_of(client), error })?;
        }
        Ok(batch)
    }

    fn add_what_is_missing(&self) -> Result<(), StartError> {
        for client in &self.beginning.clients {
            match self.authorization.add_client(client.clone(), &self.random) {
                Ok(_) | Err(ClientError::Taken(_)) => {}
                Err(error) => return Err(StartError::Client { client: name_of(client), error }),
            }
        }
        for citizen in &self.beginning.citizens {
            if self.citizens.by_code(citizen.personal_identity_code).is_none() {
                self.citizens
                    .add(citizen.clone())
                    .map_err(|error| StartError::Citizen { citizen: citizen.id.clone(), error })?;
            }
        }
        let mut settings = Settings::clone(&self.settings());
        settings.update(&self.beginning.settings)?;
        let mut batch = Batch::new();
        batch.put(Key::new(&[&SETTINGS]), encode(&settings));
        Ok(self.store.commit(batch)?)
    }

    /// Makes the Patient of a pseudonym that is a citizen's, and the records its seed has, unless that was done before.
    /// Every surface calls it before it looks at a citizen's records.
    pub fn touch(&self, pseudonym: Uuid) -> Result<(), Refusal> {
        let key = Key::new(&[&[TOUCHED], pseudonym.as_bytes()]);
        if self.store.get(&key).is_some() {
            return Ok(());
        }
        let Some(citizen) = self.citizens.by_pseudonym(pseudonym) else { return Ok(()) };
        // Two requests at once must not load the seed twice.
        let _only_one = self.touching.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if self.store.get(&key).is_some() {
            return Ok(());
        }
        self.records.create_patient(pseudonym)?;
        let started = self.started().unwrap_or_else(|| self.clock.now());
        let items: Vec<Loading> = (self.beginning.records)(&citizen.id, started, pseudonym)
            .into_iter()
            .filter_map(|record| loading(record, pseudonym))
            .collect();
        let mut touched = Batch::new();
        touched.put(key, Value::default());
        self.records.load_seed(&items, pseudonym, touched).map_err(|refused| refused.refusal)?;
        Ok(())
    }
}

impl Tenant {
    /// When the tenant began.
    pub(super) fn started(&self) -> Option<Timestamp> {
        self.store.get(&Key::new(&[&STARTED])).and_then(|value| serde_json::from_slice(&value).ok())
    }
}

fn loading(record: SeedRecord, patient: Uuid) -> Option<Loading> {
    let access = match record.author {
        Some(SeedAuthor { client_id, name }) => Access::Application {
            application_id: client_id.clone(),
            client_id,
            name,
            patient,
            rights: Rights::new(Types::NONE, Types::ALL),
        },
        None => Access::Citizen { patient },
    };
    Some(Loading {
        access,
        version: record.version,
        resource_type: ResourceType::from_name(&record.resource_type)?,
        document: Document::from_bytes(&record.json).ok()?,
        at: record.stored_at,
    })
}

fn name_of(client: &NewClient) -> String {
    client.client_id.clone().unwrap_or_else(|| client.name.clone())
}
