//! The choices under which the authorization server works, as plain values (the tenant's settings fill them in).

use jiff::SignedDuration;

/// Lifetimes and choices; the names of the settings behind them stand in each line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// `code.ttl_seconds`: how long a code may be redeemed.
    pub code_lifetime: SignedDuration,
    /// `code.length`: characters of a code.
    pub code_length: usize,
    /// `access_token.ttl_seconds`.
    pub access_token_lifetime: SignedDuration,
    /// `refresh.ttl_seconds`; `None` never expires.
    pub refresh_token_lifetime: Option<SignedDuration>,
    /// `refresh.rotate`: a refresh answers with a new refresh token and ends the old one.
    pub rotate_refresh_tokens: bool,
    /// `pkce`.
    pub pkce: Pkce,
    /// `state.required`.
    pub state_required: bool,
    /// `scope.unregistered`.
    pub unregistered_scope: UnregisteredScope,
    /// `revocation.mode`.
    pub revocation: Revocation,
    /// `smart.enabled`: SMART App Launch beside the rules of Kanta PHR.
    pub smart: bool,
    /// `professional.require_permission`.
    pub require_professional_permission: bool,
    /// `professional.require_care_relationship`.
    pub require_care_relationship: bool,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            code_lifetime: SignedDuration::from_secs(30),
            code_length: 6,
            access_token_lifetime: SignedDuration::from_secs(3600),
            refresh_token_lifetime: None,
            rotate_refresh_tokens: false,
            pkce: Pkce::Optional,
            state_required: false,
            unregistered_scope: UnregisteredScope::Reject,
            revocation: Revocation::Immediate,
            smart: false,
            require_professional_permission: true,
            require_care_relationship: true,
        }
    }
}

/// How `code_challenge` and `code_verifier` are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pkce {
    /// Verified when sent.
    Optional,
    /// An authorization request without a challenge is refused.
    Required,
    /// Ignored altogether.
    Off,
}

/// What becomes of a requested scope that the client is not registered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnregisteredScope {
    /// The whole request fails with `invalid_scope`.
    Reject,
    /// It is left out.
    Drop,
}

/// When a withdrawn access right ends the tokens given before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// At once.
    Immediate,
    /// Access tokens live until they expire; only refresh tokens and codes end at once.
    AtExpiry,
}
