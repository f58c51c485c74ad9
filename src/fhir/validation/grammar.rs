//! Codes that a grammar defines rather than a list: languages (BCP 47), media types (BCP 13), currencies (ISO 4217).

/// Whether a text is a well-formed language tag (RFC 5646, section 2.1): `fi`, `sv-FI`, `zh-Hant-TW`, `de-CH-x-phonebk`.
pub(super) fn is_language_tag(tag: &str) -> bool {
    /// Tags from before the grammar (RFC 5646, `irregular`).
    const IRREGULAR: [&str; 17] = [
        "en-gb-oed",
        "i-ami",
        "i-bnn",
        "i-default",
        "i-enochian",
        "i-hak",
        "i-klingon",
        "i-lux",
        "i-mingo",
        "i-navajo",
        "i-pwn",
        "i-tao",
        "i-tay",
        "i-tsu",
        "sgn-be-fr",
        "sgn-be-nl",
        "sgn-ch-de",
    ];
    let lowered = tag.to_ascii_lowercase();
    if IRREGULAR.contains(&&*lowered) {
        return true;
    }
    let is_alpha = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_alphanumeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = tag.split('-').peekable();
    let first = parts.next().unwrap_or_default();
    if first.eq_ignore_ascii_case("x") {
        return private_use(parts);
    }
    match first.len() {
        2 | 3 if is_alpha(first) => {
            // Up to three extended languages.
            for _ in 0..3 {
                if parts.next_if(|part| part.len() == 3 && is_alpha(part)).is_none() {
                    break;
                }
            }
        }
        4..=8 if is_alpha(first) => {}
        _ => return false,
    }
    // Script, region, variants.
    parts.next_if(|part| part.len() == 4 && is_alpha(part));
    parts.next_if(|part| part.len() == 2 && is_alpha(part) || part.len() == 3 && is_digits(part));
    let is_variant = |part: &str| {
        is_alphanumeric(part)
            && ((5..=8).contains(&part.len())
                || part.len() == 4 && part.starts_with(|first: char| first.is_ascii_digit()))
    };
    while parts.next_if(|part| is_variant(part)).is_some() {}
    // Extensions: a letter and what belongs to it.
    while let Some(singleton) = parts.next() {
        if singleton.eq_ignore_ascii_case("x") {
            return private_use(parts);
        }
        let mut is_filled = false;
        while parts.next_if(|part| (2..=8).contains(&part.len()) && is_alphanumeric(part)).is_some() {
            is_filled = true;
        }
        if singleton.len() != 1 || !is_alphanumeric(singleton) || !is_filled {
            return false;
        }
    }
    true
}

fn private_use<'t>(parts: impl Iterator<Item = &'t str>) -> bool {
    let mut is_filled = false;
    for part in parts {
        if !(1..=8).contains(&part.len()) || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return false;
        }
        is_filled = true;
    }
    is_filled
}

/// Whether a text is a media type (RFC 6838, section 4.2; RFC 9110, section 8.3.1), perhaps with parameters.
pub(super) fn is_media_type(text: &str) -> bool {
    let mut parts = text.split(';');
    let full = parts.next().unwrap_or_default().trim_end();
    let Some((kind, subtype)) = full.split_once('/') else { return false };
    let is_parameter = |parameter: &str| {
        let parameter = parameter.trim();
        parameter.split_once('=').is_some_and(|(name, value)| {
            let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            is_restricted(name) && (quoted.is_some() || is_token(value))
        })
    };
    is_restricted(kind) && is_restricted(subtype) && parts.all(is_parameter)
}

/// `restricted-name` of RFC 6838.
fn is_restricted(name: &str) -> bool {
    (1..=127).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
}

fn is_token(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Whether a text has the form of a currency code (ISO 4217).
pub(super) fn is_currency(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_tags() {
        for tag in [
            "fi",
            "sv-FI",
            "zh-Hant-TW",
            "de-CH-1996",
            "sl-rozaj-biske",
            "es-419",
            "zh-yue-HK",
            "x-own",
            "i-klingon",
            "en-a-bbb-x-a",
            "de-1901-x-phonebk",
        ] {
            assert!(is_language_tag(tag), "{tag}");
        }
        for tag in
            ["", "suomi finnish", "f", "fi_FI", "fi-", "-fi", "fi-FI-FI", "123", "fi-a", "x", "x-", "fi-toolongpart"]
        {
            assert!(!is_language_tag(tag), "{tag}");
        }
    }

    #[test]
    fn media_types() {
        for text in ["text/plain", "application/fhir+json", "image/svg+xml; charset=utf-8", "text/x; a=\"b c\""] {
            assert!(is_media_type(text), "{text}");
        }
        for text in
            ["", "text", "text/", "/plain", "text/plain/more", "text /plain", "text/plain; charset", "te xt/plain"]
        {
            assert!(!is_media_type(text), "{text}");
        }
    }
}
