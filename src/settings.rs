//! The knobs of a tenant: every choice where the real service's behaviour is unknown or contradictory, by its name.
//!
//! The outside form is one flat JSON object with dotted names. A knob is listed here only if something obeys it; who
//! that is stands in its line.

use crate::authorization::{PROFESSIONAL_GRANT_TYPE, Pkce, Revocation, Rules, UnregisteredScope};
use crate::fhir::definitions::Selection;
use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};
use std::fmt::Debug;

mod choices;
mod presets;
mod values;

pub use choices::*;
pub use presets::{PRESETS, Preset};
use values::{Choice, Flag, GrantTypes, Number, Word};

/// Declares the knobs: field, type, default, name, what values there are.
macro_rules! knobs {
    ($($(#[doc = $doc:literal])* $field:ident: $type:ty = $default:expr, $name:literal, $kind:expr;)*) => {
        /// A value for every knob.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Settings {
            $($(#[doc = $doc])* pub $field: $type,)*
        }

        impl Default for Settings {
            fn default() -> Settings {
                Settings { $($field: $default,)* }
            }
        }

        impl Settings {
            /// The names of all knobs.
            pub const NAMES: &[&str] = &[$($name),*];

            /// What a knob is for and which values it takes; `None` when there is no such knob.
            pub fn explain(name: &str) -> Option<(String, String)> {
                match name {
                    $($name => Some((concat!($($doc),*).trim().to_owned(), ($kind).allowed())),)*
                    _ => None,
                }
            }

            /// The value of a knob as JSON; `None` when there is no such knob.
            pub fn get(&self, name: &str) -> Option<Json> {
                match name {
                    $($name => Some(($kind).write(&self.$field)),)*
                    _ => None,
                }
            }

            /// Sets a knob. On an error nothing has changed.
            pub fn set(&mut self, name: &str, value: &Json) -> Result<(), SettingError> {
                match name {
                    $($name => {
                        let kind = $kind;
                        self.$field = kind.read(value).ok_or_else(|| SettingError::BadValue {
                            name: $name,
                            value: value.to_string(),
                            allowed: kind.allowed(),
                        })?;
                        Ok(())
                    })*
                    _ => Err(SettingError::UnknownName(name.to_owned())),
                }
            }
        }
    };
}

knobs! {
    // Obeyed by the resource servers and said on the pages; how clients authenticate does not follow it yet.

    /// Whose rules hold at the resource servers: outside the sandbox there is no open endpoint, batch and transaction follow their knobs, own draft profiles do not count, and Kela alone stores Questionnaires.
    environment: Environment = Environment::Sandbox, "environment",
        Choice(&[("sandbox", Environment::Sandbox), ("client-test", Environment::ClientTest), ("production", Environment::Production)]);

    // Obeyed by the authorization room.

    /// How long a code may be redeemed, in seconds.
    code_ttl_seconds: u32 = 30, "code.ttl_seconds", Number(1, 86_400);
    /// How many characters a code has.
    code_length: u32 = 6, "code.length", Number(6, 128);
    /// How long an access token is good for, in seconds.
    access_token_ttl_seconds: u32 = 3600, "access_token.ttl_seconds", Number(1, 31_536_000);
    /// Whether a refresh gives a new refresh token and ends the old one.
    refresh_rotate: bool = false, "refresh.rotate", Flag;
    /// How long a refresh token is good for, in seconds; 0 is for ever.
    refresh_ttl_seconds: u32 = 0, "refresh.ttl_seconds", Number(0, 3_153_600_000);
    /// Whether proof keys are verified when sent, demanded, or ignored.
    pkce: Pkce = Pkce::Optional, "pkce",
        Choice(&[("optional", Pkce::Optional), ("required", Pkce::Required), ("off", Pkce::Off)]);
    /// Whether an authorization request needs a `state`.
    state_required: bool = false, "state.required", Flag;
    /// What becomes of a requested scope that the client is not registered for.
    scope_unregistered: UnregisteredScope = UnregisteredScope::Reject, "scope.unregistered",
        Choice(&[("reject", UnregisteredScope::Reject), ("drop", UnregisteredScope::Drop)]);
    /// When withdrawal ends the access tokens given before.
    revocation_mode: Revocation = Revocation::Immediate, "revocation.mode",
        Choice(&[("immediate", Revocation::Immediate), ("at_expiry", Revocation::AtExpiry)]);

    // Obeyed by the tenant's cross-room acts and the OAuth endpoints.

    /// Whether an approval spares the citizen the next consent page for the same or fewer scopes.
    consent_remember: Remember = Remember::Never, "consent.remember",
        Choice(&[("never", Remember::Never), ("until_revoked", Remember::UntilRevoked)]);
    /// Whether terms of use are asked.
    terms_enabled: bool = true, "terms.enabled", Flag;
    /// Their version; a new one is asked anew.
    terms_version: String = String::from("1"), "terms.version", Word;
    /// The lowest age let in, in whole years.
    age_minimum: u32 = 16, "age.minimum", Number(0, 150);
    /// Whether a browser session stays with a citizen refused for their age.
    age_sticky: bool = true, "age.sticky", Flag;
    /// Whose texts the errors of the OAuth endpoints have.
    errors_dialect: Dialect = Dialect::Kela, "errors.dialect",
        Choice(&[("kela", Dialect::Kela), ("spring", Dialect::Spring), ("rfc", Dialect::Rfc)]);
    /// How a bad refresh token is refused.
    errors_refresh_style: RefreshStyle = RefreshStyle::Mitreid, "errors.refresh_style",
        Choice(&[("mitreid", RefreshStyle::Mitreid), ("rfc6749", RefreshStyle::Rfc6749)]);
    /// How a client may prove itself: by Basic or in the form, one of them, or only as it is registered.
    client_auth_accept: ClientAuth = ClientAuth::Any, "client_auth.accept",
        Choice(&[("any", ClientAuth::Any), ("basic", ClientAuth::Basic), ("post", ClientAuth::Post), ("registered", ClientAuth::Registered)]);
    /// Whose tokens a client may introspect: nobody's (403), its own, or all.
    introspection_allow: Introspection = Introspection::Never, "introspection.allow",
        Choice(&[("never", Introspection::Never), ("own", Introspection::Own), ("all", Introspection::All)]);
    /// What userinfo answers: the Patient resource as recorded in 2017, or OpenID Connect claims.
    userinfo_style: Userinfo = Userinfo::Patient, "userinfo.style",
        Choice(&[("patient", Userinfo::Patient), ("oidc", Userinfo::Oidc)]);
    /// Whether the server follows SMART App Launch too: smart-configuration, PKCE with S256, aud and state demanded, patient in the token response, v2 scopes.
    smart_enabled: bool = false, "smart.enabled", Flag;
    /// The words that mean the grant type of professional applications.
    professional_grant_types: Vec<String> = vec![String::from(PROFESSIONAL_GRANT_TYPE)], "professional.grant_types", GrantTypes;
    /// Whether a professional application needs the citizen's permission for professionals.
    professional_require_permission: bool = true, "professional.require_permission", Flag;
    /// Whether a professional application needs a care relationship with the citizen.
    professional_require_care_relationship: bool = true, "professional.require_care_relationship", Flag;
    /// What becomes of parameters without a value.
    parameters_empty: EmptyParameters = EmptyParameters::Refuse, "parameters.empty",
        Choice(&[("refuse", EmptyParameters::Refuse), ("ignore", EmptyParameters::Ignore)]);

    // Obeyed by the resource servers.

    /// The answer to a request without a token.
    rs_no_token: NoToken = NoToken::Outcome401, "rs.no_token",
        Choice(&[("401", NoToken::Outcome401), ("401_plain", NoToken::Plain401), ("403", NoToken::Outcome403)]);
    /// The answer to a token that is unknown, expired or withdrawn.
    rs_bad_token: BadToken = BadToken::Outcome403, "rs.bad_token",
        Choice(&[("403", BadToken::Outcome403), ("401", BadToken::Outcome401), ("401_plain", BadToken::Plain401)]);
    /// What `WWW-Authenticate` says: the scheme alone with 401, or what is wrong in the words of RFC 6750, with 403 as well.
    rs_challenge: Challenge = Challenge::Plain, "rs.challenge",
        Choice(&[("plain", Challenge::Plain), ("rfc6750", Challenge::Rfc6750)]);
    /// The answer to the id of another citizen's resource; 404 makes it one with an id that nothing has.
    rs_foreign_id: ForeignId = ForeignId::Forbidden, "rs.foreign_id",
        Choice(&[("403", ForeignId::Forbidden), ("404", ForeignId::NotFound)]);
    /// Where `metadata` needs a token.
    metadata_token: MetadataToken = MetadataToken::Authorized, "metadata.token",
        Choice(&[("authorized", MetadataToken::Authorized), ("never", MetadataToken::Never), ("always", MetadataToken::Always)]);
    /// Whether the STU3 base honours `Prefer`.
    prefer_stu3: Prefer = Prefer::Ignore, "prefer.stu3", PREFER;
    /// Whether the R4 base honours `Prefer`.
    prefer_r4: Prefer = Prefer::Honour, "prefer.r4", PREFER;
    /// Entries of a page when `_count` is not given.
    page_default: u32 = 20, "page.default", Number(1, 100_000);
    /// The most entries of a page.
    page_max: u32 = 10_000, "page.max", Number(1, 100_000);
    /// What becomes of an unknown search parameter.
    search_unknown: UnknownSearch = UnknownSearch::Refuse, "search.unknown",
        Choice(&[("refuse", UnknownSearch::Refuse), ("ignore", UnknownSearch::Ignore)]);
    /// What becomes of an unknown parameter that begins with `_` and is no condition of FHIR's own: passed over on R4, whose engine did so, or on both bases, or on neither.
    search_unknown_special: UnknownSpecial = UnknownSpecial::IgnoreOnR4, "search.unknown_special",
        Choice(&[("ignore_on_r4", UnknownSpecial::IgnoreOnR4), ("ignore", UnknownSpecial::Ignore), ("refuse", UnknownSpecial::Refuse)]);
    /// Which searches there are: all of today's, or those of early 2019: one code at a time, `_sort` and the code of doses passed over.
    search_rules: SearchRules = SearchRules::Current, "search.rules",
        Choice(&[("current", SearchRules::Current), ("2019", SearchRules::Of2019)]);
    /// The status when If-None-Exist finds a resource; 201 was recorded before June 2019.
    if_none_exist_match_status: MatchStatus = MatchStatus::Ok, "if_none_exist.match_status",
        Choice(&[("200", MatchStatus::Ok), ("201", MatchStatus::Created)]);
    /// The status of a stale `If-Match`.
    if_match_status: StaleStatus = StaleStatus::Conflict, "if_match.status",
        Choice(&[("409", StaleStatus::Conflict), ("412", StaleStatus::PreconditionFailed)]);
    /// What becomes of profiles beside the national one in `meta.profile`.
    profiles_foreign: ForeignProfiles = ForeignProfiles::Refuse, "profiles.foreign",
        Choice(&[("refuse", ForeignProfiles::Refuse), ("allow", ForeignProfiles::Allow)]);
    /// What becomes of a display that is none of its code's.
    display_mismatch: DisplayMismatch = DisplayMismatch::Warn, "display.mismatch",
        Choice(&[("warn", DisplayMismatch::Warn), ("refuse", DisplayMismatch::Refuse)]);
    /// Which rules the STU3 profiles have. `updated`: the later, relaxed ones (several identifiers and codings, `code.text`), as the
    /// guide has them; where it is silent they follow R4. `2017`: the first, strict ones (one identifier, one coding, heart rate in
    /// beats/min), published for the vital signs' base and partly concluded from pages of the guide: for an application made for
    /// the sandbox as it was before July 2020.
    stu3_rules: Stu3Rules = Stu3Rules::Updated, "stu3.rules",
        Choice(&[("updated", Stu3Rules::Updated), ("2017", Stu3Rules::Of2017)]);
    /// Whether R4 profiles outside the published set are known.
    profiles_extras: bool = false, "profiles.extras", Flag;
    /// In whose words an OperationOutcome says what the validator found; verdicts are the same. `current`: those of the engine in
    /// use since July 2020, recorded. `2018`: the older engine's (`Profile ..., Element '...': minimum required = 1, but only found
    /// 0`, places without line and column), recorded in 2018; for an application that still reads them, which is better off
    /// reading the element in `location`.
    validator_texts: ValidatorTexts = ValidatorTexts::Current, "validator.texts",
        Choice(&[("current", ValidatorTexts::Current), ("2018", ValidatorTexts::Of2018)]);
    /// Whether the STU3 base answers batch and transaction.
    bundles_stu3: Bundles = Bundles::Never, "bundles.stu3", BUNDLES;
    /// Whether the R4 base answers batch and transaction.
    bundles_r4: Bundles = Bundles::Sandbox, "bundles.r4", BUNDLES;
    /// Whether the R4 base shows what was written on the STU3 base as well, converted as far as R4 has a profile for it. Writes stay on their own base.
    cross_version_read: CrossVersionRead = CrossVersionRead::Off, "cross_version.read",
        Choice(&[("off", CrossVersionRead::Off), ("convert", CrossVersionRead::Convert)]);
    /// Whether `$validate` is refused, as recorded in 2019, or answered with the findings.
    operations_validate: ValidateOperation = ValidateOperation::Refuse, "operations.validate",
        Choice(&[("refuse", ValidateOperation::Refuse), ("answer", ValidateOperation::Answer)]);
    /// Whether a Patient written on the open endpoint must conform to its profile.
    patient_open_strict: bool = false, "patient.open_strict", Flag;
    /// Whether what is older than three months goes on 1 March, June, September and December, or the next working day.
    purge_enabled: bool = false, "purge.enabled", Flag;
    /// Whether the creating-application extension is added when absent.
    creating_application_add: bool = true, "creating_application.add", Flag;
}

const BUNDLES: Choice<Bundles> =
    Choice(&[("sandbox", Bundles::Sandbox), ("always", Bundles::Always), ("never", Bundles::Never)]);

const PREFER: Choice<Prefer> = Choice(&[("ignore", Prefer::Ignore), ("honour", Prefer::Honour)]);

/// Why a setting was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// There is no such knob.
    #[error("there is no setting {0:?}; there are {names}", names = Settings::NAMES.join(", "))]
    UnknownName(String),
    /// There is no such preset.
    #[error("there is no preset {0:?}; there are {names}", names = PRESETS.iter().map(|preset| preset.name).collect::<Vec<_>>().join(", "))]
    UnknownPreset(String),
    /// The value is not one of the knob's.
    #[error("{name} cannot be {value}: allowed is {allowed}")]
    BadValue {
        /// The knob.
        name: &'static str,
        /// The value as JSON.
        value: String,
        /// What is allowed, in words.
        allowed: String,
    },
}

impl Settings {
    /// Sets each knob that `changes` names, all of them or none.
    pub fn update(&mut self, changes: &Map<String, Json>) -> Result<(), SettingError> {
        let mut updated = self.clone();
        for (name, value) in changes {
            updated.set(name, value)?;
        }
        *self = updated;
        Ok(())
    }

    /// What the authorization room needs of them.
    pub fn authorization_rules(&self) -> Rules {
        let seconds = |number: u32| SignedDuration::from_secs(number.into());
        Rules {
            code_lifetime: seconds(self.code_ttl_seconds),
            code_length: self.code_length as usize,
            access_token_lifetime: seconds(self.access_token_ttl_seconds),
            refresh_token_lifetime: (self.refresh_ttl_seconds > 0).then(|| seconds(self.refresh_ttl_seconds)),
            rotate_refresh_tokens: self.refresh_rotate,
            // SMART App Launch leaves no choice.
            pkce: if self.smart_enabled { Pkce::Required } else { self.pkce },
            state_required: self.state_required,
            unregistered_scope: self.scope_unregistered,
            revocation: self.revocation_mode,
            smart: self.smart_enabled,
            require_professional_permission: self.professional_require_permission,
            require_care_relationship: self.professional_require_care_relationship,
        }
    }
}

impl Settings {
    /// What the records room needs of them.
    pub fn records_settings(&self) -> crate::records::Settings {
        crate::records::Settings {
            if_match_status: match self.if_match_status {
                StaleStatus::Conflict => 409,
                StaleStatus::PreconditionFailed => 412,
            },
            add_creating_application: self.creating_application_add,
            foreign_profiles: self.profiles_foreign == ForeignProfiles::Allow,
            refuse_wrong_display: self.display_mismatch == DisplayMismatch::Refuse,
            definitions: Selection { stu3_2017: self.stu3_rules == Stu3Rules::Of2017, r4_extras: self.profiles_extras },
            texts_of_2018: self.validator_texts == ValidatorTexts::Of2018,
            ignore_unknown_parameters: self.search_unknown == UnknownSearch::Ignore,
            ignore_unknown_special: match self.search_unknown_special {
                UnknownSpecial::IgnoreOnR4 => crate::records::IgnoreSpecial::OnR4,
                UnknownSpecial::Ignore => crate::records::IgnoreSpecial::Always,
                UnknownSpecial::Refuse => crate::records::IgnoreSpecial::Never,
            },
            searches_of_2019: self.search_rules == SearchRules::Of2019,
            convert_from_stu3: self.cross_version_read == CrossVersionRead::Convert,
            page_default: self.page_default as usize,
            page_max: self.page_max as usize,
            hide_foreign_ids: self.rs_foreign_id == ForeignId::NotFound,
            patient_open_strict: self.patient_open_strict,
            is_sandbox: self.is_sandbox(),
        }
    }

    /// Whether a knob lets batch and transaction in, in the environment in force.
    pub fn bundles(&self, knob: Bundles) -> bool {
        match knob {
            Bundles::Sandbox => self.is_sandbox(),
            Bundles::Always => true,
            Bundles::Never => false,
        }
    }

    /// Whether the environment is the sandbox, where more is allowed.
    pub fn is_sandbox(&self) -> bool {
        self.environment == Environment::Sandbox
    }
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Settings::NAMES.iter().filter_map(|name| Some((name, self.get(name)?))))
    }
}

impl<'de> Deserialize<'de> for Settings {
    /// Reads what was stored, perhaps by an older version: knobs that are not named, that there are no more, or whose
    /// value is allowed no more have their defaults. One such value must not take the others along.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut settings = Settings::default();
        for (name, value) in Map::deserialize(deserializer)? {
            if let Err(error) = settings.set(&name, &value) {
                tracing::warn!(%error, "a stored setting is left at its default");
            }
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_knob_reads_what_it_writes() {
        let settings = Settings::default();
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
        for name in Settings::NAMES {
            let value = settings.get(name).unwrap();
            assert_ne!(value, Json::Null, "{name}");
            let (description, allowed) = Settings::explain(name).unwrap();
            assert!(description.ends_with('.') && !allowed.is_empty(), "{name}: {description}");
            settings.clone().set(name, &value).unwrap();
        }
    }

    #[test]
    fn what_an_older_version_stored_is_read_as_far_as_it_is_allowed() {
        let stored = r#"{"code.length":8,"professional.grant_types":["authorization_code","x"],"gone.knob":true,"pkce":"sometimes","refresh.rotate":true}"#;
        let settings: Settings = serde_json::from_str(stored).unwrap();
        assert_eq!((settings.code_length, settings.refresh_rotate), (8, true));
        let expected = Settings { code_length: 8, refresh_rotate: true, ..Settings::default() };
        assert_eq!(settings, expected);
    }

    #[test]
    fn errors_say_what_is_allowed() {
        let mut settings = Settings::default();
        let error = settings.set("code.ttl_seconds", &json!(0)).unwrap_err().to_string();
        assert_eq!(error, "code.ttl_seconds cannot be 0: allowed is a whole number from 1 to 86400");
        let error = settings.set("errors.dialect", &json!("klingon")).unwrap_err().to_string();
        assert_eq!(error, r#"errors.dialect cannot be "klingon": allowed is "kela" or "spring" or "rfc""#);
        for standard in ["authorization_code", "refresh_token", "password"] {
            let error = settings.set("professional.grant_types", &json!(["x", standard])).unwrap_err().to_string();
            assert!(
                error.ends_with("allowed is an array of 1 to 16 words, none of them a grant type of RFC 6749"),
                "{error}"
            );
        }
        let error = settings.set("code.tll", &json!(1)).unwrap_err().to_string();
        assert!(
            error.starts_with(
                r#"there is no setting "code.tll"; there are environment, code.ttl_seconds, code.length,"#
            ),
            "{error}"
        );
    }

    #[test]
    fn an_update_happens_whole_or_not_at_all() {
        let mut settings = Settings::default();
        let changes = |value: Json| value.as_object().unwrap().clone();
        settings.update(&changes(json!({ "code.length": 8, "pkce": "sometimes" }))).unwrap_err();
        assert_eq!(settings, Settings::default());
        settings.update(&changes(json!({ "code.length": 8, "rs.no_token": 403 }))).unwrap();
        assert_eq!((settings.code_length, settings.rs_no_token), (8, NoToken::Outcome403));
    }

    #[test]
    fn the_defaults_are_the_rooms_own() {
        assert_eq!(Settings::default().authorization_rules(), Rules::default());
    }
}
