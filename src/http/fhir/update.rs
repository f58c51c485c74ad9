//! `PUT [base]/[type]/[id]`: update.

use super::answer::Answer;
use super::call::Call;
use super::create::after_write;
use super::refusal::Refusal;
use crate::records::{Access, ResourceType};

pub(super) fn answer(call: &Call, access: &Access, resource_type: ResourceType, id: &str) -> Result<Answer, Refusal> {
    let document = call.document("UPDATE")?;
    let if_match = call.header("if-match");
    let written = call.records.update(access, call.version, resource_type, id, &document, if_match)?;
    Ok(after_write(call, access, &written))
}
