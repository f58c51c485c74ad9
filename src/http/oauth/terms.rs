//! `POST authorize/terms`: the terms of use, once per citizen and version.

use super::parameters::Parameters;
use super::refusal::{Refusal, Target};
use super::visit::{Outcome, Posted, Visit, answer_form};
use crate::authorization::isolated;
use crate::authorization::{AuthorizationRequest, Session};
use crate::citizens::Citizen;
use crate::http::context::App;
use crate::http::pages::{SignedIn, Terms, decision, field};
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// The hidden field with the version that was shown.
const VERSION: &str = "version";

/// The handler.
pub async fn post(State(app): State<App>, posted: Posted) -> Response {
    answer_form(app, posted, decide).await
}

fn decide(visit: &Visit<'_>, request: AuthorizationRequest, form: &Parameters) -> Outcome {
    let Some((citizen, _)) = visit.signed_in() else { return Ok(visit.start_again()) };
    match form.get(field::DECISION) {
        Some(decision::ACCEPT) => {
            // Terms that changed while the page was open are shown anew, not accepted unread.
            if form.get(VERSION) == Some(&visit.settings.terms_version) {
                visit.tenant.accept_terms(&citizen).map_err(Refusal::internal)?;
            }
            Ok(visit.go_on())
        }
        Some(decision::REFUSE) => Err(Refusal::Denied(Target::from(&request))),
        Some(decision::SWITCH) => visit.switch_citizen(),
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
    let mut form = visit.form("terms", session);
    form.hidden.push((VERSION.to_owned(), visit.settings.terms_version.clone()));
    let view = Terms {
        frame: visit.frame(),
        form,
        citizen: SignedIn { name: citizen.full_name(), may_switch: true },
        version: visit.settings.terms_version.clone(),
        accepted_before: visit.tenant.accepted_before(citizen),
        application: Some(isolated(&request.client.name)),
    };
    view.page().into_response()
}
