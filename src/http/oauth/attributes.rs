//! `POST authorize/attributes`: what the identification passes on, to be agreed to.

use super::authorize;
use super::parameters::Parameters;
use super::refusal::{Refusal, Target};
use super::visit::{Outcome, Posted, Visit, answer_form};
use crate::authorization::isolated;
use crate::authorization::{AuthorizationRequest, Session};
use crate::citizens::Citizen;
use crate::http::context::App;
use crate::http::pages::{Attributes, decision, field};
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// The handler.
pub async fn post(State(app): State<App>, posted: Posted) -> Response {
    answer_form(app, posted, decide).await
}

fn decide(visit: &Visit<'_>, request: AuthorizationRequest, form: &Parameters) -> Outcome {
    match form.get(field::DECISION) {
        Some(decision::CONTINUE) => match visit.identified() {
            // Another tab may have identified as somebody else since: their page is shown then.
            Some((citizen, _)) if form.get(field::CITIZEN) == Some(&citizen.id) => {
                authorize::enter(visit, &citizen, &request)
            }
            _ => Ok(visit.go_on()),
        },
        Some(decision::CANCEL) => {
            visit.forget_identified()?;
            Err(Refusal::Cancelled(Target::from(&request)))
        }
        Some(decision::SWITCH) => {
            visit.forget_identified()?;
            Ok(visit.go_on())
        }
        _ => Err(Refusal::UnknownButton),
    }
}

/// The page.
pub(super) fn page(
    visit: &Visit<'_>,
    citizen: &Citizen,
    session: &Session,
    request: &AuthorizationRequest,
) -> Response {
    let mut form = visit.form("attributes", session);
    form.hidden.push((field::CITIZEN.to_owned(), citizen.id.clone()));
    let view = Attributes {
        application: Some(isolated(&request.client.name)),
        ..Attributes::of(citizen, visit.frame(), form)
    };
    view.page().into_response()
}
