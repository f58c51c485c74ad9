//! `GET`, `POST /citizen/professionals`: may professionals see the data?

use super::guest::{Call, answer_form, answer_member};
use super::refusal::Refusal;
use crate::citizens::entry::Moment;
use crate::http::context::App;
use crate::http::pages::citizen::{Done, Here, Professionals};
use crate::http::pages::{decision, field};
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// What the citizen said last.
pub async fn show(State(app): State<App>, call: Call) -> Response {
    answer_member(app, call, |member| {
        let standing = member.guest.tenant.authorization.professional_permission(&member.citizen.id);
        let words = |at| Moment::Instant(at).in_words(member.language());
        let view = Professionals {
            around: member.surroundings(Here::Professionals),
            said: standing.map(|standing| (standing.holds, words(standing.since))),
            form: member.form("professionals"),
        };
        Ok(view.page().into_response())
    })
    .await
}

/// Records what the citizen says now.
pub async fn decide(State(app): State<App>, call: Call) -> Response {
    answer_form(app, call, |member, form| {
        let (permitted, done) = match form.get(field::DECISION) {
            Some(decision::ACCEPT) => (true, Done::ProfessionalsAllowed),
            Some(decision::REFUSE) => (false, Done::ProfessionalsForbidden),
            _ => return Err(Refusal::UnknownButton),
        };
        let tenant = member.guest.tenant;
        let said = tenant.authorization.permit_professionals(&member.citizen.id, permitted, tenant.clock.now());
        said.map_err(Refusal::internal)?;
        Ok(member.done("professionals", done))
    })
    .await
}
