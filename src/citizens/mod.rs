//! Synthetic people: their personal identity codes, the register of a tenant, their generation, and what
//! they enter into their own record.
//!
//! - [`PersonalIdentityCode`] is the only way a code gets in: what could belong to a real person is refused there.
//! - [`Citizens`] is the register over a tenant's store.
//! - [`People`] makes any number of new ones, the same every time.
//! - [`entry`] writes a measurement as the FHIR resource the national profiles ask for.

pub mod chance;
pub mod entry;
mod identity_code;
mod people;
mod register;

pub use identity_code::{PersonalIdentityCode, PersonalIdentityCodeError, Sex};
pub use people::People;
pub use register::{AddCitizenError, Citizens, SetPseudonymError};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// A synthetic person, in the shape the control API shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citizen {
    /// The name in paths and settings, such as `aino`; see [`is_slug`].
    pub id: String,
    /// The code the citizen identifies with.
    pub personal_identity_code: PersonalIdentityCode,
    /// All given names, separated by spaces.
    pub given_names: String,
    /// The family name.
    pub family_name: String,
    /// The language of the pages and of the records.
    pub language: Language,
    /// The date of birth, always the one in the code.
    #[serde(with = "date_text")]
    pub birth_date: Date,
    /// `Patient.id` and the token's `sub`; none until the first approval, unless it was fixed beforehand.
    pub pseudonym: Option<Uuid>,
    /// What this citizen is good for, in English.
    pub description: String,
    /// The same in other languages, by tag: `fi`, `sv`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub descriptions: BTreeMap<String, String>,
}

impl Citizen {
    /// A Finnish-speaking citizen with neutral names, no pseudonym and no description.
    pub fn new(id: impl Into<String>, code: PersonalIdentityCode) -> Citizen {
        Citizen {
            id: id.into(),
            personal_identity_code: code,
            given_names: "Testi".to_owned(),
            family_name: "Kansalainen".to_owned(),
            language: Language::Finnish,
            birth_date: code.birth_date(),
            pseudonym: None,
            description: String::new(),
            descriptions: BTreeMap::new(),
        }
    }

    /// What a citizen must keep to by itself: the id's form, printable names, the code's date of birth, no nil
    /// pseudonym. [`Citizens::add`] asks for it too.
    pub fn check(&self) -> Result<(), AddCitizenError> {
        register::check(self)
    }

    /// What this citizen is good for, in the language of a tag where it is known.
    pub fn description_in(&self, language: &str) -> &str {
        self.descriptions.get(language).unwrap_or(&self.description)
    }

    /// Describes a citizen who was not in a file: in English, Finnish and Swedish.
    fn describe(&mut self, [english, finnish, swedish]: [&str; 3]) {
        self.description = english.to_owned();
        let others = [("fi", finnish), ("sv", swedish)];
        self.descriptions = others.into_iter().map(|(tag, words)| (tag.to_owned(), words.to_owned())).collect();
    }

    /// Given names and family name.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.given_names, self.family_name)
    }

    /// Whole years of age on `date`; negative before birth. Somebody born on 29 February turns a year older on
    /// 1 March of a common year.
    pub fn age_on(&self, date: Date) -> i16 {
        age_on(self.birth_date, date)
    }
}

/// Whole years from `birth_date` to `date`.
fn age_on(birth_date: Date, date: Date) -> i16 {
    let before_birthday = (date.month(), date.day()) < (birth_date.month(), birth_date.day());
    date.year() - birth_date.year() - i16::from(before_birthday)
}

/// The languages of Kanta's pages and terminologies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Language {
    /// `fi`, the default.
    #[default]
    #[serde(rename = "fi")]
    Finnish,
    /// `sv`.
    #[serde(rename = "sv")]
    Swedish,
    /// `en`.
    #[serde(rename = "en")]
    English,
}

impl Language {
    /// All three, in Kanta's order.
    pub const ALL: [Language; 3] = [Language::Finnish, Language::Swedish, Language::English];

    /// The language tag.
    pub fn as_str(self) -> &'static str {
        match self {
            Language::Finnish => "fi",
            Language::Swedish => "sv",
            Language::English => "en",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(tag: &str) -> Result<Language, String> {
        Language::ALL
            .into_iter()
            .find(|language| language.as_str() == tag)
            .ok_or_else(|| format!("unknown language {tag:?}: expected fi, sv or en"))
    }
}

/// Whether `text` can be a citizen's id: 1–64 lower-case ASCII letters, digits and single hyphens between them,
/// with a letter first, so that an id can never be taken for a personal identity code.
pub fn is_slug(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.split('-').all(|word| !word.is_empty() && word.bytes().all(is_slug_byte))
}

fn is_slug_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// A civil date as `2026-11-22`.
mod date_text {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(date)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_citizen_is_serialised_as_the_control_api_shows_it() {
        let code = PersonalIdentityCode::for_birth_date(date(1985, 6, 15), 2).unwrap();
        let citizen = Citizen::new("aino", code);
        let expected = format!(
            r#"{{"id":"aino","personal_identity_code":"{code}","given_names":"Testi","family_name":"Kansalainen","language":"fi","birth_date":"1985-06-15","pseudonym":null,"description":""}}"#
        );
        assert_eq!(serde_json::to_string(&citizen).unwrap(), expected);
        assert_eq!(serde_json::from_str::<Citizen>(&expected).unwrap(), citizen);
    }

    #[test]
    fn age_changes_on_the_birthday() {
        let leap_day = date(2008, 2, 29);
        assert_eq!(age_on(leap_day, date(2024, 2, 28)), 15);
        assert_eq!(age_on(leap_day, date(2024, 2, 29)), 16);
        assert_eq!(age_on(leap_day, date(2026, 2, 28)), 17);
        assert_eq!(age_on(leap_day, date(2026, 3, 1)), 18);
        assert_eq!(age_on(leap_day, date(2008, 2, 28)), -1);
    }

    #[test]
    fn slugs() {
        for good in ["a", "aino", "anna-liisa", "citizen-2", "x9"] {
            assert!(is_slug(good), "{good}");
        }
        for bad in ["", "Aino", "-a", "a-", "a--b", "2nd", "å", "a b", "a_b", &"a".repeat(65)] {
            assert!(!is_slug(bad), "{bad}");
        }
    }
}
