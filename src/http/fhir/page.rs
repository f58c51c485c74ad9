//! `GET [base]?_getpages=…`: another page of a search or a history.

use super::answer::Answer;
use super::call::Call;
use super::refusal::Refusal;
use super::{history, search};
use crate::records::{Access, Paged};

pub(super) fn answer(call: &Call, access: &Access, id: &str) -> Result<Answer, Refusal> {
    call.check_summary()?;
    let number = |name: &'static str| match call.parameter(name) {
        None => Ok(None),
        Some(value) => value.parse::<usize>().map(Some).map_err(|_| Refusal::Parameter(name, value.to_owned())),
    };
    let offset = number("_getpagesoffset")?.unwrap_or(0);
    let page = call.records.page(access, call.version, id, offset, number("_count")?)?;
    let mut own = call.frame.base.clone();
    let query: Vec<String> = form_urlencoded_pairs(call);
    own.push('?');
    own.push_str(&query.join("&"));
    Ok(match page {
        Paged::Search(page) => search::bundle(call, page, own, &call.query),
        Paged::History(page) => history::bundle(call, &page, &own),
    })
}

/// The parameters of the link as they came.
fn form_urlencoded_pairs(call: &Call) -> Vec<String> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    call.query.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect()
}
