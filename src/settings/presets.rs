//! Several knobs at once: the service as it may have been at a time, as the standards have it, or with one undecided
//! answer given the other way, so that an application's tests can run under every plausible Kanta.

use super::SettingError;
use serde_json::{Map, Value as Json};

/// A named set of knobs (`--kanta NAME`). What it does not name keeps its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// What it stands for and why, in a sentence or two.
    pub why: &'static str,
    /// The knobs as a JSON object.
    knobs: &'static str,
}

/// All presets.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "sandbox-2019",
        why: "The STU3 sandbox as suppliers met it in the first half of 2019: the first profile rules and the validator's older texts; a write answers with a small OperationOutcome on both bases, with 201 also when If-None-Exist finds something; one code a search, no order, doses not by code.",
        knobs: r#"{"stu3.rules": "2017", "validator.texts": "2018", "prefer.r4": "ignore", "search.rules": "2019", "search.unknown_special": "refuse", "if_none_exist.match_status": "201"}"#,
    },
    Preset {
        name: "sandbox-2022",
        why: "The authorizing sandbox as it was last recorded, in 2022: the defaults, spelled out where they were recorded.",
        knobs: r#"{"stu3.rules": "updated", "validator.texts": "current", "prefer.stu3": "ignore", "prefer.r4": "honour", "errors.dialect": "kela"}"#,
    },
    Preset {
        name: "strict-rfc",
        why: "What the standards say where the service is known or thought to differ: RFC 6749, 6750, 7636 and 9110. An application that passes here and by default depends on neither.",
        knobs: r#"{"errors.dialect": "rfc", "errors.refresh_style": "rfc6749", "rs.no_token": "401", "rs.bad_token": "401", "rs.challenge": "rfc6750", "if_match.status": "412", "userinfo.style": "oidc", "pkce": "required", "state.required": true, "refresh.rotate": true, "parameters.empty": "ignore", "prefer.stu3": "honour"}"#,
    },
    Preset {
        name: "client-test",
        why: "The resource servers as in the client test (asiakastesti): no open endpoint, no batch and transaction, no own draft profiles; Kela alone stores Questionnaires.",
        knobs: r#"{"environment": "client-test"}"#,
    },
    Preset {
        name: "production",
        why: "The resource servers as in production, simulated: the same rules as in the client test, and the pages say so.",
        knobs: r#"{"environment": "production"}"#,
    },
    Preset {
        name: "no-token-403",
        why: "A request without a token is refused with 403 and an OperationOutcome: the engine's deny. The real status is not known.",
        knobs: r#"{"rs.no_token": "403"}"#,
    },
    Preset {
        name: "no-token-401-plain",
        why: "A request without a token is refused with 401 by what stands before the engine, without an OperationOutcome.",
        knobs: r#"{"rs.no_token": "401_plain"}"#,
    },
    Preset {
        name: "bad-token-401",
        why: "An unknown, expired or withdrawn token is refused with 401 and an OperationOutcome; the text was recorded, its status was not.",
        knobs: r#"{"rs.bad_token": "401"}"#,
    },
    Preset {
        name: "bad-token-401-plain",
        why: "The same with 401 and plain text.",
        knobs: r#"{"rs.bad_token": "401_plain"}"#,
    },
    Preset {
        name: "refresh-400",
        why: "A refresh token that no longer works is refused as RFC 6749 says, 400 invalid_grant, not as the upstream product does.",
        knobs: r#"{"errors.refresh_style": "rfc6749"}"#,
    },
    Preset {
        name: "stale-412",
        why: "A stale If-Match is refused with 412, as RFC 9110 and later versions of the engine have it.",
        knobs: r#"{"if_match.status": "412"}"#,
    },
    Preset {
        name: "foreign-id-404",
        why: "Another citizen's resource is answered as if there were none.",
        knobs: r#"{"rs.foreign_id": "404"}"#,
    },
    Preset { name: "open-metadata", why: "metadata needs no token anywhere.", knobs: r#"{"metadata.token": "never"}"# },
    Preset {
        name: "lenient-search",
        why: "Unknown search parameters are passed over instead of refused.",
        knobs: r#"{"search.unknown": "ignore"}"#,
    },
    Preset {
        name: "shared-store",
        why: "R4 shows STU3 data as well, converted: the real service may keep both in one store.",
        knobs: r#"{"cross_version.read": "convert"}"#,
    },
    Preset {
        name: "remembered-consent",
        why: "A citizen who has approved is not asked again for the same rights until they withdraw them.",
        knobs: r#"{"consent.remember": "until_revoked"}"#,
    },
];

impl Preset {
    /// The preset with this name.
    ///
    /// # Errors
    /// [`SettingError::UnknownPreset`] lists those there are.
    pub fn named(name: &str) -> Result<&'static Preset, SettingError> {
        PRESETS.iter().find(|preset| preset.name == name).ok_or_else(|| SettingError::UnknownPreset(name.to_owned()))
    }

    /// The knobs it sets, by their names.
    pub fn settings(&self) -> Map<String, Json> {
        // A test reads every one of them.
        serde_json::from_str(self.knobs).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn every_preset_can_be_set_and_changes_what_it_says() {
        for preset in PRESETS {
            let mut settings = Settings::default();
            settings.update(&preset.settings()).unwrap_or_else(|error| panic!("{}: {error}", preset.name));
            assert!(!preset.settings().is_empty() && preset.why.ends_with('.'), "{}", preset.name);
            assert_eq!(settings == Settings::default(), preset.name == "sandbox-2022", "{}", preset.name);
        }
        let page = include_str!("../../docs/presets.md");
        for preset in PRESETS {
            let line = page.lines().find(|line| line.starts_with(&format!("| `{}` |", preset.name)));
            let line = line.unwrap_or_else(|| panic!("docs/presets.md does not tell of {}", preset.name));
            assert!(line.contains(preset.why), "{}", preset.name);
            for (name, value) in preset.settings() {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                assert!(line.contains(&format!("`{name} = {value}`")), "{}: {name}", preset.name);
            }
        }
        assert!(Preset::named("kanta-9000").unwrap_err().to_string().contains("sandbox-2019, sandbox-2022"));
    }
}
