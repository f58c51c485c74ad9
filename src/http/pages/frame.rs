//! What surrounds every page: language, language switch, and the line that says whose rules hold.

use super::Language;
use super::asset;
use super::texts::CommonTexts;
use crate::settings::Settings;

/// The surroundings of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The language of the page.
    pub language: Language,
    /// The addresses under which the same page is shown in each language.
    pub links: LanguageLinks,
    /// What stands before every path of the tenant: empty, or `/t/{tenant}`. The stylesheet is fetched from
    /// `{base_path}` + [`ASSET_ROUTE`](super::ASSET_ROUTE).
    pub base_path: String,
    /// The rules in force, named in the banner; `None` leaves them out.
    pub environment: Option<Environment>,
    /// The tenant, named in the banner; `None` for the main one.
    pub tenant: Option<String>,
}

impl Frame {
    /// A frame of the main tenant with nothing said about its environment.
    pub fn new(language: Language, links: LanguageLinks) -> Frame {
        Frame { language, links, base_path: String::new(), environment: None, tenant: None }
    }

    /// The stylesheet's address.
    pub(super) fn stylesheet(&self) -> String {
        format!("{}{}?v={}", self.base_path, asset::STYLESHEET, asset::fingerprint())
    }

    /// The address of the stylesheet of the citizen's own pages.
    pub(super) fn own_stylesheet(&self) -> String {
        format!("{}{}?v={}", self.base_path, asset::OWN_STYLESHEET, asset::fingerprint())
    }

    /// The address of the stylesheet of the tester UI.
    pub(super) fn tester_stylesheet(&self) -> String {
        format!("{}{}?v={}", self.base_path, asset::TESTER_STYLESHEET, asset::fingerprint())
    }

    /// The address of the script of the tester UI.
    pub(super) fn tester_script(&self) -> String {
        format!("{}{}?v={}", self.base_path, asset::TESTER_SCRIPT, asset::fingerprint())
    }

    /// The icon's address.
    pub(super) fn icon(&self) -> String {
        format!("{}{}?v={}", self.base_path, asset::ICON, asset::fingerprint())
    }

    /// The entries of the language switch.
    pub(super) fn switch(&self) -> [SwitchEntry<'_>; 3] {
        Language::ALL.map(|language| SwitchEntry {
            code: language.code(),
            name: language.own_name(),
            href: self.links.get(language),
            current: language == self.language,
        })
    }

    /// The rules in force, in words.
    pub(super) fn rules(&self, texts: &CommonTexts) -> Option<&'static str> {
        Some(match self.environment? {
            Environment::Sandbox => texts.rules_sandbox,
            Environment::ClientTest => texts.rules_client_test,
            Environment::Production => texts.rules_production,
        })
    }
}

/// One language of the switch.
pub(super) struct SwitchEntry<'a> {
    pub code: &'static str,
    pub name: &'static str,
    pub href: &'a str,
    /// Whether the page is in this language already.
    pub current: bool,
}

/// Whose rules the sandbox follows, as a word on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// The rules of the public sandbox.
    Sandbox,
    /// The rules of the client test (asiakastesti).
    ClientTest,
    /// The rules of production, always called simulated.
    Production,
}

impl Environment {
    /// What is shown of the environment in force: the sandbox's own goes without saying.
    pub fn shown(settings: &Settings) -> Option<Environment> {
        match settings.environment {
            crate::settings::Environment::Sandbox => None,
            crate::settings::Environment::ClientTest => Some(Environment::ClientTest),
            crate::settings::Environment::Production => Some(Environment::Production),
        }
    }
}

/// The address of the same page in each language, for the language switch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LanguageLinks {
    /// In Finnish.
    pub fi: String,
    /// In Swedish.
    pub sv: String,
    /// In English.
    pub en: String,
}

impl LanguageLinks {
    /// Asks `href` for the address in each language.
    pub fn from_fn(href: impl Fn(Language) -> String) -> LanguageLinks {
        LanguageLinks { fi: href(Language::Fi), sv: href(Language::Sv), en: href(Language::En) }
    }

    /// The request's own address with [`LANGUAGE_PARAMETER`](super::LANGUAGE_PARAMETER) added or replaced: every other
    /// parameter of `query` (without `?`) is kept, in its order. The links are relative (`?a=b&sandbox_lang=sv`), so
    /// that they hold behind any prefix or host name.
    pub fn keeping(query: Option<&str>) -> LanguageLinks {
        LanguageLinks::from_fn(|language| {
            let mut kept = form_urlencoded::Serializer::for_suffix(String::from("?"), 1);
            for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
                if name != super::LANGUAGE_PARAMETER {
                    kept.append_pair(&name, &value);
                }
            }
            kept.append_pair(super::LANGUAGE_PARAMETER, language.code());
            kept.finish()
        })
    }

    /// The address in `language`.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::Fi => &self.fi,
            Language::Sv => &self.sv,
            Language::En => &self.en,
        }
    }
}
