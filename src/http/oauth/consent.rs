//! `POST authorize/consent`: may this application have these rights?

use super::parameters::Parameters;
use super::refusal::{Refusal, Target};
use super::visit::{Outcome, Posted, Visit, answer_form};
use crate::authorization::isolated;
use crate::authorization::{AuthorizationRequest, Session};
use crate::citizens::Citizen;
use crate::http::context::App;
use crate::http::pages::{Application, Consent, SignedIn, decision, field};
use crate::tenant::Open;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// The handler.
pub async fn post(State(app): State<App>, posted: Posted) -> Response {
    answer_form(app, posted, decide).await
}

fn decide(visit: &Visit<'_>, request: AuthorizationRequest, form: &Parameters) -> Outcome {
    let Some((citizen, session)) = visit.signed_in() else { return Ok(visit.start_again()) };
    match form.get(field::DECISION) {
        Some(decision::ACCEPT) if visit.is_other_user(&citizen) || visit.is_stale(session, &request) => {
            Ok(visit.go_on())
        }
        // Whoever is not let in or has not accepted the terms is told so where that is asked.
        Some(decision::ACCEPT)
            if visit.tenant.check_age(&citizen).is_err()
                || visit.tenant.open_question(&citizen, &request) == Open::Terms =>
        {
            Ok(visit.go_on())
        }
        // A second submit gets a code of its own, which ends the first: the browser shows the last answer only.
        Some(decision::ACCEPT) => visit.approve(&citizen, Some(session), &request),
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
    let client = &request.client;
    let view = Consent {
        frame: visit.frame(),
        form: visit.form("consent", session),
        citizen: SignedIn { name: citizen.full_name(), may_switch: true },
        application: Application {
            name: isolated(&client.name),
            logo_uri: client.logo_uri.clone(),
            contacts: client.contacts.clone(),
            description: client.description_in(visit.language.code()).map(str::to_owned),
            home_page: client.client_uri.clone(),
        },
        scopes: request.scopes.iter().map(|scope| scope.to_string()).collect(),
        returns_to: host(&request.redirect_uri),
    };
    view.page().into_response()
}

/// The host of a redirect URI; none for an app's own scheme.
fn host(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    matches!(scheme, "http" | "https").then(|| authority.rsplit('@').next().unwrap_or(authority).to_owned())
}
