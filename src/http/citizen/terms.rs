//! `GET`, `POST /citizen/terms`, `GET`, `POST /citizen/terms/withdraw`

use super::applications::application;
use super::guest::{Call, answer_form, answer_member};
use super::refusal::Refusal;
use crate::citizens::entry::Moment;
use crate::http::context::App;
use crate::http::pages::citizen::{Confirm, Done, Here, OwnKind, OwnTerms, Question, TermsEvent};
use crate::http::pages::{decision, field};
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// The hidden field with the version that was shown.
const VERSION: &str = "version";
/// The entry that waits for the terms, in the address and in a hidden field.
const NEXT: &str = "next";

/// The terms, and what the citizen said to them.
pub async fn show(State(app): State<App>, call: Call) -> Response {
    answer_member(app, call, |member| {
        let (tenant, citizen) = (member.guest.tenant, &member.citizen);
        let settings = tenant.settings();
        let words = |at| Moment::Instant(at).in_words(member.language());
        let mut form = member.form("terms");
        form.hidden.push((VERSION.to_owned(), settings.terms_version.clone()));
        if let Some(kind) = member.guest.query.get(NEXT).and_then(waiting) {
            form.hidden.push((NEXT.to_owned(), format!("add/{}", kind.slug())));
        }
        let events = tenant.authorization.terms_acceptances(&citizen.id).into_iter().rev().map(|event| TermsEvent {
            version: event.version,
            accepted: words(event.accepted_at),
            withdrawn: event.withdrawn_at.map(words),
        });
        let view = OwnTerms {
            around: member.surroundings(Here::Terms),
            version: settings.terms_enabled.then(|| settings.terms_version.clone()),
            accepted: tenant.has_accepted_terms(citizen),
            accepted_before: tenant.accepted_before(citizen),
            events: events.collect(),
            form,
            withdraw: member.guest.path("terms/withdraw"),
        };
        Ok(view.page().into_response())
    })
    .await
}

/// Accepts them.
pub async fn accept(State(app): State<App>, call: Call) -> Response {
    answer_form(app, call, |member, form| {
        if form.get(field::DECISION) != Some(decision::ACCEPT) {
            return Err(Refusal::UnknownButton);
        }
        let tenant = member.guest.tenant;
        // Terms that changed while the page was open are shown anew, not accepted unread.
        if form.get(VERSION) != Some(&tenant.settings().terms_version) {
            return Ok(member.guest.go("terms"));
        }
        tenant.accept_terms(&member.citizen).map_err(Refusal::internal)?;
        match form.get(NEXT).and_then(waiting) {
            Some(kind) => Ok(member.done(&format!("add/{}", kind.slug()), Done::TermsAccepted)),
            None => Ok(member.done("terms", Done::TermsAccepted)),
        }
    })
    .await
}

/// Asks before the acceptance is taken back.
pub async fn ask(State(app): State<App>, call: Call) -> Response {
    answer_member(app, call, |member| {
        let rights = member.guest.tenant.authorization.access_rights(&member.citizen.id);
        let in_force = rights.iter().filter(|right| right.withdrawn_at.is_none());
        let view = Confirm {
            around: member.surroundings(Here::Terms),
            question: Question::WithdrawTerms {
                applications: in_force.filter_map(|right| Some(application(member, right)?.name)).collect(),
            },
            form: member.form("terms/withdraw"),
            back: member.guest.path("terms"),
        };
        Ok(view.page().into_response())
    })
    .await
}

/// Takes the acceptance back. Doing it twice is fine.
pub async fn withdraw(State(app): State<App>, call: Call) -> Response {
    answer_form(app, call, |member, _| {
        member.guest.tenant.withdraw_terms(&member.citizen).map_err(Refusal::internal)?;
        Ok(member.done("terms", Done::TermsWithdrawn))
    })
    .await
}

/// The entry that waits. Nothing else of what an address says is followed.
fn waiting(next: &str) -> Option<OwnKind> {
    OwnKind::from_slug(next.strip_prefix("add/")?)
}
