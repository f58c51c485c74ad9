//! What a knob can be set to, where that is one of a few things. The words on the wire stand with the knobs.

/// `environment`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// The public sandbox, for developers.
    Sandbox,
    /// The client test (asiakastesti), which Kela admits an application to.
    ClientTest,
    /// Production.
    Production,
}

impl Environment {
    /// Its word: `sandbox`, `client-test` or `production`.
    pub fn as_str(self) -> &'static str {
        match self {
            Environment::Sandbox => "sandbox",
            Environment::ClientTest => "client-test",
            Environment::Production => "production",
        }
    }
}

/// `rs.challenge`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// `Bearer` with a 401.
    Plain,
    /// `Bearer error="invalid_token"` and so on, also with a 403 (RFC 6750 §3).
    Rfc6750,
}

/// `search.unknown_special`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownSpecial {
    /// As if it were not there on R4, 400 on STU3.
    IgnoreOnR4,
    /// As if it were not there.
    Ignore,
    /// 400.
    Refuse,
}

/// `search.rules`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchRules {
    /// Those of today.
    Current,
    /// Those before October 2019.
    Of2019,
}

/// `if_none_exist.match_status`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchStatus {
    /// 200
    Ok,
    /// 201
    Created,
}

/// `cross_version.read`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrossVersionRead {
    /// Each base shows what was written on it.
    Off,
    /// R4 shows the STU3 resources as well.
    Convert,
}

/// `operations.validate`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidateOperation {
    /// 400
    Refuse,
    /// 200 with an OperationOutcome.
    Answer,
}

/// `consent.remember`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remember {
    /// The page is shown every time.
    Never,
    /// Not for scopes that are approved already.
    UntilRevoked,
}

/// `errors.dialect`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The texts recorded of the real service, upstream's where none is.
    Kela,
    /// The texts of the product the real service is built on.
    Spring,
    /// The codes and statuses of RFC 6749.
    Rfc,
}

/// `errors.refresh_style`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshStyle {
    /// 401 `invalid_token`.
    Mitreid,
    /// 400 `invalid_grant`.
    Rfc6749,
}

/// `parameters.empty`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyParameters {
    /// 400.
    Refuse,
    /// As if they were not there.
    Ignore,
}

/// `client_auth.accept`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// By Basic or in the form, whichever comes.
    Any,
    /// By Basic only.
    Basic,
    /// In the form only.
    Post,
    /// As the client's registration says; whichever comes for a client without one.
    Registered,
}

/// `introspection.allow`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Introspection {
    /// Every client is refused with 403, as upstream refuses self-registered ones.
    Never,
    /// A client sees its own tokens; others are inactive.
    Own,
    /// A client sees every token of the tenant.
    All,
}

/// `userinfo.style`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Userinfo {
    /// The Patient with `"status":"ok"`.
    Patient,
    /// `{"sub":"…"}`.
    Oidc,
}

/// `rs.no_token`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoToken {
    /// 401 with an OperationOutcome.
    Outcome401,
    /// 401 without a body.
    Plain401,
    /// 403 with an OperationOutcome.
    Outcome403,
}

/// `rs.bad_token`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadToken {
    /// 403 with an OperationOutcome.
    Outcome403,
    /// 401 with an OperationOutcome.
    Outcome401,
    /// 401 without a body.
    Plain401,
}

/// `rs.foreign_id`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignId {
    /// 403, as the engine's rules deny what lies outside the compartment. Who guesses an id can tell that it is taken.
    Forbidden,
    /// 404, as for an id that nothing has.
    NotFound,
}

/// `metadata.token`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataToken {
    /// On the authorized endpoint.
    Authorized,
    /// Nowhere.
    Never,
    /// On both endpoints.
    Always,
}

/// `prefer.stu3`, `prefer.r4`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    /// A write answers with a small OperationOutcome, whatever the header says.
    Ignore,
    /// A write answers with the resource, unless the header says otherwise.
    Honour,
}

/// `bundles.stu3`, `bundles.r4`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bundles {
    /// In the environment sandbox.
    Sandbox,
    /// In every environment.
    Always,
    /// A Bundle is refused like any request to the base alone.
    Never,
}

/// `search.unknown`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownSearch {
    /// 400.
    Refuse,
    /// As if it were not there.
    Ignore,
}

/// `if_match.status`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaleStatus {
    /// 409
    Conflict,
    /// 412
    PreconditionFailed,
}

/// `profiles.foreign`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignProfiles {
    /// The resource is refused.
    Refuse,
    /// They are left alone.
    Allow,
}

/// `display.mismatch`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisplayMismatch {
    /// The resource is stored, with a warning where findings are shown.
    Warn,
    /// The resource is refused.
    Refuse,
}

/// `stu3.rules`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stu3Rules {
    /// The later, relaxed ones.
    Updated,
    /// The first, strict ones.
    Of2017,
}

/// `validator.texts`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidatorTexts {
    /// Those of the engine in use since July 2020.
    Current,
    /// Those recorded in 2018 (resource-server.md §11).
    Of2018,
}
