//! One tenant as one value: its rooms put together, and the few acts that cross them.
//!
//! All lasting state lies in the store. The acts: who is let in (age), what an approval does (pseudonym, Patient,
//! access right), headless tokens, withdrawal.

mod beginning;
mod own;
mod purge;
mod tokens;

use crate::authorization::{
    AccessError, AccessRight, Authorization, AuthorizationRequest, Client, CodeError, Issuance, IssueError, IssuedCode,
    RightError, Scopes, TokenInfo,
};
use crate::citizens::{AddCitizenError, Citizen, Citizens, PersonalIdentityCode, SetPseudonymError};
use crate::exchanges::{FaultRule, Faults, Journal};
use crate::records::{Records, Refusal};
use crate::settings::{Remember, SettingError, Settings};
use crate::store::{Batch, CommitError, Key, Store, Value};
use crate::time::{Clock, Random, helsinki};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

pub use beginning::{Beginning, SeedAuthor, SeedRecord, StartError};
pub use own::{OwnEntry, OwnEntryError};
pub use tokens::TokenError;

/// Where a tenant keeps what is its own.
const SETTINGS: [u8; 1] = [0x50];
const CLOCK: [u8; 1] = [0x51];
const FAULTS: [u8; 1] = [0x54];
/// The day of the last quarterly purge.
const PURGED: [u8; 1] = [0x55];

/// A whole isolated copy of all state.
pub struct Tenant {
    /// Its name in paths; the main tenant's is `main`.
    pub id: String,
    /// All lasting state.
    pub store: Store,
    /// What time it is here.
    pub clock: Arc<Clock>,
    /// Where ids, codes and secrets come from.
    pub random: Arc<Random>,
    /// The synthetic people.
    pub citizens: Citizens,
    /// Clients, access rights, tokens.
    pub authorization: Authorization,
    /// The recorded traffic.
    pub exchanges: Journal,
    records: Records,
    beginning: Beginning,
    /// Held while records are made that must be made once: a citizen's seeded ones, and entries of their own.
    touching: Mutex<()>,
    /// The settings as last read, with the stored bytes they were read from: a restore of the store shows by itself.
    settings: Mutex<Option<(Value, Arc<Settings>)>>,
    /// The scripted faults at work, with the stored bytes they were read from; their counts last as long as those.
    faults: Mutex<Option<(Value, Arc<Faults>)>>,
}

/// A citizen is younger than the service lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the citizen is {age}; the service lets in from {minimum} on (setting age.minimum)")]
pub struct UnderAge {
    /// Whole years, by the tenant's clock.
    pub age: i16,
    /// The lowest age let in.
    pub minimum: u32,
}

/// Why an approval gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ApproveError {
    /// The citizen is too young.
    #[error(transparent)]
    UnderAge(#[from] UnderAge),
    /// The citizen is gone, or the pseudonym could not be given.
    #[error(transparent)]
    Pseudonym(#[from] SetPseudonymError),
    /// The Patient could not be made.
    #[error("the Patient could not be made: {}", .0.reason().1)]
    Patient(Box<Refusal>),
    /// The code could not be made.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// The tokens could not be made.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] CommitError),
}

/// Why an access right was not withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawError {
    /// Neither an id nor a personal identity code of a citizen.
    #[error("there is no citizen with this id or personal identity code")]
    UnknownCitizen,
    /// There is none.
    #[error(transparent)]
    Right(#[from] RightError),
}

/// Why knobs were not set.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// An unknown name, or a value that is not allowed.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] CommitError),
}

/// Why a citizen was not removed whole.
#[derive(Debug, thiserror::Error)]
pub enum RemoveCitizenError {
    /// Their resources could not be removed.
    #[error("{}", .0.reason().1)]
    Records(Box<Refusal>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] CommitError),
}

/// What the citizen must still be asked before an authorization request can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// The terms of use.
    Terms,
    /// The access right.
    Consent,
    /// Nothing: it was all answered before.
    Nothing,
}

impl Tenant {
    /// The knobs of this tenant.
    pub fn settings(&self) -> Arc<Settings> {
        let stored = self.store.get(&Key::new(&[&SETTINGS])).unwrap_or_else(|| Value::from(&b"{}"[..]));
        let mut read = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        match &*read {
            Some((bytes, settings)) if *bytes == stored => settings.clone(),
            _ => {
                let settings: Arc<Settings> = Arc::new(serde_json::from_slice(&stored).unwrap_or_default());
                *read = Some((stored, settings.clone()));
                settings
            }
        }
    }

    /// Sets each knob that `changes` names: all of them, or none.
    pub fn update_settings(&self, changes: &Map<String, Json>) -> Result<(), SettingsError> {
        let mut settings = Settings::clone(&self.settings());
        let purged_before = settings.purge_enabled;
        settings.update(changes)?;
        let mut batch = Batch::new();
        batch.put(Key::new(&[&SETTINGS]), encode(&settings));
        if settings.purge_enabled && !purged_before {
            self.begin_purging(&mut batch);
        }
        Ok(self.store.commit(batch)?)
    }

    /// The scripted faults; nothing when there are none.
    pub fn faults(&self) -> Option<Arc<Faults>> {
        let stored = self.store.get(&Key::new(&[&FAULTS]))?;
        let mut read = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        match &*read {
            Some((bytes, faults)) if Arc::ptr_eq(bytes, &stored) => Some(faults.clone()),
            _ => {
                let faults = Arc::new(Faults::new(serde_json::from_slice(&stored).unwrap_or_default()));
                *read = Some((stored, faults.clone()));
                Some(faults)
            }
        }
    }

    /// Puts these faults in place of those there are; all counts begin anew.
    pub fn set_faults(&self, rules: &[FaultRule]) -> Result<(), CommitError> {
        let mut batch = Batch::new();
        if rules.is_empty() {
            batch.remove(Key::new(&[&FAULTS]));
        } else {
            batch.put(Key::new(&[&FAULTS]), encode(&rules));
        }
        self.store.commit(batch)
    }

    /// Changes the clock and stores how it now differs from the system's.
    pub fn change_clock(&self, change: impl FnOnce(&Clock)) -> Result<(), CommitError> {
        change(&self.clock);
        let mut batch = Batch::new();
        batch.put(Key::new(&[&CLOCK]), encode(&self.clock.state()));
        self.store.commit(batch)
    }

    /// The resources, under the knobs in force.
    pub fn records(&self) -> Records {
        self.records.with_settings(self.settings().records_settings())
    }

    /// Removes a citizen with their resources, access rights and tokens; false when there is none.
    pub fn remove_citizen(&self, id_or_code: &str) -> Result<bool, RemoveCitizenError> {
        let Some(citizen) = self.citizens.get(id_or_code) else { return Ok(false) };
        for right in self.authorization.access_rights(&citizen.id) {
            match self.authorization.end_with_citizen(&citizen.id, &right.client_id, self.clock.now()) {
                Ok(_) | Err(RightError::NotGiven) => {}
                Err(RightError::Store(error)) => return Err(error.into()),
            }
        }
        let now = self.clock.now();
        if self.authorization.professional_permission(&citizen.id).is_some() {
            self.authorization.permit_professionals(&citizen.id, false, now)?;
        }
        for relationship in self.authorization.care_relationships(&citizen.id) {
            self.authorization.set_care_relationship(&citizen.id, &relationship.client_id, false, now)?;
        }
        if let Some(pseudonym) = citizen.pseudonym {
            self.records.forget_patient(pseudonym).map_err(|refusal| RemoveCitizenError::Records(Box::new(refusal)))?;
        }
        Ok(self.citizens.remove(&citizen.id)?.is_some())
    }

    /// The citizen of a personal identity code, made on the spot when there is none.
    pub fn identify(&self, code: PersonalIdentityCode) -> Result<Citizen, AddCitizenError> {
        self.citizens.find_or_add(code, None)
    }

    /// Lets a citizen in, or not.
    pub fn check_age(&self, citizen: &Citizen) -> Result<(), UnderAge> {
        let minimum = self.settings().age_minimum;
        let age = self.age(citizen);
        if i64::from(age) < i64::from(minimum) { Err(UnderAge { age, minimum }) } else { Ok(()) }
    }

    /// A citizen's age in whole years, by the tenant's clock in Finland.
    pub fn age(&self, citizen: &Citizen) -> i16 {
        citizen.age_on(self.clock.now().to_zoned(helsinki().clone()).date())
    }

    /// What a citizen who is signed in must be asked.
    pub fn open_question(&self, citizen: &Citizen, request: &AuthorizationRequest) -> Open {
        let settings = self.settings();
        if settings.terms_enabled && !self.authorization.has_accepted_terms(&citizen.id, &settings.terms_version) {
            return Open::Terms;
        }
        let approved = self.authorization.access_right(&citizen.id, &request.client.client_id);
        let is_approved =
            approved.is_some_and(|right| right.withdrawn_at.is_none() && request.scopes.is_subset_of(&right.scopes));
        match settings.consent_remember {
            Remember::UntilRevoked if is_approved => Open::Nothing,
            _ => Open::Consent,
        }
    }

    /// Records that the citizen accepts the terms in force.
    pub fn accept_terms(&self, citizen: &Citizen) -> Result<(), CommitError> {
        let settings = self.settings();
        if !settings.terms_enabled {
            return Ok(());
        }
        self.authorization.accept_terms(&citizen.id, &settings.terms_version, self.clock.now())
    }

    /// Carries out an approval: a first one gives the citizen a pseudonym and a Patient; the access right is recorded
    /// in place of the former; the client gets a code.
    pub fn approve(
        &self,
        citizen: &Citizen,
        request: &AuthorizationRequest,
        signed_in_at: Timestamp,
        issuer: &str,
    ) -> Result<IssuedCode, ApproveError> {
        self.check_age(citizen)?;
        let pseudonym = self.give_access(citizen, &request.client, request.scopes.clone())?;
        let rules = self.settings().authorization_rules();
        let issuance = Issuance { now: self.clock.now(), random: &self.random, issuer, rules: &rules };
        Ok(self.authorization.issue_code(request, &citizen.id, pseudonym, signed_in_at, &issuance)?)
    }

    /// A new code under a right that is remembered, without touching the right.
    pub fn approve_again(
        &self,
        citizen: &Citizen,
        request: &AuthorizationRequest,
        signed_in_at: Timestamp,
        issuer: &str,
    ) -> Result<IssuedCode, ApproveError> {
        self.check_age(citizen)?;
        let pseudonym = self.pseudonym(citizen)?;
        let rules = self.settings().authorization_rules();
        let issuance = Issuance { now: self.clock.now(), random: &self.random, issuer, rules: &rules };
        Ok(self.authorization.issue_code(request, &citizen.id, pseudonym, signed_in_at, &issuance)?)
    }

    /// Withdraws an access right as the citizen would. `citizen` is an id or a personal identity code.
    pub fn withdraw(&self, citizen: &str, client_id: &str) -> Result<AccessRight, WithdrawError> {
        let citizen = self.citizens.get(citizen).ok_or(WithdrawError::UnknownCitizen)?;
        Ok(self.authorization.withdraw(&citizen.id, client_id, self.clock.now())?)
    }

    /// What a bearer's access token allows now.
    pub fn access_by_token(&self, bearer: &str) -> Result<Arc<TokenInfo>, AccessError> {
        self.authorization.access(bearer, self.clock.now(), &self.settings().authorization_rules())
    }

    fn give_access(&self, citizen: &Citizen, client: &Client, scopes: Scopes) -> Result<Uuid, ApproveError> {
        let pseudonym = self.pseudonym(citizen)?;
        self.authorization.approve(&citizen.id, &client.client_id, scopes, self.clock.now())?;
        Ok(pseudonym)
    }

    /// The citizen's pseudonym with its Patient, made at the first approval. The Patient comes before the access
    /// right, so that no token ever leads to a Patient that is not there.
    fn pseudonym(&self, citizen: &Citizen) -> Result<Uuid, ApproveError> {
        let pseudonym = self.citizens.set_pseudonym(&citizen.id, self.random.uuid())?;
        self.touch(pseudonym).map_err(|refusal| ApproveError::Patient(Box::new(refusal)))?;
        Ok(pseudonym)
    }
}

/// The tenant's own records are small and have string keys only, for which writing JSON to memory does not fail.
fn encode(record: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(record).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorization::NewClient;

    fn tenant() -> Tenant {
        let tenant =
            Tenant::start("main", Store::in_memory(), Arc::new(Random::seeded(1)), Beginning::default()).unwrap();
        tenant.clock.freeze(true);
        tenant.clock.set("2026-06-01T12:00:00Z".parse().unwrap());
        let new = NewClient {
            name: "Diary".into(),
            client_id: Some("diary".into()),
            redirect_uris: vec!["https://app.example/cb".into()],
            scope: "offline_access patient/Observation.read patient/Observation.write".into(),
            ..NewClient::default()
        };
        tenant.authorization.add_client(new, &tenant.random).unwrap();
        for (id, birth_date) in [("aino", jiff::civil::date(1980, 5, 1)), ("nuori", jiff::civil::date(2010, 6, 2))] {
            let code = PersonalIdentityCode::for_birth_date(birth_date, 0).unwrap();
            tenant.citizens.add(Citizen::new(id, code)).unwrap();
        }
        tenant
    }

    #[test]
    fn a_headless_token_leaves_the_traces_of_a_browser_flow() {
        let tenant = tenant();
        let response = tenant.token_for("aino", "diary", Some("patient/Observation.read"), "http://as/").unwrap();
        assert_eq!(tenant.citizens.get("aino").unwrap().pseudonym, Some(response.sub));
        assert!(tenant.records.has_patient(response.sub));
        assert!(tenant.authorization.has_accepted_terms("aino", "1"));
        assert_eq!(tenant.authorization.access_rights("aino").len(), 1);
        let info = tenant.access_by_token(&response.access_token).unwrap();
        assert!(info.read.contains("Observation") && info.create.is_empty());
        tenant.withdraw("aino", "diary").unwrap();
        assert_eq!(tenant.access_by_token(&response.access_token), Err(AccessError::Withdrawn));
        assert!(matches!(tenant.withdraw("aino", "diary"), Err(WithdrawError::Right(RightError::NotGiven))));
    }

    #[test]
    fn a_headless_token_is_refused_by_the_same_rules() {
        let tenant = tenant();
        let refuse = |citizen: &str, client: &str, scope: &str| {
            tenant.token_for(citizen, client, Some(scope), "http://as/").unwrap_err()
        };
        assert!(matches!(refuse("nobody", "diary", ""), TokenError::UnknownCitizen));
        assert!(matches!(refuse("aino", "nothing", ""), TokenError::UnknownClient(_)));
        assert!(matches!(refuse("aino", "diary", "openid"), TokenError::Scope(_)));
        let error = refuse("nuori", "diary", "patient/Observation.read");
        assert!(matches!(error, TokenError::Approve(ApproveError::UnderAge(UnderAge { age: 15, minimum: 16 }))));
        tenant.clock.advance(jiff::SignedDuration::from_hours(24));
        assert!(tenant.token_for("nuori", "diary", None, "http://as/").is_ok());
    }

    #[test]
    fn a_store_with_settings_of_an_older_version_starts_and_keeps_the_others() {
        let before = tenant();
        let mut batch = Batch::new();
        let stored = &br#"{"code.ttl_seconds":5,"professional.grant_types":["authorization_code"]}"#[..];
        batch.put(Key::new(&[&SETTINGS]), stored);
        before.store.commit(batch).unwrap();
        let random = Arc::new(Random::seeded(2));
        let again = Tenant::start("main", before.store.fork(), random, Beginning::default()).unwrap();
        assert_eq!(again.settings().code_ttl_seconds, 5);
        assert_eq!(again.settings().professional_grant_types, Settings::default().professional_grant_types);
    }

    #[test]
    fn settings_and_clock_are_found_again_in_the_store() {
        let tenant = tenant();
        let changes = |json: Json| json.as_object().cloned().unwrap();
        tenant.update_settings(&changes(serde_json::json!({"code.ttl_seconds": 5}))).unwrap();
        tenant.change_clock(|clock| clock.advance(jiff::SignedDuration::from_hours(1))).unwrap();
        let beginning = Beginning::default();
        let again = Tenant::start("other", tenant.store.fork(), Arc::new(Random::seeded(2)), beginning).unwrap();
        assert_eq!(again.settings(), tenant.settings());
        assert_eq!(again.clock.now(), tenant.clock.now());
        tenant.update_settings(&changes(serde_json::json!({"code.ttl_seconds": 30}))).unwrap();
        assert_eq!(tenant.settings().code_ttl_seconds, 30);
        assert_eq!(again.settings().code_ttl_seconds, 5);
    }
}
