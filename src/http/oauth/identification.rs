//! `POST authorize/identification`: who is at the browser?

use super::parameters::Parameters;
use super::refusal::{Refusal, Target, in_ascii};
use super::visit::{Outcome, Posted, Visit, answer_form, with_cookie};
use crate::authorization::AuthorizationRequest;
use crate::authorization::isolated;
use crate::citizens::{Citizen, PersonalIdentityCode, PersonalIdentityCodeError};
use crate::http::context::App;
use crate::http::pages::{CitizenChoice, Identification, IdentificationProblem, Language, decision, field};
use crate::http::reason::with_reason;
use crate::tenant::Tenant;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// The handler.
pub async fn post(State(app): State<App>, posted: Posted) -> Response {
    answer_form(app, posted, decide).await
}

fn decide(visit: &Visit<'_>, request: AuthorizationRequest, form: &Parameters) -> Outcome {
    if form.get(field::DECISION) == Some(decision::CANCEL) {
        return Err(Refusal::Cancelled(Target::from(&request)));
    }
    if let Some(id) = form.get(field::CITIZEN) {
        return match visit.tenant.citizens.get(id).filter(|citizen| citizen.id == id) {
            Some(citizen) => identified(visit, &citizen),
            None => page(visit, &request, String::new(), Some(IdentificationProblem::NothingChosen)),
        };
    }
    let Some(typed) = form.get(field::PERSONAL_IDENTITY_CODE) else {
        return page(visit, &request, String::new(), Some(IdentificationProblem::Empty));
    };
    match PersonalIdentityCode::parse(typed) {
        Ok(code) => {
            let citizen = visit.tenant.identify(code).map_err(Refusal::internal)?;
            identified(visit, &citizen)
        }
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
            let response = page(visit, &request, typed.to_owned(), Some(problem))?;
            Ok(with_reason(response, "AUTH-IDENTITY-CODE", &in_ascii(&error.to_string())))
        }
    }
}

/// Goes on to the page that says what is passed on.
fn identified(visit: &Visit<'_>, citizen: &Citizen) -> Outcome {
    let cookie = visit.note_identified(citizen)?;
    Ok(with_cookie(visit.go_on(), Some(cookie)))
}

/// The page, at first or with a problem.
pub(super) fn page(
    visit: &Visit<'_>,
    request: &AuthorizationRequest,
    typed: String,
    problem: Option<IdentificationProblem>,
) -> Outcome {
    let (cookie, session) = visit.anonymous_session()?;
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let view = Identification {
        frame: visit.frame(),
        form: visit.form("identification", &session),
        application: Some(isolated(&request.client.name)),
        citizens: visit
            .tenant
            .citizens
            .list()
            .iter()
            .map(|citizen| choice(visit.tenant, citizen, visit.language))
            .collect(),
        minimum_age: visit.settings.age_minimum as u16,
        typed,
        problem,
    };
    Ok(with_cookie(view.page().with_status(status).into_response(), cookie))
}

/// A citizen as pages in a language show them.
pub fn choice(tenant: &Tenant, citizen: &Citizen, language: Language) -> CitizenChoice {
    CitizenChoice {
        id: citizen.id.clone(),
        name: citizen.full_name(),
        personal_identity_code: citizen.personal_identity_code.to_string(),
        age: u16::try_from(tenant.age(citizen)).unwrap_or(0),
        language: citizen.language.as_str().to_owned(),
        description: citizen.description_in(language.code()).to_owned(),
        description_in_english: !citizen.descriptions.contains_key(language.code()),
    }
}
