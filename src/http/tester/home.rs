//! `GET /phr-resourceserver-ui/`: the resource servers within reach, and the token.

use super::desk::{Call, Desk, Fields, Outcome, Refusal};
use crate::http::context::App;
use crate::http::pages::tester::{Home, TokenForm};
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// The handler.
pub async fn show(State(app): State<App>, call: Call) -> Response {
    let desk = Desk::new(app, call);
    let outcome = page(&desk, None, None);
    desk.finish(outcome)
}

/// The page, with what went wrong with a token, and what was chosen for it.
pub fn page(desk: &Desk, problem: Option<String>, asked: Option<&Fields>) -> Outcome {
    let tenant = &desk.app.tenant;
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let token = (!desk.is_open()).then(|| TokenForm {
        form: desk.form(format!("{}token", desk.root())),
        may_obtain: desk.app.front.control_token.is_none(),
        citizens: tenant.citizens.list().into_iter().map(|each| (each.id.clone(), each.full_name())).collect(),
        clients: tenant.authorization.clients().into_iter().map(|each| (each.client_id, each.name)).collect(),
        client_id: match asked {
            Some(asked) => asked.get("client_id").to_owned(),
            None => tenant.ready_client().map(|client| client.client_id).unwrap_or_default(),
        },
        citizen: asked.map(|asked| asked.get("citizen").to_owned()).unwrap_or_default(),
        scope: asked.map(|asked| asked.get("scope").to_owned()).unwrap_or_default(),
        problem,
    });
    let home = Home { around: desk.around(None, Vec::new()), has_open: desk.has_open(), token };
    Ok(home.page().with_status(status).into_response())
}

/// Any other address below.
pub async fn nothing_there(app: App, request: Request) -> Response {
    match Call::from_request(request, &app).await {
        Ok(call) => {
            let desk = Desk::new(app, call);
            desk.finish(Err(Refusal::NotFound("the pages of the tester UI begin at its home page")))
        }
        Err(response) => response,
    }
}
