//! `POST /_sandbox/validate/{stu3 or r4}[?profile=]`

use super::Problem;
use crate::fhir::Version;
use crate::fhir::validation::{self, Finding, ForeignProfiles, Options, report};
use crate::http::context::App;
use crate::http::reason::with_reason;
use crate::http::segments::Segments;
use crate::json::Document;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

/// A profile to judge by, whatever the resource names.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    profile: Option<String>,
}

type BadQuery = axum::extract::rejection::QueryRejection;

/// The verdict as an OperationOutcome, whatever it is; nothing is stored. Each issue has its rule in `details.text` and what
/// to do in `diagnostics`, as the command `validate` has it; `Sandbox-Reason` has those of the first error.
pub async fn judge(
    State(app): State<App>,
    Segments(version): Segments<String>,
    parameters: Result<Query<Parameters>, BadQuery>,
    body: Bytes,
) -> Result<Response, Problem> {
    let version: Version = version
        .parse()
        .map_err(|_| Problem::not_found("FHIR version", format_args!("{version:?}; there are stu3 and r4")))?;
    let Query(Parameters { profile }) = parameters.map_err(|error| Problem::invalid(error.body_text()))?;
    let findings = findings(&app, version, profile, &body)?;
    let outcome = report::outcome(&findings).to_string();
    let answer = ([(header::CONTENT_TYPE, "application/fhir+json;charset=UTF-8")], outcome).into_response();
    Ok(match findings.iter().find(|finding| finding.is_error()) {
        Some(Finding { rule, text, fix: Some(fix), .. }) => with_reason(answer, rule, &format!("{text}; {fix}")),
        Some(Finding { rule, text, .. }) => with_reason(answer, rule, text),
        None => answer,
    })
}

/// What there is to say about a body, by the knobs in force. `profile` judges by that profile, whatever the resource names.
///
/// # Errors
/// When the profile is unknown.
pub fn findings(app: &App, version: Version, profile: Option<String>, body: &[u8]) -> Result<Vec<Finding>, Problem> {
    let settings = *app.tenant.records().settings();
    let definitions = app.tenant.profiles().of(version, settings.definitions);
    if let Some(profile) = profile.as_deref()
        && definitions.profile(profile).is_none()
    {
        return Err(Problem::not_found("profile", format_args!("{profile:?} for {version}")));
    }
    let document = match Document::from_bytes(body) {
        Ok(document) => document,
        Err(error) => return Ok(vec![validation::unreadable(&error)]),
    };
    let foreign_profiles = match settings.foreign_profiles {
        true => ForeignProfiles::Allow,
        false => ForeignProfiles::Refuse,
    };
    let texts_of_2018 = settings.texts_of_2018;
    let now = Some(app.tenant.clock.now());
    let refuse_wrong_display = settings.refuse_wrong_display;
    let options = Options { profile, foreign_profiles, refuse_wrong_display, texts_of_2018, now, ..Options::default() };
    Ok(validation::validate(definitions, &document, &options))
}
