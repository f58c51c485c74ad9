//! The languages of the pages and the choice among them.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE};

/// The parameter by which the language switch names a language, and the cookie that remembers it.
pub const LANGUAGE_PARAMETER: &str = "sandbox_lang";

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// Finnish, also when nothing better is known.
    #[default]
    Fi,
    /// Swedish.
    Sv,
    /// English.
    En,
}

/// What a request says about languages, strongest first. Values come as they were sent; unusable ones are passed over.
#[derive(Clone, Copy, Debug, Default)]
pub struct LanguageHints<'a> {
    /// The parameter [`LANGUAGE_PARAMETER`]: the person pressed the switch.
    pub switched: Option<&'a str>,
    /// The OpenID Connect parameter `ui_locales`: language tags separated by spaces, best first.
    pub ui_locales: Option<&'a str>,
    /// The cookie [`LANGUAGE_PARAMETER`].
    pub cookie: Option<&'a str>,
    /// The header `Accept-Language`.
    pub accept_language: Option<&'a str>,
}

impl Language {
    /// All of them, in the order of the switch.
    pub const ALL: [Language; 3] = [Language::Fi, Language::Sv, Language::En];

    /// The language tag: `fi`, `sv`, `en`.
    pub fn code(self) -> &'static str {
        match self {
            Language::Fi => "fi",
            Language::Sv => "sv",
            Language::En => "en",
        }
    }

    /// The language's own name.
    pub fn own_name(self) -> &'static str {
        match self {
            Language::Fi => "Suomi",
            Language::Sv => "Svenska",
            Language::En => "English",
        }
    }

    /// The language of a tag such as `sv`, `sv-FI` or `EN_us`; `None` when the pages do not speak it.
    pub fn from_tag(tag: &str) -> Option<Language> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Language::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(primary))
    }

    /// The language for a request, by the strongest usable hint, else Finnish.
    pub fn choose(hints: LanguageHints<'_>) -> Language {
        hints
            .switched
            .and_then(Language::from_tag)
            .or_else(|| hints.ui_locales.and_then(|tags| tags.split_whitespace().find_map(Language::from_tag)))
            .or_else(|| hints.cookie.and_then(Language::from_tag))
            .or_else(|| hints.accept_language.and_then(best_accepted))
            .unwrap_or_default()
    }

    /// The language for a request with this query (without `?`) and these headers.
    pub fn of_request(query: Option<&str>, headers: &HeaderMap) -> Language {
        let mut switched = None;
        let mut ui_locales = None;
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*name {
                LANGUAGE_PARAMETER => switched = Some(value),
                "ui_locales" => ui_locales = Some(value),
                _ => {}
            }
        }
        let cookie = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok()).find_map(|header| {
            header.split(';').find_map(|pair| pair.trim().strip_prefix(LANGUAGE_PARAMETER)?.strip_prefix('='))
        });
        Language::choose(LanguageHints {
            switched: switched.as_deref(),
            ui_locales: ui_locales.as_deref(),
            cookie,
            accept_language: headers.get(ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok()),
        })
    }

    /// The value of a `Set-Cookie` header that remembers this language for the browser's session.
    pub fn cookie(self) -> String {
        format!("{LANGUAGE_PARAMETER}={}; Path=/; SameSite=Lax; HttpOnly", self.code())
    }
}

/// The best of the languages that an `Accept-Language` header wants and the pages speak.
fn best_accepted(header: &str) -> Option<Language> {
    let mut best = None;
    for item in header.split(',') {
        let mut parts = item.split(';');
        let Some(language) = parts.next().and_then(Language::from_tag) else { continue };
        let weight = match parts.find_map(|part| part.trim().strip_prefix("q=")) {
            None => 1.0,
            // NaN and infinity parse as numbers too, and mean nothing here.
            Some(text) => text.trim().parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0),
        };
        if weight > 0.0 && best.is_none_or(|(_, so_far)| weight > so_far) {
            best = Some((language, weight));
        }
    }
    best.map(|(language, _)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_usable_hint_wins() {
        let all = LanguageHints {
            switched: Some("en"),
            ui_locales: Some("sv fi"),
            cookie: Some("fi"),
            accept_language: Some("fi"),
        };
        assert_eq!(Language::choose(all), Language::En);
        assert_eq!(Language::choose(LanguageHints { switched: Some("klingon"), ..all }), Language::Sv);
        assert_eq!(
            Language::choose(LanguageHints { switched: None, ui_locales: Some("de sv-FI"), ..all }),
            Language::Sv
        );
        assert_eq!(Language::choose(LanguageHints { switched: Some(""), ui_locales: Some("de"), ..all }), Language::Fi);
        assert_eq!(Language::choose(LanguageHints::default()), Language::Fi);
    }

    #[test]
    fn accept_language_is_weighed() {
        let choose =
            |header| Language::choose(LanguageHints { accept_language: Some(header), ..LanguageHints::default() });
        assert_eq!(choose("de-DE,de;q=0.9,en;q=0.5,sv;q=0.7"), Language::Sv);
        assert_eq!(choose("en-US,en;q=0.9"), Language::En);
        assert_eq!(choose("en;q=0, *"), Language::Fi);
        assert_eq!(choose("sv;q=NaN, en;q=0.1"), Language::En);
        assert_eq!(choose(";;;,,q=,"), Language::Fi);
    }

    #[test]
    fn a_request_is_read_whole() {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, "session=a; sandbox_lang=sv".parse().expect("a header value"));
        assert_eq!(Language::of_request(None, &headers), Language::Sv);
        assert_eq!(Language::of_request(Some("ui_locales=en-GB+fi&x=1"), &headers), Language::En);
        assert_eq!(Language::of_request(Some("ui_locales=en&sandbox_lang=fi"), &headers), Language::Fi);
    }
}
