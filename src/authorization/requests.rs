//! What an authorization request must look like before anyone is asked anything (authorization-server.md §2.1, §7.2).

use super::Authorization;
use super::clients::{Client, ClientKind};
use super::pkce::{Challenge, ChallengeMethod, is_proof_key};
use super::rules::{Pkce, Rules, UnregisteredScope};
use super::scopes::{ScopeProblem, Scopes, Spelling, scopes_within};
use jiff::{SignedDuration, Timestamp};

/// The parameters of `authorize` as they came, each at most once.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestedParameters<'a> {
    /// `response_type`
    pub response_type: Option<&'a str>,
    /// `client_id`
    pub client_id: Option<&'a str>,
    /// `redirect_uri`
    pub redirect_uri: Option<&'a str>,
    /// `scope`
    pub scope: Option<&'a str>,
    /// `state`
    pub state: Option<&'a str>,
    /// `nonce`
    pub nonce: Option<&'a str>,
    /// `aud`
    pub aud: Option<&'a str>,
    /// `prompt`
    pub prompt: Option<&'a str>,
    /// `max_age`
    pub max_age: Option<&'a str>,
    /// `code_challenge`
    pub code_challenge: Option<&'a str>,
    /// `code_challenge_method`
    pub code_challenge_method: Option<&'a str>,
    /// No parameter: what `aud` may say under the rules of SMART App Launch, the base URLs of the resource servers.
    pub audiences: &'a [String],
}

/// A request that may be put before the citizen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client: Client,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// Whether the request named it itself: then the redeemer of the code must name it too.
    pub redirect_uri_was_sent: bool,
    /// What is asked for: registered, grantable, never empty.
    pub scopes: Scopes,
    /// How the request spelled them.
    pub spelling: Spelling,
    /// Echoed with the answer.
    pub state: Option<String>,
    /// Echoed in the `id_token`.
    pub nonce: Option<String>,
    /// Becomes the token's audience.
    pub aud: Option<String>,
    /// What the redeemer of the code must prove.
    pub challenge: Option<Challenge>,
    /// What the client says about pages.
    pub prompt: Option<Prompt>,
    /// How many seconds ago the citizen may have identified at most (OpenID Connect Core, section 3.1.2.1).
    pub max_age: Option<u32>,
}

impl AuthorizationRequest {
    /// Whether an identification at `signed_in_at` is too long ago for this request.
    pub fn is_stale(&self, signed_in_at: Timestamp, now: Timestamp) -> bool {
        let limit = self.max_age.map(|seconds| SignedDuration::from_secs(i64::from(seconds)));
        limit.is_some_and(|limit| now.duration_since(signed_in_at) > limit)
    }
}

/// What a client says about pages shown to the citizen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// None may be shown.
    None,
    /// The citizen must identify even if signed in.
    Login,
    /// Consent must be asked even if it is remembered.
    Consent,
}

impl Prompt {
    /// Reads `prompt`, words separated by spaces. As upstream, unknown words mean nothing; `none` stands alone (OpenID
    /// Connect Core, section 3.1.2.1).
    fn parse(words: &str) -> Result<Option<Prompt>, RequestProblem> {
        let has = |wanted: &str| words.split_whitespace().any(|word| word == wanted);
        if has("none") && words.split_whitespace().any(|word| word != "none") {
            return Err(RequestProblem::PromptNoneWithOthers);
        }
        Ok(if has("none") {
            Some(Prompt::None)
        } else if has("login") || has("select_account") {
            Some(Prompt::Login)
        } else {
            has("consent").then_some(Prompt::Consent)
        })
    }
}

/// Why a request is refused, and whether the client may be told by a redirect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// `client_id` is missing.
    #[error("A client id must be provided")]
    ClientMissing,
    /// No client has this id.
    #[error("Bad client credentials")]
    ClientUnknown {
        /// The id.
        client_id: String,
    },
    /// The client has no browser flow, and none of its redirect URIs is named.
    #[error("Unauthorized grant type: authorization_code")]
    GrantNotAllowed {
        /// The client.
        client_id: String,
    },
    /// The redirect URI is not one of the client's.
    #[error("Invalid redirect: {} does not match one of the registered values: [{}]", .requested.as_deref().unwrap_or("null"), .registered.join(", "))]
    RedirectMismatch {
        /// What the request says.
        requested: Option<String>,
        /// What the client has registered.
        registered: Vec<String>,
    },
    /// Client and redirect URI are right, something else is not: the client is told by a redirect.
    #[error("{problem}")]
    Redirectable {
        /// Where to.
        redirect_uri: String,
        /// Echoed.
        state: Option<String>,
        /// What is wrong.
        problem: RequestProblem,
    },
}

/// What is wrong with a request whose client and redirect URI are right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestProblem {
    /// Another `response_type` than `code`, or none.
    #[error("Unsupported response types: [{0}]")]
    ResponseType(String),
    /// The client has no browser flow.
    #[error("Unauthorized grant type: authorization_code")]
    ProfessionalClient,
    /// `state` is missing and the rules require it.
    #[error("A state must be provided")]
    StateMissing,
    /// A scope is not the client's.
    #[error("Invalid scope; requested:[{}]", .requested.join(", "))]
    ScopeNotRegistered {
        /// The words requested.
        requested: Vec<String>,
        /// Which of them are not granted, and why.
        why: String,
        /// What is registered.
        registered: Scopes,
    },
    /// Nothing is left that can be granted.
    #[error("Empty scope (either the client or the user is not allowed the requested scopes)")]
    ScopeEmpty {
        /// What is registered.
        registered: Scopes,
    },
    /// `prompt` has `none` and something else.
    #[error("prompt none cannot be combined with other values")]
    PromptNoneWithOthers,
    /// `max_age` is no number of seconds.
    #[error("max_age is not a number of seconds: {0}")]
    MaxAge(String),
    /// `code_challenge` is not made of 43 to 128 of the characters that RFC 7636, section 4.2, allows.
    #[error("The code challenge is malformed")]
    ChallengeMalformed,
    /// `code_challenge` is missing and the rules, or the method that was sent, require it.
    #[error("A code challenge must be provided")]
    ChallengeMissing,
    /// `code_challenge_method` is neither `S256` nor `plain`.
    #[error("Unsupported code challenge method: {0}")]
    ChallengeMethod(String),
    /// `aud` is missing and SMART requires it.
    #[error("An aud must be provided")]
    AudienceMissing,
    /// `aud` is none of the resource servers.
    #[error("Unknown aud: {0}")]
    AudienceUnknown(String),
}

impl RequestProblem {
    /// How to mend it, where the wire's own words do not say: which scopes are registered.
    pub fn hint(&self) -> Option<String> {
        match self {
            RequestProblem::ScopeNotRegistered { why, .. } => Some(why.clone()),
            RequestProblem::ScopeEmpty { registered } => {
                Some(format!("nothing of what is asked can be granted; registered: {registered}"))
            }
            _ => None,
        }
    }
}

impl Authorization {
    /// Checks a request: client and redirect URI first, because until they are right nothing may be redirected.
    pub fn check_request(
        &self,
        parameters: &RequestedParameters<'_>,
        rules: &Rules,
    ) -> Result<AuthorizationRequest, RequestError> {
        let client_id = parameters.client_id.ok_or(RequestError::ClientMissing)?;
        let client =
            self.client(client_id).ok_or_else(|| RequestError::ClientUnknown { client_id: client_id.to_owned() })?;
        let redirect_uri = match (parameters.redirect_uri, client.redirect_uris.as_slice()) {
            (Some(sent), registered) if registered.iter().any(|uri| uri == sent) => sent.to_owned(),
            (None, [only]) => only.clone(),
            _ if client.kind == ClientKind::Professional => {
                return Err(RequestError::GrantNotAllowed { client_id: client.client_id });
            }
            (sent, registered) => {
                let requested = sent.map(str::to_owned);
                return Err(RequestError::RedirectMismatch { requested, registered: registered.to_vec() });
            }
        };
        let state = parameters.state.map(str::to_owned);
        match check_rest(parameters, &client, rules) {
            Ok(Rest { scopes, challenge, prompt, max_age }) => Ok(AuthorizationRequest {
                spelling: parameters.scope.filter(|_| rules.smart).map(Spelling::of).unwrap_or_default(),
                client,
                redirect_uri,
                redirect_uri_was_sent: parameters.redirect_uri.is_some(),
                scopes,
                state,
                nonce: parameters.nonce.map(str::to_owned),
                aud: parameters.aud.map(str::to_owned),
                challenge,
                prompt,
                max_age,
            }),
            Err(problem) => Err(RequestError::Redirectable { redirect_uri, state, problem }),
        }
    }
}

struct Rest {
    scopes: Scopes,
    challenge: Option<Challenge>,
    prompt: Option<Prompt>,
    max_age: Option<u32>,
}

fn check_rest(parameters: &RequestedParameters<'_>, client: &Client, rules: &Rules) -> Result<Rest, RequestProblem> {
    if parameters.response_type != Some("code") {
        return Err(RequestProblem::ResponseType(parameters.response_type.unwrap_or_default().to_owned()));
    }
    if client.kind == ClientKind::Professional {
        return Err(RequestProblem::ProfessionalClient);
    }
    if (rules.state_required || rules.smart) && parameters.state.is_none() {
        return Err(RequestProblem::StateMissing);
    }
    let scopes = match parameters.scope {
        Some(scope) => requested_scopes(scope, client, rules.unregistered_scope, rules.smart)?,
        None => client.scope.clone(),
    };
    let challenge = match (rules.pkce, parameters.code_challenge) {
        (Pkce::Off, _) => None,
        (Pkce::Optional, None) if parameters.code_challenge_method.is_none() => None,
        (Pkce::Required | Pkce::Optional, None) => return Err(RequestProblem::ChallengeMissing),
        (_, Some(value)) if !is_proof_key(value) => return Err(RequestProblem::ChallengeMalformed),
        (_, Some(value)) => {
            let method = match parameters.code_challenge_method {
                None => ChallengeMethod::Plain,
                Some(word) => {
                    ChallengeMethod::parse(word).ok_or_else(|| RequestProblem::ChallengeMethod(word.to_owned()))?
                }
            };
            Some(Challenge { value: value.to_owned(), method })
        }
    };
    if rules.smart {
        check_smart(parameters, challenge.as_ref())?;
    }
    let prompt = parameters.prompt.map(Prompt::parse).transpose()?.flatten();
    let max_age = parameters.max_age.map(seconds).transpose()?;
    Ok(Rest { scopes, challenge, prompt, max_age })
}

/// Digits and nothing else; more than anybody lives is as good as no limit.
fn seconds(text: &str) -> Result<u32, RequestProblem> {
    match text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        true => Ok(text.parse().unwrap_or(u32::MAX)),
        false => Err(RequestProblem::MaxAge(text.to_owned())),
    }
}

/// What SMART App Launch 2 demands besides: S256, and an audience that is one of our resource servers.
fn check_smart(parameters: &RequestedParameters<'_>, challenge: Option<&Challenge>) -> Result<(), RequestProblem> {
    match challenge {
        None => return Err(RequestProblem::ChallengeMissing),
        Some(challenge) if challenge.method != ChallengeMethod::S256 => {
            return Err(RequestProblem::ChallengeMethod(String::from("plain")));
        }
        Some(_) => {}
    }
    let aud = parameters.aud.ok_or(RequestProblem::AudienceMissing)?;
    let known = parameters.audiences.iter().any(|base| base == aud.strip_suffix('/').unwrap_or(aud));
    if known { Ok(()) } else { Err(RequestProblem::AudienceUnknown(aud.to_owned())) }
}

/// The scopes that may be put before the citizen, out of the words requested.
pub fn requested_scopes(
    scope: &str,
    client: &Client,
    unregistered: UnregisteredScope,
    smart: bool,
) -> Result<Scopes, RequestProblem> {
    let mut scopes = Scopes::default();
    let mut refused = Vec::new();
    for word in scope.split_whitespace() {
        match scopes_within(word, smart, &client.scope) {
            Ok(each) => each.into_iter().for_each(|scope| scopes.insert(scope)),
            Err(ScopeProblem::NeverGranted(_)) => {}
            Err(problem) => refused.push((word.to_owned(), problem)),
        }
    }
    if !refused.is_empty() && unregistered == UnregisteredScope::Reject {
        let requested = scope.split_whitespace().map(str::to_owned).collect();
        let registered = client.scope.clone();
        let ill_put = refused.iter().filter_map(|(_, problem)| match problem {
            ScopeProblem::Letters(_) | ScopeProblem::Narrowed(_) => Some(problem.to_string()),
            _ => None,
        });
        let mut why = ill_put.collect::<Vec<_>>().join("; ");
        if why.is_empty() {
            let refused: Vec<String> = refused.into_iter().map(|(word, _)| word).collect();
            why = format!(
                "not registered for this client: {}; registered: {registered} (setting scope.unregistered)",
                refused.join(" ")
            );
        }
        return Err(RequestProblem::ScopeNotRegistered { requested, why, registered });
    }
    if scopes.is_empty() {
        return Err(RequestProblem::ScopeEmpty { registered: client.scope.clone() });
    }
    Ok(scopes)
}

#[cfg(test)]
mod tests {
    use super::super::NewClient;
    use super::*;
    use crate::store::Store;
    use crate::time::Random;

    fn room() -> Authorization {
        let room = Authorization::new(Store::in_memory());
        for (id, uris) in
            [("one", &["https://a.example/cb"][..]), ("two", &["https://a.example/cb", "example.app:/cb"])]
        {
            let new = NewClient {
                name: id.into(),
                client_id: Some(id.into()),
                redirect_uris: uris.iter().map(|uri| (*uri).to_owned()).collect(),
                scope: "patient/Observation.read patient/Observation.write offline_access".into(),
                ..NewClient::default()
            };
            room.add_client(new, &Random::seeded(1)).unwrap();
        }
        room
    }

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    const GOOD: RequestedParameters<'static> = RequestedParameters {
        response_type: Some("code"),
        client_id: Some("one"),
        redirect_uri: Some("https://a.example/cb"),
        scope: Some("patient/Observation.read"),
        state: Some("s"),
        nonce: None,
        aud: None,
        prompt: None,
        max_age: None,
        code_challenge: None,
        code_challenge_method: None,
        audiences: &[],
    };

    fn check(parameters: RequestedParameters<'_>, rules: &Rules) -> Result<AuthorizationRequest, RequestError> {
        room().check_request(&parameters, rules)
    }

    fn problem(parameters: RequestedParameters<'_>, rules: &Rules) -> RequestProblem {
        match check(parameters, rules) {
            Err(RequestError::Redirectable { redirect_uri, state, problem }) => {
                assert_eq!((redirect_uri.as_str(), state.as_deref()), ("https://a.example/cb", parameters.state));
                problem
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn client_and_redirect_uri_come_first() {
        let rules = Rules::default();
        let bad = RequestedParameters { response_type: None, ..GOOD };
        assert_eq!(check(RequestedParameters { client_id: None, ..bad }, &rules), Err(RequestError::ClientMissing));
        let unknown = check(RequestedParameters { client_id: Some("three"), ..bad }, &rules);
        assert_eq!(unknown, Err(RequestError::ClientUnknown { client_id: "three".into() }));
        for uri in ["https://a.example/cb/", "https://A.example/cb", "https://a.example/cb?x=1", "http://a.example/cb"]
        {
            let error = check(RequestedParameters { redirect_uri: Some(uri), ..bad }, &rules).unwrap_err();
            let text =
                format!("Invalid redirect: {uri} does not match one of the registered values: [https://a.example/cb]");
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn a_redirect_uri_may_be_left_out_when_only_one_is_registered() {
        let rules = Rules::default();
        let request = check(RequestedParameters { redirect_uri: None, ..GOOD }, &rules).unwrap();
        assert_eq!((request.redirect_uri.as_str(), request.redirect_uri_was_sent), ("https://a.example/cb", false));
        let error =
            check(RequestedParameters { redirect_uri: None, client_id: Some("two"), ..GOOD }, &rules).unwrap_err();
        assert!(matches!(error, RequestError::RedirectMismatch { requested: None, .. }));
        assert!(error.to_string().starts_with("Invalid redirect: null does not match"));
    }

    #[test]
    fn scopes_are_registered_or_refused_or_dropped() {
        let rules = Rules::default();
        let all = check(RequestedParameters { scope: None, ..GOOD }, &rules).unwrap();
        assert_eq!(all.scopes.to_string(), "patient/Observation.read patient/Observation.write offline_access");
        let with = |scope| RequestedParameters { scope: Some(scope), ..GOOD };
        let dropped =
            check(with("patient/Patient.read patient/StructureDefinition.read patient/Observation.read"), &rules);
        assert_eq!(dropped.unwrap().scopes.to_string(), "patient/Observation.read");
        let refused = problem(with("patient/Observation.read patient/CarePlan.read nonsense"), &rules);
        assert_eq!(
            refused.to_string(),
            "Invalid scope; requested:[patient/Observation.read, patient/CarePlan.read, nonsense]"
        );
        assert_eq!(
            refused.hint().unwrap(),
            "not registered for this client: patient/CarePlan.read nonsense; registered: patient/Observation.read \
             patient/Observation.write offline_access (setting scope.unregistered)"
        );
        assert!(matches!(problem(with("patient/Patient.read"), &rules), RequestProblem::ScopeEmpty { .. }));
        let lenient = Rules { unregistered_scope: UnregisteredScope::Drop, ..rules };
        let dropped = check(with("openid patient/Observation.read nonsense"), &lenient).unwrap();
        assert_eq!(dropped.scopes.to_string(), "patient/Observation.read");
    }

    #[test]
    fn response_type_state_challenge_and_prompt() {
        let rules = Rules::default();
        for response_type in [None, Some("token"), Some("code id_token")] {
            let problem = problem(RequestedParameters { response_type, ..GOOD }, &rules);
            assert!(matches!(problem, RequestProblem::ResponseType(_)), "{response_type:?}");
        }
        let strict = Rules { state_required: true, pkce: Pkce::Required, ..rules.clone() };
        assert_eq!(problem(RequestedParameters { state: None, ..GOOD }, &strict), RequestProblem::StateMissing);
        assert_eq!(problem(GOOD, &strict), RequestProblem::ChallengeMissing);
        let challenged = RequestedParameters { code_challenge: Some(CHALLENGE), ..GOOD };
        assert_eq!(check(challenged, &strict).unwrap().challenge.unwrap().method, ChallengeMethod::Plain);
        let long = "x".repeat(129);
        for value in ["c", &CHALLENGE[1..], "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", &long] {
            let malformed = RequestedParameters { code_challenge: Some(value), ..GOOD };
            assert_eq!(problem(malformed, &rules), RequestProblem::ChallengeMalformed, "{value}");
        }
        for (text, max_age) in [("0", 0), ("3600", 3600), ("99999999999999999999", u32::MAX)] {
            let request = check(RequestedParameters { max_age: Some(text), ..GOOD }, &rules).unwrap();
            assert_eq!(request.max_age, Some(max_age), "{text}");
        }
        for text in ["-1", "+1", "1.5", "soon", " 1"] {
            let bad = RequestedParameters { max_age: Some(text), ..GOOD };
            assert_eq!(problem(bad, &rules), RequestProblem::MaxAge(text.into()), "{text}");
        }
        let off = Rules { pkce: Pkce::Off, ..rules.clone() };
        assert_eq!(check(challenged, &off).unwrap().challenge, None);
        let odd = RequestedParameters { code_challenge_method: Some("S512"), ..challenged };
        assert_eq!(problem(odd, &rules), RequestProblem::ChallengeMethod("S512".into()));
        for (words, prompt) in [
            ("none", Some(Prompt::None)),
            ("consent", Some(Prompt::Consent)),
            ("consent login", Some(Prompt::Login)),
            ("create", None),
        ] {
            assert_eq!(Prompt::parse(words), Ok(prompt));
            assert_eq!(check(RequestedParameters { prompt: Some(words), ..GOOD }, &rules).unwrap().prompt, prompt);
        }
    }
}
