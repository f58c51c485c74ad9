//! The fixture's words: register a client, pick a citizen, approve.

use super::Sandbox;
use crate::authorization::{Client, ClientError, NewClient, TokenResponse};
use crate::citizens::{AddCitizenError, Citizen, PersonalIdentityCode};
use crate::http::context::App;
use crate::tenant::{TokenError, WithdrawError};
use std::future::{Future, IntoFuture, ready};

use uuid::Uuid;

/// Why the fixture could not do something.
#[derive(Debug, thiserror::Error)]
pub enum FixtureError {
    /// The client is not acceptable.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The citizen is not acceptable.
    #[error(transparent)]
    Citizen(#[from] AddCitizenError),
    /// The personal identity code is not acceptable.
    #[error(transparent)]
    Code(#[from] crate::citizens::PersonalIdentityCodeError),
}

/// Why an approval gave no token.
pub type ApprovalError = TokenError;

/// A client being registered; await it.
#[must_use = "await it to register the client"]
pub struct ClientRegistration<'s> {
    sandbox: &'s Sandbox,
    new: NewClient,
}

impl ClientRegistration<'_> {
    /// A redirect URI (repeatable). `http://localhost/callback` when none is given.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.new.redirect_uris.push(uri.into());
        self
    }

    /// Scopes, separated by spaces (repeatable).
    pub fn scope(mut self, scope: &str) -> Self {
        if !self.new.scope.is_empty() {
            self.new.scope.push(' ');
        }
        self.new.scope.push_str(scope);
        self
    }

    /// A fixed id and secret, such as those of the application's own configuration.
    pub fn credentials(mut self, client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        self.new.client_id = Some(client_id.into());
        self.new.client_secret = Some(client_secret.into());
        self
    }
}

impl<'s> IntoFuture for ClientRegistration<'s> {
    type Output = Result<RegisteredClient, FixtureError>;
    type IntoFuture = std::future::Ready<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let mut new = self.new;
        if new.redirect_uris.is_empty() {
            new.redirect_uris.push("http://localhost/callback".to_owned());
        }
        let tenant = self.sandbox.tenant();
        ready(tenant.authorization.add_client(new, &tenant.random).map(RegisteredClient).map_err(FixtureError::from))
    }
}

/// A registered client.
#[derive(Clone, Debug)]
pub struct RegisteredClient(Client);

impl RegisteredClient {
    /// The client id.
    pub fn client_id(&self) -> &str {
        &self.0.client_id
    }

    /// The client secret.
    pub fn client_secret(&self) -> &str {
        &self.0.client_secret
    }
}

/// The citizens of a sandbox.
pub struct CitizenList {
    all: Vec<CitizenHandle>,
}

impl CitizenList {
    /// The first seeded citizen who is old enough to approve an application.
    ///
    /// # Panics
    /// When the sandbox was started with seed data of its own that has no citizen.
    pub fn first(self) -> CitizenHandle {
        self.all.into_iter().next().expect("the seed data has a citizen")
    }
}

impl IntoIterator for CitizenList {
    type Item = CitizenHandle;
    type IntoIter = std::vec::IntoIter<CitizenHandle>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.into_iter()
    }
}

/// A citizen of a running sandbox.
#[derive(Clone)]
pub struct CitizenHandle {
    app: App,
    issuer: String,
    citizen: Citizen,
}

impl CitizenHandle {
    /// Id, names, personal identity code and so on, as they were when the handle was made.
    pub fn citizen(&self) -> &Citizen {
        &self.citizen
    }

    /// Does what the citizen would do in the browser flow for all that the client has registered: accepts the terms,
    /// approves, and the client gets its token.
    pub fn approve(
        &self,
        client: &RegisteredClient,
    ) -> impl Future<Output = Result<GrantedToken, ApprovalError>> + use<> {
        ready(self.give(client, None))
    }

    /// The same for fewer scopes.
    pub fn approve_scope(
        &self,
        client: &RegisteredClient,
        scope: &str,
    ) -> impl Future<Output = Result<GrantedToken, ApprovalError>> + use<> {
        ready(self.give(client, Some(scope)))
    }

    /// Withdraws the client's access right: its tokens end at once.
    pub fn withdraw(&self, client: &RegisteredClient) -> impl Future<Output = Result<(), WithdrawError>> + use<> {
        ready(self.app.tenant.withdraw(&self.citizen.id, client.client_id()).map(|_| ()))
    }

    fn give(&self, client: &RegisteredClient, scope: Option<&str>) -> Result<GrantedToken, ApprovalError> {
        self.app.tenant.token_for(&self.citizen.id, client.client_id(), scope, &self.issuer).map(GrantedToken)
    }
}

/// What the token endpoint would have answered.
#[derive(Clone, Debug)]
pub struct GrantedToken(TokenResponse);

impl GrantedToken {
    /// The access token.
    pub fn access_token(&self) -> &str {
        &self.0.access_token
    }

    /// The refresh token, when `offline_access` was approved.
    pub fn refresh_token(&self) -> Option<&str> {
        self.0.refresh_token.as_deref()
    }

    /// The citizen's pseudonym: the id of their Patient.
    pub fn patient(&self) -> Uuid {
        self.0.sub
    }
}

impl Sandbox {
    /// Registers a client: add redirect URIs and scopes, then await it.
    pub fn register_client(&self, name: impl Into<String>) -> ClientRegistration<'_> {
        ClientRegistration { sandbox: self, new: NewClient { name: name.into(), ..NewClient::default() } }
    }

    /// The citizens, in their stable order.
    pub fn citizens(&self) -> CitizenList {
        let all = self.app.tenant.citizens.list().into_iter().map(|citizen| self.handle(citizen)).collect();
        CitizenList { all }
    }

    /// One citizen, by id or personal identity code.
    pub fn citizen(&self, id_or_code: &str) -> Option<CitizenHandle> {
        self.app.tenant.citizens.get(id_or_code).map(|citizen| self.handle(citizen))
    }

    /// Adds a citizen with this personal identity code (individual number 900–999), or finds the one who has it.
    ///
    /// # Errors
    /// When the code is not acceptable.
    pub fn add_citizen(&self, code: &str) -> Result<CitizenHandle, FixtureError> {
        let code = PersonalIdentityCode::parse(code)?;
        Ok(self.handle(self.app.tenant.citizens.find_or_add(code, None)?))
    }

    fn handle(&self, citizen: Citizen) -> CitizenHandle {
        CitizenHandle { app: self.app.clone(), issuer: self.issuer(), citizen }
    }
}
