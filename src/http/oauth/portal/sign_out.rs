//! `logout`, and `endsession` for applications (OpenID Connect RP-Initiated Logout 1.0): as upstream, whoever is signed
//! in is asked first, and the browser goes back to the application only to an address that is registered for that.

use super::{COOKIE, Call, Desk, Parameters, answer, answer_form};
use crate::http::context::App;
use crate::http::oauth::refusal::Refusal;
use crate::http::oauth::response::{redirect, with_parameters};
use crate::http::oauth::visit::{SESSION_COOKIE, cookie, cookie_name, is_foreign, with_cookie};
use crate::http::pages::{Farewell, FarewellKind, Form, SignOut, field};
use crate::http::reason::with_reason;
use crate::settings::EmptyParameters;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// What an application may say, and the page's form says again.
const PARAMETERS: [&str; 4] = ["post_logout_redirect_uri", "id_token_hint", "client_id", "state"];

/// Where the browser goes afterwards.
enum Afterwards {
    /// It stays.
    Here,
    /// Back to the application.
    Back(String),
    /// It stays, though the application wants it back: why.
    Refused(String),
}

/// Asks before signing out: a link on another site must not do it.
pub async fn show(State(app): State<App>, call: Call) -> Response {
    answer(app, call, |desk| {
        let asked = Parameters::parse(desk.query.as_bytes(), EmptyParameters::Ignore).map_err(Refusal::Parameter)?;
        let afterwards = afterwards(desk, &asked);
        let csrf = citizen_csrf(desk).or_else(|| desk.developer().map(|(_, session)| session.csrf.clone()));
        let Some(csrf) = csrf else { return Ok(done(desk, afterwards)) };
        let said = |name: &str| Some((name.to_owned(), asked.get(name)?.to_owned()));
        let form =
            Form { action: desk.path("logout"), csrf, hidden: PARAMETERS.into_iter().filter_map(said).collect() };
        let goes_back = matches!(afterwards, Afterwards::Back(_));
        let page = SignOut { frame: desk.frame(), form, goes_back }.page().into_response();
        Ok(explained(page, &afterwards))
    })
    .await
}

/// Signs everybody out, citizen and developer.
pub async fn end(State(app): State<App>, call: Call) -> Response {
    answer_form(app, call, |desk, body| {
        if is_foreign(desk.headers, desk.origin) {
            return Err(Refusal::ForgedForm("the form was sent from another site"));
        }
        let form = Parameters::parse(body, EmptyParameters::Ignore).map_err(Refusal::Parameter)?;
        let csrf = form.get(field::CSRF).ok_or(Refusal::ForgedForm("the form carries no token of ours"))?;
        let now = desk.tenant.clock.now();
        let sessions: Vec<(&str, _)> = [SESSION_COOKIE, COOKIE]
            .into_iter()
            .filter_map(|name| {
                let value = cookie(desk.headers, &cookie_name(name, desk.origin))?;
                Some((name, (value, desk.tenant.authorization.session(value, now)?)))
            })
            .collect();
        if !sessions.is_empty() && !sessions.iter().any(|(_, (_, session))| session.made(csrf)) {
            return Ok(desk.again("logout"));
        }
        let mut response = done(desk, afterwards(desk, &form));
        for (name, (value, _)) in sessions {
            desk.tenant.authorization.end_session(value).map_err(Refusal::internal)?;
            response = with_cookie(response, Some(desk.cookie(name, "", "; Max-Age=0")?));
        }
        Ok(response)
    })
    .await
}

/// The form token of a citizen's session, if one is signed in in this browser.
fn citizen_csrf(desk: &Desk<'_>) -> Option<String> {
    let value = cookie(desk.headers, &cookie_name(SESSION_COOKIE, desk.origin))?;
    let session = desk.tenant.authorization.session(value, desk.tenant.clock.now())?;
    session.citizen.is_some().then_some(session.csrf)
}

/// Where the application wants the browser afterwards, and may have it. Who the application is says the `id_token` it was
/// given, however old, or its `client_id`.
fn afterwards(desk: &Desk<'_>, asked: &Parameters) -> Afterwards {
    let Some(uri) = asked.get("post_logout_redirect_uri") else { return Afterwards::Here };
    let refused = |why: &str| Afterwards::Refused(format!("the browser does not go back to the application: {why}"));
    let authorization = &desk.tenant.authorization;
    let hinted = match asked.get("id_token_hint") {
        Some(token) => match authorization.id_token_audience(token) {
            Some(client_id) => Some(client_id),
            None => return refused("id_token_hint is no id_token of this server"),
        },
        None => None,
    };
    let named = asked.get("client_id").map(str::to_owned);
    if named.is_some() && hinted.is_some() && named != hinted {
        return refused("client_id is not the client that the id_token_hint was given to");
    }
    let Some(client_id) = hinted.or(named) else {
        return refused(
            "send id_token_hint (the id_token of the scope openid) or client_id beside post_logout_redirect_uri",
        );
    };
    let Some(client) = authorization.client(&client_id) else { return refused("no such client is registered") };
    if !client.post_logout_redirect_uris.iter().any(|registered| registered == uri) {
        return refused("post_logout_redirect_uri must equal one of the client's registered post_logout_redirect_uris");
    }
    Afterwards::Back(with_parameters(uri, &[("state", asked.get("state"))]))
}

fn done(desk: &Desk<'_>, afterwards: Afterwards) -> Response {
    match &afterwards {
        Afterwards::Back(uri) => redirect(uri),
        Afterwards::Here | Afterwards::Refused(_) => {
            let note = match &afterwards {
                Afterwards::Refused(why) => Some(why.clone()),
                _ => None,
            };
            let view = Farewell { frame: desk.frame(), kind: FarewellKind::SignedOut, onward: None, note };
            explained(view.page().into_response(), &afterwards)
        }
    }
}

fn explained(response: Response, afterwards: &Afterwards) -> Response {
    match afterwards {
        Afterwards::Refused(why) => with_reason(response, "AUTH-POST-LOGOUT", why),
        Afterwards::Here | Afterwards::Back(_) => response,
    }
}
