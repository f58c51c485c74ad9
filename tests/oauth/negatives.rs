//! Everything that is refused, one row each: authorization-server.md §7 and the rules beside it. Every row is sent to a
//! fresh server; status, headers and body are compared to the letter.
//!
//! Of the headers, those that are the same for all answers of a kind are checked and folded into one word: `[json]`,
//! `[empty]`, `[page]`, `[redirect]`. Of a page, its heading and the wire's own words are shown.

use crate::server::{Browser, CALLBACK, SCOPE, Server, Shown};
use regex::Regex;
use reqwest::blocking::Response;
use serde_json::Value;

/// A registration without anything special.
const WEBSITE: &str = r#"{"client_name":"Site","redirect_uris":["https://site.example/cb"],"scope":"openid"}"#;

/// What is sent, and what comes back.
struct Row(&'static str, fn(&Server) -> String, &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Authorization requests whose client or redirect URI is not right: a page, never a redirect.
    Row("authorize: no client_id", |s| facts(s.get(&s.authorize(&[("client_id", "")]))), r##"
        401 [page]
        sandbox-reason: AUTH-CLIENT-MISSING; add client_id
        Sovellus ei kertonut, mikä se on
        error invalid_client
        error_description A client id must be provided
    "##),
    Row("authorize: unknown client_id", |s| facts(s.get(&s.authorize(&[("client_id", "nobody")]))), r##"
        401 [page]
        sandbox-reason: AUTH-CLIENT-UNKNOWN; no client "nobody" is registered in this tenant; GET /_sandbox/clients lists them
        Emme tunne tätä sovellusta
        error invalid_client
        error_description Bad client credentials
    "##),
    Row("authorize: hostile client_id", |s| facts(s.get(&s.authorize(&[("client_id", "\"><script>alert(1)</script>")]))), r##"
        401 [page]
        sandbox-reason: AUTH-CLIENT-UNKNOWN; no client "\"><script>alert(1)</script>" is registered in this tenant; GET /_sandbox/clients lists them
        Emme tunne tätä sovellusta
        error invalid_client
        error_description Bad client credentials
    "##),
    Row("authorize: another redirect_uri", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https://evil.example/cb")]))), r##"
        400 [page]
        sandbox-reason: AUTH-REDIRECT-URI; "https://evil.example/cb" must equal a registered URI character by character: https://app.example/cb
        Paluuosoitetta ei ole rekisteröity
        error invalid_grant
        error_description Invalid redirect: https://evil.example/cb does not match one of the registered values: [https://app.example/cb]
    "##),
    Row("authorize: redirect_uri with a slash more", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https://app.example/cb/")]))), r##"
        400 [page]
        sandbox-reason: AUTH-REDIRECT-URI; "https://app.example/cb/" must equal a registered URI character by character: https://app.example/cb
        Paluuosoitetta ei ole rekisteröity
        error invalid_grant
        error_description Invalid redirect: https://app.example/cb/ does not match one of the registered values: [https://app.example/cb]
    "##),
    Row("authorize: redirect_uri with a query more", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https://app.example/cb?next=1")]))), r##"
        400 [page]
        sandbox-reason: AUTH-REDIRECT-URI; "https://app.example/cb?next=1" must equal a registered URI character by character: https://app.example/cb
        Paluuosoitetta ei ole rekisteröity
        error invalid_grant
        error_description Invalid redirect: https://app.example/cb?next=1 does not match one of the registered values: [https://app.example/cb]
    "##),
    Row("authorize: redirect_uri with a fragment more", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https://app.example/cb#x")]))), r##"
        400 [page]
        sandbox-reason: AUTH-REDIRECT-URI; "https://app.example/cb#x" must equal a registered URI character by character: https://app.example/cb
        Paluuosoitetta ei ole rekisteröity
        error invalid_grant
        error_description Invalid redirect: https://app.example/cb#x does not match one of the registered values: [https://app.example/cb]
    "##),
    Row("authorize: redirect_uri in capitals", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https://APP.example/cb")]))), r##"
        400 [page]
        sandbox-reason: AUTH-REDIRECT-URI; "https://APP.example/cb" must equal a registered URI character by character: https://app.example/cb
        Paluuosoitetta ei ole rekisteröity
        error invalid_grant
        error_description Invalid redirect: https://APP.example/cb does not match one of the registered values: [https://app.example/cb]
    "##),
    Row("authorize: redirect_uri of another scheme", |s| facts(s.get(&s.authorize(&[("redirect_uri", "http://app.example/cb")]))), r##"
        400 [page]
        sandbox-reason: AUTH-REDIRECT-URI; "http://app.example/cb" must equal a registered URI character by character: https://app.example/cb
        Paluuosoitetta ei ole rekisteröity
        error invalid_grant
        error_description Invalid redirect: http://app.example/cb does not match one of the registered values: [https://app.example/cb]
    "##),
    Row("authorize: redirect_uri with a port", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https://app.example:444/cb")]))), r##"
        400 [page]
        sandbox-reason: AUTH-REDIRECT-URI; "https://app.example:444/cb" must equal a registered URI character by character: https://app.example/cb
        Paluuosoitetta ei ole rekisteröity
        error invalid_grant
        error_description Invalid redirect: https://app.example:444/cb does not match one of the registered values: [https://app.example/cb]
    "##),
    Row("authorize: redirect_uri with user information", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https://app.example@evil.example/cb")]))), r##"
        400 [page]
        sandbox-reason: AUTH-REDIRECT-URI; "https://app.example@evil.example/cb" must equal a registered URI character by character: https://app.example/cb
        Paluuosoitetta ei ole rekisteröity
        error invalid_grant
        error_description Invalid redirect: https://app.example@evil.example/cb does not match one of the registered values: [https://app.example/cb]
    "##),
    Row("authorize: redirect_uri without a scheme", |s| facts(s.get(&s.authorize(&[("redirect_uri", "//evil.example/cb")]))), r##"
        400 [page]
        sandbox-reason: AUTH-REDIRECT-URI; "//evil.example/cb" must equal a registered URI character by character: https://app.example/cb
        Paluuosoitetta ei ole rekisteröity
        error invalid_grant
        error_description Invalid redirect: //evil.example/cb does not match one of the registered values: [https://app.example/cb]
    "##),
    Row("authorize: redirect_uri with backslashes", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https:\\\\app.example\\cb")]))), r##"
        400 [page]
        sandbox-reason: AUTH-REDIRECT-URI; "https:\\\\app.example\\cb" must equal a registered URI character by character: https://app.example/cb
        Paluuosoitetta ei ole rekisteröity
        error invalid_grant
        error_description Invalid redirect: https:\\app.example\cb does not match one of the registered values: [https://app.example/cb]
    "##),
    Row("authorize: redirect_uri as script", |s| facts(s.get(&s.authorize(&[("redirect_uri", "javascript:alert(1)")]))), r##"
        400 [page]
        sandbox-reason: AUTH-REDIRECT-URI; "javascript:alert(1)" must equal a registered URI character by character: https://app.example/cb
        Paluuosoitetta ei ole rekisteröity
        error invalid_grant
        error_description Invalid redirect: javascript:alert(1) does not match one of the registered values: [https://app.example/cb]
    "##),
    Row("authorize: redirect_uri one directory up", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https://app.example/cb/../cb")]))), r##"
        400 [page]
        sandbox-reason: AUTH-REDIRECT-URI; "https://app.example/cb/../cb" must equal a registered URI character by character: https://app.example/cb
        Paluuosoitetta ei ole rekisteröity
        error invalid_grant
        error_description Invalid redirect: https://app.example/cb/../cb does not match one of the registered values: [https://app.example/cb]
    "##),
    Row("authorize: redirect_uri of another client", |s| facts(s.get(&s.authorize(&[("redirect_uri", "app.diary:/cb")]))), r##"
        400 [page]
        sandbox-reason: AUTH-REDIRECT-URI; "app.diary:/cb" must equal a registered URI character by character: https://app.example/cb
        Paluuosoitetta ei ole rekisteröity
        error invalid_grant
        error_description Invalid redirect: app.diary:/cb does not match one of the registered values: [https://app.example/cb]
    "##),
    Row("authorize: redirect_uri left out, two registered", |s| facts(s.get(&s.authorize(&[("client_id", "other"), ("redirect_uri", "")]))), r##"
        400 [page]
        sandbox-reason: AUTH-REDIRECT-URI; redirect_uri may be left out only when one is registered; there are: https://app.example/cb app.diary:/cb
        Sovellus ei kertonut paluuosoitetta
        error invalid_grant
        error_description Invalid redirect: null does not match one of the registered values: [https://app.example/cb, app.diary:/cb]
    "##),
    Row("authorize: redirect_uri comes before response_type", |s| facts(s.get(&s.authorize(&[("redirect_uri", "https://evil.example/"), ("response_type", "token")]))), r##"
        400 [page]
        sandbox-reason: AUTH-REDIRECT-URI; "https://evil.example/" must equal a registered URI character by character: https://app.example/cb
        Paluuosoitetta ei ole rekisteröity
        error invalid_grant
        error_description Invalid redirect: https://evil.example/ does not match one of the registered values: [https://app.example/cb]
    "##),
    Row("authorize: empty nonce", |s| facts(s.get(&format!("{}&nonce=", s.authorize(&[])))), r##"
        400 [page]
        sandbox-reason: AUTH-PARAMETER-EMPTY; leave nonce out instead of sending it empty (refused since release 2019-10-03; setting parameters.empty)
        Pyyntöä ei voi tulkita
        error invalid_request
        error_description Parameter nonce has no value
    "##),
    Row("authorize: nonce without a sign", |s| facts(s.get(&format!("{}&nonce", s.authorize(&[])))), r##"
        400 [page]
        sandbox-reason: AUTH-PARAMETER-EMPTY; leave nonce out instead of sending it empty (refused since release 2019-10-03; setting parameters.empty)
        Pyyntöä ei voi tulkita
        error invalid_request
        error_description Parameter nonce has no value
    "##),
    Row("authorize: empty parameter that nobody knows", |s| facts(s.get(&format!("{}&foo=", s.authorize(&[])))), r##"
        400 [page]
        sandbox-reason: AUTH-PARAMETER-EMPTY; leave foo out instead of sending it empty (refused since release 2019-10-03; setting parameters.empty)
        Pyyntöä ei voi tulkita
        error invalid_request
        error_description Parameter foo has no value
    "##),
    Row("authorize: empty client_id", |s| facts(s.get(&format!("{}authorize?client_id=&response_type=code", s.base))), r##"
        400 [page]
        sandbox-reason: AUTH-PARAMETER-EMPTY; leave client_id out instead of sending it empty (refused since release 2019-10-03; setting parameters.empty)
        Pyyntöä ei voi tulkita
        error invalid_request
        error_description Parameter client_id has no value
    "##),
    Row("authorize: empty state", |s| facts(s.get(&format!("{}&state=", s.authorize(&[("state", "")])))), r##"
        400 [page]
        sandbox-reason: AUTH-PARAMETER-EMPTY; leave state out instead of sending it empty (refused since release 2019-10-03; setting parameters.empty)
        Pyyntöä ei voi tulkita
        error invalid_request
        error_description Parameter state has no value
    "##),
    Row("authorize: repeated state", |s| facts(s.get(&format!("{}&state=b", s.authorize(&[])))), r##"
        400 [page]
        sandbox-reason: AUTH-PARAMETER-REPEATED; send state once (RFC 6749, 3.1 and 3.2)
        Pyyntöä ei voi tulkita
        error invalid_request
        error_description Parameter state is repeated
    "##),
    Row("authorize: repeated client_id", |s| facts(s.get(&format!("{}&client_id=diary", s.authorize(&[])))), r##"
        400 [page]
        sandbox-reason: AUTH-PARAMETER-REPEATED; send client_id once (RFC 6749, 3.1 and 3.2)
        Pyyntöä ei voi tulkita
        error invalid_request
        error_description Parameter client_id is repeated
    "##),
    Row("authorize: repeated redirect_uri", |s| facts(s.get(&format!("{}&redirect_uri=https%3A%2F%2Fevil.example%2F", s.authorize(&[])))), r##"
        400 [page]
        sandbox-reason: AUTH-PARAMETER-REPEATED; send redirect_uri once (RFC 6749, 3.1 and 3.2)
        Pyyntöä ei voi tulkita
        error invalid_request
        error_description Parameter redirect_uri is repeated
    "##),
    Row("authorize: repeated scope", |s| facts(s.get(&format!("{}&scope=openid", s.authorize(&[])))), r##"
        400 [page]
        sandbox-reason: AUTH-PARAMETER-REPEATED; send scope once (RFC 6749, 3.1 and 3.2)
        Pyyntöä ei voi tulkita
        error invalid_request
        error_description Parameter scope is repeated
    "##),
    Row("authorize: not UTF-8", |s| facts(s.get(&format!("{}&nonce=%FF", s.authorize(&[])))), r##"
        400 [page]
        sandbox-reason: AUTH-PARAMETER-UTF8; percent-encode the UTF-8 bytes of nonce; other bytes cannot be echoed
        Pyyntöä ei voi tulkita
        error invalid_request
        error_description Parameter nonce is not UTF-8
    "##),
    Row("authorize: user_id that is no code", |s| facts(s.get(&s.authorize(&[("user_id", "aino")]))), r##"
        400 [page]
        sandbox-reason: AUTH-USER-ID; user_id: a personal identity code is written DDMMYY, a century sign (+ - Y X W V U A B C D E F), three digits and a check character
        Pyyntöä ei voi tulkita
        error invalid_request
        error_description user_id: a personal identity code is written DDMMYY, a century sign (+ - Y X W V U A B C D E F), three digits and a check character
    "##),
    Row("authorize: user_id with a wrong check character", |s| facts(s.get(&s.authorize(&[("user_id", "010180-9000")]))), r##"
        400 [page]
        sandbox-reason: AUTH-USER-ID; user_id: the check character of the personal identity code is wrong: it should be 4
        Pyyntöä ei voi tulkita
        error invalid_request
        error_description user_id: the check character of the personal identity code is wrong: it should be 4
    "##),
    Row("authorize: user_id that may be a real person", |s| facts(s.get(&s.authorize(&[("user_id", "010180-123N")]))), r##"
        400 [page]
        sandbox-reason: AUTH-USER-ID; user_id: this sandbox never accepts codes that could belong to a real person: use one whose individual number is 900-999
        Pyyntöä ei voi tulkita
        error invalid_request
        error_description user_id: this sandbox never accepts codes that could belong to a real person: use one whose individual number is 900–999
    "##),
    Row("authorize: user that may be a real person", |s| facts(s.get(&s.authorize(&[("user", "010180-123N")]))), r##"
        400 [page]
        sandbox-reason: AUTH-USER; user: this sandbox never accepts codes that could belong to a real person: use one whose individual number is 900-999
        Pyyntöä ei voi tulkita
        error invalid_request
        error_description user: this sandbox never accepts codes that could belong to a real person: use one whose individual number is 900–999
    "##),
    Row("authorize: unknown sandbox_decision", |s| facts(s.get(&s.authorize(&[("sandbox_decision", "perhaps")]))), r##"
        400 [page]
        sandbox-reason: AUTH-DECISION; sandbox_decision is approve, deny or cancel
        Pyyntöä ei voi tulkita
        error invalid_request
        error_description sandbox_decision is approve, deny or cancel
    "##),
    // Authorization requests of a known client: the application is told.
    Row("authorize: response_type token", |s| facts(s.get(&s.authorize(&[("response_type", "token")]))), r##"
        302 [redirect]
        location: https://app.example/cb?error=unsupported_response_type&error_description=Unsupported%20response%20types%3A%20%5Btoken%5D&state=xyz
        sandbox-reason: AUTH-RESPONSE-TYPE; send response_type=code: there is no other flow
    "##),
    Row("authorize: no response_type", |s| facts(s.get(&s.authorize(&[("response_type", "")]))), r##"
        302 [redirect]
        location: https://app.example/cb?error=unsupported_response_type&error_description=Unsupported%20response%20types%3A%20%5B%5D&state=xyz
        sandbox-reason: AUTH-RESPONSE-TYPE; send response_type=code: there is no other flow
    "##),
    Row("authorize: response_type code id_token", |s| facts(s.get(&s.authorize(&[("response_type", "code id_token")]))), r##"
        302 [redirect]
        location: https://app.example/cb?error=unsupported_response_type&error_description=Unsupported%20response%20types%3A%20%5Bcode%20id_token%5D&state=xyz
        sandbox-reason: AUTH-RESPONSE-TYPE; send response_type=code: there is no other flow
    "##),
    Row("authorize: scope that is not registered", |s| facts(s.get(&s.authorize(&[("scope", "patient/CarePlan.read")]))), r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_scope&error_description=Invalid%20scope%3B%20requested%3A%5Bpatient%2FCarePlan.read%5D&state=xyz&scope=openid%20profile%20offline_access%20patient%2FObservation.read%20patient%2FObservation.write
        sandbox-reason: AUTH-SCOPE; not registered for this client: patient/CarePlan.read; registered: openid profile offline_access patient/Observation.read patient/Observation.write (setting scope.unregistered)
    "##),
    Row("authorize: scope that does not exist", |s| facts(s.get(&s.authorize(&[("scope", "patient/Observation.read patient/Bicycle.read")]))), r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_scope&error_description=Invalid%20scope%3B%20requested%3A%5Bpatient%2FObservation.read%2C%20patient%2FBicycle.read%5D&state=xyz&scope=openid%20profile%20offline_access%20patient%2FObservation.read%20patient%2FObservation.write
        sandbox-reason: AUTH-SCOPE; not registered for this client: patient/Bicycle.read; registered: openid profile offline_access patient/Observation.read patient/Observation.write (setting scope.unregistered)
    "##),
    Row("authorize: wildcard scope", |s| facts(s.get(&s.authorize(&[("scope", "patient/*.read")]))), r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_scope&error_description=Invalid%20scope%3B%20requested%3A%5Bpatient%2F%2A.read%5D&state=xyz&scope=openid%20profile%20offline_access%20patient%2FObservation.read%20patient%2FObservation.write
        sandbox-reason: AUTH-SCOPE; not registered for this client: patient/*.read; registered: openid profile offline_access patient/Observation.read patient/Observation.write (setting scope.unregistered)
    "##),
    Row("authorize: v2 scope", |s| facts(s.get(&s.authorize(&[("scope", "patient/Observation.rs")]))), r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_scope&error_description=Invalid%20scope%3B%20requested%3A%5Bpatient%2FObservation.rs%5D&state=xyz&scope=openid%20profile%20offline_access%20patient%2FObservation.read%20patient%2FObservation.write
        sandbox-reason: AUTH-SCOPE; not registered for this client: patient/Observation.rs; registered: openid profile offline_access patient/Observation.read patient/Observation.write (setting scope.unregistered)
    "##),
    Row("authorize: reserved scope", |s| facts(s.get(&s.authorize(&[("scope", "registration-token")]))), r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_scope&error_description=Invalid%20scope%3B%20requested%3A%5Bregistration-token%5D&state=xyz&scope=openid%20profile%20offline_access%20patient%2FObservation.read%20patient%2FObservation.write
        sandbox-reason: AUTH-SCOPE; not registered for this client: registration-token; registered: openid profile offline_access patient/Observation.read patient/Observation.write (setting scope.unregistered)
    "##),
    Row("authorize: nothing but scopes that are never granted", |s| facts(s.get(&s.authorize(&[("scope", "patient/Patient.read patient/StructureDefinition.read")]))), r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_scope&error_description=Empty%20scope%20%28either%20the%20client%20or%20the%20user%20is%20not%20allowed%20the%20requested%20scopes%29&state=xyz&scope=openid%20profile%20offline_access%20patient%2FObservation.read%20patient%2FObservation.write
        sandbox-reason: AUTH-SCOPE; nothing of what is asked can be granted; registered: openid profile offline_access patient/Observation.read patient/Observation.write
    "##),
    Row("authorize: a professional client", |s| facts(s.get(&s.authorize(&[("client_id", "professional")]))), r##"
        302 [redirect]
        location: https://app.example/cb?error=unauthorized_client&error_description=Unauthorized%20grant%20type%3A%20authorization_code&state=xyz
        sandbox-reason: AUTH-CLIENT-KIND; a professional client has no browser flow; register a wellbeing client
    "##),
    Row("authorize: unknown code_challenge_method", |s| facts(s.get(&s.authorize(&[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), ("code_challenge_method", "S512")]))), r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_request&error_description=Unsupported%20code%20challenge%20method%3A%20S512&state=xyz
        sandbox-reason: AUTH-PKCE; code_challenge_method is S256 or plain; with smart.enabled only S256
    "##),
    Row("authorize: code_challenge_method alone", |s| facts(s.get(&s.authorize(&[("code_challenge_method", "S256")]))), r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_request&error_description=A%20code%20challenge%20must%20be%20provided&state=xyz
        sandbox-reason: AUTH-PKCE; send code_challenge and code_challenge_method=S256 (settings pkce, smart.enabled)
    "##),
    Row("authorize: prompt=none with another value", |s| facts(s.get(&s.authorize(&[("prompt", "none login")]))), r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_request&error_description=prompt%20none%20cannot%20be%20combined%20with%20other%20values&state=xyz
        sandbox-reason: AUTH-PROMPT; none forbids every page, so that no other value can stand beside it
    "##),
    Row("authorize: a professional client without a redirect URI of its own", |s| facts(s.get(&s.authorize(&[("client_id", "professional"), ("redirect_uri", "https://evil.example/cb")]))), r##"
        400 [page]
        sandbox-reason: AUTH-CLIENT-KIND; "professional" is a professional client, which has no browser flow: it asks the token endpoint with its own grant type; register a wellbeing client for citizens
        Sovellus ei saa tehdä tätä
        error unauthorized_client
        error_description Unauthorized grant type: authorization_code
    "##),
    Row("authorize: POST by a browser", |s| facts(s.http.post(s.authorize(&[])).header("accept", "text/html,*/*").send().unwrap()), r##"
        405 [page]
        allow: GET,HEAD
        sandbox-reason: HTTP-METHOD; /phr-authserver-sandbox/authorize does not take POST
        Osoite ei vastaa näin
    "##),
    Row("authorize: prompt=none with nobody there", |s| facts(s.get(&s.authorize(&[("prompt", "none")]))), r##"
        302 [redirect]
        location: https://app.example/cb?error=login_required&error_description=The%20citizen%20is%20not%20signed%20in&state=xyz
        sandbox-reason: AUTH-LOGIN-REQUIRED; prompt=none, and no citizen is signed in in this browser
    "##),
    Row("authorize: hostile state", |s| facts(s.get(&s.authorize(&[("scope", "nonsense"), ("state", "a b&error=x#\r\nSet-Cookie: y")]))), r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_scope&error_description=Invalid%20scope%3B%20requested%3A%5Bnonsense%5D&state=a%20b%26error%3Dx%23%0D%0ASet-Cookie%3A%20y&scope=openid%20profile%20offline_access%20patient%2FObservation.read%20patient%2FObservation.write
        sandbox-reason: AUTH-SCOPE; not registered for this client: nonsense; registered: openid profile offline_access patient/Observation.read patient/Observation.write (setting scope.unregistered)
    "##),
    Row("authorize: no state where it is required", |s| { s.set("state.required", true); facts(s.get(&s.authorize(&[("state", "")]))) }, r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_request&error_description=A%20state%20must%20be%20provided
        sandbox-reason: AUTH-STATE; send an unguessable state (settings state.required, smart.enabled)
    "##),
    Row("authorize: no challenge where it is required", |s| { s.set("pkce", "required"); facts(s.get(&s.authorize(&[]))) }, r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_request&error_description=A%20code%20challenge%20must%20be%20provided&state=xyz
        sandbox-reason: AUTH-PKCE; send code_challenge and code_challenge_method=S256 (settings pkce, smart.enabled)
    "##),
    Row("authorize: the citizen refuses", |s| facts(s.get(&s.authorize(&[("user_id", &s.code_of("aino")), ("sandbox_decision", "deny")]))), r##"
        302 [redirect]
        location: https://app.example/cb?error=access_denied&error_description=User%20denied%20access&state=xyz
        sandbox-reason: AUTH-DENIED; the citizen refused; show it and let them try again later
    "##),
    Row("authorize: the citizen leaves", |s| facts(s.get(&s.authorize(&[("sandbox_decision", "cancel")]))), r##"
        302 [redirect]
        location: https://app.example/cb?error=access_denied&error_description=User%20denied%20access&state=xyz
        sandbox-reason: AUTH-CANCELLED; the citizen left the identification; show it and let them try again
    "##),
    Row("authorize: the citizen is 15", |s| facts(s.get(&s.authorize(&[("user_id", &s.code_of("nuori")), ("sandbox_decision", "approve")]))), r##"
        302 [redirect]
        location: https://app.example/cb?error=access_denied&error_description=5030&state=xyz
        sandbox-reason: AUTH-AGE; the citizen is 15; the service lets in from 16 on (setting age.minimum); with age.sticky the browser session stays with this citizen, so delete its cookie to go on as another
    "##),
    Row("authorize: another citizen than the user of the request", |s| facts(s.get(&s.authorize(&[("user_id", &s.code_of("aino")), ("user", &s.code_of("eino")), ("sandbox_decision", "approve")]))), r##"
        302 [redirect]
        location: https://app.example/cb?error=access_denied&error_description=The%20user%20of%20the%20request%20is%20someone%20else&state=xyz
        sandbox-reason: AUTH-USER; the parameter user names another citizen than the one who identified: leave it out, or let that citizen identify
    "##),
    Row("authorize: another citizen identifies than the user of the request", |s| { let mut b = Browser::new(s); let page = b.open(&s.authorize(&[("user", &s.code_of("eino"))])); brief(&b.identify(&page, &[("citizen", "aino")])) }, r##"
        302
        location: https://app.example/cb?error=access_denied&error_description=The%20user%20of%20the%20request%20is%20someone%20else&state=xyz
        sandbox-reason: AUTH-USER; the parameter user names another citizen than the one who identified: leave it out, or let that citizen identify
    "##),
    Row("SMART: no state", |s| { s.set("smart.enabled", true); facts(s.get(&s.authorize(&[("state", "")]))) }, r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_request&error_description=A%20state%20must%20be%20provided
        sandbox-reason: AUTH-STATE; send an unguessable state (settings state.required, smart.enabled)
    "##),
    Row("SMART: no challenge", |s| { s.set("smart.enabled", true); facts(s.get(&s.authorize(&[]))) }, r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_request&error_description=A%20code%20challenge%20must%20be%20provided&state=xyz
        sandbox-reason: AUTH-PKCE; send code_challenge and code_challenge_method=S256 (settings pkce, smart.enabled)
    "##),
    Row("SMART: plain challenge", |s| { s.set("smart.enabled", true); facts(s.get(&s.authorize(&[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]))) }, r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_request&error_description=Unsupported%20code%20challenge%20method%3A%20plain&state=xyz
        sandbox-reason: AUTH-PKCE; code_challenge_method is S256 or plain; with smart.enabled only S256
    "##),
    Row("SMART: no aud", |s| { s.set("smart.enabled", true); facts(s.get(&s.authorize(&[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), ("code_challenge_method", "S256")]))) }, r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_request&error_description=An%20aud%20must%20be%20provided&state=xyz
        sandbox-reason: AUTH-AUD; aud is the base URL of the FHIR server you will call (setting smart.enabled)
    "##),
    Row("SMART: aud of another server", |s| { s.set("smart.enabled", true); facts(s.get(&s.authorize(&[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), ("code_challenge_method", "S256"), ("aud", "https://fhir.example/r4")]))) }, r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_request&error_description=Unknown%20aud%3A%20https%3A%2F%2Ffhir.example%2Fr4&state=xyz
        sandbox-reason: AUTH-AUD; aud is the base URL of the FHIR server you will call (setting smart.enabled)
    "##),
    Row("SMART: letters in another order", |s| { s.set("smart.enabled", true); facts(s.get(&s.authorize(&[("scope", "patient/Observation.sr"), ("state", "xyz")]))) }, r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_scope&error_description=Invalid%20scope%3B%20requested%3A%5Bpatient%2FObservation.sr%5D&state=xyz&scope=openid%20profile%20offline_access%20patient%2FObservation.read%20patient%2FObservation.write
        sandbox-reason: AUTH-SCOPE; "patient/Observation.sr" is not a scope: behind the dot stand some of the letters c, r, u, d, s, each once and in this order
    "##),
    Row("SMART: scope narrowed by a search parameter", |s| { s.set("smart.enabled", true); facts(s.get(&s.authorize(&[("scope", "patient/Observation.rs?category=vital-signs"), ("state", "xyz")]))) }, r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_scope&error_description=Invalid%20scope%3B%20requested%3A%5Bpatient%2FObservation.rs%3Fcategory%3Dvital-signs%5D&state=xyz&scope=openid%20profile%20offline_access%20patient%2FObservation.read%20patient%2FObservation.write
        sandbox-reason: AUTH-SCOPE; "patient/Observation.rs?category=vital-signs" cannot be granted: this server narrows no scope by search parameters; ask for the part before the ?
    "##),
    Row("SMART: every type, for more than is registered of any", |s| { s.set("smart.enabled", true); facts(s.get(&s.authorize(&[("scope", "patient/*.cruds?"), ("state", "xyz")]))) }, r##"
        302 [redirect]
        location: https://app.example/cb?error=invalid_scope&error_description=Invalid%20scope%3B%20requested%3A%5Bpatient%2F%2A.cruds%3F%5D&state=xyz&scope=openid%20profile%20offline_access%20patient%2FObservation.read%20patient%2FObservation.write
        sandbox-reason: AUTH-SCOPE; "patient/*.cruds?" cannot be granted: this server narrows no scope by search parameters; ask for the part before the ?
    "##),
    Row("SMART: not switched on", |s| facts(s.get(&format!("{}.well-known/smart-configuration", s.base))), r##"
        404 [empty]
        sandbox-reason: AUTH-NO-SMART-CONFIGURATION; Kanta PHR has no SMART configuration; its authorization server has .well-known/openid-configuration (setting smart.enabled)
    "##),
    Row("SMART: not on the resource server either", |s| facts(s.get(&format!("{}/phr-resourceserver/baseR4/.well-known/smart-configuration", s.root()))), r##"
        404 [empty]
        sandbox-reason: AUTH-NO-SMART-CONFIGURATION; Kanta PHR has no SMART configuration; its authorization server has .well-known/openid-configuration (setting smart.enabled)
    "##),
    // Forms that are not this browser’s own.
    Row("form: no token", |s| facts(s.http.post(s.authorize(&[]).replace("authorize?", "authorize/consent?")).body("decision=accept").send().unwrap()), r##"
        403 [page]
        sandbox-reason: AUTH-CSRF; the form carries no token of ours: open the page anew and send its own form
        Sivu on vanhentunut
        error access_denied
        error_description the form carries no token of ours
    "##),
    Row("form: from another site", |s| facts(s.http.post(s.authorize(&[]).replace("authorize?", "authorize/consent?")).header("origin", "https://evil.example").body("csrf=x&decision=accept").send().unwrap()), r##"
        403 [page]
        sandbox-reason: AUTH-CSRF; the form was sent from another site: open the page anew and send its own form
        Sivu on vanhentunut
        error access_denied
        error_description the form was sent from another site
    "##),
    Row("form: from a sandboxed frame", |s| facts(s.http.post(s.authorize(&[]).replace("authorize?", "authorize/consent?")).header("origin", "null").body("csrf=x&decision=accept").send().unwrap()), r##"
        403 [page]
        sandbox-reason: AUTH-CSRF; the form was sent from another site: open the page anew and send its own form
        Sivu on vanhentunut
        error access_denied
        error_description the form was sent from another site
    "##),
    Row("form: cross-site by the browser’s own words", |s| facts(s.http.post(s.authorize(&[]).replace("authorize?", "authorize/consent?")).header("sec-fetch-site", "cross-site").body("csrf=x&decision=accept").send().unwrap()), r##"
        403 [page]
        sandbox-reason: AUTH-CSRF; the form was sent from another site: open the page anew and send its own form
        Sivu on vanhentunut
        error access_denied
        error_description the form was sent from another site
    "##),
    Row("form: without the cookie", |s| facts(s.http.post(s.authorize(&[]).replace("authorize?", "authorize/consent?")).body("csrf=x&decision=accept").send().unwrap()), r##"
        400 [page]
        sandbox-reason: AUTH-COOKIES; allow cookies for this address; a test without a browser sends user_id together with sandbox_decision
        Evästeet ovat tarpeen
        error invalid_request
        error_description the browser did not send the session cookie back
    "##),
    Row("form: of another session", |s| facts(s.http.post(s.authorize(&[]).replace("authorize?", "authorize/consent?")).header("cookie", "phr_sandbox_session=x").body("csrf=x&decision=accept").send().unwrap()), r##"
        302 [redirect]
        location: /phr-authserver-sandbox/authorize?response_type=code&client_id=diary&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&scope=offline_access+patient%2FObservation.read+patient%2FObservation.write&state=xyz
        sandbox-reason: AUTH-FORM-STALE; the form belongs to an earlier session; nothing was done, the page that fits now is shown
    "##),
    Row("form: repeated field", |s| facts(s.http.post(s.authorize(&[]).replace("authorize?", "authorize/consent?")).body("csrf=x&decision=accept&decision=refuse").send().unwrap()), r##"
        400 [page]
        sandbox-reason: AUTH-PARAMETER-REPEATED; send decision once (RFC 6749, 3.1 and 3.2)
        Pyyntöä ei voi tulkita
        error invalid_request
        error_description Parameter decision is repeated
    "##),
    // Who sends the token request?
    Row("client: nobody", |s| facts(s.post_form("token", None, &[("grant_type", "authorization_code")])), r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-CLIENT; name the client: Authorization: Basic base64(client_id:client_secret), or client_id and client_secret in the form
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("client: unknown", |s| facts(s.post_form("token", Some(("nobody", "s3cret")), &[("grant_type", "authorization_code")])), r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-CLIENT; client "nobody": no client has this client_id
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("client: wrong secret by Basic", |s| facts(s.post_form("token", Some(("diary", "wrong")), &[("grant_type", "authorization_code")])), r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-CLIENT; client "diary": the client_secret is not this client's
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("client: wrong secret in the form", |s| facts(s.post_form("token", None, &[("client_id", "diary"), ("client_secret", "wrong")])), r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-CLIENT; client "diary": the client_secret is not this client's
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("client: no secret", |s| facts(s.post_form("token", None, &[("client_id", "diary")])), r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-CLIENT; client_secret is missing: send it in the form or by Basic
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("client: two of them", |s| facts(s.post_form("token", Some(("diary", "s3cret")), &[("client_id", "other")])), r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-CLIENT; Authorization names client "diary", the form "other"
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("client: Basic that is not base64", |s| facts(s.token_request().header("authorization", "Basic diary:s3cret").body("").send().unwrap()), r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-CLIENT; the Authorization header is not Basic base64(client_id:client_secret)
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("client: Bearer instead of Basic", |s| facts(s.token_request().header("authorization", "Bearer x").body("client_id=diary").send().unwrap()), r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-CLIENT; the Authorization header is not Basic base64(client_id:client_secret)
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("client: an assertion", |s| facts(s.post_form("token", None, &[("client_id", "diary"), ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("client_assertion", "x")])), r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-CLIENT; client_assertion is not served: send client_secret
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("client: nobody, in upstream’s words", |s| { s.set("errors.dialect", "spring"); facts(s.post_form("token", None, &[("grant_type", "authorization_code")])) }, r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required to access this resource"
        sandbox-reason: TOKEN-CLIENT; name the client: Authorization: Basic base64(client_id:client_secret), or client_id and client_secret in the form
        {"error":"unauthorized","error_description":"Full authentication is required to access this resource"}
    "##),
    Row("client: wrong secret, in upstream’s words", |s| { s.set("errors.dialect", "spring"); facts(s.post_form("token", Some(("diary", "wrong")), &[])) }, r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="invalid_client", error_description="Bad client credentials"
        sandbox-reason: TOKEN-CLIENT; client "diary": the client_secret is not this client's
        {"error":"invalid_client","error_description":"Bad client credentials"}
    "##),
    Row("client: wrong secret, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); facts(s.post_form("token", Some(("diary", "wrong")), &[])) }, r##"
        401 [json]
        www-authenticate: Basic realm="openidconnect"
        sandbox-reason: TOKEN-CLIENT; client "diary": the client_secret is not this client's
        {"error":"invalid_client","error_description":"Client authentication failed"}
    "##),
    Row("client: in the form where only Basic is accepted", |s| { s.set("client_auth.accept", "basic"); facts(s.token("diary", &[])) }, r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-CLIENT; client "diary" must prove itself by Authorization: Basic (setting client_auth.accept)
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("client: by Basic where only the form is accepted", |s| { s.set("client_auth.accept", "post"); facts(s.post_form("token", Some(("diary", "s3cret")), &[])) }, r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-CLIENT; client "diary" must prove itself by client_id and client_secret in the form (setting client_auth.accept)
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("client: otherwise than registered", |s| {
            s.set("client_auth.accept", "registered");
            let made = s.register(WEBSITE);
            let (id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
            facts(s.post_form("token", None, &[("client_id", &id), ("client_secret", &secret)])).replace(&id, "[id]")
        }, r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-CLIENT; client "[id]" must prove itself by Authorization: Basic (setting client_auth.accept)
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    // Token requests.
    Row("token: no grant_type", |s| facts(s.token("diary", &[])), r##"
        400 [json]
        sandbox-reason: TOKEN-GRANT-TYPE; send grant_type=authorization_code or refresh_token
        {"error":"invalid_request","error_description":"Missing grant type"}
    "##),
    Row("token: grant_type password", |s| facts(s.token("diary", &[("grant_type", "password"), ("username", "a"), ("password", "b")])), r##"
        400 [json]
        sandbox-reason: TOKEN-GRANT-TYPE; grant_type is authorization_code or refresh_token; for professional applications one of the setting professional.grant_types
        {"error":"unsupported_grant_type","error_description":"Unsupported grant type: password"}
    "##),
    Row("token: grant_type client_credentials", |s| facts(s.token("diary", &[("grant_type", "client_credentials")])), r##"
        400 [json]
        sandbox-reason: TOKEN-GRANT-TYPE; grant_type is authorization_code or refresh_token; for professional applications one of the setting professional.grant_types
        {"error":"unsupported_grant_type","error_description":"Unsupported grant type: client_credentials"}
    "##),
    Row("token: grant_type password, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); facts(s.token("diary", &[("grant_type", "password")])) }, r##"
        400 [json]
        sandbox-reason: TOKEN-GRANT-TYPE; grant_type is authorization_code or refresh_token; for professional applications one of the setting professional.grant_types
        {"error":"unsupported_grant_type","error_description":"Unsupported grant type: password"}
    "##),
    Row("token: a code of a professional client", |s| facts(s.token("professional", &[("grant_type", "authorization_code"), ("code", "abcdef")])), r##"
        401 [json]
        www-authenticate: Bearer error="invalid_client", error_description="Unauthorized grant type: authorization_code"
        sandbox-reason: TOKEN-GRANT-TYPE; a professional client has no browser flow and so no codes
        {"error":"invalid_client","error_description":"Unauthorized grant type: authorization_code"}
    "##),
    Row("token: no code", |s| facts(s.token("diary", &[("grant_type", "authorization_code")])), r##"
        400 [json]
        sandbox-reason: TOKEN-CODE; send the code that the redirect brought
        {"error":"invalid_request","error_description":"An authorization code must be supplied."}
    "##),
    Row("token: unknown code", |s| facts(s.token("diary", &[("grant_type", "authorization_code"), ("code", "0PinZc")])), r##"
        400 [json]
        sandbox-reason: TOKEN-CODE-UNKNOWN; the code was never given
        {"error":"invalid_grant","error_description":"JpaAuthorizationCodeRepository: no authorization code found for value 0PinZc"}
    "##),
    Row("token: hostile code", |s| facts(s.token("diary", &[("grant_type", "authorization_code"), ("code", "\"}<script>\r\nx")])), r##"
        400 [json]
        sandbox-reason: TOKEN-CODE-UNKNOWN; the code was never given
        {"error":"invalid_grant","error_description":"JpaAuthorizationCodeRepository: no authorization code found for value \"}<script>\r\nx"}
    "##),
    Row("token: used code", |s| { let code = s.code(&[]); s.redeem("diary", &code); facts(s.redeem("diary", &code)).replace(&code, "[code]") }, r##"
        400 [json]
        sandbox-reason: TOKEN-CODE-USED; the code was used at 2026-06-01T12:00:00.25Z; a code works once, also when the attempt failed
        {"error":"invalid_grant","error_description":"JpaAuthorizationCodeRepository: no authorization code found for value [code]"}
    "##),
    Row("token: code after 30 seconds", |s| { let code = s.code(&[]); s.wait(30); facts(s.redeem("diary", &code)).replace(&code, "[code]") }, r##"
        400 [json]
        sandbox-reason: TOKEN-CODE-EXPIRED; the code expired at 2026-06-01T12:00:30.25Z
        {"error":"invalid_grant","error_description":"JpaAuthorizationCodeRepository: no authorization code found for value [code]"}
    "##),
    Row("token: code before the last", |s| { let code = s.code(&[]); s.code(&[]); facts(s.redeem("diary", &code)).replace(&code, "[code]") }, r##"
        400 [json]
        sandbox-reason: TOKEN-CODE-SUPERSEDED; a newer code for the same client and citizen ended this one
        {"error":"invalid_grant","error_description":"JpaAuthorizationCodeRepository: no authorization code found for value [code]"}
    "##),
    Row("token: code of a withdrawn access right", |s| { let code = s.code(&[]); s.tenant.withdraw("aino", "diary").unwrap(); facts(s.redeem("diary", &code)).replace(&code, "[code]") }, r##"
        400 [json]
        sandbox-reason: TOKEN-CODE-WITHDRAWN; the citizen has withdrawn the access right, or was deleted
        {"error":"invalid_grant","error_description":"JpaAuthorizationCodeRepository: no authorization code found for value [code]"}
    "##),
    Row("token: code of another client", |s| { let code = s.code(&[]); facts(s.redeem("other", &code)) }, r##"
        401 [json]
        www-authenticate: Bearer error="invalid_client", error_description="Client ID mismatch"
        sandbox-reason: TOKEN-CODE-OTHER-CLIENT; the code was given to another client
        {"error":"invalid_client","error_description":"Client ID mismatch"}
    "##),
    Row("token: code after another client tried it", |s| { let code = s.code(&[]); s.redeem("other", &code); facts(s.redeem("diary", &code)).replace(&code, "[code]") }, r##"
        400 [json]
        sandbox-reason: TOKEN-CODE-USED; the code was used at 2026-06-01T12:00:00.25Z; a code works once, also when the attempt failed
        {"error":"invalid_grant","error_description":"JpaAuthorizationCodeRepository: no authorization code found for value [code]"}
    "##),
    Row("token: no redirect_uri though it was named", |s| { let code = s.code(&[]); facts(s.token("diary", &[("grant_type", "authorization_code"), ("code", &code)])) }, r##"
        400 [json]
        sandbox-reason: TOKEN-REDIRECT-URI; redirect_uri must repeat that of the authorization request
        {"error":"invalid_grant","error_description":"Redirect URI mismatch."}
    "##),
    Row("token: another redirect_uri", |s| { let code = s.code(&[]); facts(s.token("diary", &[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", "https://app.example/other")])) }, r##"
        400 [json]
        sandbox-reason: TOKEN-REDIRECT-URI; redirect_uri must repeat that of the authorization request
        {"error":"invalid_grant","error_description":"Redirect URI mismatch."}
    "##),
    Row("token: code after a wrong redirect_uri", |s| { let code = s.code(&[]); s.token("diary", &[("grant_type", "authorization_code"), ("code", &code)]); facts(s.redeem("diary", &code)).replace(&code, "[code]") }, r##"
        400 [json]
        sandbox-reason: TOKEN-CODE-USED; the code was used at 2026-06-01T12:00:00.25Z; a code works once, also when the attempt failed
        {"error":"invalid_grant","error_description":"JpaAuthorizationCodeRepository: no authorization code found for value [code]"}
    "##),
    Row("token: no code_verifier", |s| { let code = s.code(&[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]); facts(s.redeem("diary", &code)) }, r##"
        400 [json]
        sandbox-reason: TOKEN-PKCE; code_verifier does not meet the code_challenge of the authorization request
        {"error":"invalid_request","error_description":"Code challenge and verifier do not match"}
    "##),
    Row("token: wrong code_verifier", |s| { let code = s.code(&[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]); facts(s.token("diary", &[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK), ("code_verifier", "d")])) }, r##"
        400 [json]
        sandbox-reason: TOKEN-PKCE; code_verifier does not meet the code_challenge of the authorization request
        {"error":"invalid_request","error_description":"Code challenge and verifier do not match"}
    "##),
    Row("token: the S256 challenge itself as code_verifier", |s| { let code = s.code(&[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), ("code_challenge_method", "S256")]); facts(s.token("diary", &[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK), ("code_verifier", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")])) }, r##"
        400 [json]
        sandbox-reason: TOKEN-PKCE; code_verifier does not meet the code_challenge of the authorization request
        {"error":"invalid_request","error_description":"Code challenge and verifier do not match"}
    "##),
    Row("token: used code, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); let code = s.code(&[]); s.redeem("diary", &code); facts(s.redeem("diary", &code)) }, r##"
        400 [json]
        sandbox-reason: TOKEN-CODE-USED; the code was used at 2026-06-01T12:00:00.25Z; a code works once, also when the attempt failed
        {"error":"invalid_grant","error_description":"The code is not valid for this request"}
    "##),
    Row("token: code of another client, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); let code = s.code(&[]); facts(s.redeem("other", &code)) }, r##"
        400 [json]
        sandbox-reason: TOKEN-CODE-OTHER-CLIENT; the code was given to another client
        {"error":"invalid_grant","error_description":"The code is not valid for this request"}
    "##),
    Row("token: empty code", |s| facts(s.token("diary", &[("grant_type", "authorization_code"), ("code", "")])), r##"
        400 [json]
        sandbox-reason: AUTH-PARAMETER-EMPTY; leave code out instead of sending it empty (refused since release 2019-10-03; setting parameters.empty)
        {"error":"invalid_request","error_description":"Parameter code has no value"}
    "##),
    Row("token: empty parameter that nobody knows", |s| facts(s.token("diary", &[("grant_type", "authorization_code"), ("foo", "")])), r##"
        400 [json]
        sandbox-reason: AUTH-PARAMETER-EMPTY; leave foo out instead of sending it empty (refused since release 2019-10-03; setting parameters.empty)
        {"error":"invalid_request","error_description":"Parameter foo has no value"}
    "##),
    Row("token: repeated grant_type", |s| facts(s.token("diary", &[("grant_type", "authorization_code"), ("grant_type", "authorization_code")])), r##"
        400 [json]
        sandbox-reason: AUTH-PARAMETER-REPEATED; send grant_type once (RFC 6749, 3.1 and 3.2)
        {"error":"invalid_request","error_description":"Parameter grant_type is repeated"}
    "##),
    Row("token: repeated code", |s| facts(s.token("diary", &[("grant_type", "authorization_code"), ("code", "a"), ("code", "b")])), r##"
        400 [json]
        sandbox-reason: AUTH-PARAMETER-REPEATED; send code once (RFC 6749, 3.1 and 3.2)
        {"error":"invalid_request","error_description":"Parameter code is repeated"}
    "##),
    Row("token: repeated client_id", |s| facts(s.token_request().body("client_id=diary&client_id=diary&client_secret=s3cret").send().unwrap()), r##"
        400 [json]
        sandbox-reason: AUTH-PARAMETER-REPEATED; send client_id once (RFC 6749, 3.1 and 3.2)
        {"error":"invalid_request","error_description":"Parameter client_id is repeated"}
    "##),
    Row("token: JSON", |s| facts(s.bearer("POST", "token", "", "{\"client_id\":\"diary\"}")), r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-FORM; send the parameters as application/x-www-form-urlencoded; a body of another type is not read
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("token: everything in the address", |s| { let url = format!("{}token?client_id=diary&client_secret=s3cret&grant_type=authorization_code&code=x", s.base); facts(s.http.post(url).send().unwrap()) }, r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-FORM; send the parameters as application/x-www-form-urlencoded; a body of another type is not read
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("token: GET", |s| facts(s.get(&format!("{}token", s.base))), r##"
        405 [json]
        allow: POST
        sandbox-reason: TOKEN-METHOD; use POST; parameters in a URL end up in logs
        {"error":"method_not_allowed","error_description":"Request method 'GET' not supported"}
    "##),
    Row("token: PUT", |s| facts(s.bearer("PUT", "token", "", "")), r##"
        405 [json]
        allow: POST
        sandbox-reason: TOKEN-METHOD; use POST; parameters in a URL end up in logs
        {"error":"method_not_allowed","error_description":"Request method 'PUT' not supported"}
    "##),
    // Refresh tokens.
    Row("refresh: no token", |s| facts(s.token("diary", &[("grant_type", "refresh_token")])), r##"
        400 [json]
        sandbox-reason: TOKEN-REFRESH; send the refresh_token of an earlier token response
        {"error":"invalid_request","error_description":"A refresh token must be supplied."}
    "##),
    Row("refresh: unknown token", |s| facts(s.refresh("diary", "eyJhbGciOiJub25lIn0.e30.", &[])), r##"
        401 [json]
        www-authenticate: Bearer error="invalid_token", error_description="Invalid refresh token: eyJhbGciOiJub25lIn0.e30."
        sandbox-reason: TOKEN-REFRESH; this tenant has not given the refresh token, or it has ended: replaced by a refresh (setting refresh.rotate), revoked, presented by another client, or deleted with its client
        {"error":"invalid_token","error_description":"Invalid refresh token: eyJhbGciOiJub25lIn0.e30."}
    "##),
    Row("refresh: unknown token, by RFC 6749", |s| { s.set("errors.refresh_style", "rfc6749"); facts(s.refresh("diary", "x", &[])) }, r##"
        400 [json]
        sandbox-reason: TOKEN-REFRESH; this tenant has not given the refresh token, or it has ended: replaced by a refresh (setting refresh.rotate), revoked, presented by another client, or deleted with its client
        {"error":"invalid_grant","error_description":"Invalid refresh token: x"}
    "##),
    Row("refresh: unknown token, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); facts(s.refresh("diary", "x", &[])) }, r##"
        400 [json]
        sandbox-reason: TOKEN-REFRESH; this tenant has not given the refresh token, or it has ended: replaced by a refresh (setting refresh.rotate), revoked, presented by another client, or deleted with its client
        {"error":"invalid_grant","error_description":"The refresh token is not valid for this request"}
    "##),
    Row("refresh: an access token", |s| { let access = text(&s.tokens(SCOPE), "access_token"); facts(s.refresh("diary", &access, &[])).replace(&access, "[access_token]") }, r##"
        401 [json]
        www-authenticate: Bearer error="invalid_token", error_description="Invalid refresh token: [access_token]"
        sandbox-reason: TOKEN-REFRESH; this tenant has not given the refresh token, or it has ended: replaced by a refresh (setting refresh.rotate), revoked, presented by another client, or deleted with its client
        {"error":"invalid_token","error_description":"Invalid refresh token: [access_token]"}
    "##),
    Row("refresh: expired token", |s| { s.set("refresh.ttl_seconds", 60); let refresh = text(&s.tokens(SCOPE), "refresh_token"); s.wait(61); facts(s.refresh("diary", &refresh, &[])).replace(&refresh, "[refresh_token]") }, r##"
        401 [json]
        www-authenticate: Bearer error="invalid_token", error_description="Expired refresh token: [refresh_token]"
        sandbox-reason: TOKEN-REFRESH; the refresh token expired at 2026-06-01T12:01:00Z
        {"error":"invalid_token","error_description":"Expired refresh token: [refresh_token]"}
    "##),
    Row("refresh: token before rotation", |s| { s.set("refresh.rotate", true); let refresh = text(&s.tokens(SCOPE), "refresh_token"); s.refresh("diary", &refresh, &[]); facts(s.refresh("diary", &refresh, &[])).replace(&refresh, "[refresh_token]") }, r##"
        401 [json]
        www-authenticate: Bearer error="invalid_token", error_description="Invalid refresh token: [refresh_token]"
        sandbox-reason: TOKEN-REFRESH; this tenant has not given the refresh token, or it has ended: replaced by a refresh (setting refresh.rotate), revoked, presented by another client, or deleted with its client
        {"error":"invalid_token","error_description":"Invalid refresh token: [refresh_token]"}
    "##),
    Row("refresh: after withdrawal", |s| { let refresh = text(&s.tokens(SCOPE), "refresh_token"); s.tenant.withdraw("aino", "diary").unwrap(); facts(s.refresh("diary", &refresh, &[])).replace(&refresh, "[refresh_token]") }, r##"
        401 [json]
        www-authenticate: Bearer error="invalid_token", error_description="Invalid refresh token: [refresh_token]"
        sandbox-reason: TOKEN-REFRESH; the citizen has withdrawn the access right
        {"error":"invalid_token","error_description":"Invalid refresh token: [refresh_token]"}
    "##),
    Row("refresh: after revocation", |s| { let refresh = text(&s.tokens(SCOPE), "refresh_token"); s.post_form("revoke", Some(("diary", "s3cret")), &[("token", &refresh)]); facts(s.refresh("diary", &refresh, &[])).replace(&refresh, "[refresh_token]") }, r##"
        401 [json]
        www-authenticate: Bearer error="invalid_token", error_description="Invalid refresh token: [refresh_token]"
        sandbox-reason: TOKEN-REFRESH; this tenant has not given the refresh token, or it has ended: replaced by a refresh (setting refresh.rotate), revoked, presented by another client, or deleted with its client
        {"error":"invalid_token","error_description":"Invalid refresh token: [refresh_token]"}
    "##),
    Row("refresh: another client’s token", |s| { let refresh = text(&s.tokens(SCOPE), "refresh_token"); facts(s.refresh("other", &refresh, &[])).replace(&refresh, "[refresh_token]") }, r##"
        401 [json]
        www-authenticate: Bearer error="invalid_client", error_description="Client does not own the presented refresh token"
        sandbox-reason: TOKEN-REFRESH; the refresh token is another client's, and was ended for it
        {"error":"invalid_client","error_description":"Client does not own the presented refresh token"}
    "##),
    Row("refresh: own token after another client tried it", |s| { let refresh = text(&s.tokens(SCOPE), "refresh_token"); s.refresh("other", &refresh, &[]); facts(s.refresh("diary", &refresh, &[])).replace(&refresh, "[refresh_token]") }, r##"
        401 [json]
        www-authenticate: Bearer error="invalid_token", error_description="Invalid refresh token: [refresh_token]"
        sandbox-reason: TOKEN-REFRESH; this tenant has not given the refresh token, or it has ended: replaced by a refresh (setting refresh.rotate), revoked, presented by another client, or deleted with its client
        {"error":"invalid_token","error_description":"Invalid refresh token: [refresh_token]"}
    "##),
    Row("refresh: wider scope", |s| { let refresh = text(&s.tokens(SCOPE), "refresh_token"); facts(s.refresh("diary", &refresh, &[("scope", "openid offline_access")])).replace(&refresh, "[refresh_token]") }, r##"
        400 [json]
        sandbox-reason: TOKEN-REFRESH; scope may only narrow what was granted: offline_access patient/Observation.read patient/Observation.write
        {"error":"invalid_scope","error_description":"Up-scoping is not allowed."}
    "##),
    Row("refresh: unknown scope", |s| { let refresh = text(&s.tokens(SCOPE), "refresh_token"); facts(s.refresh("diary", &refresh, &[("scope", "nonsense")])).replace(&refresh, "[refresh_token]") }, r##"
        400 [json]
        sandbox-reason: TOKEN-REFRESH; scope may only narrow what was granted: offline_access patient/Observation.read patient/Observation.write
        {"error":"invalid_scope","error_description":"Up-scoping is not allowed."}
    "##),
    Row("refresh: wider scope, in the RFC’s words", |s| { let refresh = text(&s.tokens(SCOPE), "refresh_token"); s.set("errors.dialect", "rfc"); facts(s.refresh("diary", &refresh, &[("scope", "openid")])).replace(&refresh, "[refresh_token]") }, r##"
        400 [json]
        sandbox-reason: TOKEN-REFRESH; scope may only narrow what was granted: offline_access patient/Observation.read patient/Observation.write
        {"error":"invalid_scope","error_description":"The scope exceeds what was granted"}
    "##),
    Row("refresh: a client without offline_access", |s| facts(s.refresh("professional", "x", &[])), r##"
        401 [json]
        www-authenticate: Bearer error="invalid_client", error_description="Client does not allow refreshing access token!"
        sandbox-reason: TOKEN-REFRESH; the client is not registered for offline_access
        {"error":"invalid_client","error_description":"Client does not allow refreshing access token!"}
    "##),
    Row("refresh: a client without offline_access, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); facts(s.refresh("professional", "x", &[])) }, r##"
        400 [json]
        sandbox-reason: TOKEN-REFRESH; the client is not registered for offline_access
        {"error":"unauthorized_client","error_description":"The client may not use this grant type"}
    "##),
    // Professional applications.
    Row("professional: no user", |s| { facts(s.professional("professional", &[])) }, r##"
        400 [json]
        sandbox-reason: TOKEN-PROFESSIONAL-USER; send user, the personal identity code of the citizen (individual number 900-999)
        {"error":"invalid_request","error_description":"A user must be supplied."}
    "##),
    Row("professional: user that is no code", |s| { facts(s.professional("professional", &[("user", "aino")])) }, r##"
        400 [json]
        sandbox-reason: TOKEN-PROFESSIONAL-USER; user: a personal identity code is written DDMMYY, a century sign (+ - Y X W V U A B C D E F), three digits and a check character
        {"error":"invalid_request","error_description":"The user is not a personal identity code"}
    "##),
    Row("professional: user that may be a real person", |s| { facts(s.professional("professional", &[("user", "010180-123N")])) }, r##"
        400 [json]
        sandbox-reason: TOKEN-PROFESSIONAL-USER; user: this sandbox never accepts codes that could belong to a real person: use one whose individual number is 900-999
        {"error":"invalid_request","error_description":"The user is not a personal identity code"}
    "##),
    Row("professional: nobody has the code", |s| { facts(s.professional("professional", &[("user", "010180-9004")])) }, r##"
        403 [json]
        sandbox-reason: TOKEN-PROFESSIONAL; nobody with this personal identity code uses the service (has approved an application)
        {"error":"No access rights","error_description":"Insufficient access rights for the resource"}
    "##),
    Row("professional: citizen who uses no application", |s| { s.permit_professional(); facts(s.professional("professional", &[("user", &s.code_of("aino"))])) }, r##"
        403 [json]
        sandbox-reason: TOKEN-PROFESSIONAL; nobody with this personal identity code uses the service (has approved an application)
        {"error":"No access rights","error_description":"Insufficient access rights for the resource"}
    "##),
    Row("professional: no permission", |s| { s.tokens("openid"); facts(s.professional("professional", &[("user", &s.code_of("aino"))])) }, r##"
        403 [json]
        sandbox-reason: TOKEN-PROFESSIONAL; the citizen does not permit professionals to see the data: PUT /_sandbox/citizens/{id}/professional-permission (setting professional.require_permission)
        {"error":"No access rights","error_description":"Insufficient access rights for the resource"}
    "##),
    Row("professional: no care relationship", |s| { s.tokens("openid"); s.tenant.authorization.permit_professionals("aino", true, s.tenant.clock.now()).unwrap(); facts(s.professional("professional", &[("user", &s.code_of("aino"))])) }, r##"
        403 [json]
        sandbox-reason: TOKEN-PROFESSIONAL; there is no care relationship: PUT /_sandbox/citizens/{id}/care-relationships/{client_id} (setting professional.require_care_relationship)
        {"error":"No access rights","error_description":"Insufficient access rights for the resource"}
    "##),
    Row("professional: permission taken back", |s| { s.tokens("openid"); s.permit_professional(); s.tenant.authorization.permit_professionals("aino", false, s.tenant.clock.now()).unwrap(); facts(s.professional("professional", &[("user", &s.code_of("aino"))])) }, r##"
        403 [json]
        sandbox-reason: TOKEN-PROFESSIONAL; the citizen does not permit professionals to see the data: PUT /_sandbox/citizens/{id}/professional-permission (setting professional.require_permission)
        {"error":"No access rights","error_description":"Insufficient access rights for the resource"}
    "##),
    Row("professional: care relationship ended", |s| { s.tokens("openid"); s.permit_professional(); s.tenant.authorization.set_care_relationship("aino", "professional", false, s.tenant.clock.now()).unwrap(); facts(s.professional("professional", &[("user", &s.code_of("aino"))])) }, r##"
        403 [json]
        sandbox-reason: TOKEN-PROFESSIONAL; there is no care relationship: PUT /_sandbox/citizens/{id}/care-relationships/{client_id} (setting professional.require_care_relationship)
        {"error":"No access rights","error_description":"Insufficient access rights for the resource"}
    "##),
    Row("professional: nothing, in upstream’s words", |s| { s.set("errors.dialect", "spring"); facts(s.professional("professional", &[("user", &s.code_of("aino"))])) }, r##"
        403 [json]
        sandbox-reason: TOKEN-PROFESSIONAL; nobody with this personal identity code uses the service (has approved an application)
        {"error":"access_denied","error_description":"The citizen's data is not available"}
    "##),
    Row("professional: nothing, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); facts(s.professional("professional", &[("user", &s.code_of("aino"))])) }, r##"
        400 [json]
        sandbox-reason: TOKEN-PROFESSIONAL; nobody with this personal identity code uses the service (has approved an application)
        {"error":"invalid_grant","error_description":"The citizen's data is not available"}
    "##),
    Row("professional: a wellbeing client", |s| { s.tokens("openid"); s.permit_professional(); facts(s.professional("diary", &[("user", &s.code_of("aino"))])) }, r##"
        401 [json]
        www-authenticate: Bearer error="invalid_client", error_description="Unauthorized grant type: urn:kanta-phr-sandbox:grant-type:professional"
        sandbox-reason: TOKEN-GRANT-TYPE; this grant type is for clients of the kind professional; a citizen approves others in the browser
        {"error":"invalid_client","error_description":"Unauthorized grant type: urn:kanta-phr-sandbox:grant-type:professional"}
    "##),
    Row("professional: scope to write", |s| { s.tokens("openid"); s.permit_professional(); facts(s.professional("professional", &[("user", &s.code_of("aino")), ("scope", "patient/Observation.read patient/Observation.write")])) }, r##"
        400 [json]
        sandbox-reason: TOKEN-PROFESSIONAL-SCOPE; a professional application only reads: ask for scopes that end with .read, or leave scope out
        {"error":"invalid_scope","error_description":"Invalid scope: patient/Observation.read patient/Observation.write"}
    "##),
    Row("professional: scope that is not registered", |s| { s.tokens("openid"); s.permit_professional(); facts(s.professional("professional", &[("user", &s.code_of("aino")), ("scope", "patient/CarePlan.read")])) }, r##"
        400 [json]
        sandbox-reason: TOKEN-SCOPE; not registered for this client: patient/CarePlan.read; registered: openid profile offline_access patient/Observation.read patient/Observation.write (setting scope.unregistered)
        {"error":"invalid_scope","error_description":"Invalid scope; requested:[patient/CarePlan.read]"}
    "##),
    Row("professional: scope without data", |s| { s.tokens("openid"); s.permit_professional(); facts(s.professional("professional", &[("user", &s.code_of("aino")), ("scope", "openid offline_access")])) }, r##"
        400 [json]
        sandbox-reason: TOKEN-SCOPE; nothing of what is asked can be granted; registered: openid profile offline_access patient/Observation.read patient/Observation.write
        {"error":"invalid_scope","error_description":"Empty scope (either the client or the user is not allowed the requested scopes)"}
    "##),
    Row("professional: grant type under an alias nobody set", |s| facts(s.token("professional", &[("grant_type", "professional"), ("user", &s.code_of("aino"))])), r##"
        400 [json]
        sandbox-reason: TOKEN-GRANT-TYPE; grant_type is authorization_code or refresh_token; for professional applications one of the setting professional.grant_types
        {"error":"unsupported_grant_type","error_description":"Unsupported grant type: professional"}
    "##),
    Row("professional: own grant type when others are set", |s| { s.set("professional.grant_types", "professional"); facts(s.professional("professional", &[])) }, r##"
        400 [json]
        sandbox-reason: TOKEN-GRANT-TYPE; grant_type is authorization_code or refresh_token; for professional applications one of the setting professional.grant_types
        {"error":"unsupported_grant_type","error_description":"Unsupported grant type: urn:kanta-phr-sandbox:grant-type:professional"}
    "##),
    // Introspection and revocation.
    Row("introspect: nobody", |s| facts(s.post_form("introspect", None, &[("token", "x")])), r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-CLIENT; name the client: Authorization: Basic base64(client_id:client_secret), or client_id and client_secret in the form
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("introspect: an ordinary client", |s| facts(s.post_form("introspect", Some(("diary", "s3cret")), &[("token", "x")])), r##"
        403 [empty]
        sandbox-reason: AUTH-INTROSPECTION; the real service lets no ordinary client introspect tokens; the setting introspection.allow does
    "##),
    Row("introspect: no token", |s| { s.set("introspection.allow", "own"); facts(s.post_form("introspect", Some(("diary", "s3cret")), &[])) }, r##"
        200 [json]
        sandbox-reason: AUTH-INTROSPECTION-TOKEN; send the token as the form parameter token
        {"active":false}
    "##),
    Row("introspect: unknown token", |s| { s.set("introspection.allow", "all"); facts(s.post_form("introspect", Some(("diary", "s3cret")), &[("token", "x")])) }, r##"
        200 [json]
        {"active":false}
    "##),
    Row("introspect: another client’s token", |s| { s.set("introspection.allow", "own"); let access = text(&s.tokens(SCOPE), "access_token"); facts(s.post_form("introspect", Some(("other", "s3cret")), &[("token", &access)])) }, r##"
        200 [json]
        {"active":false}
    "##),
    Row("introspect: another client’s refresh token", |s| { s.set("introspection.allow", "own"); let refresh = text(&s.tokens(SCOPE), "refresh_token"); facts(s.post_form("introspect", Some(("other", "s3cret")), &[("token", &refresh)])) }, r##"
        200 [json]
        {"active":false}
    "##),
    Row("introspect: empty token", |s| { s.set("introspection.allow", "own"); facts(s.post_form("introspect", Some(("diary", "s3cret")), &[("token", "")])) }, r##"
        200 [json]
        sandbox-reason: AUTH-INTROSPECTION-TOKEN; send the token as the form parameter token
        {"active":false}
    "##),
    Row("revoke: empty token", |s| facts(s.post_form("revoke", Some(("diary", "s3cret")), &[("token", "")])), r##"
        400 [json]
        sandbox-reason: TOKEN-TOKEN; send the token as the form parameter token
        {"error":"invalid_request","error_description":"A token must be supplied."}
    "##),
    Row("introspect: GET", |s| facts(s.get(&format!("{}introspect", s.base))), r##"
        405 [json]
        allow: POST
        sandbox-reason: TOKEN-METHOD; use POST; parameters in a URL end up in logs
        {"error":"method_not_allowed","error_description":"Request method 'GET' not supported"}
    "##),
    Row("revoke: nobody", |s| facts(s.post_form("revoke", None, &[("token", "x")])), r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-CLIENT; name the client: Authorization: Basic base64(client_id:client_secret), or client_id and client_secret in the form
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("revoke: wrong secret", |s| facts(s.post_form("revoke", Some(("diary", "wrong")), &[("token", "x")])), r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: TOKEN-CLIENT; client "diary": the client_secret is not this client's
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("revoke: no token", |s| facts(s.post_form("revoke", Some(("diary", "s3cret")), &[])), r##"
        400 [json]
        sandbox-reason: TOKEN-TOKEN; send the token as the form parameter token
        {"error":"invalid_request","error_description":"A token must be supplied."}
    "##),
    Row("revoke: another client’s access token", |s| { let access = text(&s.tokens(SCOPE), "access_token"); facts(s.post_form("revoke", Some(("other", "s3cret")), &[("token", &access)])) }, r##"
        403 [empty]
        sandbox-reason: AUTH-REVOKE-OTHER-CLIENT; the token was given to another client, which alone may end it
    "##),
    Row("revoke: another client’s refresh token", |s| { let refresh = text(&s.tokens(SCOPE), "refresh_token"); facts(s.post_form("revoke", Some(("other", "s3cret")), &[("token", &refresh)])) }, r##"
        403 [empty]
        sandbox-reason: AUTH-REVOKE-OTHER-CLIENT; the token was given to another client, which alone may end it
    "##),
    Row("revoke: GET", |s| facts(s.get(&format!("{}revoke", s.base))), r##"
        405 [json]
        allow: POST
        sandbox-reason: TOKEN-METHOD; use POST; parameters in a URL end up in logs
        {"error":"method_not_allowed","error_description":"Request method 'GET' not supported"}
    "##),
    // Userinfo.
    Row("userinfo: no token", |s| facts(s.bearer("GET", "userinfo", "", "")), r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: AUTH-BEARER; send Authorization: Bearer and the token
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("userinfo: no token, in upstream’s words", |s| { s.set("errors.dialect", "spring"); facts(s.bearer("GET", "userinfo", "", "")) }, r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required to access this resource"
        sandbox-reason: AUTH-BEARER; send Authorization: Bearer and the token
        {"error":"unauthorized","error_description":"Full authentication is required to access this resource"}
    "##),
    Row("userinfo: no token, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); facts(s.bearer("GET", "userinfo", "", "")) }, r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect"
        sandbox-reason: AUTH-BEARER; send Authorization: Bearer and the token
        {"error":"invalid_token","error_description":"An access token is required"}
    "##),
    Row("userinfo: unknown token", |s| facts(s.bearer("GET", "userinfo", "x\"y", "")), r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="invalid_token", error_description="Invalid access token: x?y"
        sandbox-reason: AUTH-BEARER; this tenant has not given the access token, or it was revoked, or its client was deleted, or it expired long ago
        {"error":"invalid_token","error_description":"Invalid access token: x\"y"}
    "##),
    Row("userinfo: unknown token, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); facts(s.bearer("GET", "userinfo", "x", "")) }, r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="invalid_token", error_description="The access token is not valid"
        sandbox-reason: AUTH-BEARER; this tenant has not given the access token, or it was revoked, or its client was deleted, or it expired long ago
        {"error":"invalid_token","error_description":"The access token is not valid"}
    "##),
    Row("userinfo: Basic", |s| facts(s.http.get(format!("{}userinfo", s.base)).basic_auth("diary", Some("s3cret")).send().unwrap()), r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: AUTH-BEARER; send Authorization: Bearer and the token
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("userinfo: token in the address", |s| { let access = text(&s.tokens("openid offline_access"), "access_token"); facts(s.get(&format!("{}userinfo?access_token={access}", s.base))) }, r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: AUTH-BEARER; send Authorization: Bearer and the token
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("userinfo: expired token", |s| { let access = text(&s.tokens("openid offline_access"), "access_token"); s.wait(3600); facts(s.bearer("GET", "userinfo", &access, "")).replace(&access, "[access_token]") }, r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="invalid_token", error_description="Expired access token: [access_token]"
        sandbox-reason: AUTH-BEARER; the access token expired at 2026-06-01T13:00:00Z: refresh it
        {"error":"invalid_token","error_description":"Expired access token: [access_token]"}
    "##),
    Row("userinfo: token before a refresh", |s| { let tokens = s.tokens("openid offline_access"); let access = text(&tokens, "access_token"); s.refresh("diary", &text(&tokens, "refresh_token"), &[]); facts(s.bearer("GET", "userinfo", &access, "")).replace(&access, "[access_token]") }, r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="invalid_token", error_description="Invalid access token: [access_token]"
        sandbox-reason: AUTH-BEARER; the access token ended when it was refreshed: use the newer one
        {"error":"invalid_token","error_description":"Invalid access token: [access_token]"}
    "##),
    Row("userinfo: after withdrawal", |s| { let access = text(&s.tokens("openid offline_access"), "access_token"); s.tenant.withdraw("aino", "diary").unwrap(); facts(s.bearer("POST", "userinfo", &access, "")).replace(&access, "[access_token]") }, r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="invalid_token", error_description="Invalid access token: [access_token]"
        sandbox-reason: AUTH-BEARER; the citizen has withdrawn the access right: ask for approval again
        {"error":"invalid_token","error_description":"Invalid access token: [access_token]"}
    "##),
    Row("userinfo: after revocation", |s| { let access = text(&s.tokens("openid offline_access"), "access_token"); s.post_form("revoke", Some(("diary", "s3cret")), &[("token", &access)]); facts(s.bearer("GET", "userinfo", &access, "")).replace(&access, "[access_token]") }, r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="invalid_token", error_description="Invalid access token: [access_token]"
        sandbox-reason: AUTH-BEARER; this tenant has not given the access token, or it was revoked, or its client was deleted, or it expired long ago
        {"error":"invalid_token","error_description":"Invalid access token: [access_token]"}
    "##),
    Row("userinfo: token without openid", |s| { let access = text(&s.tokens(SCOPE), "access_token"); facts(s.bearer("GET", "userinfo", &access, "")) }, r##"
        403 [json]
        sandbox-reason: AUTH-USERINFO-SCOPE; userinfo needs a token that was approved for openid
        {"error":"No access rights","error_description":"Insufficient access rights for the resource"}
    "##),
    Row("userinfo: token without openid, in upstream’s words", |s| { s.set("errors.dialect", "spring"); let access = text(&s.tokens(SCOPE), "access_token"); facts(s.bearer("GET", "userinfo", &access, "")) }, r##"
        403 [json]
        www-authenticate: Bearer realm="openidconnect", error="insufficient_scope", error_description="Insufficient scope for this resource", scope="openid"
        sandbox-reason: AUTH-USERINFO-SCOPE; userinfo needs a token that was approved for openid
        {"error":"insufficient_scope","error_description":"Insufficient scope for this resource"}
    "##),
    Row("userinfo: token without openid, in the RFC’s words", |s| { s.set("errors.dialect", "rfc"); let access = text(&s.tokens(SCOPE), "access_token"); facts(s.bearer("GET", "userinfo", &access, "")) }, r##"
        403 [json]
        www-authenticate: Bearer realm="openidconnect", error="insufficient_scope", error_description="Insufficient scope for this resource", scope="openid"
        sandbox-reason: AUTH-USERINFO-SCOPE; userinfo needs a token that was approved for openid
        {"error":"insufficient_scope","error_description":"Insufficient scope for this resource"}
    "##),
    Row("userinfo: a professional application’s token", |s| { s.tokens("openid"); s.permit_professional(); let made = s.professional("professional", &[("user", &s.code_of("aino"))]).json().unwrap(); facts(s.bearer("GET", "userinfo", &text(&made, "access_token"), "")) }, r##"
        403 [json]
        sandbox-reason: AUTH-USERINFO-SCOPE; userinfo needs a token that was approved for openid
        {"error":"No access rights","error_description":"Insufficient access rights for the resource"}
    "##),
    // Dynamic registration.
    Row("register: a form", |s| facts(s.post_form("register", None, &[("redirect_uris", "https://site.example/cb")])), r##"
        415 [empty]
        sandbox-reason: AUTH-REGISTRATION-JSON; send the registration as application/json
    "##),
    Row("register: half a JSON object", |s| facts(s.bearer("POST", "register", "", r##"{"##)), r##"
        400 [empty]
        sandbox-reason: AUTH-REGISTRATION-JSON; EOF while parsing an object at line 1 column 1
    "##),
    Row("register: an array", |s| facts(s.bearer("POST", "register", "", r##"[]"##)), r##"
        400 [empty]
        sandbox-reason: AUTH-REGISTRATION-JSON; a JSON object is wanted
    "##),
    Row("register: a number for a name", |s| facts(s.bearer("POST", "register", "", r##"{"client_name":5}"##)), r##"
        400 [empty]
        sandbox-reason: AUTH-REGISTRATION-JSON; invalid type: integer `5`, expected a string at line 1 column 16
    "##),
    Row("register: no redirect URI", |s| facts(s.bearer("POST", "register", "", r##"{"client_name":"Site"}"##)), r##"
        400 [json]
        sandbox-reason: AUTH-REGISTRATION; redirect_uris: at least one, such as http://localhost:3000/callback
        {"error":"invalid_redirect_uri","error_description":"Clients using a redirect-based grant type must register at least one redirect URI."}
    "##),
    Row("register: redirect URI with a fragment", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/#x"]}"##)), r##"
        400 [json]
        sandbox-reason: AUTH-REGISTRATION; "https://site.example/#x" has a fragment (#...), where a code could not be added
        {"error":"invalid_redirect_uri","error_description":"Redirect URI can not have a fragment"}
    "##),
    Row("register: redirect URI as script", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["javascript:alert(1)"]}"##)), r##"
        400 [json]
        sandbox-reason: AUTH-REGISTRATION; "javascript:alert(1)" has a scheme that browsers run or read as a document
        {"error":"invalid_redirect_uri","error_description":"Redirect URI is not allowed: javascript:alert(1)"}
    "##),
    Row("register: redirect URI without a host", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://"]}"##)), r##"
        400 [json]
        sandbox-reason: AUTH-REGISTRATION; "https://" is not absolute: write it whole, as in https://app.example/callback
        {"error":"invalid_redirect_uri","error_description":"Redirect URI is not allowed: https://"}
    "##),
    Row("register: redirect URI with a line break", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/\r\nx"]}"##)), r##"
        400 [json]
        sandbox-reason: AUTH-REGISTRATION; "https://site.example/\r\nx" has characters that a Location header cannot carry; percent-encode them
        {"error":"invalid_redirect_uri","error_description":"Redirect URI is not allowed: https://site.example/\r\nx"}
    "##),
    Row("register: one good and one bad redirect URI", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/cb","/cb"]}"##)), r##"
        400 [json]
        sandbox-reason: AUTH-REGISTRATION; "/cb" is not absolute: write it whole, as in https://app.example/callback
        {"error":"invalid_redirect_uri","error_description":"Redirect URI is not allowed: /cb"}
    "##),
    Row("register: implicit", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/cb"],"grant_types":["authorization_code","implicit"]}"##)), r##"
        400 [json]
        sandbox-reason: AUTH-REGISTRATION; grant_types: authorization_code and refresh_token, or alone urn:kanta-phr-sandbox:grant-type:professional
        {"error":"invalid_client_metadata","error_description":"Incompatible grant types requested: [authorization_code, implicit]"}
    "##),
    Row("register: password", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/cb"],"grant_types":["password"]}"##)), r##"
        400 [json]
        sandbox-reason: AUTH-REGISTRATION; grant_types: authorization_code and refresh_token, or alone urn:kanta-phr-sandbox:grant-type:professional
        {"error":"invalid_client_metadata","error_description":"The password grant type is not allowed in dynamic registration on this server."}
    "##),
    Row("register: client credentials", |s| facts(s.bearer("POST", "register", "", r##"{"grant_types":["client_credentials"]}"##)), r##"
        400 [json]
        sandbox-reason: AUTH-REGISTRATION; grant_types: authorization_code and refresh_token, or alone urn:kanta-phr-sandbox:grant-type:professional
        {"error":"invalid_client_metadata","error_description":"Incompatible grant types requested: [client_credentials]"}
    "##),
    Row("register: professional and code", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/cb"],"grant_types":["authorization_code","urn:kanta-phr-sandbox:grant-type:professional"]}"##)), r##"
        400 [json]
        sandbox-reason: AUTH-REGISTRATION; grant_types: authorization_code and refresh_token, or alone urn:kanta-phr-sandbox:grant-type:professional
        {"error":"invalid_client_metadata","error_description":"Incompatible grant types requested: [authorization_code, urn:kanta-phr-sandbox:grant-type:professional]"}
    "##),
    Row("register: response type token", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/cb"],"response_types":["token"]}"##)), r##"
        400 [json]
        sandbox-reason: AUTH-REGISTRATION; response_types: code
        {"error":"invalid_client_metadata","error_description":"Incompatible response types requested: [] / [token]"}
    "##),
    Row("register: no authentication", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/cb"],"token_endpoint_auth_method":"none"}"##)), r##"
        400 [json]
        sandbox-reason: AUTH-REGISTRATION; token_endpoint_auth_method: client_secret_basic or client_secret_post, not "none"
        {"error":"invalid_client_metadata","error_description":"Unknown authentication method"}
    "##),
    Row("register: private_key_jwt", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/cb"],"token_endpoint_auth_method":"private_key_jwt"}"##)), r##"
        400 [json]
        sandbox-reason: AUTH-REGISTRATION; token_endpoint_auth_method: client_secret_basic or client_secret_post, not "private_key_jwt"
        {"error":"invalid_client_metadata","error_description":"Unknown authentication method"}
    "##),
    Row("register: nothing but unknown scopes", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/cb"],"scope":"registration-token nonsense"}"##)), r##"
        400 [json]
        sandbox-reason: AUTH-REGISTRATION; scope: openid, profile, offline_access, patient/<Type>.read or .write; professional applications only read
        {"error":"invalid_client_metadata","error_description":"No scope of the request can be granted"}
    "##),
    Row("register: a professional application that only writes", |s| facts(s.bearer("POST", "register", "", r##"{"grant_types":["urn:kanta-phr-sandbox:grant-type:professional"],"scope":"patient/Observation.write"}"##)), r##"
        400 [json]
        sandbox-reason: AUTH-REGISTRATION; scope: openid, profile, offline_access, patient/<Type>.read or .write; professional applications only read
        {"error":"invalid_client_metadata","error_description":"No scope of the request can be granted"}
    "##),
    Row("register: OID that is none", |s| facts(s.bearer("POST", "register", "", r##"{"redirect_uris":["https://site.example/cb"],"sandbox_oid":"zz"}"##)), r##"
        400 [json]
        sandbox-reason: AUTH-REGISTRATION; oid: "zz" is not an OID: numbers joined by dots, such as 1.2.246.10.1234567.10.1, at most 64 characters
        {"error":"invalid_client_metadata","error_description":"oid: \"zz\" is not an OID: numbers joined by dots, such as 1.2.246.10.1234567.10.1, at most 64 characters"}
    "##),
    Row("register: GET", |s| facts(s.get(&format!("{}register", s.base))), r##"
        405 [json]
        allow: POST
        sandbox-reason: AUTH-METHOD; POST registers a client; register/{client_id} takes GET, PUT and DELETE
        {"error":"method_not_allowed","error_description":"Request method 'GET' not supported"}
    "##),
    Row("registration: no token", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("GET", &path, "", "")) }, r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: AUTH-BEARER; send Authorization: Bearer and the token
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("registration: wrong token", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("GET", &path, "x", "")) }, r##"
        403 [json]
        sandbox-reason: AUTH-REGISTRATION-TOKEN; send the registration_access_token that the registration was answered with
        {"error":"No access rights","error_description":"Insufficient access rights for the resource"}
    "##),
    Row("registration: wrong token, in upstream’s words", |s| { s.set("errors.dialect", "spring"); let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("GET", &path, "x", "")) }, r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="invalid_token", error_description="Invalid access token: x"
        sandbox-reason: AUTH-REGISTRATION-TOKEN; send the registration_access_token that the registration was answered with
        {"error":"invalid_token","error_description":"Invalid access token: x"}
    "##),
    Row("registration: the client secret as token", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("GET", &path, &text(&made, "client_secret"), "")) }, r##"
        403 [json]
        sandbox-reason: AUTH-REGISTRATION-TOKEN; send the registration_access_token that the registration was answered with
        {"error":"No access rights","error_description":"Insufficient access rights for the resource"}
    "##),
    Row("registration: an access token", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("GET", &path, &text(&s.tokens("openid"), "access_token"), "")) }, r##"
        403 [json]
        sandbox-reason: AUTH-REGISTRATION-TOKEN; send the registration_access_token that the registration was answered with
        {"error":"No access rights","error_description":"Insufficient access rights for the resource"}
    "##),
    Row("registration: another client’s token", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("GET", &path, &text(&s.register(WEBSITE), "registration_access_token"), "")) }, r##"
        403 [empty]
        sandbox-reason: AUTH-REGISTRATION-CLIENT; the registration access token is another client's
    "##),
    Row("registration: a client that was not registered so", |s| { let made = s.register(WEBSITE); facts(s.bearer("GET", "register/diary", &text(&made, "registration_access_token"), "")) }, r##"
        403 [empty]
        sandbox-reason: AUTH-REGISTRATION-CLIENT; the registration access token is another client's
    "##),
    Row("registration: update without a token", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("PUT", &path, "", WEBSITE)) }, r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: AUTH-BEARER; send Authorization: Bearer and the token
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("registration: update without client_id", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("PUT", &path, &text(&made, "registration_access_token"), WEBSITE)) }, r##"
        403 [empty]
        sandbox-reason: AUTH-REGISTRATION-CLIENT; the body names another client than the address: client_id must be there and the same
    "##),
    Row("registration: update with another client_id", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("PUT", &path, &text(&made, "registration_access_token"), &WEBSITE.replacen('{', "{\"client_id\":\"diary\",", 1))) }, r##"
        403 [empty]
        sandbox-reason: AUTH-REGISTRATION-CLIENT; the body names another client than the address: client_id must be there and the same
    "##),
    Row("registration: update with half a JSON object", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("PUT", &path, &text(&made, "registration_access_token"), "{")) }, r##"
        400 [empty]
        sandbox-reason: AUTH-REGISTRATION-JSON; EOF while parsing an object at line 1 column 1
    "##),
    Row("registration: update without redirect URIs", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("PUT", &path, &text(&made, "registration_access_token"), &format!("{{\"client_id\":\"{}\"}}", text(&made, "client_id")))) }, r##"
        400 [json]
        sandbox-reason: AUTH-REGISTRATION; redirect_uris: at least one, such as http://localhost:3000/callback
        {"error":"invalid_redirect_uri","error_description":"Clients using a redirect-based grant type must register at least one redirect URI."}
    "##),
    Row("registration: removal without a token", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); facts(s.bearer("DELETE", &path, "", "")) }, r##"
        401 [json]
        www-authenticate: Bearer realm="openidconnect", error="unauthorized", error_description="Full authentication is required"
        sandbox-reason: AUTH-BEARER; send Authorization: Bearer and the token
        {"error":"unauthorized","error_description":"Full authentication is required"}
    "##),
    Row("registration: after removal", |s| { let made = s.register(WEBSITE); let path = format!("register/{}", text(&made, "client_id")); let token = text(&made, "registration_access_token"); s.bearer("DELETE", &path, &token, ""); facts(s.bearer("GET", &path, &token, "")) }, r##"
        403 [json]
        sandbox-reason: AUTH-REGISTRATION-TOKEN; send the registration_access_token that the registration was answered with
        {"error":"No access rights","error_description":"Insufficient access rights for the resource"}
    "##),
    // The registration pages.
    Row("portal: nobody is signed in", |s| facts(s.get(&format!("{}manage/", s.base))), r##"
        302 [redirect]
        location: /phr-authserver-sandbox/login
    "##),
    Row("portal: sign-in without a token", |s| facts(s.post_form("login", None, &[("username", "matti"), ("password", "salasana")])), r##"
        403 [page]
        sandbox-reason: AUTH-CSRF; the form carries no token of ours: open the page anew and send its own form
        Sivu on vanhentunut
        error access_denied
        error_description the form carries no token of ours
    "##),
    Row("portal: sign-in from another site", |s| facts(s.http.post(format!("{}login", s.base)).header("origin", "https://evil.example").form(&[("csrf", "x")]).send().unwrap()), r##"
        403 [page]
        sandbox-reason: AUTH-CSRF; the form was sent from another site: open the page anew and send its own form
        Sivu on vanhentunut
        error access_denied
        error_description the form was sent from another site
    "##),
    Row("portal: sign-in without the cookie", |s| facts(s.post_form("login", None, &[("csrf", "x"), ("username", "matti")])), r##"
        400 [page]
        sandbox-reason: AUTH-COOKIES; allow cookies for this address; a test without a browser sends user_id together with sandbox_decision
        Evästeet ovat tarpeen
        error invalid_request
        error_description the browser did not send the session cookie back
    "##),
    Row("portal: sign-out without a token", |s| facts(s.post_form("logout", None, &[])), r##"
        403 [page]
        sandbox-reason: AUTH-CSRF; the form carries no token of ours: open the page anew and send its own form
        Sivu on vanhentunut
        error access_denied
        error_description the form carries no token of ours
    "##),
    Row("portal: wrong password", |s| { let mut b = Browser::new(s); let page = b.open(&format!("{}login", s.base)); brief(&b.submit(&page, &[("username", "matti"), ("password", "salasana")])) }, r##"
        401
        sandbox-reason: AUTH-DEVELOPER; no account has this user name and password; registeruser makes one
        Kirjaudu kehittäjänä
        ! Virhe: Error 401: Authentication Failed: Bad credentials
    "##),
    Row("portal: user name with other characters", |s| { let mut b = Browser::new(s); let page = b.open(&format!("{}registeruser", s.base)); brief(&b.submit(&page, &[("username", "<matti>"), ("password", "salasana")])) }, r##"
        400
        sandbox-reason: AUTH-DEVELOPER-ACCOUNT; a user name has 2 to 64 letters, digits, dots, hyphens, underscores or @ signs
        Luo kehittäjätili
        ! Virhe: Käyttäjätunnuksessa on oltava 2–64 kirjainta, numeroa tai merkkiä . - _ @.
    "##),
    Row("portal: short password", |s| { let mut b = Browser::new(s); let page = b.open(&format!("{}registeruser", s.base)); brief(&b.submit(&page, &[("username", "matti"), ("password", "sala")])) }, r##"
        400
        sandbox-reason: AUTH-DEVELOPER-ACCOUNT; a password has 8 to 200 characters
        Luo kehittäjätili
        ! Virhe: Salasanassa on oltava 8–200 merkkiä.
    "##),
    Row("portal: user name that is taken", |s| { signed_in(s); let mut b = Browser::new(s); let page = b.open(&format!("{}registeruser", s.base)); brief(&b.submit(&page, &[("username", "matti"), ("password", "salasana")])) }, r##"
        409
        sandbox-reason: AUTH-DEVELOPER-ACCOUNT; the user name is taken
        Luo kehittäjätili
        ! Virhe: Käyttäjätunnus on varattu. Valitse toinen.
    "##),
    Row("portal: another developer’s application", |s| { let made = s.register(WEBSITE); let mut b = signed_in(s); brief(&b.open(&format!("{}manage/client/{}", s.base, text(&made, "client_id")))) }, r##"
        404
        sandbox-reason: AUTH-REGISTRATION-CLIENT; no such client is on the developer's list
        Täällä ei ole mitään
    "##),
    Row("portal: opening with a wrong token", |s| { let mut b = signed_in(s); let page = b.open(&format!("{}manage/", s.base)); brief(&b.submit(&page, &[("client_id", "diary"), ("registration_access_token", "x")])) }, r##"
        403
        sandbox-reason: AUTH-REGISTRATION-TOKEN; client id and registration access token do not belong together
        Sovelluksesi
        ! Virhe: Client_id ja rekisteröintitoken eivät kuulu yhteen.
    "##),
    Row("portal: redirect URI with a fragment", |s| { let mut b = signed_in(s); let page = b.open(&format!("{}manage/new", s.base)); brief(&b.submit(&page, &[("redirect_uris", "https://site.example/#x"), ("client_name", "<b>"), ("scope.openid", "yes")])) }, r##"
        400
        sandbox-reason: AUTH-REGISTRATION; "https://site.example/#x" has a fragment (#...), where a code could not be added
        Rekisteröi sovellus
        ! Ei tallennettu. Osoitteessa ei saa olla #-merkillä alkavaa osaa: https://site.example/#x Redirect URI can not have a fragment
    "##),
    Row("portal: a form of an earlier session", |s| { let mut b = signed_in(s); let page = b.open(&format!("{}manage/new", s.base)); let mut other = Browser::new(s); other.cookies.clone_from(&signed_in_as(s, "maija").cookies); let (action, fields) = page.form_with("client_name"); brief(&other.post(&action, &fields)) }, r##"
        200
        Rekisteröi sovellus
    "##),
];

#[test]
fn every_refusal_is_as_documented_or_recorded_or_chosen() {
    assert!(ROWS.len() >= 100, "{}", ROWS.len());
    let mut wrong = Vec::new();
    for Row(name, send, expected) in ROWS {
        let server = Server::start();
        let actual = send(&server).replace(server.root(), "[root]");
        let expected: Vec<&str> = expected.trim().lines().map(str::trim).collect();
        let lines: Vec<&str> = actual.trim().lines().map(str::trim).collect();
        if lines != expected {
            wrong.push(format!("{name}\n--- expected\n{}\n--- actual\n{}\n", expected.join("\n"), lines.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), ROWS.len(), wrong.join("\n"));
}

/// A member of an answer.
fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}")).to_owned()
}

/// A browser in which a developer is signed in.
fn signed_in(server: &Server) -> Browser<'_> {
    signed_in_as(server, "matti")
}

fn signed_in_as<'s>(server: &'s Server, name: &str) -> Browser<'s> {
    let mut browser = Browser::new(server);
    let page = browser.open(&format!("{}registeruser", server.base));
    let shown = browser.submit(&page, &[("username", name), ("password", "salasana")]);
    assert_eq!(shown.status, 200, "{}", shown.html);
    browser
}

/// The same on every answer of a kind.
const JSON: [(&str, &str); 9] = [
    ("cache-control", "no-cache, no-store, max-age=0, must-revalidate, no-store"),
    ("pragma", "no-cache, no-cache"),
    ("expires", "0"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("x-xss-protection", "1; mode=block"),
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", "Sandbox-Reason"),
    ("content-type", "application/json;charset=UTF-8"),
];

fn kind(response: &Response) -> &'static str {
    let has = |(name, value): &(&str, &str)| response.headers().get(*name).is_some_and(|found| found == value);
    let policy = response.headers().get("content-security-policy").and_then(|policy| policy.to_str().ok());
    if JSON.iter().all(has) && has(&("content-language", "en-US")) {
        "[json]"
    } else if JSON[..8].iter().all(has) && !response.headers().contains_key("content-type") {
        "[empty]"
    } else if policy
        .is_some_and(|policy| policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"))
        && has(&("x-frame-options", "DENY"))
        && has(&("cache-control", "no-store"))
        && has(&("x-content-type-options", "nosniff"))
        && has(&("referrer-policy", "same-origin"))
    {
        "[page]"
    } else if response.headers().contains_key("location") && has(&("cache-control", "no-store")) {
        "[redirect]"
    } else {
        panic!("headers of no known kind: {:?}", response.headers())
    }
}

/// Status, headers and body.
fn facts(response: Response) -> String {
    let kind = kind(&response);
    let mut text = format!("{} {kind}", response.status().as_u16());
    for name in ["www-authenticate", "allow", "location", "sandbox-reason"] {
        if let Some(value) = response.headers().get(name) {
            text += &format!("\n{name}: {}", value.to_str().unwrap());
        }
    }
    let body = response.text().unwrap();
    let body = if kind == "[page]" { page(&body) } else { body };
    format!("{text}\n{body}")
}

/// The same of a page in a browser.
fn brief(shown: &Shown) -> String {
    let reason = shown.reason.as_ref().map(|reason| format!("\nsandbox-reason: {reason}")).unwrap_or_default();
    let location = shown.location.as_ref().map(|location| format!("\nlocation: {location}")).unwrap_or_default();
    format!("{}{location}{reason}\n{}", shown.status, page(&shown.html))
}

/// Heading, problem and technical details of a page. Nothing that was sent may be markup there.
fn page(html: &str) -> String {
    assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
    let found = |pattern: &str| -> Vec<String> {
        let pattern = Regex::new(pattern).unwrap();
        let plain = Regex::new("<[^>]*>").unwrap();
        let words = |text: &str| plain.replace_all(text, " ").split_whitespace().collect::<Vec<_>>().join(" ");
        pattern.captures_iter(html).map(|captures| words(&captures[1])).collect()
    };
    let mut lines = found(r"(?s)<h1>(.*?)</h1>");
    lines.extend(found(r#"(?s)role="alert">(.*?)</(?:p|div)>"#));
    lines.extend(
        found(r#"(?s)<div><dt class="code">(.*?</dt>.*?)</dd>"#).into_iter().filter(|fact| fact.starts_with("error")),
    );
    lines.join("\n")
}
