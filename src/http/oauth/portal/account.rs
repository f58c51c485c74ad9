//! `registeruser`, `login`

use super::{Call, Desk, Outcome, answer, answer_form, page_with};
use crate::authorization::DeveloperError;
use crate::http::context::App;
use crate::http::oauth::refusal::Refusal;
use crate::http::oauth::response::redirect;
use crate::http::oauth::visit::with_cookie;
use crate::http::pages::{Account, AccountKind, AccountProblem};
use crate::http::reason::with_reason;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

/// The recorded words for a failed sign-in (authorization-server.md §1); the end is upstream's.
const FAILED: &str = "Error 401: Authentication Failed: Bad credentials";

/// The page for signing in.
pub async fn show_sign_in(State(app): State<App>, call: Call) -> Response {
    answer(app, call, |desk| show(desk, AccountKind::SignIn, String::new(), None)).await
}

/// The page for making an account.
pub async fn show_make(State(app): State<App>, call: Call) -> Response {
    answer(app, call, |desk| show(desk, AccountKind::Make, String::new(), None)).await
}

/// Signs in.
pub async fn sign_in(State(app): State<App>, call: Call) -> Response {
    answer_form(app, call, |desk, body| {
        let Some(form) = desk.read_form(body)? else { return Ok(desk.again("login")) };
        let (name, password) = (form.get("username").unwrap_or_default(), form.get("password").unwrap_or_default());
        if desk.tenant.authorization.is_developer(name, password) {
            return enter(desk, name);
        }
        let text = "no account has this user name and password; registeruser makes one";
        let page = show(desk, AccountKind::SignIn, name.to_owned(), Some(AccountProblem::Failed(FAILED)))?;
        Ok(with_reason(page, "AUTH-DEVELOPER", text))
    })
    .await
}

/// Makes an account and signs in.
pub async fn make(State(app): State<App>, call: Call) -> Response {
    answer_form(app, call, |desk, body| {
        let Some(form) = desk.read_form(body)? else { return Ok(desk.again("registeruser")) };
        let (name, password) = (form.get("username").unwrap_or_default(), form.get("password").unwrap_or_default());
        let (now, random) = (desk.tenant.clock.now(), &desk.tenant.random);
        let Err(error) = desk.tenant.authorization.add_developer(name, password, now, random) else {
            return enter(desk, name);
        };
        let text = error.to_string();
        let problem = match error {
            DeveloperError::Name => AccountProblem::Name,
            DeveloperError::Password => AccountProblem::Password,
            DeveloperError::Taken => AccountProblem::Taken,
            DeveloperError::Store(error) => return Err(Refusal::Internal(error)),
        };
        let page = show(desk, AccountKind::Make, name.to_owned(), Some(problem))?;
        Ok(with_reason(page, "AUTH-DEVELOPER-ACCOUNT", &text))
    })
    .await
}

fn enter(desk: &Desk<'_>, name: &str) -> Outcome {
    let (cookie, _) = desk.begin(Some(name))?;
    Ok(with_cookie(redirect(&desk.path("manage/")), Some(cookie)))
}

fn show(desk: &Desk<'_>, kind: AccountKind, typed: String, problem: Option<AccountProblem>) -> Outcome {
    let (cookie, session) = desk.any_session()?;
    let (own, other) = match kind {
        AccountKind::SignIn => ("login", "registeruser"),
        AccountKind::Make => ("registeruser", "login"),
    };
    let status = match &problem {
        None => StatusCode::OK,
        Some(AccountProblem::Failed(_)) => StatusCode::UNAUTHORIZED,
        Some(AccountProblem::Taken) => StatusCode::CONFLICT,
        Some(AccountProblem::Name | AccountProblem::Password) => StatusCode::BAD_REQUEST,
    };
    let view =
        Account { frame: desk.frame(), kind, form: desk.form(own, &session), other: desk.path(other), typed, problem };
    Ok(page_with(view.page().with_status(status), cookie))
}
