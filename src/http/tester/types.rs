//! `GET …/{endpoint}/{base}/`: the types with what is stored of each. `…/metadata`: the CapabilityStatement.

use super::desk::{Call, Desk, Outcome};
use super::place::{Endpoint, Place};
use super::send::Outgoing;
use super::shown;
use crate::http::blocking::blocking;
use crate::http::context::App;
use crate::http::control::overview::ready_citizen;
use crate::http::fhir::Backend;
use crate::http::pages::tester::{Crumb, ExchangeView, PersonLink, TypeRow, Types};
use crate::http::segments::Segments;
use crate::records::{Interaction, ResourceType};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use std::collections::HashMap;
use uuid::Uuid;

/// The handler of the page.
pub async fn show(
    State(app): State<App>,
    Segments((endpoint, base)): Segments<(String, String)>,
    call: Call,
) -> Response {
    // Counting looks at the head of each resource, and the records of a citizen are made when they are first looked at.
    blocking(app.clone(), move |_| {
        let desk = Desk::new(app, call);
        let outcome = desk.place(&endpoint, &base).and_then(|place| page(&desk, &place, Vec::new(), None));
        desk.finish(outcome)
    })
    .await
}

/// The handler of the statement.
pub async fn metadata(
    State(app): State<App>,
    Segments((endpoint, base)): Segments<(String, String)>,
    call: Call,
) -> Response {
    let desk = Desk::new(app, call);
    let outcome = async {
        let place = desk.place(&endpoint, &base)?;
        let exchange = desk.send(&place, Outgoing::get("/metadata")).await?;
        let crumb = Crumb { name: place.name(), href: place.root.clone() };
        page(&desk, &place, vec![crumb], Some(shown::exchange(&place, &exchange)))
    }
    .await;
    desk.finish(outcome)
}

fn page(desk: &Desk, place: &Place, crumbs: Vec<Crumb>, exchange: Option<ExchangeView>) -> Outcome {
    let tenant = &desk.app.tenant;
    let records = tenant.records();
    let person = patient(desk, place);
    if let Some(person) = person {
        desk.app.touch(person);
    }
    let is_open = place.endpoint == Endpoint::Open;
    let access = desk.access(place);
    let counts: HashMap<ResourceType, usize> = match access {
        None => HashMap::new(),
        Some(_) => records.counts(place.version),
    };
    let citizens = tenant.citizens.list();
    let name = |pseudonym: Uuid| {
        let found = citizens.iter().find(|citizen| citizen.pseudonym == Some(pseudonym));
        found.map_or_else(|| pseudonym.to_string(), |citizen| citizen.full_name())
    };
    let query = person.map(|person| format!("?patient={person}")).unwrap_or_default();
    let mut types: Vec<ResourceType> = place.types().collect();
    types.sort_by_key(|resource_type| resource_type.as_str());
    let rows = types.into_iter().map(|resource_type| {
        let is_owned = resource_type.is_in_compartment();
        // What a request would not be told, the page does not tell either: without a token that holds nothing, with one
        // what its scopes let read of its own citizen's.
        let is_read = access.as_ref().is_some_and(|access| access.may(Interaction::Read, resource_type));
        let is_told = is_read && (is_open || !(is_owned || resource_type == ResourceType::Patient));
        TypeRow {
            name: resource_type.as_str(),
            href: format!("{}{query}", place.type_page(resource_type)),
            new: format!("{}/new{query}", place.type_page(resource_type)),
            own: person
                .filter(|_| is_owned && is_read)
                .map(|person| records.count(person, place.version, resource_type)),
            is_somebodys: is_owned,
            all: is_told.then(|| counts.get(&resource_type).copied().unwrap_or(0)),
        }
    });
    let people = citizens.iter().filter_map(|citizen| citizen.pseudonym).filter(|_| is_open).map(|pseudonym| {
        PersonLink { pseudonym: pseudonym.to_string(), name: name(pseudonym), is_current: person == Some(pseudonym) }
    });
    let settings = tenant.settings();
    let bundles = match place.version {
        crate::fhir::Version::Stu3 => settings.bundles_stu3,
        crate::fhir::Version::R4 => settings.bundles_r4,
    };
    let view = Types {
        around: desk.around(Some(place), crumbs),
        version: place.name(),
        is_open,
        base: place.base.clone(),
        root: place.root.clone(),
        has_bundles: settings.bundles(bundles),
        rows: rows.collect(),
        person: person.map(name),
        people: people.collect(),
        exchange,
    };
    Ok(view.page().into_response())
}

/// Whose resources a page is about: the one of the address, else the token's citizen or, on the open endpoint, the one to
/// try things with.
pub fn patient(desk: &Desk, place: &Place) -> Option<Uuid> {
    let tenant = &desk.app.tenant;
    match place.endpoint {
        Endpoint::Authorized => tenant.access_by_token(desk.token()?).ok().map(|info| info.patient),
        Endpoint::Open => {
            let named = desk.parameter("patient").and_then(|id| {
                let id = id.rsplit('/').next().unwrap_or_default().to_owned();
                Uuid::try_parse(&id).ok()
            });
            named.or_else(|| ready_citizen(&desk.app, tenant.clock.now())?.pseudonym)
        }
    }
}
