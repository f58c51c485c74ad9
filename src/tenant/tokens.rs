//! Tokens without a browser: as the citizen's flow would give them, and those of professional applications.

use super::{ApproveError, Tenant};
use crate::authorization::{
    Client, ClientKind, Grant, Issuance, ProfessionalError, RequestProblem, Scopes, Spelling, TokenResponse,
    requested_scopes,
};
use crate::citizens::Citizen;
use crate::settings::Settings;

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
    /// A professional application asks to write.
    #[error("a professional application only reads: ask for scopes that end with .read, or leave scope out ({0})")]
    ReadOnly(Scopes),
    /// A professional application may not have the citizen's data.
    #[error(transparent)]
    Professional(#[from] ProfessionalError),
}

impl Tenant {
    /// The token response that the flow would give, without a browser: accepts the terms and approves on the citizen's
    /// behalf. `citizen` is an id or a personal identity code; without `scope` all scopes of the client are meant. A
    /// professional client gets what its own grant would give, by the same rules.
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
        if client.kind == ClientKind::Professional {
            let rules = settings.authorization_rules();
            let issuance = Issuance { now: self.clock.now(), random: &self.random, issuer, rules: &rules };
            return self.professional_token(&client, Some(citizen), scope, &issuance);
        }
        let scopes = match scope {
            Some(scope) => requested_scopes(scope, &client, settings.scope_unregistered, settings.smart_enabled)
                .map_err(TokenError::Scope)?,
            None => client.scope.clone(),
        };
        let spelling = scope.filter(|_| settings.smart_enabled).map(Spelling::of).unwrap_or_default();
        self.tokens(&citizen, &client, (scopes, spelling), issuer, &settings).map_err(TokenError::Approve)
    }

    fn tokens(
        &self,
        citizen: &Citizen,
        client: &Client,
        (scopes, spelling): (Scopes, Spelling),
        issuer: &str,
        settings: &Settings,
    ) -> Result<TokenResponse, ApproveError> {
        self.check_age(citizen)?;
        self.accept_terms(citizen)?;
        let pseudonym = self.give_access(citizen, client, scopes.clone())?;
        let now = self.clock.now();
        let rules = settings.authorization_rules();
        let grant = Grant {
            citizen: citizen.id.clone(),
            pseudonym,
            scopes,
            spelling,
            aud: None,
            nonce: None,
            signed_in_at: now,
        };
        let issuance = Issuance { now, random: &self.random, issuer, rules: &rules };
        Ok(self.authorization.issue_tokens(client, &grant, None, &issuance)?)
    }

    /// The token of a professional application for the data of `citizen`, who may be nobody; `scope` may narrow what is
    /// read.
    pub fn professional_token(
        &self,
        client: &Client,
        citizen: Option<Citizen>,
        scope: Option<&str>,
        issuance: &Issuance<'_>,
    ) -> Result<TokenResponse, TokenError> {
        let scopes = match scope {
            None => client.scope.clone(),
            Some(scope) => requested_scopes(scope, client, issuance.rules.unregistered_scope, issuance.rules.smart)
                .map_err(TokenError::Scope)?,
        };
        let reading = scopes.reading();
        // Without `scope` all that may be read is meant; whoever asks for more by name is told that it cannot be had.
        if scope.is_some() && scopes.write_anything() {
            return Err(TokenError::ReadOnly(scopes));
        }
        if reading.is_empty() {
            return Err(TokenError::Scope(RequestProblem::ScopeEmpty { registered: client.scope.clone() }));
        }
        let user = citizen.and_then(|citizen| Some((citizen.pseudonym?, citizen)));
        let (pseudonym, citizen) = user.ok_or(ProfessionalError::NotAUser)?;
        Ok(self.authorization.professional_token(client, &citizen.id, pseudonym, reading, issuance)?)
    }
}
