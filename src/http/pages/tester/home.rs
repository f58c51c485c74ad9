//! The home page: which resource server, and with whose token.

use super::{Holder, Surroundings, markup};
use crate::http::pages::Form;

/// The resource servers and the token.
#[derive(Clone, Debug)]
pub struct Home {
    /// The surroundings.
    pub around: Surroundings,
    /// Whether the environment in force has open resource servers.
    pub has_open: bool,
    /// The token, where there is an endpoint that wants one.
    pub token: Option<TokenForm>,
}

/// The ways to a token.
#[derive(Clone, Debug)]
pub struct TokenForm {
    /// Where all of them are posted.
    pub form: Form,
    /// Whether one can be had here: not where the control API asks for a token of its own.
    pub may_obtain: bool,
    /// Citizens: id, name.
    pub citizens: Vec<(String, String)>,
    /// Clients: id, name.
    pub clients: Vec<(String, String)>,
    /// Which client is offered first.
    pub client_id: String,
    /// Who was chosen.
    pub citizen: String,
    /// The scopes that were typed.
    pub scope: String,
    /// Why the last attempt failed.
    pub problem: Option<String>,
}

markup!(Home, HomeMarkup, "tester/home.html");
