//! What an evaluation is given, and how it can fail.

use super::item::{Item, Node};
use super::model::{Model, TYPES_BY_SHAPE};
use super::syntax::Moment;
use crate::fhir::Version;
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

/// How many steps an evaluation may take: an invariant on a large resource takes some thousands.
const DEFAULT_STEPS: u32 = 1_000_000;

/// Everything an expression can see besides its focus.
#[derive(Clone)]
pub struct Context<'a> {
    pub(super) resource: Node<'a>,
    pub(super) root_resource: Node<'a>,
    pub(super) model: &'a dyn Model,
    pub(super) services: Option<&'a dyn Services>,
    pub(super) version: Version,
    pub(super) now: Option<Moment>,
    /// Plain vectors, since a context with `SmallVec`s would be invariant and could not be borrowed as freely.
    pub(super) variables: Vec<(Cow<'a, str>, Vec<Item<'a>>)>,
    pub(super) steps: u32,
    pub(super) budget: Option<&'a Cell<u64>>,
}

/// What only the caller can answer.
pub trait Services {
    /// The resource a reference (`Patient/1`, a canonical) points to, when it is not a contained one.
    /// [`Node::of_type`] is enough when only the type is known.
    fn resolve<'a>(&'a self, reference: &str) -> Option<Node<'a>> {
        let _ = reference;
        None
    }

    /// Whether a code, Coding or CodeableConcept is in a value set; `None` when that cannot be told, which fails the
    /// evaluation.
    fn member_of<'a>(&'a self, item: &Item<'a>, value_set: &str) -> Option<bool> {
        let _ = (item, value_set);
        None
    }

    /// Whether an element conforms to a profile; `None` when that cannot be told, which fails the evaluation.
    fn conforms_to<'a>(&'a self, item: &Item<'a>, profile: &str) -> Option<bool> {
        let _ = (item, profile);
        None
    }
}

impl<'a> Context<'a> {
    /// `%resource` and `%rootResource` are the same resource, types are told by the JSON's shape, there is no clock.
    pub fn new(resource: Node<'a>) -> Context<'a> {
        Context {
            resource,
            root_resource: resource,
            model: &TYPES_BY_SHAPE,
            services: None,
            version: Version::R4,
            now: None,
            variables: Vec::new(),
            steps: DEFAULT_STEPS,
            budget: None,
        }
    }

    /// The resource that contains `%resource`, for expressions on a contained resource.
    pub fn with_root_resource(self, root_resource: Node<'a>) -> Context<'a> {
        Context { root_resource, ..self }
    }

    /// The types of elements.
    pub fn with_model(self, model: &'a dyn Model) -> Context<'a> {
        Context { model, ..self }
    }

    /// What only the caller can answer.
    pub fn with_services(self, services: &'a dyn Services) -> Context<'a> {
        Context { services: Some(services), ..self }
    }

    /// The FHIR version. On STU3 `=` and `!=` treat an empty side as HAPI's legacy mode does: as just another collection.
    pub fn with_version(self, version: Version) -> Context<'a> {
        Context { version, ..self }
    }

    /// The present moment for `now()`, `today()` and `timeOfDay()`, in the zone `offset_minutes` east of UTC.
    pub fn with_now(self, now: jiff::Timestamp, offset_minutes: i16) -> Context<'a> {
        Context { now: Some(Moment::from_unix_milliseconds(now.as_millisecond(), offset_minutes)), ..self }
    }

    /// A `%name` of the caller's own; it goes before the built-in ones.
    pub fn with_variable(
        mut self,
        name: impl Into<Cow<'a, str>>,
        value: impl IntoIterator<Item = Item<'a>>,
    ) -> Context<'a> {
        self.variables.push((name.into(), value.into_iter().collect()));
        self
    }

    /// Steps that several evaluations share: each takes off what it made, and fails when none are left.
    pub fn with_budget(self, budget: &'a Cell<u64>) -> Context<'a> {
        Context { budget: Some(budget), ..self }
    }

    /// How many steps an evaluation may take before it fails.
    pub fn with_step_limit(self, steps: u32) -> Context<'a> {
        Context { steps, ..self }
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Context")
            .field("resource", &self.resource.type_name())
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Why an expression has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// The function needs something this product does not have.
    #[error("the function {0}() is not supported")]
    Unsupported(&'static str),
    /// `%name` is unknown.
    #[error("there is no variable %{0}")]
    UnknownVariable(String),
    /// One item was needed and there were several.
    #[error("{0} needs a single item, but there are {1}")]
    NotSingle(&'static str, usize),
    /// An operand or argument has the wrong type.
    #[error("{0}")]
    WrongType(String),
    /// The caller was asked and could not tell.
    #[error("{0} cannot be told here")]
    Unanswered(String),
    /// The caller gave no clock.
    #[error("{0}() needs the present time, and there is none here")]
    NoClock(&'static str),
    /// A number is too large to compute with.
    #[error("a number with more than 28 digits cannot be computed with")]
    NumberRange,
    /// A regular expression is malformed or too large.
    #[error("the regular expression {0:?} cannot be used")]
    Regex(String),
    /// The expression took too many steps or nested too deep.
    #[error("the expression takes too long on this resource")]
    Limit,
}
