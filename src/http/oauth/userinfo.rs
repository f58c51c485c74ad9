//! `GET`, `POST userinfo`: the Patient as it was recorded in 2017, or OpenID Connect claims (setting `userinfo.style`).

use super::bearer_error::{BearerError, bearer};
use super::parameters::Parameters;
use super::response::json;
use super::token::is_form;
use super::token_error::TokenError;
use crate::authorization::{Scope, TokenInfo};
use crate::exchanges::Party;
use crate::fhir::Version;
use crate::http::blocking::blocking;
use crate::http::context::App;
use crate::records::{Access, ResourceType};
use crate::settings::{EmptyParameters, Userinfo};
use crate::tenant::Tenant;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

/// The handler of both methods.
pub async fn answer(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    blocking(app, move |app| {
        let settings = app.tenant.settings();
        let form = if is_form(&headers) { &body[..] } else { b"" };
        let form = match Parameters::parse(form, EmptyParameters::Ignore) {
            Ok(form) => form,
            Err(error) => return TokenError::Parameter(error).into_response(&settings),
        };
        let mut party = Party::default();
        let mut response = match decide(&app.tenant, &headers, &form, &mut party) {
            Ok(text) => json(StatusCode::OK, text),
            Err(error) => error.into_response(&settings),
        };
        response.extensions_mut().insert(party);
        response
    })
    .await
}

fn decide(tenant: &Tenant, headers: &HeaderMap, form: &Parameters, party: &mut Party) -> Result<String, BearerError> {
    let token = bearer(headers, form.get("access_token"))?;
    let info =
        tenant.access_by_token(token).map_err(|problem| BearerError::Bad { token: token.to_owned(), problem })?;
    party.client_id = Some(info.client_id.clone());
    party.citizen = Some(info.citizen.clone());
    if !info.scopes.contains(Scope::OpenId) {
        return Err(BearerError::NoOpenId);
    }
    match tenant.settings().userinfo_style {
        Userinfo::Oidc => Ok(serde_json::json!({ "sub": info.patient }).to_string()),
        Userinfo::Patient => patient(tenant, &info).ok_or(BearerError::PatientGone),
    }
}

/// The Patient of the STU3 base with `"status":"ok"` behind its members.
fn patient(tenant: &Tenant, info: &TokenInfo) -> Option<String> {
    tenant.touch(info.patient).ok()?;
    let access = Access::Citizen { patient: info.patient };
    let id = info.patient.to_string();
    let stored = tenant.records().read(&access, Version::Stu3, ResourceType::Patient, &id).ok()?;
    let members = stored.text().trim_end().strip_suffix('}')?;
    Some(format!("{members},\"status\":\"ok\"}}"))
}
