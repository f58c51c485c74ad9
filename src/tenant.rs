//! One tenant as one value: its rooms put together, and the few acts that cross them.
//!
//! All lasting state lies in the store. The acts: who is let in (age), what an approval does (pseudonym, Patient,
//! access right), headless tokens, withdrawal.

use crate::authorization::{
    AccessError, AccessRight, Authorization, AuthorizationRequest, Client, CodeError, Grant, Issuance, IssueError,
    IssuedCode, RequestProblem, RightError, Scopes, TokenInfo, TokenResponse, requested_scopes,
};
use crate::citizens::{AddCitizenError, Citizen, Citizens, PersonalIdentityCode, SetPseudonymError};
use crate::exchanges::Journal;
use crate::settings::{Remember, Settings};
use crate::store::{Batch, CommitError, Key, Store, Value};
use crate::time::{Clock, ClockState, Random, helsinki};
use jiff::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// Where a tenant keeps what is its own.
const SETTINGS: [u8; 1] = [0x50];
const CLOCK: [u8; 1] = [0x51];

/// Makes the Patient of a new pseudonym; doing so again changes nothing. The error is for the log.
pub type CreatePatient = Arc<dyn Fn(Uuid) -> Result<(), String> + Send + Sync>;

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
    create_patient: CreatePatient,
    /// The settings as last read, with the stored bytes they were read from: a restore of the store shows by itself.
    settings: Mutex<Option<(Value, Arc<Settings>)>>,
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
    #[error("the Patient could not be made: {0}")]
    Patient(String),
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

/// Why no token was made without a browser.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Neither an id nor a personal identity code of a citizen.
    #[error("there is no citizen with this id or personal identity code")]
    UnknownCitizen,
    /// No such client.
    #[error("there is no client {0:?}")]
    UnknownClient(String),
    /// The client may not be given these scopes.
    #[error("{0}")]
    Scope(RequestProblem),
    /// The approval failed.
    #[error(transparent)]
    Approve(#[from] ApproveError),
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
    /// A tenant over `store`, whose clock goes on as the store says.
    pub fn new(id: impl Into<String>, store: Store, random: Random, create_patient: CreatePatient) -> Tenant {
        let state = store.get(&Key::new(&[&CLOCK])).and_then(|value| serde_json::from_slice::<ClockState>(&value).ok());
        Tenant {
            id: id.into(),
            clock: Arc::new(Clock::from_state(state.unwrap_or_default())),
            random: Arc::new(random),
            citizens: Citizens::new(store.clone()),
            authorization: Authorization::new(store.clone()),
            exchanges: Journal::default(),
            create_patient,
            settings: Mutex::new(None),
            store,
        }
    }

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

    /// Replaces the knobs.
    pub fn set_settings(&self, settings: &Settings) -> Result<(), CommitError> {
        let mut batch = Batch::new();
        // Settings are a flat map of words and numbers, for which writing JSON to memory does not fail.
        batch.put(Key::new(&[&SETTINGS]), serde_json::to_vec(settings).unwrap_or_default());
        self.store.commit(batch)
    }

    /// Stores how the clock now differs from the system's, after it was moved.
    pub fn keep_clock(&self) -> Result<(), CommitError> {
        let mut batch = Batch::new();
        batch.put(Key::new(&[&CLOCK]), serde_json::to_vec(&self.clock.state()).unwrap_or_default());
        self.store.commit(batch)
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

    /// The token response that the flow would give, without a browser: accepts the terms and approves on the citizen's
    /// behalf. `citizen` is an id or a personal identity code; without `scope` all scopes of the client are meant.
    pub fn token_for(
        &self,
        citizen: &str,
        client_id: &str,
        scope: Option<&str>,
        issuer: &str,
    ) -> Result<TokenResponse, TokenError> {
        let citizen = self.citizens.get(citizen).ok_or(TokenError::UnknownCitizen)?;
        let client =
            self.authorization.client(client_id).ok_or_else(|| TokenError::UnknownClient(client_id.to_owned()))?;
        let settings = self.settings();
        let scopes = match scope {
            Some(scope) => requested_scopes(scope, &client, settings.scope_unregistered).map_err(TokenError::Scope)?,
            None => client.scope.clone(),
        };
        self.tokens(&citizen, &client, scopes, issuer, &settings).map_err(TokenError::Approve)
    }

    fn tokens(
        &self,
        citizen: &Citizen,
        client: &Client,
        scopes: Scopes,
        issuer: &str,
        settings: &Settings,
    ) -> Result<TokenResponse, ApproveError> {
        self.check_age(citizen)?;
        self.accept_terms(citizen)?;
        let pseudonym = self.give_access(citizen, client, scopes.clone())?;
        let now = self.clock.now();
        let rules = settings.authorization_rules();
        let grant = Grant { citizen: citizen.id.clone(), pseudonym, scopes, aud: None, nonce: None, signed_in_at: now };
        let issuance = Issuance { now, random: &self.random, issuer, rules: &rules };
        Ok(self.authorization.issue_tokens(client, &grant, None, &issuance)?)
    }

    /// Withdraws an access right as the citizen would. `citizen` is an id or a personal identity code.
    pub fn withdraw(&self, citizen: &str, client_id: &str) -> Result<AccessRight, WithdrawError> {
        let citizen = self.citizens.get(citizen).ok_or(WithdrawError::UnknownCitizen)?;
        Ok(self.authorization.withdraw(&citizen.id, client_id, self.clock.now())?)
    }

    /// What a bearer's access token allows now.
    pub fn access_by_token(&self, bearer: &str) -> Result<TokenInfo, AccessError> {
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
        (self.create_patient)(pseudonym).map_err(ApproveError::Patient)?;
        Ok(pseudonym)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorization::NewClient;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn tenant() -> (Tenant, Arc<AtomicUsize>) {
        let patients = Arc::new(AtomicUsize::new(0));
        let count = patients.clone();
        let create: CreatePatient = Arc::new(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
        let tenant = Tenant::new("main", Store::in_memory(), Random::seeded(1), create);
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
        (tenant, patients)
    }

    #[test]
    fn a_headless_token_leaves_the_traces_of_a_browser_flow() {
        let (tenant, patients) = tenant();
        let response = tenant.token_for("aino", "diary", Some("patient/Observation.read"), "http://as/").unwrap();
        assert_eq!(tenant.citizens.get("aino").unwrap().pseudonym, Some(response.sub));
        assert_eq!(patients.load(Ordering::Relaxed), 1);
        assert!(tenant.authorization.has_accepted_terms("aino", "1"));
        assert_eq!(tenant.authorization.access_rights("aino").len(), 1);
        let info = tenant.access_by_token(&response.access_token).unwrap();
        assert!(info.read.contains("Observation") && info.write.is_empty());
        tenant.withdraw("aino", "diary").unwrap();
        assert_eq!(tenant.access_by_token(&response.access_token), Err(AccessError::Withdrawn));
        assert!(matches!(tenant.withdraw("aino", "diary"), Err(WithdrawError::Right(RightError::NotGiven))));
    }

    #[test]
    fn a_headless_token_is_refused_by_the_same_rules() {
        let (tenant, _) = tenant();
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
    fn settings_and_clock_are_found_again_in_the_store() {
        let (tenant, _) = tenant();
        let settings = Settings { code_ttl_seconds: 5, ..Settings::default() };
        tenant.set_settings(&settings).unwrap();
        tenant.keep_clock().unwrap();
        assert_eq!(*tenant.settings(), settings);
        let again = Tenant::new("other", tenant.store.fork(), Random::seeded(2), Arc::new(|_| Ok(())));
        assert_eq!(*again.settings(), settings);
        assert_eq!(again.clock.now(), tenant.clock.now());
        tenant.set_settings(&Settings::default()).unwrap();
        assert_eq!(tenant.settings().code_ttl_seconds, 30);
        assert_eq!(again.settings().code_ttl_seconds, 5);
    }
}
