//! `GET`, `POST /citizen/add/{kind}`: an entry by one's own hand.

use super::guest::{Call, Member, Outcome, answer_form, answer_member};
use super::refusal::Refusal;
use crate::citizens::entry::{Content, GlucoseMethod};
use crate::http::context::App;
use crate::http::oauth::parameters::Parameters;
use crate::http::oauth::response::redirect;
use crate::http::pages::citizen::{Done, EntryForm, EntryProblem, EntryValues, Here, OwnKind, entry_field as field};
use crate::http::reason::with_reason;
use crate::http::segments::Segments;
use crate::records::Refusal as RecordRefusal;
use crate::tenant::{OwnEntry, OwnEntryError};
use crate::time::helsinki;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::civil::{Date, Time};
use jiff::tz::AmbiguousOffset;
use jiff::{SignedDuration, Timestamp, Zoned};
use rust_decimal::Decimal;
use uuid::Uuid;

/// The longest comment, in characters.
const NOTE: usize = 500;

/// The form, filled with the present moment.
pub async fn show(State(app): State<App>, Segments(slug): Segments<String>, call: Call) -> Response {
    answer_member(app, call, move |member| {
        let kind = OwnKind::from_slug(&slug).ok_or(UNKNOWN)?;
        if !member.guest.tenant.has_accepted_terms(&member.citizen) {
            return Ok(member.guest.go(&format!("terms?next=add/{}", kind.slug())));
        }
        let now = local(member.guest.tenant.clock.now());
        let values = EntryValues {
            date: now.strftime("%Y-%m-%d").to_string(),
            time: now.strftime("%H:%M").to_string(),
            ..EntryValues::default()
        };
        Ok(page(member, kind, member.guest.tenant.random.uuid(), values, Vec::new()))
    })
    .await
}

/// Stores what the form says.
pub async fn save(State(app): State<App>, Segments(slug): Segments<String>, call: Call) -> Response {
    answer_form(app, call, move |member, form| {
        let kind = OwnKind::from_slug(&slug).ok_or(UNKNOWN)?;
        decide(member, kind, form)
    })
    .await
}

const UNKNOWN: Refusal = Refusal::NotFound("weight, blood-pressure, heart-rate and blood-glucose can be entered");

fn decide(member: &Member<'_, '_>, kind: OwnKind, form: &Parameters) -> Outcome {
    let identifier = form.get(field::ENTRY).and_then(|entry| entry.parse().ok()).ok_or(Refusal::UnknownButton)?;
    if kind == OwnKind::BloodGlucose && !matches!(form.get(field::METHOD), Some("meter" | "sensor")) {
        return Err(Refusal::UnknownButton);
    }
    let text = |name| form.get(name).unwrap_or_default().trim().to_owned();
    let values = EntryValues {
        value: text(field::VALUE),
        lower: text(field::LOWER),
        date: text(field::DATE),
        time: text(field::TIME),
        sensor: form.get(field::METHOD) == Some("sensor"),
        // Browsers send line ends as CR LF.
        note: text(field::NOTE).replace("\r\n", "\n"),
        latest: String::new(),
    };
    let mut problems = Vec::new();
    let content = content(kind, &values).map_err(|found| problems.extend(found)).ok();
    let at = moment(member, &values).map_err(|problem| problems.push(problem)).ok();
    if values.note.chars().count() > NOTE {
        problems.push(EntryProblem::NoteTooLong);
    }
    if values.note.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\t')) {
        problems.push(EntryProblem::NoteControl);
    }
    let (Some(content), Some(at), true) = (content, at, problems.is_empty()) else {
        return Ok(page(member, kind, identifier, values, problems));
    };
    let entry = OwnEntry {
        identifier,
        content,
        at,
        note: Some(values.note.as_str()).filter(|note| !note.is_empty()),
        language: member.language(),
    };
    let problem = match member.guest.tenant.enter(&member.citizen, &entry) {
        Ok(()) => return Ok(member.done(&format!("measurements/{}", kind.slug()), Done::Stored)),
        Err(OwnEntryError::TermsNotAccepted) => {
            return Ok(redirect(&member.guest.path(&format!("terms?next=add/{}", kind.slug()))));
        }
        Err(OwnEntryError::UnderAge(under_age)) => return Err(Refusal::UnderAge(under_age)),
        Err(OwnEntryError::Refused(refusal)) => match *refusal {
            RecordRefusal::RealIdentityCode(_) => EntryProblem::NoteWithCode,
            RecordRefusal::Store(error) => return Err(Refusal::Internal(error)),
            refusal => {
                let texts: Vec<String> = refusal.issues().into_iter().map(|issue| issue.diagnostics).collect();
                EntryProblem::Refused(texts.join("; "))
            }
        },
        Err(error) => return Err(Refusal::internal(error)),
    };
    // What may be a real person's code is not even repeated on the page.
    let note = if problem == EntryProblem::NoteWithCode { String::new() } else { values.note.clone() };
    Ok(page(member, kind, identifier, EntryValues { note, ..values }, vec![problem]))
}

fn page(
    member: &Member<'_, '_>,
    kind: OwnKind,
    identifier: Uuid,
    values: EntryValues,
    problems: Vec<EntryProblem>,
) -> Response {
    let mut form = member.form(&format!("add/{}", kind.slug()));
    form.hidden.push((field::ENTRY.to_owned(), identifier.to_string()));
    let latest = local(member.guest.tenant.clock.now()).strftime("%Y-%m-%d").to_string();
    let reason = problems.first().map(EntryProblem::reason);
    let view = EntryForm {
        around: member.surroundings(Here::Measurements),
        kind,
        form,
        values: EntryValues { latest, ..values },
        problems,
        back: member.guest.path(""),
    };
    let response = view.page().into_response();
    match reason {
        Some(reason) => with_reason(response, "CITIZEN-ENTRY", &reason),
        None => response,
    }
}

/// What the numbers say, or everything that is wrong with them.
fn content(kind: OwnKind, values: &EntryValues) -> Result<Content, Vec<EntryProblem>> {
    let value = |least, most| number(field::VALUE, &values.value, least, most);
    let one = |value: Result<Decimal, EntryProblem>| value.map_err(|problem| vec![problem]);
    match kind {
        OwnKind::Weight => Ok(Content::BodyWeight { kilograms: one(value("0.2", "700"))? }),
        OwnKind::HeartRate => Ok(Content::HeartRate { per_minute: one(value("10", "400"))? }),
        OwnKind::BloodGlucose => {
            let method = if values.sensor { GlucoseMethod::Sensor } else { GlucoseMethod::Meter };
            Ok(Content::BloodGlucose { millimoles_per_litre: one(value("0.1", "80"))?, method })
        }
        OwnKind::BloodPressure => match (value("20", "400"), number(field::LOWER, &values.lower, "10", "300")) {
            (Ok(systolic), Ok(diastolic)) if diastolic < systolic => Ok(Content::BloodPressure { systolic, diastolic }),
            (Ok(_), Ok(_)) => Err(vec![EntryProblem::NotLower]),
            (upper, lower) => Err(upper.err().into_iter().chain(lower.err()).collect()),
        },
    }
}

/// A number with a point or a comma, within what bodies do.
fn number(name: &'static str, typed: &str, least: &'static str, most: &'static str) -> Result<Decimal, EntryProblem> {
    let plain = typed.replace(',', ".");
    let is_plain = plain.len() <= 12 && plain.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: Option<Decimal> = Some(plain).filter(|_| is_plain).and_then(|plain| plain.parse().ok());
    let number = number.ok_or(EntryProblem::NoNumber { field: name })?;
    let bound = |text: &str| text.parse::<Decimal>().unwrap_or_default();
    match (bound(least)..=bound(most)).contains(&number) {
        true => Ok(number),
        false => Err(EntryProblem::OutOfRange { field: name, least, most }),
    }
}

/// When it was measured: the citizen's day and time in Finland, not yet to come, not before they were born.
fn moment(member: &Member<'_, '_>, values: &EntryValues) -> Result<Timestamp, EntryProblem> {
    let (date, time) = (values.date.parse::<Date>(), values.time.parse::<Time>());
    let (Ok(date), Ok(time)) = (date, time) else { return Err(EntryProblem::NoMoment) };
    let moment = helsinki().to_ambiguous_zoned(date.to_datetime(time));
    if matches!(moment.offset(), AmbiguousOffset::Gap { .. }) {
        return Err(EntryProblem::NoMoment);
    }
    // An hour that comes twice: the first is meant.
    let moment = moment.earlier().map_err(|_| EntryProblem::NoMoment)?;
    let now = member.guest.tenant.clock.now();
    // The form names minutes: the present one has not ended yet.
    let soon = now.saturating_add(SignedDuration::from_secs(60)).unwrap_or(now);
    if moment.timestamp() > soon {
        return Err(EntryProblem::Future);
    }
    if date < member.citizen.birth_date {
        return Err(EntryProblem::BeforeBirth);
    }
    Ok(moment.timestamp())
}

fn local(instant: Timestamp) -> Zoned {
    instant.to_zoned(helsinki().clone())
}
