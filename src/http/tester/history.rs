//! `GET …/{type}/{id}/history`: the versions of a resource; `…/{version}`: one of them; `…/changes?from=&to=`: what changed
//! between two.

use super::desk::{Call, Desk};
use super::place::Place;
use super::resource::{self, Segments4, crumbs, target};
use super::send::{Exchange, Outgoing};
use super::shown::{self, text};
use crate::http::context::App;
use crate::http::pages::tester::{Changed, Changes, History, VersionRow};
use crate::http::segments::Segments;
use crate::json::{Document, Value};
use crate::records::ResourceType;
use crate::time::to_helsinki;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Comparing costs the product of the lines: longer texts are compared line by line in their places.
const MOST_LINES: usize = 1500;

/// How many lines around a change are shown.
const AROUND: usize = 3;

/// Fewer lines that are the same are not worth folding.
const FEWEST_FOLDED: usize = 3;

/// The handler of the list.
pub async fn show(State(app): State<App>, Segments((endpoint, base, name, id)): Segments4, call: Call) -> Response {
    let desk = Desk::new(app, call);
    let outcome = async {
        let (place, resource_type) = desk.type_at(&endpoint, &base, &name)?;
        let exchange = desk.send(&place, Outgoing::get(&target(resource_type, &id, "/_history"))).await?;
        let view = History {
            around: desk.around(Some(&place), crumbs(&place, resource_type, Some(&id))),
            type_name: resource_type.as_str(),
            href: place.resource_page(resource_type, &id),
            rows: rows(&desk, &place, resource_type, &id, &exchange),
            exchange: shown::exchange(&place, &exchange),
            id,
        };
        Ok(view.page().into_response())
    }
    .await;
    desk.finish(outcome)
}

/// The versions in a Bundle of type history, the newest first as the server has them.
fn rows(desk: &Desk, place: &Place, resource_type: ResourceType, id: &str, exchange: &Exchange) -> Vec<VersionRow> {
    let document = exchange.text().filter(|_| exchange.is_success()).and_then(|text| Document::parse(text).ok());
    let Some(document) = document else { return Vec::new() };
    let entries = document.root().get("entry").into_iter().flat_map(Value::items);
    let mut rows: Vec<VersionRow> = entries
        .map(|entry| {
            let resource = entry.get("resource");
            let meta = |key: &str| resource.map_or("", |resource| text(resource, &["meta", key])).to_owned();
            let method = text(entry, &["request", "method"]);
            // A deletion has no resource; its request names the version.
            let of_url = text(entry, &["request", "url"]).rsplit_once("/_history/").map_or("", |(_, version)| version);
            let version = Some(meta("versionId")).filter(|version| !version.is_empty());
            VersionRow {
                version: version.unwrap_or_else(|| of_url.to_owned()),
                method: method.to_owned(),
                when: shown::moment(&meta("lastUpdated")),
                is_readable: resource.is_some(),
                before: None,
            }
        })
        .collect();
    // The Bundle does not say when a deletion was; the store does.
    if rows.iter().any(|row| row.when.is_empty())
        && let Some(access) = desk.access(place)
    {
        let count = Some(rows.len());
        let history = desk.app.tenant.records().history(&access, place.version, resource_type, id, None, count);
        for stored in history.map(|history| history.versions).unwrap_or_default() {
            let version = stored.version_id.to_string();
            let told = rows.iter_mut().filter(|row| row.when.is_empty() && row.version == version);
            told.for_each(|row| row.when = shown::moment(&to_helsinki(stored.last_updated)));
        }
    }
    for index in 0..rows.len() {
        let before = rows.iter().skip(index + 1).find(|row| row.is_readable).map(|row| row.version.clone());
        rows[index].before = before.filter(|_| rows[index].is_readable);
    }
    rows
}

/// The handler of a version.
pub async fn version(
    State(app): State<App>,
    Segments((endpoint, base, name, id, version)): Segments<(String, String, String, String, String)>,
    call: Call,
) -> Response {
    let desk = Desk::new(app, call);
    let outcome = async {
        let (place, resource_type) = desk.type_at(&endpoint, &base, &name)?;
        let exchange = desk.send(&place, Outgoing::get(&target(resource_type, &id, &past(&version)))).await?;
        Ok(resource::page(&desk, &place, resource_type, &id, Some(&version), &exchange))
    }
    .await;
    desk.finish(outcome)
}

/// The end of the address of a version.
pub fn past(version: &str) -> String {
    format!("/_history/{}", utf8_percent_encode(version, NON_ALPHANUMERIC))
}

/// The handler of a comparison.
pub async fn changes(State(app): State<App>, Segments((endpoint, base, name, id)): Segments4, call: Call) -> Response {
    let desk = Desk::new(app, call);
    let outcome = async {
        let (place, resource_type) = desk.type_at(&endpoint, &base, &name)?;
        let [from, to] = ["from", "to"].map(|name| desk.parameter(name).unwrap_or_default());
        let older = desk.send(&place, Outgoing::get(&target(resource_type, &id, &past(&from)))).await?;
        let newer = desk.send(&place, Outgoing::get(&target(resource_type, &id, &past(&to)))).await?;
        let lines = lines(&older).zip(lines(&newer)).map(|(older, newer)| folded(compared(&older, &newer)));
        let view = Changes {
            around: desk.around(Some(&place), crumbs(&place, resource_type, Some(&id))),
            type_name: resource_type.as_str(),
            href: place.resource_page(resource_type, &id),
            // The one that could not be read says why.
            exchanges: [&newer, &older]
                .into_iter()
                .find(|exchange| !exchange.is_success())
                .map(|exchange| shown::exchange(&place, exchange))
                .into_iter()
                .collect(),
            id,
            from,
            to,
            lines,
        };
        Ok(view.page().into_response())
    }
    .await;
    desk.finish(outcome)
}

/// A resource with one member a line.
fn lines(exchange: &Exchange) -> Option<Vec<String>> {
    let document = Document::parse(exchange.text().filter(|_| exchange.is_success())?).ok()?;
    Some(shown::pretty(document.root()).lines().map(str::to_owned).collect())
}

/// What two texts have in common, as the longest common subsequence of their lines, and what they have not.
fn compared(older: &[String], newer: &[String]) -> Vec<Changed> {
    let start = older.iter().zip(newer).take_while(|(one, other)| one == other).count();
    let (older_rest, newer_rest) = (&older[start..], &newer[start..]);
    let end = older_rest.iter().rev().zip(newer_rest.iter().rev()).take_while(|(one, other)| one == other).count();
    let old = &older_rest[..older_rest.len() - end];
    let new = &newer_rest[..newer_rest.len() - end];
    let mut lines: Vec<Changed> = older[..start].iter().cloned().map(Changed::Same).collect();
    if old.len() > MOST_LINES || new.len() > MOST_LINES {
        lines.extend(old.iter().cloned().map(Changed::Gone));
        lines.extend(new.iter().cloned().map(Changed::New));
    } else {
        // For each pair of places, how many lines the rests have in common.
        let width = new.len() + 1;
        let mut common = vec![0_u16; (old.len() + 1) * width];
        for one in (0..old.len()).rev() {
            for other in (0..new.len()).rev() {
                common[one * width + other] = match old[one] == new[other] {
                    true => common[(one + 1) * width + other + 1] + 1,
                    false => common[(one + 1) * width + other].max(common[one * width + other + 1]),
                };
            }
        }
        let (mut one, mut other) = (0, 0);
        while one < old.len() || other < new.len() {
            let is_same = one < old.len() && other < new.len() && old[one] == new[other];
            let is_gone = one < old.len()
                && (other == new.len() || common[(one + 1) * width + other] >= common[one * width + other + 1]);
            if is_same {
                lines.push(Changed::Same(old[one].clone()));
                (one, other) = (one + 1, other + 1);
            } else if is_gone {
                lines.push(Changed::Gone(old[one].clone()));
                one += 1;
            } else {
                lines.push(Changed::New(new[other].clone()));
                other += 1;
            }
        }
    }
    lines.extend(older_rest[older_rest.len() - end..].iter().cloned().map(Changed::Same));
    lines
}

/// The lines around a change stay; longer runs of what is the same are folded.
fn folded(lines: Vec<Changed>) -> Vec<Changed> {
    let near = |at: usize| {
        let from = at.saturating_sub(AROUND);
        lines[from..(at + AROUND + 1).min(lines.len())].iter().any(Changed::is_change)
    };
    let kept: Vec<bool> = (0..lines.len()).map(near).collect();
    let mut folded = Vec::new();
    let mut hidden = Vec::new();
    let fold = |folded: &mut Vec<Changed>, hidden: &mut Vec<String>| match hidden.len() {
        0..FEWEST_FOLDED => folded.extend(hidden.drain(..).map(Changed::Same)),
        _ => folded.push(Changed::Folded(std::mem::take(hidden))),
    };
    for (line, is_kept) in lines.into_iter().zip(kept) {
        match line {
            Changed::Same(text) if !is_kept => hidden.push(text),
            line => {
                fold(&mut folded, &mut hidden);
                folded.push(line);
            }
        }
    }
    fold(&mut folded, &mut hidden);
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_far_from_a_change_is_folded() {
        let lines = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
        let found = folded(compared(&lines("abcdefghijkl"), &lines("abcdXfghijkl")));
        assert_eq!(found[0], Changed::Same("a".into()), "one line is not worth folding");
        assert_eq!(found.last(), Some(&Changed::Folded(lines("ijkl"))));
        assert_eq!(folded(Vec::new()), []);
    }

    fn told(older: &str, newer: &str) -> String {
        let lines = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
        let sign = |line: Changed| match line {
            Changed::Same(line) => line,
            Changed::Folded(lines) => lines.concat(),
            Changed::Gone(line) => format!("-{line}"),
            Changed::New(line) => format!("+{line}"),
        };
        compared(&lines(older), &lines(newer)).into_iter().map(sign).collect()
    }

    #[test]
    fn comparisons_keep_what_is_common() {
        assert_eq!(told("abc", "abc"), "abc");
        assert_eq!(told("abcd", "axcd"), "a-b+xcd");
        assert_eq!(told("", "ab"), "+a+b");
        assert_eq!(told("ab", ""), "-a-b");
        assert_eq!(told("aabb", "abab"), "a-ab+ab");
        assert_eq!(told("aaa", "aa"), "aa-a");
    }
}
