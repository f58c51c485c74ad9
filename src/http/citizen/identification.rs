//! `sign-in`, `attributes`, `sign-out`

use super::guest::{Call, Guest, Outcome, answer};
use super::refusal::Refusal;
use crate::citizens::{Citizen, PersonalIdentityCode, PersonalIdentityCodeError};
use crate::http::context::App;
use crate::http::oauth::visit::with_cookie;
use crate::http::oauth::{citizen_choice, refusal::in_ascii};
use crate::http::pages::{
    Attributes, Farewell, FarewellKind, FormAction, Identification, IdentificationProblem, SignOut, decision, field,
};
use crate::http::reason::with_reason;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// The identification, or what it passes on.
pub async fn show(State(app): State<App>, call: Call) -> Response {
    answer(app, call, |guest| {
        if guest.member()?.is_some() {
            return Ok(guest.go(""));
        }
        match guest.identified() {
            Some((citizen, session)) => {
                let mut form = guest.form("attributes", session);
                form.hidden.push((field::CITIZEN.to_owned(), citizen.id.clone()));
                let page = Attributes::of(&citizen, guest.frame(), form).page();
                Ok(page.with_form_action(FormAction::Own).into_response())
            }
            None => page(guest, String::new(), None),
        }
    })
    .await
}

/// Identifies.
pub async fn identify(State(app): State<App>, call: Call) -> Response {
    answer(app, call, |guest| {
        let Some(form) = guest.read_form()? else { return Ok(guest.start_again()) };
        if form.get(field::DECISION) == Some(decision::CANCEL) {
            return leave(guest);
        }
        if let Some(id) = form.get(field::CITIZEN) {
            return match guest.tenant.citizens.get(id).filter(|citizen| citizen.id == id) {
                Some(citizen) => identified(guest, &citizen),
                None => page(guest, String::new(), Some(IdentificationProblem::NothingChosen)),
            };
        }
        let Some(typed) = form.get(field::PERSONAL_IDENTITY_CODE) else {
            return page(guest, String::new(), Some(IdentificationProblem::Empty));
        };
        match PersonalIdentityCode::parse(typed) {
            Ok(code) => identified(guest, &guest.tenant.identify(code).map_err(Refusal::internal)?),
            Err(error) => {
                let (problem, typed) = match error {
                    PersonalIdentityCodeError::Malformed => (IdentificationProblem::Malformed, typed),
                    PersonalIdentityCodeError::NoSuchDate => (IdentificationProblem::NoSuchDate, typed),
                    PersonalIdentityCodeError::WrongCheckCharacter { .. } => {
                        (IdentificationProblem::WrongCheckCharacter, typed)
                    }
                    // It may be a real person's: not even the page repeats it.
                    PersonalIdentityCodeError::NotSynthetic => (IdentificationProblem::NotSynthetic, ""),
                };
                let response = page(guest, typed.to_owned(), Some(problem))?;
                Ok(with_reason(response, "CITIZEN-IDENTITY-CODE", &in_ascii(&error.to_string())))
            }
        }
    })
    .await
}

/// Goes on from the page of what is passed on.
pub async fn go_on(State(app): State<App>, call: Call) -> Response {
    answer(app, call, |guest| {
        let Some(form) = guest.read_form()? else { return Ok(guest.start_again()) };
        match form.get(field::DECISION) {
            Some(decision::CONTINUE) => match guest.identified() {
                // Another tab may have identified as somebody else since.
                Some((citizen, _)) if form.get(field::CITIZEN) == Some(&citizen.id) => enter(guest, &citizen),
                _ => Ok(guest.go("sign-in")),
            },
            Some(decision::CANCEL) => leave(guest),
            Some(decision::SWITCH) => Ok(with_cookie(guest.go("sign-in"), Some(guest.end_session()?))),
            _ => Err(Refusal::UnknownButton),
        }
    })
    .await
}

/// Asks before signing out, for those who have no button for it: a session that stays with somebody too young.
pub async fn show_sign_out(State(app): State<App>, call: Call) -> Response {
    answer(app, call, |guest| match guest.signed_in() {
        Some((_, session)) => {
            Ok(SignOut { frame: guest.frame(), form: guest.form("sign-out", session), goes_back: false }
                .page()
                .into_response())
        }
        None => Ok(farewell(guest, FarewellKind::SignedOut)),
    })
    .await
}

/// Signs out.
pub async fn sign_out(State(app): State<App>, call: Call) -> Response {
    answer(app, call, |guest| match guest.read_form()? {
        Some(_) => Ok(with_cookie(guest.go("sign-out"), Some(guest.end_session()?))),
        None => Ok(guest.start_again()),
    })
    .await
}

fn identified(guest: &Guest<'_>, citizen: &Citizen) -> Outcome {
    let cookie = guest.note_identified(citizen)?;
    Ok(with_cookie(guest.go("sign-in"), Some(cookie)))
}

/// Signs in whoever is old enough; with `age.sticky` the session is the others' all the same.
fn enter(guest: &Guest<'_>, citizen: &Citizen) -> Outcome {
    match guest.tenant.check_age(citizen) {
        Err(under_age) if !guest.tenant.settings().age_sticky => Err(Refusal::UnderAge(under_age)),
        _ => Ok(with_cookie(guest.go(""), Some(guest.sign_in(citizen)?))),
    }
}

fn leave(guest: &Guest<'_>) -> Outcome {
    Ok(with_cookie(farewell(guest, FarewellKind::Done), Some(guest.end_session()?)))
}

fn farewell(guest: &Guest<'_>, kind: FarewellKind) -> Response {
    Farewell { frame: guest.frame(), kind, onward: Some(guest.path("sign-in")), note: None }.page().into_response()
}

fn page(guest: &Guest<'_>, typed: String, problem: Option<IdentificationProblem>) -> Outcome {
    let (cookie, session) = guest.anonymous_session()?;
    let tenant = guest.tenant;
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let view = Identification {
        frame: guest.frame(),
        form: guest.form("sign-in", &session),
        application: None,
        citizens: tenant
            .citizens
            .list()
            .iter()
            .map(|citizen| citizen_choice(tenant, citizen, guest.language))
            .collect(),
        minimum_age: u16::try_from(tenant.settings().age_minimum).unwrap_or(u16::MAX),
        typed,
        problem,
    };
    let page = view.page().with_form_action(FormAction::Own).with_status(status);
    Ok(with_cookie(page.into_response(), cookie))
}
