//! The page of a resource, and the question before it is deleted.

use super::{ExchangeView, Holder, Row, Surroundings, markup};
use crate::http::pages::Form;

/// A resource as it was read.
#[derive(Clone, Debug)]
pub struct Resource {
    /// The surroundings.
    pub around: Surroundings,
    /// The type.
    pub type_name: &'static str,
    /// The id.
    pub id: String,
    /// The version, when a past one was asked for.
    pub version: Option<String>,
    /// Its page; further ones lie behind a slash.
    pub href: String,
    /// The page for a new one like this.
    pub like: String,
    /// Whether there is a `DELETE` for the type.
    pub may_delete: bool,
    /// What it says, when it could be read.
    pub row: Option<Row>,
    /// What it refers to: the reference and its page.
    pub references: Vec<(String, String)>,
    /// The request and its answer.
    pub exchange: ExchangeView,
}

/// The question before a resource is deleted, or what came of it.
#[derive(Clone, Debug)]
pub struct Confirm {
    /// The surroundings.
    pub around: Surroundings,
    /// The type.
    pub type_name: &'static str,
    /// The id.
    pub id: String,
    /// Its page.
    pub href: String,
    /// Where yes is posted.
    pub form: Form,
    /// Whether there is nothing to delete.
    pub is_missing: bool,
    /// The request and its answer, once it was sent.
    pub exchange: Option<ExchangeView>,
}

impl Confirm {
    fn is_done(&self) -> bool {
        let answer = self.exchange.as_ref().and_then(|exchange| exchange.answer.as_ref());
        answer.is_some_and(|answer| answer.status < 300)
    }
}

markup!(Resource, ResourceMarkup, "tester/resource.html");
markup!(Confirm, ConfirmMarkup, "tester/confirm.html");
