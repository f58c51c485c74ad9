//! `GET /citizen/measurements/{kind}`: all results of one kind, as a plot and as a table.

use super::guest::{Call, Member, Outcome, answer_member, base_word};
use super::reading::{Code, Reading, TYPES, search_of};
use super::refusal::Refusal;
use super::wanted::Wanted;
use crate::authorization::isolated;
use crate::http::context::App;
use crate::http::pages::citizen::{Here, Kind, Measurements, OwnKind, Period, PeriodLink, Plot, Row, Source};
use crate::http::segments::Segments;
use crate::records::{Access, Records};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;

/// Of more results than this on a base only the newest are looked at.
const MOST: usize = 20_000;
/// How many results a page of the table has.
const ROWS: usize = 50;
/// A period with fewer results than this is too short to begin with.
const ENOUGH: usize = 10;

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
        Some((records, access)) => {
            asked.newest(records, access, member.language(), beginning(member, period).as_deref(), MOST)?
        }
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
    let address = asked.address();
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

fn asked(member: &Member<'_, '_>, slug: &str) -> Option<Wanted> {
    if let Some(kind) = Kind::from_slug(slug) {
        let (resource_type, _) = search_of(&kind)?;
        return Some(Wanted { kind, resource_type, code: None });
    }
    let query = &member.guest.query;
    let resource_type = TYPES.into_iter().find(|each| Some(each.as_str()) == query.get("type"))?;
    let system = query.get("system").map(str::to_owned);
    let code = query.get("code").map(|code| Code { system, code: code.to_owned() });
    (slug == "other").then(|| Wanted { kind: Kind::Other(String::new()), resource_type, code })
}

/// The shortest period that has enough to look at.
fn first_period(
    member: &Member<'_, '_>,
    records: Option<&(Records, Access)>,
    asked: &Wanted,
) -> Result<Period, Refusal> {
    let Some((records, access)) = records else { return Ok(Period::All) };
    for period in [Period::Month, Period::Quarter, Period::Year] {
        if asked.count(records, access, beginning(member, period).as_deref())? >= ENOUGH {
            return Ok(period);
        }
    }
    Ok(Period::All)
}

/// When a period begins, as FHIR writes it; none for all.
fn beginning(member: &Member<'_, '_>, period: Period) -> Option<String> {
    let now = member.guest.tenant.clock.now();
    let from = now.saturating_sub(SignedDuration::from_hours(24 * period.days()?)).unwrap_or(now);
    Some(from.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
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
