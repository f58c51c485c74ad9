//! `GET [base]/[type]?…` and `POST [base]/[type]/_search`: search.

use super::answer::{Answer, Body};
use super::bundle::Bundle;
use super::call::Call;
use super::refusal::Refusal;
use super::rendering::Rendering;
use crate::exchanges::Remake;
use crate::fhir::Version;
use crate::json::escape;
use crate::records::{Access, Hit, Page, ResourceType};
use axum::http::{Method, StatusCode};
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use smallvec::SmallVec;
use std::sync::Arc;
use uuid::Uuid;

/// What stays as it is in a parameter of a link.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*');

/// The parameters that a page link repeats.
const KEPT: [&str; 4] = ["_format", "_pretty", "_elements", "_summary"];

pub(super) fn answer(
    call: &Call,
    access: &Access,
    resource_type: ResourceType,
    pairs: &[(String, String)],
) -> Result<Answer, Refusal> {
    let page = call.records.search(access, call.version, resource_type, pairs);
    // The routing texts name the request as it came.
    let page = page.map_err(|refusal| match call.path.len() {
        // The patient of a compartment stands in the path.
        3.. => Refusal::SearchAt(Box::new(call.not_handled()), refusal),
        _ => Refusal::SearchAt(Box::new(call.not_handled_with(pairs)), refusal),
    })?;
    let own = format!("{}/{resource_type}{}", call.frame.base, sorted_query(pairs));
    Ok(bundle(call, page, own, pairs))
}

/// A form with the parameters; those of the URL count as well.
pub(super) fn by_post(call: &Call, access: &Access, resource_type: ResourceType) -> Result<Answer, Refusal> {
    let form = form_urlencoded::parse(&call.body).into_owned();
    let pairs: Vec<_> = call.query.iter().cloned().chain(form).collect();
    answer(call, access, resource_type, &pairs)
}

/// `GET [base]/Patient/[id]/[type]`, or `POST` of a form to `_search` below it: a search with the patient given by the path.
pub(super) fn in_compartment(
    call: &Call,
    access: &Access,
    resource_type: ResourceType,
    patient: &str,
) -> Result<Answer, Refusal> {
    let given = ("patient".to_owned(), patient.to_owned());
    let form: &[u8] = if call.method == Method::POST { &call.body } else { b"" };
    let form = form_urlencoded::parse(form).into_owned();
    let pairs: Vec<_> = call.query.iter().cloned().chain(form).chain([given]).collect();
    answer(call, access, resource_type, &pairs)
}

/// The Bundle of a page; `own` is its address.
pub(super) fn bundle(call: &Call, page: Page, own: String, pairs: &[(String, String)]) -> Answer {
    let link = |offset: usize| page_link(call, page.id, offset, page.count, pairs, "searchset");
    let next = page.next().map(|offset| ("next", link(offset)));
    let previous = page.previous().map(|offset| ("previous", link(offset)));
    let mut set = SearchSet {
        version: call.version,
        rendering: Rendering::of(pairs),
        base: call.frame.base.clone(),
        links: [("self", own)].into_iter().chain(next).chain(previous).collect(),
        page,
        length: 0,
    };
    let text = set.make();
    set.length = text.len();
    let mut answer = Answer::new(StatusCode::OK, Body::Fhir(text));
    answer.again = Some(Arc::new(set));
    answer
}

/// All that the text of a page is made of.
struct SearchSet {
    version: Version,
    rendering: Rendering,
    base: String,
    links: SmallVec<[(&'static str, String); 3]>,
    page: Page,
    /// How long the text is.
    length: usize,
}

impl Remake for SearchSet {
    fn make(&self) -> Bytes {
        let SearchSet { rendering, page, .. } = self;
        // What stands around a resource takes some 200 bytes.
        let resources = page.hits.iter().map(|hit| hit.length() + 200).sum();
        let mut bundle = Bundle::new("searchset", page.id, Some(page.made), page.total, resources);
        for (relation, url) in &self.links {
            bundle.link(relation, url);
        }
        let base = escape(&self.base);
        let base = base.trim_matches('"');
        for hit in &page.hits {
            if rendering.is_as_stored() && hit.name().is_none() {
                bundle.hit(base, hit);
                continue;
            }
            let mut text = Vec::with_capacity(hit.length());
            let id = match hit.name() {
                Some(name) => hit.append_definition_to(&mut text).then(|| name.to_owned()),
                None => hit.append_to(&mut text).map(|id| String::from_utf8_lossy(&id).into_owned()),
            };
            let Some(id) = id else { continue };
            let full_url = format!("{base}/{}/{id}", hit.resource_type);
            bundle.rendered_hit(&full_url, &rendering.embedded(hit.resource_type, self.version, &text.into()));
        }
        rendering.other(bundle.finish())
    }

    fn length(&self) -> usize {
        self.length
    }

    fn kept(&self) -> usize {
        let links: usize = self.links.iter().map(|(_, url)| url.capacity()).sum();
        let around = size_of_val(self) + self.base.capacity() + links + self.rendering.kept();
        around + self.page.hits.iter().map(Hit::kept).sum::<usize>()
    }
}

/// The address of a page.
pub(super) fn page_link(
    call: &Call,
    id: Uuid,
    offset: usize,
    count: usize,
    pairs: &[(String, String)],
    kind: &str,
) -> String {
    let mut url = format!("{}?_getpages={id}&_getpagesoffset={offset}&_count={count}", call.frame.base);
    for (name, value) in pairs.iter().filter(|(name, _)| KEPT.contains(&name.as_str())) {
        url.push_str(&format!("&{name}={}", utf8_percent_encode(value, PLAIN)));
    }
    url.push_str("&_bundletype=");
    url.push_str(kind);
    url
}

/// The parameters sorted by name and percent-encoded, with a `?` in front when there are any.
pub(super) fn sorted_query(pairs: &[(String, String)]) -> String {
    let mut pairs: Vec<_> = pairs.iter().filter(|(_, value)| !value.is_empty()).collect();
    pairs.sort_by(|one, other| one.0.cmp(&other.0));
    let mut query = String::new();
    for (name, value) in pairs {
        query.push(if query.is_empty() { '?' } else { '&' });
        query.extend(utf8_percent_encode(name, PLAIN));
        query.push('=');
        query.extend(utf8_percent_encode(value, PLAIN));
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_self_link_is_sorted_and_encoded() {
        let pairs = [("patient", "Patient/1"), ("_count", "2"), ("date", "ge2019-01-01T00:00:00+03:00"), ("code", "")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(sorted_query(&pairs), "?_count=2&date=ge2019-01-01T00%3A00%3A00%2B03%3A00&patient=Patient%2F1");
        assert_eq!(sorted_query(&[]), "");
    }
}
