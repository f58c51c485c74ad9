//! `manage/`: a developer's applications, by the rules of the registration endpoint.

use super::{Call, Desk, Outcome, Parameters, answer, answer_form};
use crate::authorization::{
    AuthMethod, ClientError, ClientKind, Issuance, PROFESSIONAL_GRANT_TYPE, RedirectUriProblem, Registered,
    RegistrationError, RegistrationMetadata, Scope, Scopes, Session, grantable_scopes,
};
use crate::http::context::App;
use crate::http::oauth::PREFIX;
use crate::http::oauth::refusal::Refusal;
use crate::http::oauth::register::hint;
use crate::http::oauth::response::redirect;
use crate::http::pages::{
    Credentials, Form, Refusal as RefusalPage, RefusalKind, RegisteredClient, RegistrationForm, RegistrationProblem,
    RegistrationProblemKind, RegistrationValues, Registrations, ScopeChoice, registration_field as named,
};
use crate::http::reason::with_reason;
use crate::http::segments::Segments;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986 are encoded in a segment of a path.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The list.
pub async fn list(State(app): State<App>, call: Call) -> Response {
    answer(app, call, |desk| match desk.developer() {
        Some((developer, session)) => Ok(shown_list(desk, developer, session, false)),
        None => Ok(desk.to_sign_in()),
    })
    .await
}

/// Puts a client on the list whose id and registration access token the developer knows.
pub async fn open(State(app): State<App>, call: Call) -> Response {
    answer_form(app, call, |desk, body| {
        let Some(form) = desk.read_form(body)? else { return Ok(desk.again("manage/")) };
        let Some((developer, session)) = desk.developer() else { return Ok(desk.to_sign_in()) };
        let authorization = &desk.tenant.authorization;
        let token = form.get("registration_access_token").unwrap_or_default().trim();
        let found = authorization.registration_of_token(token);
        let client_id = form.get("client_id").map(str::trim);
        match found.filter(|found| client_id == Some(found.client.client_id.as_str())) {
            Some(found) => {
                authorization.own(developer, &found.client.client_id).map_err(Refusal::internal)?;
                Ok(redirect(&page_of(desk, &found.client.client_id)))
            }
            None => {
                let text = "client id and registration access token do not belong together";
                Ok(with_reason(shown_list(desk, developer, session, true), "AUTH-REGISTRATION-TOKEN", text))
            }
        }
    })
    .await
}

/// The empty form.
pub async fn show_new(State(app): State<App>, call: Call) -> Response {
    answer(app, call, |desk| {
        let Some((developer, session)) = desk.developer() else { return Ok(desk.to_sign_in()) };
        let values = RegistrationValues {
            refresh: true,
            scopes: choices(|scope| matches!(scope, "patient/Observation.read" | "patient/Observation.write")),
            ..RegistrationValues::default()
        };
        Ok(shown(desk, developer, session, None, values, None))
    })
    .await
}

/// Registers.
pub async fn save_new(State(app): State<App>, call: Call) -> Response {
    answer_form(app, call, |desk, body| {
        let Some(form) = desk.read_form(body)? else { return Ok(desk.again("manage/new")) };
        let Some((developer, session)) = desk.developer() else { return Ok(desk.to_sign_in()) };
        let tenant = desk.tenant;
        let (issuer, rules) = (desk.origin.issuer(), tenant.settings().authorization_rules());
        let issuance = Issuance { now: tenant.clock.now(), random: &tenant.random, issuer: &issuer, rules: &rules };
        let metadata = metadata(&form, None);
        if metadata.client_name.is_none() {
            return refused(desk, developer, session, None, &form, ClientError::NameEmpty.into());
        }
        match tenant.authorization.register(&metadata, Some(developer), &issuance) {
            Ok(made) => Ok(redirect(&(page_of(desk, &made.client.client_id) + "?saved=yes"))),
            Err(error) => refused(desk, developer, session, None, &form, error),
        }
    })
    .await
}

/// The form of one application.
pub async fn show(State(app): State<App>, Segments(client_id): Segments<String>, call: Call) -> Response {
    answer(app, call, move |desk| {
        let Some((developer, session)) = desk.developer() else { return Ok(desk.to_sign_in()) };
        let Some(registered) = own(desk, developer, &client_id) else { return Ok(unknown(desk)) };
        let values = values_of(&registered);
        Ok(shown(desk, developer, session, Some(&registered), values, None))
    })
    .await
}

/// Changes it.
pub async fn save(State(app): State<App>, Segments(client_id): Segments<String>, call: Call) -> Response {
    answer_form(app, call, move |desk, body| {
        let Some(form) = desk.read_form(body)? else { return Ok(desk.again("manage/")) };
        let Some((developer, session)) = desk.developer() else { return Ok(desk.to_sign_in()) };
        let Some(registered) = own(desk, developer, &client_id) else { return Ok(unknown(desk)) };
        let metadata = metadata(&form, Some(&registered));
        if metadata.client_name.is_none() {
            return refused(desk, developer, session, Some(&registered), &form, ClientError::NameEmpty.into());
        }
        let smart = desk.tenant.settings().smart_enabled;
        match desk.tenant.authorization.update_registration(&client_id, &metadata, smart, &desk.tenant.random) {
            Ok(_) => Ok(redirect(&(page_of(desk, &client_id) + "?saved=yes"))),
            Err(error) => refused(desk, developer, session, Some(&registered), &form, error),
        }
    })
    .await
}

/// Removes it.
pub async fn remove(State(app): State<App>, Segments(client_id): Segments<String>, call: Call) -> Response {
    answer_form(app, call, move |desk, body| {
        if desk.read_form(body)?.is_none() {
            return Ok(desk.again("manage/"));
        }
        let Some((developer, _)) = desk.developer() else { return Ok(desk.to_sign_in()) };
        if own(desk, developer, &client_id).is_none() {
            return Ok(unknown(desk));
        }
        desk.tenant.authorization.remove_client(&client_id).map_err(Refusal::internal)?;
        Ok(redirect(&desk.path("manage/")))
    })
    .await
}

/// The registration, when it is on the developer's list.
fn own(desk: &Desk<'_>, developer: &str, client_id: &str) -> Option<Registered> {
    let authorization = &desk.tenant.authorization;
    authorization.is_owned(developer, client_id).then(|| authorization.registered(client_id)).flatten()
}

fn unknown(desk: &Desk<'_>) -> Response {
    let view = RefusalPage {
        frame: desk.frame(),
        status: 404,
        kind: RefusalKind::NotFound,
        rule: Some(String::from("AUTH-REGISTRATION-CLIENT")),
        reason: Some(String::from("no such client is on your list; open it with its registration access token")),
        details: Vec::new(),
        retry: Some(desk.path("manage/")),
    };
    let text = "no such client is on the developer's list";
    with_reason(view.page().into_response(), "AUTH-REGISTRATION-CLIENT", text)
}

/// The path of a client's page. The id is one of ours, or was given in seed data.
fn page_of(desk: &Desk<'_>, client_id: &str) -> String {
    desk.path(&format!("manage/client/{}", utf8_percent_encode(client_id, IN_PATH)))
}

fn shown_list(desk: &Desk<'_>, developer: &str, session: &Session, open_failed: bool) -> Response {
    let clients = desk.tenant.authorization.clients_of(developer).into_iter().map(|client| RegisteredClient {
        href: page_of(desk, &client.client_id),
        name: client.name,
        scope: client.scope.to_string(),
        client_id: client.client_id,
    });
    let view = Registrations {
        frame: desk.frame(),
        developer: developer.to_owned(),
        sign_out: desk.path("logout"),
        new_client: desk.path("manage/new"),
        clients: clients.collect(),
        form: desk.form("manage/open", session),
        open_failed,
    };
    let status = if open_failed { StatusCode::FORBIDDEN } else { StatusCode::OK };
    view.page().with_status(status).into_response()
}

fn refused(
    desk: &Desk<'_>,
    developer: &str,
    session: &Session,
    registered: Option<&Registered>,
    form: &Parameters,
    error: RegistrationError,
) -> Outcome {
    if let RegistrationError::Store(error) = error {
        return Err(Refusal::internal(error));
    }
    let (kind, value) = problem_of(&error);
    let fix = hint(&error);
    let problem = RegistrationProblem { kind, value, words: error.to_string() };
    let response = shown(desk, developer, session, registered, values_typed(form), Some(problem));
    Ok(with_reason(response, "AUTH-REGISTRATION", &fix))
}

/// What a page says of a refusal, with the value that is refused.
fn problem_of(error: &RegistrationError) -> (RegistrationProblemKind, Option<String>) {
    use RegistrationProblemKind as Kind;
    match error {
        RegistrationError::RedirectUriMissing => (Kind::RedirectUriMissing, None),
        RegistrationError::RedirectUriFragment(uri) => (Kind::Fragment, Some(uri.clone())),
        RegistrationError::RedirectUri(uri, _) => (Kind::RedirectUri, Some(uri.clone())),
        RegistrationError::ScopeEmpty => (Kind::Scope, None),
        RegistrationError::Client(error) => match error {
            ClientError::NameEmpty => (Kind::NameMissing, None),
            ClientError::Name => (Kind::Name, None),
            ClientError::Words { .. } => (Kind::Words, None),
            ClientError::RedirectUrisMissing => (Kind::RedirectUriMissing, None),
            ClientError::RedirectUri { uri, problem: RedirectUriProblem::Fragment, .. } => {
                (Kind::Fragment, Some(uri.clone()))
            }
            ClientError::RedirectUri { uri, .. } => (Kind::RedirectUri, Some(uri.clone())),
            ClientError::Scope(_) | ClientError::ScopeEmpty => (Kind::Scope, None),
            ClientError::Oid(oid) => (Kind::Oid, Some(oid.clone())),
            ClientError::Characters(_) | ClientError::Taken(_) | ClientError::Store(_) => (Kind::Other, None),
        },
        _ => (Kind::Other, None),
    }
}

fn shown(
    desk: &Desk<'_>,
    developer: &str,
    session: &Session,
    registered: Option<&Registered>,
    values: RegistrationValues,
    problem: Option<RegistrationProblem>,
) -> Response {
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let action = registered.map_or_else(|| desk.path("manage/new"), |one| page_of(desk, &one.client.client_id));
    let form = Form { action: action.clone(), csrf: session.csrf.clone(), hidden: Vec::new() };
    let view = RegistrationForm {
        frame: desk.frame(),
        developer: developer.to_owned(),
        sign_out: desk.path("logout"),
        list: desk.path("manage/"),
        remove: registered.map(|_| Form { action: action + "/remove", ..form.clone() }),
        form,
        credentials: registered.map(|Registered { client, registration, .. }| Credentials {
            client_id: client.client_id.clone(),
            client_secret: client.client_secret.clone(),
            registration_token: registration.token.clone(),
            registration_uri: desk.origin.browser_url(&format!("{PREFIX}/register/{}", client.client_id)),
        }),
        saved: problem.is_none() && form_urlencoded::parse(desk.query.as_bytes()).any(|(name, _)| name == "saved"),
        values,
        problem,
    };
    view.page().with_status(status).into_response()
}

/// The rights that may be ticked: `offline_access` has a box of its own.
fn choices(ticked: impl Fn(&str) -> bool) -> Vec<ScopeChoice> {
    let scopes = grantable_scopes().filter(|scope| *scope != Scope::OfflineAccess).map(|scope| scope.to_string());
    scopes.map(|scope| ScopeChoice { ticked: ticked(&scope), scope }).collect()
}

fn values_of(registered: &Registered) -> RegistrationValues {
    let Registered { client, registration, .. } = registered;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let has = |scopes: &Scopes, word: &str| scopes.iter().any(|scope| scope.to_string() == word);
    RegistrationValues {
        client_name: client.name.clone(),
        redirect_uris: client.redirect_uris.join("\n"),
        post_logout_redirect_uris: client.post_logout_redirect_uris.join("\n"),
        professional: client.kind == ClientKind::Professional,
        refresh: client.may_refresh(),
        scopes: choices(|word| has(&client.scope, word)),
        post: registration.auth_method == AuthMethod::Post,
        description: text(&client.description),
        contacts: client.contacts.join("\n"),
        logo_uri: text(&client.logo_uri),
        client_uri: text(&client.client_uri),
        policy_uri: text(&registration.policy_uri),
        tos_uri: text(&registration.tos_uri),
        oid: text(&client.oid),
    }
}

/// What was typed, to be shown again.
fn values_typed(form: &Parameters) -> RegistrationValues {
    let text = |name: &str| form.get(name).unwrap_or_default().to_owned();
    RegistrationValues {
        client_name: text("client_name"),
        redirect_uris: text("redirect_uris"),
        post_logout_redirect_uris: text("post_logout_redirect_uris"),
        professional: form.get(named::KIND) == Some(named::PROFESSIONAL),
        refresh: form.get(named::REFRESH).is_some(),
        scopes: choices(|scope| form.get(&format!("{}{scope}", named::SCOPE)).is_some()),
        post: form.get("token_endpoint_auth_method") == Some("client_secret_post"),
        description: text("sandbox_description"),
        contacts: text("contacts"),
        logo_uri: text("logo_uri"),
        client_uri: text("client_uri"),
        policy_uri: text("policy_uri"),
        tos_uri: text("tos_uri"),
        oid: text("sandbox_oid"),
    }
}

/// The form as the registration endpoint would be told. What the form has no field for stays as it is.
fn metadata(form: &Parameters, registered: Option<&Registered>) -> RegistrationMetadata {
    let kept = registered.map(|Registered { client, registration, .. }| RegistrationMetadata {
        client_id: Some(client.client_id.clone()),
        software_id: registration.software_id.clone(),
        software_version: registration.software_version.clone(),
        ..RegistrationMetadata::default()
    });
    let text = |name: &str| form.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    let lines = |name: &str| -> Vec<String> {
        let lines = form.get(name).unwrap_or_default().lines();
        lines.map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    let professional = form.get(named::KIND) == Some(named::PROFESSIONAL);
    let refresh = form.get(named::REFRESH).is_some() && !professional;
    let ticked = choices(|scope| form.get(&format!("{}{scope}", named::SCOPE)).is_some());
    let mut scopes: Vec<String> = ticked.into_iter().filter(|each| each.ticked).map(|each| each.scope).collect();
    if refresh {
        scopes.push(String::from("offline_access"));
    }
    let grant_types = match (professional, refresh) {
        (true, _) => vec![PROFESSIONAL_GRANT_TYPE],
        (false, true) => vec!["authorization_code", "refresh_token"],
        (false, false) => vec!["authorization_code"],
    };
    RegistrationMetadata {
        client_name: text("client_name"),
        redirect_uris: lines("redirect_uris"),
        scope: Some(scopes.join(" ")),
        grant_types: grant_types.into_iter().map(str::to_owned).collect(),
        response_types: Vec::new(),
        token_endpoint_auth_method: text("token_endpoint_auth_method"),
        contacts: lines("contacts"),
        logo_uri: text("logo_uri"),
        client_uri: text("client_uri"),
        policy_uri: text("policy_uri"),
        tos_uri: text("tos_uri"),
        post_logout_redirect_uris: lines("post_logout_redirect_uris"),
        sandbox_oid: Some(text("sandbox_oid").unwrap_or_default()),
        sandbox_description: Some(text("sandbox_description").unwrap_or_default()),
        ..kept.unwrap_or_default()
    }
}
