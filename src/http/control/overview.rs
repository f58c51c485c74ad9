//! `GET /_sandbox`, `GET /_sandbox/health`, `GET /_sandbox/ca.pem`

use crate::authorization::Client;
use crate::citizens::Citizen;
use crate::fhir::Version;
use crate::http::context::{App, Front, Origin};
use crate::settings::Environment;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use jiff::Timestamp;
use serde::Serialize;
use std::fmt::Write;

/// `{"status":"ready"}`: the sandbox listens only once it is seeded. 503 once the disk has failed: nothing can be stored
/// then until a restart.
pub async fn health(State(app): State<App>) -> impl IntoResponse {
    let (status, body) = match app.tenant.store.has_failed() {
        false => (StatusCode::OK, r#"{"status":"ready"}"#),
        true => (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"failed"}"#),
    };
    (status, [(header::CONTENT_TYPE, "application/json")], body)
}

/// The root certificate to trust.
pub async fn root_certificate(State(app): State<App>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/x-pem-file")], app.authority.root_pem().to_owned())
}

/// Where everything is.
#[derive(Serialize)]
pub struct Overview {
    name: &'static str,
    version: &'static str,
    notice: &'static str,
    addresses: Addresses,
    environment: &'static str,
    clock: super::clock::Shown,
    client: Option<Client>,
    citizens: Vec<Citizen>,
}

/// The absolute URLs.
#[derive(Serialize)]
pub struct Addresses {
    /// Where the request came to.
    http: Option<String>,
    open_http: Option<String>,
    https: Option<String>,
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    resource_servers: ResourceServers,
    open_resource_servers: Option<ResourceServers>,
    root_certificate: String,
}

/// One base URL per FHIR version.
#[derive(Serialize)]
pub struct ResourceServers {
    stu3: String,
    r4: String,
}

impl ResourceServers {
    fn at(base: &str) -> ResourceServers {
        let url = |version: Version| format!("{base}/phr-resourceserver/{}", version.base_segment());
        ResourceServers { stu3: url(Version::Stu3), r4: url(Version::R4) }
    }
}

/// The overview.
pub async fn overview(State(app): State<App>, origin: Origin) -> Json<Overview> {
    let Front { http, open_http, https, .. } = &*app.front;
    let settings = app.tenant.settings();
    Json(Overview {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        notice: "LOCAL SANDBOX – not the Kanta services. Synthetic people only.",
        addresses: Addresses {
            http: http.clone(),
            open_http: open_http.clone(),
            https: https.clone(),
            issuer: origin.issuer(),
            authorization_endpoint: origin.browser_url("/phr-authserver-sandbox/authorize"),
            token_endpoint: origin.url("/phr-authserver-sandbox/token"),
            resource_servers: ResourceServers::at(&origin.url("")),
            open_resource_servers: open_http.as_deref().filter(|_| settings.is_sandbox()).map(ResourceServers::at),
            root_certificate: origin.url("/_sandbox/ca.pem"),
        },
        environment: settings.environment.as_str(),
        clock: super::clock::shown(&app),
        client: app.tenant.ready_client(),
        citizens: app.tenant.citizens.list(),
    })
}

/// The citizen to try things with: the first who is old enough and has a pseudonym from the start.
pub fn ready_citizen(app: &App, now: Timestamp) -> Option<Citizen> {
    let today = now.to_zoned(crate::time::helsinki().clone()).date();
    let minimum = app.tenant.settings().age_minimum;
    let mut all = app.tenant.citizens.list().into_iter();
    all.find(|citizen| citizen.pseudonym.is_some() && i64::from(citizen.age_on(today)) >= i64::from(minimum))
}

/// What `serve` prints once it is ready.
pub fn text(app: &App) -> String {
    let mut text = String::from("LOCAL SANDBOX – not the Kanta services\n\n");
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name:<22}{value}");
    };
    let front = &*app.front;
    if let Some(http) = front.http.as_ref().or(front.https.as_ref()) {
        let public = front.public_url.as_ref().map_or(http.as_str(), |url| url.as_str());
        line("console", &format!("{public}/"));
        line("issuer", &format!("{public}/phr-authserver-sandbox/"));
        line("FHIR R4", &format!("{http}/phr-resourceserver/baseR4"));
        line("FHIR STU3", &format!("{http}/phr-resourceserver/baseStu3"));
        line("control API", &format!("{http}/_sandbox"));
    }
    let environment = app.tenant.settings().environment;
    if environment != Environment::Sandbox {
        line("rules of", environment.as_str());
    }
    if let Some(open) = front.open_http.as_ref().filter(|_| environment == Environment::Sandbox) {
        line("open FHIR R4", &format!("{open}/phr-resourceserver/baseR4"));
        line("open FHIR STU3", &format!("{open}/phr-resourceserver/baseStu3"));
    }
    for version in Version::ALL {
        for url in app.tenant.profiles().own_urls(version) {
            line(&format!("own {version} profile"), url);
        }
    }
    if let Some(https) = &front.https {
        line("the same by TLS", https);
        if let Some(http) = &front.http {
            line("root to trust", &format!("{http}/_sandbox/ca.pem"));
        }
    }
    let client = app.tenant.ready_client();
    let citizen = ready_citizen(app, app.tenant.clock.now());
    if client.is_none() {
        line("client", "none: the seed data has no client; add one with POST /_sandbox/clients");
    }
    if let Some(client) = &client {
        line("client id", &client.client_id);
        line("client secret", &client.client_secret);
        line("redirect URIs", &client.redirect_uris.join(" "));
    }
    if let Some(citizen) = &citizen {
        line("citizen", &format!("{} ({}), {}", citizen.id, citizen.full_name(), citizen.personal_identity_code));
    }
    if let Some(curl) = front.http.as_deref().and_then(|http| curl_line(app, http)) {
        let _ = write!(text, "\nA token without a browser, and a search with it:\n\n  {curl}\n");
    }
    text.push_str("\nStop with Ctrl-C.\n");
    text
}

/// One shell line that gets a token for the ready citizen and searches with it.
pub fn curl_line(app: &App, base: &str) -> Option<String> {
    let client = app.tenant.ready_client()?;
    let citizen = ready_citizen(app, app.tenant.clock.now())?;
    let control =
        if app.front.control_token.is_some() { " -H \"Authorization: Bearer $PHR_CONTROL_TOKEN\"" } else { "" };
    let (id, client_id, pseudonym) = (&citizen.id, &client.client_id, citizen.pseudonym?);
    let token = format!(
        "$(curl -s{control} {base}/_sandbox/tokens -d '{{\"citizen\":\"{id}\",\"client_id\":\"{client_id}\"}}' | sed 's/.*\"access_token\":\"\\([^\"]*\\).*/\\1/')"
    );
    Some(format!(
        "curl -s -H \"Authorization: Bearer {token}\" '{base}/phr-resourceserver/baseR4/Observation?patient={pseudonym}&_count=2&_pretty=true'"
    ))
}
