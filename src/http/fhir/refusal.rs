//! Every no of the resource servers, on the wire.

use super::TokenRefusal;
use super::answer::{Answer, Body};
use crate::fhir::outcome::{ErrorCode, Issue, operation_outcome};
use crate::http::reason::{SANDBOX_REASON, reason};
use crate::records;
use crate::records::not_handled;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};

/// Why a request is not answered as it wishes.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// The rules say no.
    Records(records::Refusal),
    /// The authorized endpoint without a token.
    NoToken(TokenRefusal),
    /// A token that is not valid here and now, and why.
    BadToken(TokenRefusal, String),
    /// A write without a body.
    EmptyBody,
    /// A body without Content-Type that does not begin like JSON: the operation.
    NoContentType(String),
    /// A Content-Type that is not JSON: the header, the operation.
    ContentType(String, String),
    /// A body that is not JSON: why.
    Json(String),
    /// A `Content-Encoding` that is not undone here.
    ContentEncoding(String),
    /// A body that is not the gzip it says it is: why.
    BrokenGzip(String),
    /// A body over the limit.
    TooLarge,
    /// The body ended early.
    BrokenBody,
    /// A resource type that the real server does not have either: its name, the list to name.
    UnknownType(String, &'static str),
    /// The posted body is no Bundle: its type.
    NoBundle(String),
    /// The entry of a transaction that was refused, and with it the whole.
    Entry(usize, Box<Refusal>),
    /// The answer to a Bundle would be longer than this many megabytes.
    TooCostly(usize),
    /// No interaction answers the request.
    NotHandled {
        /// The method.
        method: String,
        /// The path below the base.
        operation: String,
        /// The names of the query parameters.
        parameters: Vec<String>,
        /// Whether the newer engine says it, which calls it `not-supported` (resource-server.md §5).
        newer: bool,
    },
    /// A search that can't be answered, at a path of its own: the routing error there, and why.
    SearchAt(Box<Refusal>, records::Refusal),
    /// A path that goes on behind all that can be asked: the segment, the path.
    PathToken(String, String),
    /// The base alone, without a type or an operation; whether a Bundle was posted.
    Base(bool),
    /// A value of `_summary` or of a page link that has no meaning.
    Parameter(&'static str, String),
    /// Something that should not happen.
    Internal,
}

impl From<records::Refusal> for Refusal {
    fn from(refusal: records::Refusal) -> Refusal {
        Refusal::Records(refusal)
    }
}

impl Refusal {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Refusal::Records(refusal) | Refusal::SearchAt(_, refusal) => refusal.status(),
            Refusal::NoToken(style) | Refusal::BadToken(style, _) => match style {
                TokenRefusal::Outcome401 | TokenRefusal::Plain401 => 401,
                TokenRefusal::Outcome403 => 403,
            },
            // The engine's authorization has no resource to look at then, and denies.
            Refusal::EmptyBody => 403,
            Refusal::TooLarge => 413,
            Refusal::ContentEncoding(_) => 415,
            Refusal::UnknownType(..) => 404,
            Refusal::Entry(_, refusal) => refusal.status(),
            Refusal::Internal => 500,
            Refusal::NoContentType(_)
            | Refusal::NoBundle(_)
            | Refusal::TooCostly(_)
            | Refusal::ContentType(..)
            | Refusal::Json(_)
            | Refusal::BrokenGzip(_)
            | Refusal::BrokenBody
            | Refusal::NotHandled { .. }
            | Refusal::PathToken(..)
            | Refusal::Base(_)
            | Refusal::Parameter(..) => 400,
        }
    }

    fn issues(&self) -> Vec<Issue> {
        vec![match self {
            Refusal::Records(refusal) => return refusal.issues(),
            Refusal::SearchAt(routing, refusal) if refusal.is_routing() => return routing.issues(),
            Refusal::SearchAt(_, refusal) => return refusal.issues(),
            Refusal::NoToken(_) | Refusal::BadToken(..) | Refusal::EmptyBody => {
                Issue::coded(ErrorCode::TokenInvalid, "")
            }
            Refusal::NoContentType(operation) => Issue::error(format!(
                "No Content-Type header was provided in the request. This is required for \"{operation}\" operation"
            )),
            Refusal::ContentType(value, operation) => Issue::error(format!(
                "Incorrect Content-Type header value of \"{value}\" was provided in the request. A FHIR Content-Type is required for \"{operation}\" operation"
            )),
            Refusal::Json(error) => {
                Issue::error(format!("Failed to parse request body as JSON resource. Error was: {error}"))
            }
            Refusal::ContentEncoding(encoding) => {
                Issue::error(format!("Content-Encoding \"{encoding}\" is not supported for request bodies"))
            }
            Refusal::BrokenGzip(error) => Issue::error(format!("The request body could not be inflated: {error}")),
            Refusal::TooLarge => Issue::error("The request body is longer than 10 MB"),
            Refusal::BrokenBody => Issue::error("The request body could not be read"),
            Refusal::NoBundle(found) => {
                Issue::error(format!("Incorrect resource type found, expected \"Bundle\" but found \"{found}\""))
            }
            Refusal::Entry(_, refusal) => return refusal.issues(),
            Refusal::TooCostly(most) => Issue {
                code: "too-costly",
                ..Issue::error(format!("The answer to the Bundle is longer than {most} MB with this entry"))
            },
            Refusal::UnknownType(name, known) => {
                Issue::error(format!("Unknown resource type '{name}' - Server knows how to handle: [{known}]"))
            }
            Refusal::NotHandled { method, operation, parameters, newer } => Issue {
                code: if *newer { "not-supported" } else { "processing" },
                ..Issue::error(not_handled(method, operation, parameters))
            },
            Refusal::PathToken(token, path) => {
                Issue::error(format!("URL path has unexpected token '{token}' at the end: {path}"))
            }
            Refusal::Base(_) => Issue::error(
                "This is the base URL of FHIR server. Unable to handle this request, as it does not contain a resource type or operation name.",
            ),
            Refusal::Parameter(name, value) => Issue::error(format!("Invalid {name} value: \"{value}\"")),
            Refusal::Internal => Issue::coded(ErrorCode::InvalidRequest, ""),
        }]
    }

    fn reason(&self) -> (&str, String) {
        match self {
            Refusal::Records(refusal) | Refusal::SearchAt(_, refusal) => refusal.reason(),
            Refusal::NoToken(_) => (
                "RS-NO-TOKEN",
                "send Authorization: Bearer and an access token, or use the open endpoint, which environment sandbox alone has (knob rs.no_token)".into(),
            ),
            Refusal::BadToken(_, problem) => ("RS-BAD-TOKEN", format!("{problem} (knob rs.bad_token)")),
            Refusal::EmptyBody => {
                ("RS-EMPTY-BODY", "the body is empty; the real server calls that an invalid token".into())
            }
            Refusal::NoContentType(_) | Refusal::ContentType(..) => {
                ("RS-CONTENT-TYPE", "send JSON with Content-Type: application/fhir+json; XML is not supported".into())
            }
            Refusal::Json(_) => ("RS-JSON", "the body is not well-formed JSON".into()),
            Refusal::ContentEncoding(_) => {
                ("RS-CONTENT-ENCODING", "send the body as it is, or with Content-Encoding: gzip".into())
            }
            Refusal::BrokenGzip(_) => {
                ("RS-CONTENT-ENCODING", "Content-Encoding says gzip: compress the body, or leave the header out".into())
            }
            Refusal::TooLarge => ("RS-BODY-LIMIT", "bodies may be 10 MB long, inflated as well".into()),
            Refusal::BrokenBody => ("RS-BODY", "the connection ended within the body".into()),
            Refusal::NoBundle(_) => ("RS-BUNDLE-TYPE", "POST a Bundle here, or a resource to its type".into()),
            Refusal::Entry(index, refusal) => {
                let (rule, fix) = refusal.reason();
                (rule, format!("Bundle.entry[{index}]: {fix}; nothing of the transaction was stored"))
            }
            Refusal::TooCostly(_) => (
                "RS-BUNDLE-ANSWER",
                "ask for less with _count, or in several Bundles or requests of their own".into(),
            ),
            Refusal::UnknownType(..) => ("RS-TYPE-UNKNOWN", "this base has the types of the list, spelled so".into()),
            Refusal::NotHandled { operation, .. } if operation.contains("$validate") => {
                ("RS-OPERATION", "$validate is not supported (knob operations.validate); POST the body to /_sandbox/validate/ instead".into())
            }
            Refusal::PathToken(..) => ("RS-PATH", "a path has a type, an id and at most _history and a version".into()),
            Refusal::NotHandled { .. } => ("RS-NOT-HANDLED", "see metadata for the interactions there are".into()),
            Refusal::Base(true) => (
                "RS-BUNDLE",
                "no batch and transaction on this base; send the resources one by one (knobs bundles.r4, bundles.stu3)"
                    .into(),
            ),
            Refusal::Base(false) => ("RS-BASE", "put a resource type behind the base URL, or metadata".into()),
            Refusal::Parameter(name, _) => ("RS-PARAMETER", parameter_reason(name)),
            Refusal::Internal => ("RS-INTERNAL", "a fault of the sandbox itself; please report it".into()),
        }
    }

    /// What `WWW-Authenticate` says in the words of RFC 6750 §3: nothing for what is no matter of the token.
    pub(super) fn challenge(&self) -> Option<String> {
        match self {
            Refusal::NoToken(_) => Some("Bearer".to_owned()),
            Refusal::BadToken(_, problem) => {
                // A quoted string (RFC 6750 §3) has neither of these.
                let problem: String = problem.chars().filter(|each| !matches!(each, '"' | '\\')).collect();
                Some(format!("Bearer error=\"invalid_token\", error_description=\"{problem}\""))
            }
            Refusal::Records(records::Refusal::Scope(verb, of))
            | Refusal::SearchAt(_, records::Refusal::Scope(verb, of)) => {
                Some(format!("Bearer error=\"insufficient_scope\", scope=\"patient/{of}.{verb}\""))
            }
            Refusal::Records(records::Refusal::Compartment) | Refusal::SearchAt(_, records::Refusal::Compartment) => {
                Some("Bearer error=\"insufficient_scope\"".to_owned())
            }
            Refusal::Entry(_, refusal) => refusal.challenge(),
            _ => None,
        }
    }

    /// The answer with the challenge in the words of RFC 6750.
    pub(super) fn into_challenging_answer(self) -> Answer {
        let challenge = self.challenge().and_then(|challenge| HeaderValue::try_from(challenge).ok());
        let mut answer = self.into_answer();
        if let Some(challenge) = challenge {
            answer.headers.push((header::WWW_AUTHENTICATE, challenge));
        }
        answer
    }

    /// The answer with status, body and `Sandbox-Reason`.
    pub(super) fn into_answer(self) -> Answer {
        // Statuses are written above, or come from a knob with two values.
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let issues = self.issues();
        let plain =
            matches!(self, Refusal::NoToken(TokenRefusal::Plain401) | Refusal::BadToken(TokenRefusal::Plain401, _));
        let body = match issues.first() {
            Some(issue) if plain => Body::Text(issue.diagnostics.clone()),
            _ => Body::Fhir(operation_outcome(&issues).into()),
        };
        let mut answer = Answer::new(status, body);
        let (rule, fix) = self.reason();
        answer.headers.push((HeaderName::from_static(SANDBOX_REASON), reason(rule, &fix)));
        if status == StatusCode::UNAUTHORIZED {
            answer.headers.push((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        }
        if let Refusal::Records(records::Refusal::Deleted(path, _)) = &self {
            answer.location = Some(path.clone());
        }
        answer
    }
}

fn parameter_reason(name: &str) -> String {
    match name {
        "_since" => {
            "_since is an instant such as 2026-06-01T12:00:00Z; percent-encode the + of a zone as %2B".to_owned()
        }
        "_count" | "_getpagesoffset" => format!("{name} is a whole number"),
        "_summary" => "_summary is true, text, data, count or false".to_owned(),
        _ => format!("{name} has no such value"),
    }
}
