//! `GET /citizen/applications`, `GET`, `POST /citizen/applications/withdraw`

use super::guest::{Call, Member, answer_form, answer_member};
use super::refusal::Refusal;
use crate::authorization::{AccessRight, RightError, isolated};
use crate::citizens::entry::Moment;
use crate::http::context::App;
use crate::http::pages::Application;
use crate::http::pages::citizen::{Applications, Confirm, Done, GivenRight, Here, PastRight, Question};
use crate::tenant::WithdrawError;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// The parameter and the field that name a client.
const CLIENT: &str = "client_id";

/// All rights that the citizen has given.
pub async fn show(State(app): State<App>, call: Call) -> Response {
    answer_member(app, call, |member| {
        let words = |at| Moment::Instant(at).in_words(member.language());
        let (mut given, mut past) = (Vec::new(), Vec::new());
        // The latest first.
        for right in member.guest.tenant.authorization.access_rights(&member.citizen.id).into_iter().rev() {
            let Some(application) = application(member, &right) else { continue };
            match right.withdrawn_at {
                Some(at) => past.push(PastRight { application: application.name, withdrawn: words(at) }),
                None => given.push(GivenRight {
                    application,
                    scopes: scopes(&right),
                    since: words(right.since),
                    withdraw: member.guest.path(&address(&right.client_id)),
                }),
            }
        }
        let view = Applications { around: member.surroundings(Here::Applications), given, past };
        Ok(view.page().into_response())
    })
    .await
}

/// Asks before an application loses its rights.
pub async fn ask(State(app): State<App>, call: Call) -> Response {
    answer_member(app, call, |member| {
        let client_id = member.guest.query.get(CLIENT).unwrap_or_default();
        let right = member.guest.tenant.authorization.access_right(&member.citizen.id, client_id);
        // One that is taken back already is seen on the list.
        let right = right.filter(|right| right.withdrawn_at.is_none());
        let Some((right, application)) =
            right.and_then(|right| application(member, &right).map(|application| (right, application)))
        else {
            return Ok(member.guest.go("applications"));
        };
        let mut form = member.form("applications/withdraw");
        form.hidden.push((CLIENT.to_owned(), right.client_id.clone()));
        let view = Confirm {
            around: member.surroundings(Here::Applications),
            question: Question::WithdrawRight { application: application.name, scopes: scopes(&right) },
            form,
            back: member.guest.path("applications"),
        };
        Ok(view.page().into_response())
    })
    .await
}

/// Takes an application's rights back. Doing it twice is fine.
pub async fn withdraw(State(app): State<App>, call: Call) -> Response {
    answer_form(app, call, |member, form| {
        let client_id = form.get(CLIENT).ok_or(Refusal::UnknownButton)?;
        match member.guest.tenant.withdraw(&member.citizen.id, client_id) {
            Ok(_) | Err(WithdrawError::Right(RightError::NotGiven)) => {
                Ok(member.done("applications", Done::RightWithdrawn))
            }
            Err(error) => Err(Refusal::internal(error)),
        }
    })
    .await
}

/// The application of a right; none when it is registered no more, and so can do nothing.
pub fn application(member: &Member<'_, '_>, right: &AccessRight) -> Option<Application> {
    let client = member.guest.tenant.authorization.client(&right.client_id)?;
    Some(Application {
        description: client.description_in(member.guest.language.code()).map(str::to_owned),
        name: isolated(&client.name),
        logo_uri: client.logo_uri,
        contacts: client.contacts,
        home_page: client.client_uri,
    })
}

fn scopes(right: &AccessRight) -> Vec<String> {
    right.scopes.iter().map(|scope| scope.to_string()).collect()
}

fn address(client_id: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair(CLIENT, client_id).finish();
    format!("applications/withdraw?{query}")
}
