//! The words of the pages: one struct, filled once per language, so that a missing translation does not compile.
//!
//! All of them are the sandbox's own words. Sentences that take a value are functions of it, because word order and
//! inflection differ between the languages.

mod citizen;
mod en;
mod fi;
mod portal;
mod sv;
mod tester;

use super::Language;
pub(super) use citizen::CitizenTexts;
pub(super) use portal::PortalTexts;
pub(super) use tester::TesterTexts;

/// Every text of every page in one language.
pub(super) struct Texts {
    pub common: CommonTexts,
    pub identification: IdentificationTexts,
    pub attributes: AttributesTexts,
    pub terms: TermsTexts,
    pub consent: ConsentTexts,
    pub rights: RightsTexts,
    pub refusal: RefusalTexts,
    pub farewell: FarewellTexts,
    pub landing: LandingTexts,
}

impl Texts {
    /// The texts of a language.
    pub fn of(language: Language) -> &'static Texts {
        match language {
            Language::Fi => &fi::TEXTS,
            Language::Sv => &sv::TEXTS,
            Language::En => &en::TEXTS,
        }
    }
}

/// A sentence with one value in it.
pub(super) type With = fn(&str) -> String;

/// What surrounds every page.
pub(super) struct CommonTexts {
    pub skip: &'static str,
    pub banner: &'static str,
    pub banner_not: &'static str,
    pub made_up: &'static str,
    pub languages: &'static str,
    pub rules_sandbox: &'static str,
    pub rules_client_test: &'static str,
    pub rules_production: &'static str,
    pub tenant: With,
    pub identified: &'static str,
    pub switch: &'static str,
    pub footer: &'static str,
}

pub(super) struct IdentificationTexts {
    pub eyebrow: &'static str,
    pub title: &'static str,
    pub sent_by: With,
    pub lead: &'static str,
    pub jump: &'static str,
    pub people: &'static str,
    pub too_young: fn(u16) -> String,
    pub too_young_note: &'static str,
    pub nobody: &'static str,
    pub years: fn(u16) -> String,
    pub type_code: &'static str,
    pub code: &'static str,
    pub code_hint: &'static str,
    pub never_real: &'static str,
    pub go_on: &'static str,
    pub cancel: &'static str,
    /// The same when no application waits.
    pub leave: &'static str,
    pub error_prefix: &'static str,
    pub empty: &'static str,
    pub malformed: &'static str,
    pub no_such_date: &'static str,
    pub not_synthetic: &'static str,
    pub wrong_check_character: &'static str,
    pub unknown_citizen: &'static str,
    pub nothing_chosen: &'static str,
    /// The names of languages that citizens may have, by tag.
    pub language_names: [(&'static str, &'static str); 8],
}

pub(super) struct AttributesTexts {
    pub title: &'static str,
    pub lead: &'static str,
    pub passed: &'static str,
    pub family_name: &'static str,
    pub given_names: &'static str,
    pub birth_date: &'static str,
    /// The application that gets none of it.
    pub not_to: With,
    pub go_on: &'static str,
    pub cancel: &'static str,
}

pub(super) struct TermsTexts {
    pub eyebrow: &'static str,
    pub title: &'static str,
    pub version: With,
    pub lead: &'static str,
    /// The lead when an earlier version was accepted.
    pub changed: With,
    /// The lead when the citizen's own pages ask.
    pub lead_own: &'static str,
    pub waiting: With,
    pub sections: [Section; 5],
    pub own_text: &'static str,
    pub after_refusal: &'static str,
    pub after_refusal_own: &'static str,
    pub accept: &'static str,
    pub refuse: &'static str,
}

/// A heading and the paragraph under it.
pub(super) struct Section {
    pub heading: &'static str,
    pub body: &'static str,
}

pub(super) struct ConsentTexts {
    pub eyebrow: &'static str,
    pub title: With,
    pub lead: &'static str,
    pub about: &'static str,
    pub contact: &'static str,
    pub home_page: &'static str,
    pub no_description: &'static str,
    pub requested: &'static str,
    pub nothing_requested: &'static str,
    pub accepting: With,
    pub all_sources: &'static str,
    pub can_change: &'static str,
    pub own_pages: &'static str,
    pub goes_back: &'static str,
    pub goes_back_to: With,
    pub accept: &'static str,
    pub refuse: &'static str,
}

/// What an access right allows, by resource type.
pub(super) struct RightsTexts {
    pub observation: RightTexts,
    pub medication_administration: RightTexts,
    pub medication_statement: RightTexts,
    pub care_plan: RightTexts,
    pub questionnaire: RightTexts,
    pub questionnaire_response: RightTexts,
    pub patient: RightTexts,
    /// Title for a type that has no words of its own.
    pub other_type: With,
    pub other_type_read: &'static str,
    pub other_type_write: &'static str,
    /// What stands before some of the acts that usually go together, between them, and their words.
    pub part_only: &'static str,
    pub part_and: &'static str,
    pub part_create: &'static str,
    pub part_read: &'static str,
    pub part_update: &'static str,
    pub part_delete: &'static str,
    pub part_search: &'static str,
    /// Title over scopes that are no resource rights at all.
    pub other: &'static str,
}

/// One kind of data in plain words.
pub(super) struct RightTexts {
    /// What it is called.
    pub title: &'static str,
    /// Examples of it.
    pub hint: &'static str,
    /// What `.read` allows.
    pub read: &'static str,
    /// What `.write` allows.
    pub write: &'static str,
}

pub(super) struct RefusalTexts {
    pub eyebrow: &'static str,
    pub check: &'static str,
    pub for_developers: &'static str,
    pub status: &'static str,
    pub rule: &'static str,
    pub reason: &'static str,
    pub retry: &'static str,
    pub client_missing: Incident,
    pub client_unknown: Incident,
    pub client_not_allowed: Incident,
    pub redirect_missing: Incident,
    pub redirect_mismatch: Incident,
    pub bad_parameter: Incident,
    pub form_expired: Incident,
    pub cookies_missing: Incident,
    pub under_age: Incident,
    pub not_found: Incident,
    pub method_not_allowed: Incident,
    pub internal: Incident,
}

/// Something that went wrong.
pub(super) struct Incident {
    pub title: &'static str,
    pub happened: &'static str,
    pub check: &'static [&'static str],
}

pub(super) struct FarewellTexts {
    pub signed_out: &'static str,
    pub signed_out_lead: &'static str,
    pub done: &'static str,
    pub done_lead: &'static str,
    pub onward: &'static str,
}

pub(super) struct LandingTexts {
    pub title: &'static str,
    pub lead: &'static str,
    pub version: With,
    pub clock: With,
    pub addresses: &'static str,
    pub issuer: &'static str,
    pub discovery: &'static str,
    pub stu3: &'static str,
    pub r4: &'static str,
    pub open_stu3: &'static str,
    pub open_r4: &'static str,
    pub control: &'static str,
    pub open_api: &'static str,
    pub certificate: &'static str,
    pub tester_ui: &'static str,
    pub citizen_pages: &'static str,
    pub registration: &'static str,
    pub client: &'static str,
    pub client_lead: &'static str,
    pub client_name: &'static str,
    pub redirect_uris: &'static str,
    pub scope: &'static str,
    pub try_it: &'static str,
    pub citizens: &'static str,
    pub citizens_lead: &'static str,
    pub curl: &'static str,
    pub curl_lead: &'static str,
    pub bases_apart: &'static str,
}
