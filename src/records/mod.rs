//! The records of citizens: create, read, update, delete, history and search, without HTTP and without OAuth.
//!
//! A [`Records`] is a clone of the store with the rules on top. Every act takes an [`Access`], a plain value that says who
//! calls; every no is a [`Refusal`] that knows its status, its OperationOutcome and what to do about it. Each write is one
//! commit: when it returns, the version, its index entries and the resource's head are there together, as durable as the store is.

mod access;
mod bundle;
mod conditional;
mod cross_version;
mod definitions;
mod drafts;
mod find;
mod history;
mod index;
mod judge;
mod keys;
mod load;
mod national;
mod overview;
mod packing;
mod pages;
mod patients;
mod privacy;
mod read;
mod references;
mod refusal;
mod splice;
mod stored;
mod write;
mod write_plan;

pub use crate::fhir::search::ResourceType;
pub use access::{Access, Interaction, Rights, Types};
pub use bundle::{Entry, EntryDone, EntryRefusal, TransactionRefusal};
pub use find::{Page, Paged};
pub use history::History;
pub use judge::{Judge, Objection, Surroundings};
pub use load::{LoadRefusal, Loading};
pub use national::{judge_by, national_profiles};
pub use pages::Gone;
pub use refusal::{Refusal, not_handled};
pub use stored::{Act, Hit, Stored};
pub use write::{Outcome, Written};

use crate::fhir::Version;
use crate::fhir::definitions::Selection;
use crate::fhir::search::QueryRules;
use crate::store::Store;
use crate::time::{Clock, Random};
use access::Author;
use jiff::Timestamp;
use std::sync::Arc;
use uuid::Uuid;

/// The knobs of this room (decisions.md); [`Default`] is the faithful choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `if_match.status`: 409 or 412.
    pub if_match_status: u16,
    /// `creating_application.add`: whether the extension is added behind authorization when it is absent.
    pub add_creating_application: bool,
    /// `profiles.foreign = allow`: whether other profiles may stand beside the national one.
    pub foreign_profiles: bool,
    /// `display.mismatch = refuse`: whether a display that is none of its code's keeps a resource out.
    pub refuse_wrong_display: bool,
    /// `stu3.rules` and `profiles.extras`: which national profiles bodies are judged by.
    pub definitions: Selection,
    /// `validator.texts = 2018`: whether findings have the texts recorded in 2018.
    pub texts_of_2018: bool,
    /// `search.unknown = ignore`.
    pub ignore_unknown_parameters: bool,
    /// `search.unknown_special`.
    pub ignore_unknown_special: IgnoreSpecial,
    /// `search.rules = 2019`.
    pub searches_of_2019: bool,
    /// `cross_version.read = convert`: whether R4 reads what was written on STU3.
    pub convert_from_stu3: bool,
    /// `page.default`: how many hits a page holds when `_count` is absent.
    pub page_default: usize,
    /// `page.max`: how many it holds at most.
    pub page_max: usize,
    /// `rs.foreign_id = 404`: whether another citizen's resource is answered as if there were none.
    pub hide_foreign_ids: bool,
    /// `patient.open_strict`: whether a Patient written on the open endpoint must conform to its profile, and not only to
    /// FHIR's own definition.
    pub patient_open_strict: bool,
    /// Whether the environment is the sandbox: there a supplier may store Questionnaires and use own draft profiles, in the
    /// others Kela alone stores them.
    pub is_sandbox: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            if_match_status: 409,
            add_creating_application: true,
            foreign_profiles: false,
            refuse_wrong_display: false,
            definitions: Selection::default(),
            texts_of_2018: false,
            ignore_unknown_parameters: false,
            ignore_unknown_special: IgnoreSpecial::OnR4,
            searches_of_2019: false,
            convert_from_stu3: false,
            page_default: 20,
            page_max: 10_000,
            hide_foreign_ids: false,
            patient_open_strict: false,
            is_sandbox: true,
        }
    }
}

/// Where unknown parameters that begin with `_` are passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoreSpecial {
    /// On R4, as its engine does.
    OnR4,
    /// On both bases.
    Always,
    /// On neither.
    Never,
}

impl Settings {
    /// How queries are read on the base of a version.
    pub fn query_rules(&self, version: Version) -> QueryRules {
        QueryRules {
            ignore_unknown: self.ignore_unknown_parameters,
            ignore_special: match self.ignore_unknown_special {
                IgnoreSpecial::OnR4 => version == Version::R4,
                IgnoreSpecial::Always => true,
                IgnoreSpecial::Never => false,
            },
            of_2019: self.searches_of_2019,
        }
    }
}

/// The resources of a tenant. Cheap to clone; clones share the store and the pages of searches.
#[derive(Clone)]
pub struct Records {
    store: Store,
    parts: Arc<Parts>,
    settings: Settings,
}

/// What all clones of a room share besides the store. Each request has a clone, so it is one counter.
struct Parts {
    clock: Arc<Clock>,
    random: Arc<Random>,
    judge: Arc<dyn Judge>,
    pages: pages::Pages,
}

impl Records {
    /// The room over a store; `judge` decides whether bodies conform.
    pub fn new(store: Store, clock: Arc<Clock>, random: Arc<Random>, judge: Arc<dyn Judge>) -> Records {
        let parts = Parts { clock, random, judge, pages: pages::Pages::default() };
        Records { store, parts: Arc::new(parts), settings: Settings::default() }
    }

    /// The same room with other knobs.
    pub fn with_settings(&self, settings: Settings) -> Records {
        Records { settings, ..self.clone() }
    }

    /// The knobs in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The tenant's present instant.
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// A fresh id.
    pub fn new_id(&self) -> Uuid {
        self.parts.random.uuid()
    }

    /// Whether writes wait for a disk.
    pub fn is_durable(&self) -> bool {
        self.store.is_durable()
    }
}

#[cfg(test)]
mod tests;
