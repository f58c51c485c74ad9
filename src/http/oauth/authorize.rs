//! `GET authorize`: whatever must be asked next, as a page; or the answer to the application.

use super::refusal::{Refusal, Target};
use super::response::empty;
use super::visit::{Outcome, Visit, answer, with_cookie};
use super::{attributes, consent, identification, terms};
use crate::authorization::{AuthorizationRequest, Prompt, Session};
use crate::citizens::{Citizen, PersonalIdentityCode};
use crate::http::blocking::blocking;
use crate::http::context::{App, Origin};
use crate::http::reason::with_reason;
use crate::tenant::Open;
use axum::extract::{RawQuery, State};
use axum::http::header::ALLOW;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;

/// `sandbox_decision`: what the citizen would press, for tests without a browser. (`cancel` needs no citizen at all.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Approve,
    Deny,
}

/// The handler.
pub async fn get(State(app): State<App>, origin: Origin, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    blocking(app, move |app| answer(app, &origin, &headers, query.as_deref(), decide)).await
}

/// `HEAD`, which asks for nothing that could be decided: without this it would be answered as `GET` is, with a code.
pub async fn head() -> Response {
    let text = "use GET: the answer may be a code, which HEAD must not make";
    let mut response = with_reason(empty(StatusCode::METHOD_NOT_ALLOWED), "AUTH-METHOD", text);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
    response
}

fn decide(visit: &Visit<'_>, request: AuthorizationRequest) -> Outcome {
    visit.check_cookie()?;
    let decision = match visit.shortcut("sandbox_decision") {
        None => None,
        Some("approve") => Some(Decision::Approve),
        Some("deny") => Some(Decision::Deny),
        Some("cancel") => return Err(Refusal::Cancelled(Target::from(&request))),
        Some(_) => return Err(Refusal::UnknownDecision),
    };
    if visit.settings.age_sticky
        && let Some((present, _)) = visit.signed_in()
    {
        // A session that stays with a refused citizen does so whoever comes next and whatever is asked.
        let_in(visit, &present, &request)?;
    }
    let user = match visit.shortcut("user_id") {
        None => None,
        Some(code) => {
            let code = PersonalIdentityCode::parse(code).map_err(|error| Refusal::User("user_id", error))?;
            Some(visit.tenant.identify(code).map_err(Refusal::internal)?)
        }
    };
    match (user, decision) {
        (Some(citizen), _) if visit.is_other_user(&citizen) => Err(Refusal::OtherUser(Target::from(&request))),
        (Some(citizen), Some(decision)) => without_pages(visit, &citizen, None, &request, decision),
        (Some(citizen), None) => identified(visit, citizen, &request),
        (None, decision) => match welcome(visit, &request) {
            // It is the application that knows its user: this is not the one (authorization-server.md §9, row 14).
            Some((citizen, _)) if visit.is_other_user(&citizen) => Err(Refusal::OtherUser(Target::from(&request))),
            Some((citizen, session)) => match decision {
                Some(decision) => without_pages(visit, &citizen, Some(session), &request, decision),
                None => ask(visit, &citizen, session, &request),
            },
            None if Visit::is_silent(&request) => Err(Refusal::LoginRequired(Target::from(&request))),
            None => match visit.identified() {
                Some((citizen, session)) => Ok(attributes::page(visit, &citizen, session, &request)),
                None => identification::page(visit, &request, String::new(), None),
            },
        },
    }
}

fn without_pages(
    visit: &Visit<'_>,
    citizen: &Citizen,
    session: Option<&Session>,
    request: &AuthorizationRequest,
    decision: Decision,
) -> Outcome {
    if let Err(refusal) = let_in(visit, citizen, request) {
        return refuse_entry(visit, citizen, refusal);
    }
    match decision {
        Decision::Approve => {
            visit.tenant.accept_terms(citizen).map_err(Refusal::internal)?;
            visit.approve(citizen, session, request)
        }
        Decision::Deny => Err(Refusal::Denied(Target::from(request))),
    }
}

/// `user_id` has said who the citizen is: the session is theirs from now on.
fn identified(visit: &Visit<'_>, citizen: Citizen, request: &AuthorizationRequest) -> Outcome {
    match welcome(visit, request) {
        Some((present, session)) if present.id == citizen.id => ask(visit, &present, session, request),
        _ => enter(visit, &citizen, request),
    }
}

/// Signs a citizen in who has just been identified, and goes on to the next question.
pub(super) fn enter(visit: &Visit<'_>, citizen: &Citizen, request: &AuthorizationRequest) -> Outcome {
    if visit.is_other_user(citizen) {
        visit.forget(citizen)?;
        return Err(Refusal::OtherUser(Target::from(request)));
    }
    if let Err(refusal) = let_in(visit, citizen, request) {
        return refuse_entry(visit, citizen, refusal);
    }
    let cookie: HeaderValue = visit.sign_in(citizen)?;
    // What prompt=login and max_age asked for is done: identifying again and again would not end.
    let done: &[&str] = if request.prompt == Some(Prompt::Login) { &["prompt", "max_age"] } else { &["max_age"] };
    Ok(with_cookie(visit.go_on_with_cookie(done), Some(cookie)))
}

/// Refuses a citizen who may not enter; with `age.sticky` the browser session is theirs all the same, else it forgets them.
fn refuse_entry(visit: &Visit<'_>, citizen: &Citizen, refusal: Refusal) -> Outcome {
    if !visit.settings.age_sticky {
        visit.forget(citizen)?;
        return Err(refusal);
    }
    let cookie = visit.sign_in(citizen)?;
    Ok(with_cookie(refusal.into_response(visit.frame(), None), Some(cookie)))
}

/// The citizen who is signed in, may be, and need not identify anew for this request.
fn welcome<'v>(visit: &'v Visit<'_>, request: &AuthorizationRequest) -> Option<(Citizen, &'v Session)> {
    let must_identify = |session| request.prompt == Some(Prompt::Login) || visit.is_stale(session, request);
    visit.signed_in().filter(|(citizen, session)| visit.tenant.check_age(citizen).is_ok() && !must_identify(session))
}

/// The age limit.
fn let_in(visit: &Visit<'_>, citizen: &Citizen, request: &AuthorizationRequest) -> Result<(), Refusal> {
    visit.tenant.check_age(citizen).map_err(|under_age| Refusal::UnderAge(Target::from(request), under_age))
}

fn ask(visit: &Visit<'_>, citizen: &Citizen, session: &Session, request: &AuthorizationRequest) -> Outcome {
    let open = match visit.tenant.open_question(citizen, request) {
        Open::Nothing if request.prompt == Some(Prompt::Consent) => Open::Consent,
        open => open,
    };
    match open {
        Open::Nothing => visit.approve_again(citizen, session, request),
        _ if Visit::is_silent(request) => Err(Refusal::InteractionRequired(Target::from(request))),
        Open::Terms => Ok(terms::page(visit, citizen, session, request)),
        Open::Consent => Ok(consent::page(visit, citizen, session, request)),
    }
}
