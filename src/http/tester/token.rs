//! `POST /phr-resourceserver-ui/token`: a token is pasted, made for a citizen as the flow would, or forgotten.

use super::desk::{Call, Desk, Outcome};
use super::home;
use crate::http::context::App;
use crate::http::oauth::response::redirect;
use crate::tenant::TokenError;
use axum::extract::State;
use axum::response::Response;

/// The handler.
pub async fn change(State(app): State<App>, call: Call) -> Response {
    let desk = Desk::new(app, call);
    let outcome = decide(&desk);
    desk.finish(outcome)
}

fn decide(desk: &Desk) -> Outcome {
    let form = desk.read_form()?;
    let token = match form.get("do") {
        "forget" => None,
        // As the control API's call, and closed where that one asks for a token of its own.
        "obtain" if desk.app.front.control_token.is_none() && !desk.is_open() => {
            let scope = Some(form.get("scope").trim()).filter(|scope| !scope.is_empty());
            let (citizen, client) = (form.get("citizen"), form.get("client_id"));
            match desk.app.tenant.token_for(citizen, client, scope, &desk.origin().issuer()) {
                Ok(given) => Some(given.access_token),
                Err(error) => return home::page(desk, Some(told(&error)), Some(&form)),
            }
        }
        "paste" => {
            let pasted = form.get("token").trim();
            Some(pasted.strip_prefix("Bearer ").unwrap_or(pasted).trim().to_owned())
        }
        _ => return home::page(desk, Some(String::from("choose one of the buttons of the page")), None),
    };
    let places = desk.places();
    let authorized = places.iter().find(|place| place.endpoint == super::place::Endpoint::Authorized);
    let onward = authorized.filter(|_| token.is_some()).map_or_else(|| desk.root(), |place| place.root.clone());
    let mut response = redirect(&onward);
    if !desk.set_token(&mut response, token.as_deref()) {
        let text = "an access token is at most 3500 letters, digits and - . _ ~ + / =";
        return home::page(desk, Some(String::from(text)), None);
    }
    Ok(response)
}

/// Why there is no token, as the control API tells it.
fn told(error: &TokenError) -> String {
    match error {
        TokenError::Scope(problem) => match problem.hint() {
            Some(hint) => format!("{problem} ({hint})"),
            None => problem.to_string(),
        },
        other => other.to_string(),
    }
}
