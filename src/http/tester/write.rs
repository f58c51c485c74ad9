//! `…/{type}/new`: a resource is created. `…/{type}/{id}/edit`: a version is written. `…/bundle`: a batch or a transaction.
//! Each can be judged first.

use super::desk::Refusal;
use super::desk::{Call, Desk, Fields, Outcome};
use super::editor::{Judged, headers, prefer, profiles, stored, verdict};
use super::entries;
use super::examples;
use super::history::past;
use super::place::{Endpoint, Place};
use super::resource::{Segments4, crumbs, target};
use super::send::{Exchange, Outgoing};
use super::shown;
use super::types::patient;
use crate::fhir::definitions::Selection;
use crate::http::context::App;
use crate::http::pages::tester::{Choice, Crumb, Editor, EditorKind, Forbidden};
use crate::http::segments::Segments;
use crate::json::Document;
use crate::records::{Interaction, ResourceType};
use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Response};

/// The segments of an address: endpoint, base and type.
type Segments3 = Segments<(String, String, String)>;

/// An empty editor.
fn editor(desk: &Desk, place: &Place, kind: EditorKind, crumbs: Vec<Crumb>, action: String) -> Editor {
    Editor {
        around: desk.around(Some(place), crumbs),
        kind,
        form: desk.form(action),
        text: String::new(),
        examples: Vec::new(),
        profiles: Vec::new(),
        if_none_exist: String::new(),
        if_match: String::new(),
        prefer: prefer(""),
        forbidden: None,
        entries: Vec::new(),
        stored: None,
        verdict: None,
        exchange: None,
    }
}

/// Whether a write of the type is refused whatever the body. Without a token that holds, the page says that instead.
fn forbidden(desk: &Desk, place: &Place, resource_type: ResourceType, interaction: Interaction) -> Option<Forbidden> {
    let access = desk.access(place).filter(|_| place.endpoint == Endpoint::Authorized)?;
    let is_nobodys = resource_type == ResourceType::Patient || resource_type.is_conformance();
    // Outside the sandbox environment Questionnaires are not the suppliers' to store.
    let is_closed = resource_type == ResourceType::Questionnaire && !desk.app.tenant.settings().is_sandbox();
    match () {
        () if is_nobodys || is_closed => Some(Forbidden::Type),
        () => (!access.may(interaction, resource_type)).then_some(Forbidden::Scope),
    }
}

/// The editor with what a form holds; `judged` is what can be judged first.
fn filled(
    desk: &Desk,
    place: &Place,
    mut editor: Editor,
    form: &Fields,
    judged: Option<Judged<'_>>,
) -> Result<Editor, Refusal> {
    editor.text = form.text("body");
    editor.if_none_exist = form.get("if_none_exist").to_owned();
    editor.if_match = form.get("if_match").to_owned();
    editor.prefer = prefer(form.get("prefer"));
    for profile in &mut editor.profiles {
        profile.is_current = profile.value == form.get("profile");
    }
    for example in &mut editor.examples {
        example.is_current = example.value == form.get("example");
    }
    match (form.get("do"), judged) {
        ("send", _) => {}
        ("validate", Some(judged)) => {
            let profile = Some(form.get("profile")).filter(|profile| !profile.is_empty());
            editor.verdict = Some(verdict(desk, place, &editor.text, Judged { profile, ..judged }));
        }
        _ => return Err(Refusal::Unsendable("the form says nothing this page can do: use one of its buttons")),
    }
    Ok(editor)
}

/// Sends what an editor holds.
async fn sent(desk: &Desk, place: &Place, mut editor: Editor, form: &Fields, method: Method, target: &str) -> Outcome {
    if editor.verdict.is_none() {
        let body = editor.text.clone().into();
        let exchange = desk.send(place, Outgoing { method, target, headers: headers(form), body }).await?;
        editor.stored = stored(place, &exchange);
        editor.entries = entries::outcomes(place, &exchange);
        editor.exchange = Some(shown::exchange(place, &exchange));
    }
    Ok(editor.page().into_response())
}

/// Which national profiles are in force.
fn selection(desk: &Desk) -> Selection {
    desk.app.tenant.records().settings().definitions
}

fn new_editor(desk: &Desk, place: &Place, resource_type: ResourceType) -> Editor {
    let action = format!("{}/new", place.type_page(resource_type));
    let above = crumbs(place, resource_type, None);
    let mut editor = editor(desk, place, EditorKind::Create(resource_type.as_str()), above, action);
    editor.profiles = profiles(place, &desk.app, resource_type, "");
    editor.forbidden = forbidden(desk, place, resource_type, Interaction::Create);
    editor.examples = examples::of_type(place.version, selection(desk), resource_type)
        .into_iter()
        .map(|example| Choice {
            value: example.name.to_owned(),
            name: match example.profile.as_deref().and_then(|url| url.rsplit('/').next()) {
                Some(profile) => format!("{} ({profile})", example.name),
                None => example.name.to_owned(),
            },
            is_current: false,
        })
        .collect();
    editor
}

/// The page for a new resource: with an example, or like another one.
pub async fn show_new(State(app): State<App>, Segments((endpoint, base, name)): Segments3, call: Call) -> Response {
    let desk = Desk::new(app, call);
    let outcome = async {
        let (place, resource_type) = desk.type_at(&endpoint, &base, &name)?;
        let mut editor = new_editor(&desk, &place, resource_type);
        let random = &desk.app.tenant.random;
        if let Some(id) = desk.parameter("like") {
            let version = desk.parameter("version").map(|version| past(&version)).unwrap_or_default();
            let exchange = desk.send(&place, Outgoing::get(&target(resource_type, &id, &version))).await?;
            match read(&exchange) {
                Some(document) => editor.text = examples::like(document.root(), random),
                None => editor.exchange = Some(shown::exchange(&place, &exchange)),
            }
            return Ok(editor.page().into_response());
        }
        let all = examples::of_type(place.version, selection(&desk), resource_type);
        let wanted = desk.parameter("example");
        let found = all.iter().find(|example| wanted.as_deref().is_none_or(|wanted| wanted == example.name));
        let patient = patient(&desk, &place);
        editor.text = match found {
            Some(example) => example.body(patient, random),
            None => examples::plain(place.version, resource_type, patient, random),
        };
        for choice in &mut editor.examples {
            choice.is_current = found.is_some_and(|example| example.name == choice.value);
        }
        Ok(editor.page().into_response())
    }
    .await;
    desk.finish(outcome)
}

/// Creates, or judges.
pub async fn create(State(app): State<App>, Segments((endpoint, base, name)): Segments3, call: Call) -> Response {
    let desk = Desk::new(app, call);
    let outcome = async {
        let form = desk.read_form()?;
        let (place, resource_type) = desk.type_at(&endpoint, &base, &name)?;
        let judged = Judged { resource_type, id: None, profile: None };
        let editor = filled(&desk, &place, new_editor(&desk, &place, resource_type), &form, Some(judged))?;
        sent(&desk, &place, editor, &form, Method::POST, &format!("/{resource_type}")).await
    }
    .await;
    desk.finish(outcome)
}

fn edit_editor(desk: &Desk, place: &Place, resource_type: ResourceType, id: &str) -> Editor {
    let action = format!("{}/edit", place.resource_page(resource_type, id));
    let above = crumbs(place, resource_type, Some(id));
    let kind = EditorKind::Update(resource_type.as_str(), id.to_owned());
    let mut editor = editor(desk, place, kind, above, action);
    editor.profiles = profiles(place, &desk.app, resource_type, "");
    editor.forbidden = forbidden(desk, place, resource_type, Interaction::Update);
    editor
}

/// The page for a new version, with the present one in it.
pub async fn show_edit(
    State(app): State<App>,
    Segments((endpoint, base, name, id)): Segments4,
    call: Call,
) -> Response {
    let desk = Desk::new(app, call);
    let outcome = async {
        let (place, resource_type) = desk.type_at(&endpoint, &base, &name)?;
        let mut editor = edit_editor(&desk, &place, resource_type, &id);
        let exchange = desk.send(&place, Outgoing::get(&target(resource_type, &id, ""))).await?;
        match read(&exchange) {
            Some(document) => {
                editor.text = shown::pretty(document.root());
                editor.if_match = format!("W/\"{}\"", shown::text(document.root(), &["meta", "versionId"]));
            }
            None => editor.exchange = Some(shown::exchange(&place, &exchange)),
        }
        Ok(editor.page().into_response())
    }
    .await;
    desk.finish(outcome)
}

/// Updates, or judges.
pub async fn update(State(app): State<App>, Segments((endpoint, base, name, id)): Segments4, call: Call) -> Response {
    let desk = Desk::new(app, call);
    let outcome = async {
        let form = desk.read_form()?;
        let (place, resource_type) = desk.type_at(&endpoint, &base, &name)?;
        let judged = Judged { resource_type, id: Some(&id), profile: None };
        let editor = filled(&desk, &place, edit_editor(&desk, &place, resource_type, &id), &form, Some(judged))?;
        sent(&desk, &place, editor, &form, Method::PUT, &target(resource_type, &id, "")).await
    }
    .await;
    desk.finish(outcome)
}

/// The resource in a successful answer.
fn read(exchange: &Exchange) -> Option<Document> {
    Document::parse(exchange.text().filter(|_| exchange.is_success())?).ok()
}

fn bundle_editor(desk: &Desk, place: &Place) -> Editor {
    let above = vec![Crumb { name: place.name(), href: place.root.clone() }];
    editor(desk, place, EditorKind::Bundle, above, format!("{}bundle", place.root))
}

/// The page for a batch or a transaction, with one to begin with.
pub async fn show_bundle(
    State(app): State<App>,
    Segments((endpoint, base)): Segments<(String, String)>,
    call: Call,
) -> Response {
    let desk = Desk::new(app, call);
    let outcome = desk.place(&endpoint, &base).map(|place| {
        let mut editor = bundle_editor(&desk, &place);
        let patient = patient(&desk, &place);
        let random = &desk.app.tenant.random;
        let weights = examples::of_type(place.version, selection(&desk), ResourceType::Observation);
        let weight = weights.iter().find(|example| example.name == "bodyweight-minimal");
        let weight = weight.map(|example| example.body(patient, random)).unwrap_or_else(|| String::from("{}"));
        let who = patient.map(|patient| patient.to_string()).unwrap_or_default();
        editor.text = examples::pretty(&format!(
            "{{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[{{\"fullUrl\":\"urn:uuid:{}\",\"resource\":{weight},\"request\":{{\"method\":\"POST\",\"url\":\"Observation\"}}}},{{\"request\":{{\"method\":\"GET\",\"url\":\"Observation?patient={who}&_count=2\"}}}}]}}",
            random.uuid()
        ));
        editor.page().into_response()
    });
    desk.finish(outcome)
}

/// Sends the Bundle.
pub async fn send_bundle(
    State(app): State<App>,
    Segments((endpoint, base)): Segments<(String, String)>,
    call: Call,
) -> Response {
    let desk = Desk::new(app, call);
    let outcome = async {
        let form = desk.read_form()?;
        let place = desk.place(&endpoint, &base)?;
        let editor = filled(&desk, &place, bundle_editor(&desk, &place), &form, None)?;
        sent(&desk, &place, editor, &form, Method::POST, "").await
    }
    .await;
    desk.finish(outcome)
}
