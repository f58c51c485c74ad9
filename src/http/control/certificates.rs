//! `POST /_sandbox/certificates`

use super::{Problem, read};
use crate::http::context::App;
use crate::pki::{CertificateKind, CertificateRequest, Defect, IssueError, KeyType, Validity};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// What to issue.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    kind: CertificateKind,
    oid: Option<String>,
    common_name: String,
    #[serde(default)]
    key_type: KeyType,
    defect: Option<WantedDefect>,
}

/// What is wrong with it on purpose. (`revoked` comes with revocation.)
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WantedDefect {
    Expired,
    NotYetValid,
    NoOid,
    WrongEku,
    SelfSigned,
    UnknownCa,
}

/// A certificate with its key.
#[derive(Serialize)]
pub struct Shown {
    serial: String,
    certificate: String,
    key: String,
    chain: String,
    pkcs12: String,
    pkcs12_password: String,
}

/// Issues a certificate; 201.
pub async fn issue(State(app): State<App>, body: Bytes) -> Result<(StatusCode, Json<Shown>), Problem> {
    let wanted: Wanted = read(&body)?;
    let now = app.tenant.clock.now();
    let (validity, defect) = match wanted.defect {
        None => (Validity::from(now), None),
        Some(WantedDefect::Expired) => (Validity::expired(now), None),
        Some(WantedDefect::NotYetValid) => (Validity::not_yet(now), None),
        Some(WantedDefect::NoOid) => (Validity::from(now), Some(Defect::NoOid)),
        Some(WantedDefect::WrongEku) => (Validity::from(now), Some(Defect::WrongEku)),
        Some(WantedDefect::SelfSigned) => (Validity::from(now), Some(Defect::SelfSigned)),
        Some(WantedDefect::UnknownCa) => (Validity::from(now), Some(Defect::UnknownCa)),
    };
    let Wanted { kind, oid, common_name, key_type, .. } = wanted;
    let request = CertificateRequest { kind, oid, common_name, key_type, validity, defect };
    // A large RSA key takes a second: not on a thread that serves others.
    let issued = tokio::task::spawn_blocking(move || app.authority.issue(&request, &app.tenant.random)).await;
    let issued = issued.map_err(Problem::store)?.map_err(|error| match error {
        IssueError::Crypto(_) => Problem::store(error),
        _ => Problem::invalid(error),
    })?;
    let shown = Shown {
        serial: issued.serial,
        certificate: issued.certificate,
        key: issued.key,
        chain: issued.chain,
        pkcs12: STANDARD.encode(issued.pkcs12),
        pkcs12_password: issued.pkcs12_password,
    };
    Ok((StatusCode::CREATED, Json(shown)))
}
