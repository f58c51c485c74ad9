//! `GET /citizen/measurements/{kind}`: all results of one kind, as a plot and as a table.

use super::guest::{Call, Member, Outcome, answer_member, base_word};
use super::overview::{is_of, newest_first};
use super::reading::{Code, Reading, TYPES, merged, search_of};
use super::refusal::Refusal;
use crate::authorization::isolated;
use crate::fhir::Version;
use crate::http::context::App;
use crate::http::pages::citizen::{Here, Kind, Measurements, OwnKind, Period, PeriodLink, Plot, Row, Source};
use crate::http::segments::Segments;
use crate::records::{Access, Records, ResourceType};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;

/// Of more results than this on a base only the newest are looked at.
const MOST: usize = 20_000;
/// How many results a page of the table has.
const ROWS: usize = 50;
/// A period with fewer results than this is too short to begin with.
const ENOUGH: usize = 10;

/// What the address asks for.
struct Asked {
    kind: Kind,
    resource_type: ResourceType,
    code: Option<Code>,
}

/// The handler.
pub async fn show(State(app): State<App>, Segments(kind): Segments<String>, call: Call) -> Response {
    answer_member(app, call, move |member| page(member, &kind)).await
}

fn page(member: &Member<'_, '_>, slug: &str) -> Outcome {
    let asked = asked(member, slug).ok_or(Refusal::NotFound("there is no such kind of measurement"))?;
    let query = &member.guest.query;
    let records = member.records();
    let period = match query.get("period") {
        Some(word) => Period::ALL.into_iter().find(|period| period.word() == word).unwrap_or(Period::All),
        None => first_period(member, records.as_ref(), &asked)?,
    };
    let (found, newest_only) = match &records {
        Some((records, access)) => readings(member, records, access, &asked, period)?,
        None => (Vec::new(), false),
    };
    let kind = match (&asked.kind, found.first()) {
        // The words of the newest resource name a kind that has no name of ours.
        (Kind::Other(_), Some(newest)) => newest.kind.clone(),
        (kind, _) => kind.clone(),
    };
    let plot = Plot::of(found.iter().filter_map(|reading| Some((reading.at?, reading.amounts.as_slice()))));
    let number: usize = query.get("page").and_then(|number| number.parse().ok()).unwrap_or(1).max(1);
    let row = |reading: &Reading| Row {
        when: reading.when.clone(),
        amounts: reading.amounts.clone(),
        words: reading.words.clone(),
        source: records.as_ref().map_or(Source::Unknown, |(records, access)| source_of(reading, records, access)),
        href: member.guest.path(&item_address(reading)),
    };
    let from = (number - 1).saturating_mul(ROWS);
    let rows: Vec<Row> = found.iter().skip(from).take(ROWS).map(row).collect();
    let address = address_of(&asked.kind, asked.resource_type, asked.code.as_ref());
    let link = |period: Period, number: usize| {
        let separator = if address.contains('?') { '&' } else { '?' };
        let page = if number > 1 { format!("&page={number}") } else { String::new() };
        member.guest.path(&format!("{address}{separator}period={}{page}", period.word()))
    };
    let view = Measurements {
        around: member.surroundings(Here::Measurements),
        periods: Period::ALL
            .into_iter()
            .map(|each| PeriodLink { period: each, href: link(each, 1), current: each == period })
            .collect(),
        plot,
        total: found.len(),
        newest_only: newest_only.then_some(MOST),
        newer: (number > 1).then(|| link(period, number - 1)),
        older: (from.saturating_add(ROWS) < found.len()).then(|| link(period, number + 1)),
        rows,
        add: OwnKind::from_slug(kind.slug()).map(|own| member.guest.path(&format!("add/{}", own.slug()))),
        kind,
    };
    Ok(view.page().into_response())
}

fn asked(member: &Member<'_, '_>, slug: &str) -> Option<Asked> {
    if let Some(kind) = Kind::from_slug(slug) {
        let (resource_type, _) = search_of(&kind)?;
        return Some(Asked { kind, resource_type, code: None });
    }
    let query = &member.guest.query;
    let resource_type = TYPES.into_iter().find(|each| Some(each.as_str()) == query.get("type"))?;
    let system = query.get("system").map(str::to_owned);
    let code = query.get("code").map(|code| Code { system, code: code.to_owned() });
    (slug == "other").then(|| Asked { kind: Kind::Other(String::new()), resource_type, code })
}

/// The shortest period that has enough to look at.
fn first_period(
    member: &Member<'_, '_>,
    records: Option<&(Records, Access)>,
    asked: &Asked,
) -> Result<Period, Refusal> {
    let Some((records, access)) = records else { return Ok(Period::All) };
    for period in [Period::Month, Period::Quarter, Period::Year] {
        let mut count = 0;
        for version in Version::ALL {
            let mut pairs = pairs(member, access, asked, period);
            pairs.push((String::from("_summary"), String::from("count")));
            let page = records.search(access, version, asked.resource_type, &pairs);
            count += page.map_err(|refusal| Refusal::internal(refusal.reason().1))?.total;
        }
        if count >= ENOUGH {
            return Ok(period);
        }
    }
    Ok(Period::All)
}

/// The results, the newest first, and whether there are older ones that were not looked at.
fn readings(
    member: &Member<'_, '_>,
    records: &Records,
    access: &Access,
    asked: &Asked,
    period: Period,
) -> Result<(Vec<Reading>, bool), Refusal> {
    let (mut found, mut newest_only) = (Vec::new(), false);
    for version in Version::ALL {
        let mut pairs = pairs(member, access, asked, period);
        pairs.push((String::from("_sort"), String::from(newest_first(asked.resource_type))));
        pairs.push((String::from("_count"), MOST.to_string()));
        let page = records.search(access, version, asked.resource_type, &pairs);
        let page = page.map_err(|refusal| Refusal::internal(refusal.reason().1))?;
        newest_only |= page.total > MOST;
        let language = member.language();
        let read = page.hits.iter().filter_map(|hit| Reading::of_hit(hit, version, language));
        found.extend(read.filter(|reading| is_of(reading, &asked.kind, asked.code.as_ref())));
    }
    Ok((merged(found), newest_only))
}

/// The parameters of a search for what is asked.
fn pairs(member: &Member<'_, '_>, access: &Access, asked: &Asked, period: Period) -> Vec<(String, String)> {
    let mut pairs = vec![(String::from("patient"), access.patient().unwrap_or_default().to_string())];
    let token = search_of(&asked.kind).map(|(_, codes)| codes).or_else(|| asked.code.as_ref().map(Code::as_token));
    pairs.extend(token.map(|token| (String::from("code"), token)));
    if let Some(days) = period.days() {
        let now = member.guest.tenant.clock.now();
        let from = now.saturating_sub(SignedDuration::from_hours(24 * days)).unwrap_or(now);
        let name = newest_first(asked.resource_type).trim_start_matches('-');
        pairs.push((name.to_owned(), format!("ge{}", from.strftime("%Y-%m-%dT%H:%M:%SZ"))));
    }
    pairs
}

/// The address of a kind, behind the root.
pub fn address_of(kind: &Kind, resource_type: ResourceType, code: Option<&Code>) -> String {
    let address = format!("measurements/{}", kind.slug());
    let Kind::Other(_) = kind else { return address };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("type", resource_type.as_str());
    if let Some(code) = code {
        if let Some(system) = &code.system {
            query.append_pair("system", system);
        }
        query.append_pair("code", &code.code);
    }
    format!("{address}?{}", query.finish())
}

/// The address of one result, behind the root.
pub fn item_address(reading: &Reading) -> String {
    format!("item/{}/{}/{}", base_word(reading.version), reading.resource_type, reading.id)
}

/// Who stored a reading: the application it names, else the citizen, if it was them.
pub fn source_of(reading: &Reading, records: &Records, access: &Access) -> Source {
    match &reading.application {
        Some(name) => Source::Application(isolated(name)),
        None if records.is_made_by(access, reading.id) => Source::Yourself,
        None => Source::Unknown,
    }
}
