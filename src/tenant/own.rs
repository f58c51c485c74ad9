//! What a citizen does in their own name, without any application: entering values, and withdrawing from the service.

use super::{ApproveError, Tenant, UnderAge};
use crate::authorization::RightError;
use crate::citizens::entry::{Content, Entry, Moment};
use crate::citizens::{Citizen, Language, SetPseudonymError};
use crate::fhir::Version;
use crate::json::Document;
use crate::records::{Access, Loading, Refusal, ResourceType};
use crate::store::CommitError;
use jiff::Timestamp;
use std::sync::PoisonError;
use uuid::Uuid;

/// An entry by the citizen's own hand.
#[derive(Clone, Copy, Debug)]
pub struct OwnEntry<'a> {
    /// What names the entry: the same one sent twice is stored once.
    pub identifier: Uuid,
    /// What was measured.
    pub content: Content,
    /// When.
    pub at: Timestamp,
    /// A comment.
    pub note: Option<&'a str>,
    /// The language of displays and narrative.
    pub language: Language,
}

/// Why an entry was not stored.
#[derive(Debug, thiserror::Error)]
pub enum OwnEntryError {
    /// The citizen is too young.
    #[error(transparent)]
    UnderAge(#[from] UnderAge),
    /// The citizen has not accepted the terms in force.
    #[error("the citizen has not accepted the terms of use in force")]
    TermsNotAccepted,
    /// The rules of storing refuse it.
    #[error("{}", .0.reason().1)]
    Refused(Box<Refusal>),
    /// The citizen is gone, or the pseudonym could not be given.
    #[error(transparent)]
    Pseudonym(#[from] SetPseudonymError),
    /// Something failed on the way.
    #[error("{0}")]
    Failed(String),
}

impl Tenant {
    /// Whether the citizen permits professionals to see the data.
    pub fn professionals_allowed(&self, citizen: &Citizen) -> bool {
        self.authorization.professional_permission(&citizen.id).is_some_and(|standing| standing.holds)
    }

    /// Whether the citizen need not be asked for the terms of use: they are accepted, or none are asked.
    pub fn has_accepted_terms(&self, citizen: &Citizen) -> bool {
        let settings = self.settings();
        !settings.terms_enabled || self.authorization.has_accepted_terms(&citizen.id, &settings.terms_version)
    }

    /// The version of the terms that the citizen accepted last, when another one is in force now.
    pub fn accepted_before(&self, citizen: &Citizen) -> Option<String> {
        let in_force = &self.settings().terms_version;
        let accepted = self.authorization.terms_acceptances(&citizen.id);
        let last = accepted.into_iter().rev().find(|each| each.withdrawn_at.is_none())?;
        (last.version != *in_force).then_some(last.version)
    }

    /// Stores an entry of the citizen's own on each base whose profiles know its kind (decisions.md), all or nothing, by
    /// the rules that applications are judged by. A first one gives the citizen a pseudonym and a Patient.
    pub fn enter(&self, citizen: &Citizen, entry: &OwnEntry<'_>) -> Result<(), OwnEntryError> {
        self.check_age(citizen)?;
        if !self.has_accepted_terms(citizen) {
            return Err(OwnEntryError::TermsNotAccepted);
        }
        let patient = self.pseudonym(citizen).map_err(|error| match error {
            ApproveError::UnderAge(error) => OwnEntryError::UnderAge(error),
            ApproveError::Pseudonym(error) => OwnEntryError::Pseudonym(error),
            ApproveError::Patient(refusal) => OwnEntryError::Refused(refusal),
            other => OwnEntryError::Failed(other.to_string()),
        })?;
        let now = self.clock.now();
        let access = Access::Citizen { patient };
        let written = Entry {
            patient,
            identifier: entry.identifier,
            language: entry.language,
            effective: Moment::Instant(entry.at),
            issued: now,
            content: entry.content,
            note: entry.note,
            application: None,
        };
        let resource_type = ResourceType::from_name(entry.content.resource_type())
            .ok_or_else(|| OwnEntryError::Failed(format!("{} is not stored", entry.content.resource_type())))?;
        let mut items = Vec::new();
        for version in Version::ALL {
            let Some(text) = written.to_json(version) else { continue };
            let document = Document::parse(text).map_err(|error| OwnEntryError::Failed(error.message))?;
            items.push(Loading { access: access.clone(), version, resource_type, document, at: now });
        }
        let records = self.records();
        // Two submits of one form at once must not both find nothing.
        let _only_one = self.touching.lock().unwrap_or_else(PoisonError::into_inner);
        for Loading { version, .. } in &items {
            let pairs = [
                (String::from("patient"), patient.to_string()),
                (String::from("identifier"), format!("urn:uuid:{}", entry.identifier)),
            ];
            let found = records.search(&access, *version, resource_type, &pairs);
            if found.map_err(|refusal| OwnEntryError::Refused(Box::new(refusal)))?.total > 0 {
                return Ok(());
            }
        }
        records.load(&items).map_err(|refused| OwnEntryError::Refused(Box::new(refused.refusal)))?;
        Ok(())
    }

    /// Takes back the acceptance of the terms, and with it every access right: without terms no application reaches the
    /// data. The data stays. (What the real service does is not known.)
    pub fn withdraw_terms(&self, citizen: &Citizen) -> Result<(), CommitError> {
        let now = self.clock.now();
        self.authorization.withdraw_terms(&citizen.id, now)?;
        for right in self.authorization.access_rights(&citizen.id) {
            match self.authorization.withdraw(&citizen.id, &right.client_id, now) {
                Ok(_) | Err(RightError::NotGiven) => {}
                Err(RightError::Store(error)) => return Err(error),
            }
        }
        Ok(())
    }
}
