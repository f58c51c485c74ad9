//! The resource servers `/phr-resourceserver/baseStu3` and `/phr-resourceserver/baseR4`: one interaction a file.
//!
//! The upstream engine decides by itself what a path means and answers everything it can't handle with an OperationOutcome,
//! never with a 405; so one handler takes all requests below a base, and `route.rs` is the table.
//! What the servers need of the application stands in [`Backend`].

mod access;
mod answer;
mod backend;
mod batch;
mod bundle;
mod call;
mod content;
mod cors;
mod create;
mod delete;
mod history;
mod metadata;
mod page;
mod read;
mod refusal;
mod rendering;
mod route;
mod search;
mod update;
mod validate;

pub use access::{Caller, TokenProblem, access};
pub use refusal::Refusal;

use crate::exchanges::Party;
use crate::fhir::Version;
use crate::http::context::Origin;
use crate::records::Records;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::Extensions;
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;
use call::Call;
use uuid::Uuid;

/// What the resource servers need of the application.
pub trait Backend: Clone + Send + Sync + 'static {
    /// The records of the tenant that answers, with its knobs in force.
    fn records(&self) -> Records;

    /// The knobs of the HTTP side.
    fn knobs(&self) -> Knobs;

    /// Who holds a bearer token; `extensions` are the request's, with the connection and its client certificate.
    ///
    /// # Errors
    /// When the token is not valid here and now; the text says why, for `Sandbox-Reason`.
    fn caller(&self, bearer: &str, extensions: &Extensions) -> Result<Caller, TokenProblem>;

    /// Makes sure that what this patient has from the start is there; called before anything of theirs is looked at.
    fn touch(&self, _patient: Uuid) {}

    /// 16 letters and digits for `X-Request-ID`.
    fn request_id(&self) -> String;
}

/// The knobs of the HTTP side (decisions.md); [`Default`] is the faithful choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knobs {
    /// `rs.no_token`.
    pub no_token: TokenRefusal,
    /// `rs.bad_token`.
    pub bad_token: TokenRefusal,
    /// `metadata.token` for the authorized endpoint.
    pub metadata_token: bool,
    /// `metadata.token` for the open endpoint: no token can be had there, so `metadata` is refused.
    pub open_metadata_token: bool,
    /// `prefer.stu3 = honour`.
    pub prefer_stu3: bool,
    /// `prefer.r4 = honour`.
    pub prefer_r4: bool,
    /// `bundles.stu3`: whether batch and transaction are answered.
    pub bundles_stu3: bool,
    /// `bundles.r4`, by the environment in force.
    pub bundles_r4: bool,
    /// `rs.challenge = rfc6750`.
    pub challenge: bool,
    /// `operations.validate = answer`.
    pub validate: bool,
    /// `if_none_exist.match_status = 201`.
    pub match_is_created: bool,
    /// `smart.enabled`: `metadata` names the authorization server as SMART App Launch wants it.
    pub smart: bool,
}

/// How a request without a valid token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRefusal {
    /// 401 with an OperationOutcome.
    Outcome401,
    /// 401 with the message as plain text.
    Plain401,
    /// 403 with an OperationOutcome.
    Outcome403,
}

impl Default for Knobs {
    fn default() -> Knobs {
        Knobs {
            no_token: TokenRefusal::Outcome401,
            bad_token: TokenRefusal::Outcome403,
            metadata_token: true,
            open_metadata_token: false,
            prefer_stu3: false,
            prefer_r4: true,
            bundles_stu3: false,
            bundles_r4: true,
            challenge: false,
            validate: false,
            match_is_created: false,
            smart: false,
        }
    }
}

impl Knobs {
    /// Whether writes on the base of a version answer with the resource and honour `Prefer`.
    pub fn prefer(&self, version: Version) -> bool {
        match version {
            Version::Stu3 => self.prefer_stu3,
            Version::R4 => self.prefer_r4,
        }
    }
}

impl Knobs {
    /// Whether the base of a version answers batch and transaction.
    pub fn bundles(&self, version: Version) -> bool {
        match version {
            Version::Stu3 => self.bundles_stu3,
            Version::R4 => self.bundles_r4,
        }
    }
}

/// A packed body unpacked, as the resource servers read it; nothing when they refuse it.
pub fn inflated(encoding: &str, body: Bytes) -> Option<Bytes> {
    content::decoded(encoding, body).ok()
}

/// The path of a base without the slash behind it.
pub fn base_path(version: Version) -> &'static str {
    match version {
        Version::Stu3 => "/phr-resourceserver/baseStu3",
        Version::R4 => "/phr-resourceserver/baseR4",
    }
}

/// The routes of both bases.
pub fn routes<B: Backend>() -> Router<B> {
    Version::ALL.into_iter().fold(Router::new(), |router, version| {
        let base = base_path(version);
        let answer = any(move |State(backend): State<B>, origin: Origin, request: Request| {
            handle(backend, version, origin, request)
        });
        router
            .route(base, answer.clone())
            .route(&format!("{base}/"), answer.clone())
            .route(&format!("{base}/{{*path}}"), answer)
    })
}

async fn handle<B: Backend>(backend: B, version: Version, origin: Origin, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let call = match Call::read(&backend, version, &origin, parts, body).await {
        Ok(call) => call,
        Err((refusal, frame)) => return refusal.into_answer().finish(&frame, Party::default()),
    };
    // A commit to a disk must not hold up the other requests of this thread. A read may commit, too: the records that a
    // citizen has from the start are made when they are first looked at.
    let waits = call.records.is_durable();
    let work = move || {
        let (answer, party) = route::answer(&backend, &call);
        answer.finish(&call.frame, party)
    };
    if !waits {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(response) => response,
        // The task panicked, or the runtime is going down.
        Err(_) => Refusal::Internal.into_answer().into_bare_response(),
    }
}
