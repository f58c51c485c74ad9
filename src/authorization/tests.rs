//! Codes and tokens from approval to their end.

use super::*;
use crate::time::Random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

const PSEUDONYM: Uuid = Uuid::from_u128(0x3b8785e1_0000_4000_8000_000000000001);
const CALLBACK: &str = "https://app.example/cb";

/// A room with two clients, at an instant that the test moves.
struct World {
    room: Authorization,
    random: Random,
    rules: Rules,
    now: Timestamp,
}

impl World {
    fn new() -> World {
        let world = World {
            room: Authorization::new(Store::in_memory()),
            random: Random::seeded(1),
            rules: Rules::default(),
            now: "2026-06-01T12:00:00.250Z".parse().unwrap(),
        };
        for id in ["diary", "other"] {
            let new = NewClient {
                name: id.to_owned(),
                client_id: Some(id.to_owned()),
                client_secret: Some("secret".to_owned()),
                redirect_uris: vec![CALLBACK.to_owned()],
                scope: "openid offline_access patient/Observation.read patient/Observation.write".to_owned(),
                oid: Some("1.2.246.10.1".to_owned()),
                ..NewClient::default()
            };
            world.room.add_client(new, &world.random).unwrap();
        }
        world
    }

    fn issuance(&self) -> Issuance<'_> {
        Issuance { now: self.now, random: &self.random, issuer: "http://localhost/as/", rules: &self.rules }
    }

    fn client(&self, id: &str) -> Client {
        self.room.client(id).unwrap()
    }

    fn wait(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    fn approve(&self, scope: &str, more: RequestedParameters<'_>) -> String {
        let parameters = RequestedParameters {
            response_type: Some("code"),
            client_id: Some("diary"),
            redirect_uri: Some(CALLBACK),
            scope: Some(scope),
            ..more
        };
        let request = self.room.check_request(&parameters, &self.rules).unwrap();
        self.room.approve("aino", "diary", request.scopes.clone(), self.now).unwrap();
        self.room.issue_code(&request, "aino", PSEUDONYM, self.now, &self.issuance()).unwrap().code
    }

    fn code(&self, scope: &str) -> String {
        self.approve(scope, RequestedParameters::default())
    }

    fn redeem(&self, client: &str, code: &str) -> Result<TokenResponse, CodeError> {
        self.room.redeem_code(&self.client(client), code, Some(CALLBACK), None, &self.issuance())
    }

    fn tokens(&self, scope: &str) -> TokenResponse {
        self.redeem("diary", &self.code(scope)).unwrap()
    }

    fn refresh(&self, client: &str, token: &str, scope: Option<&str>) -> Result<TokenResponse, RefreshError> {
        self.room.refresh(&self.client(client), token, scope, &self.issuance())
    }

    fn access(&self, token: &str) -> Result<TokenInfo, AccessError> {
        self.room.access(token, self.now, &self.rules).map(|info| (*info).clone())
    }
}

fn part(token: &str, index: usize) -> serde_json::Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

#[test]
fn a_code_gives_tokens_in_the_shape_of_the_wire() {
    let world = World::new();
    let more = RequestedParameters { nonce: Some("n-1"), aud: Some("https://phr.example"), ..Default::default() };
    let code = world.approve("openid offline_access patient/Observation.read", more);
    assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{code}");
    let response = world.redeem("diary", &code).unwrap();
    assert_eq!(response.expires_in, 3599);
    assert_eq!(response.sub, PSEUDONYM);

    assert_eq!(part(&response.access_token, 0), serde_json::json!({ "kid": "rsa1", "alg": "RS256" }));
    let mut claims = part(&response.access_token, 1);
    assert!(claims["jti"].take().is_string());
    let iat = world.now.as_second();
    assert_eq!(
        claims,
        serde_json::json!({
            "sub": PSEUDONYM, "azp": "diary", "iss": "http://localhost/as/", "exp": iat + 3600, "iat": iat,
            "jti": null, "aud": "https://phr.example",
        })
    );
    let refresh = response.refresh_token.as_deref().unwrap();
    assert_eq!(part(refresh, 0), serde_json::json!({ "alg": "none" }));
    assert!(refresh.ends_with('.'));
    assert_eq!(part(refresh, 1).as_object().unwrap().keys().collect::<Vec<_>>(), ["jti"]);

    let claims = part(response.id_token.as_deref().unwrap(), 1);
    assert_eq!((claims["aud"].as_str(), claims["nonce"].as_str()), (Some("diary"), Some("n-1")));
    assert_eq!((claims["exp"].as_i64(), claims["auth_time"].as_i64()), (Some(iat + 600), Some(iat)));
    assert_eq!(claims["kid"], "rsa1");

    let members: Vec<String> = {
        let text = serde_json::to_string(&response).unwrap();
        text.split("\",\"")
            .map(|piece| piece.trim_start_matches(['{', '"']).split('"').next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(&members[..3], ["access_token", "token_type", "refresh_token"]);
    assert!(serde_json::to_string(&response).unwrap().contains(r#""expires_in":3599,"scope":"openid offline_access"#));
}

#[test]
fn only_openid_gives_an_id_token_and_only_offline_access_a_refresh_token() {
    let response = World::new().tokens("patient/Observation.read");
    assert_eq!((response.id_token, response.refresh_token), (None, None));
    assert_eq!(part(&response.access_token, 1).get("aud"), None);
}

#[test]
fn a_code_works_once_and_not_for_long() {
    let mut world = World::new();
    let code = world.code("patient/Observation.read");
    let first = world.redeem("diary", &code).unwrap();
    assert!(matches!(world.redeem("diary", &code), Err(CodeError::Used(_))));
    assert!(world.access(&first.access_token).is_ok(), "a reused code takes nothing away upstream");
    assert!(matches!(world.redeem("diary", "nosuch"), Err(CodeError::Unknown)));

    let code = world.code("patient/Observation.read");
    world.wait(29);
    assert!(world.redeem("diary", &code).is_ok());
    let code = world.code("patient/Observation.read");
    world.wait(30);
    assert!(matches!(world.redeem("diary", &code), Err(CodeError::Expired(_))));
}

#[test]
fn a_new_code_ends_the_former_of_the_same_client_and_citizen() {
    let world = World::new();
    let (first, second) = (world.code("openid"), world.code("openid"));
    assert!(matches!(world.redeem("diary", &first), Err(CodeError::Superseded)));
    assert!(world.redeem("diary", &second).is_ok());
}

#[test]
fn a_vain_attempt_uses_the_code_up() {
    let world = World::new();
    let code = world.code("openid");
    assert!(matches!(world.redeem("other", &code), Err(CodeError::OtherClient)));
    assert!(matches!(world.redeem("diary", &code), Err(CodeError::Used(_))));
    let code = world.code("openid");
    let client = world.client("diary");
    let elsewhere = world.room.redeem_code(&client, &code, Some("https://app.example/"), None, &world.issuance());
    assert!(matches!(elsewhere, Err(CodeError::RedirectMismatch)));
    let code = world.code("openid");
    let unnamed = world.room.redeem_code(&client, &code, None, None, &world.issuance());
    assert!(matches!(unnamed, Err(CodeError::RedirectMismatch)));
}

#[test]
fn the_verifier_must_meet_the_challenge() {
    let world = World::new();
    let client = world.client("diary");
    let challenged = RequestedParameters {
        code_challenge: Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        code_challenge_method: Some("S256"),
        ..Default::default()
    };
    let redeem = |verifier| {
        let code = world.approve("openid", challenged);
        world.room.redeem_code(&client, &code, Some(CALLBACK), verifier, &world.issuance())
    };
    assert!(redeem(Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).is_ok());
    assert!(matches!(redeem(Some("wrong")), Err(CodeError::VerifierMismatch)));
    assert!(matches!(redeem(None), Err(CodeError::VerifierMismatch)));
    let unasked = world.room.redeem_code(&client, &world.code("openid"), Some(CALLBACK), Some("x"), &world.issuance());
    assert!(unasked.is_ok());
}

#[test]
fn access_tokens_say_what_they_allow_and_expire() {
    let mut world = World::new();
    let token = world.tokens("patient/Observation.read").access_token;
    let info = world.access(&token).unwrap();
    assert!(info.read.contains("Observation") && info.create.is_empty());
    assert_eq!(
        (info.patient, info.client_name.as_str(), info.oid.as_deref()),
        (PSEUDONYM, "diary", Some("1.2.246.10.1"))
    );
    assert_eq!(world.access("nonsense"), Err(AccessError::Unknown));
    world.wait(3600);
    assert!(matches!(world.access(&token), Err(AccessError::Expired(_))));
}

#[test]
fn a_refresh_ends_the_access_tokens_before_it_and_keeps_the_refresh_token() {
    let mut world = World::new();
    let first = world.tokens("offline_access patient/Observation.read patient/Observation.write");
    let refresh = first.refresh_token.clone().unwrap();
    world.wait(400 * 24 * 3600);
    let second = world.refresh("diary", &refresh, Some("patient/Observation.read")).unwrap();
    assert_eq!(second.refresh_token.as_deref(), Some(refresh.as_str()));
    assert_eq!(second.scope.to_string(), "patient/Observation.read");
    let third = world.refresh("diary", &refresh, None).unwrap();
    assert_eq!(third.scope, first.scope);
    assert_eq!(world.access(&second.access_token), Err(AccessError::Refreshed));
    assert!(world.access(&third.access_token).is_ok());
}

#[test]
fn a_refresh_never_widens_and_is_only_its_own_clients() {
    let world = World::new();
    let first = world.tokens("offline_access patient/Observation.read");
    let refresh = first.refresh_token.unwrap();
    for wider in ["patient/Observation.write", "patient/Observation.read openid", "nonsense"] {
        assert!(
            matches!(world.refresh("diary", &refresh, Some(wider)), Err(RefreshError::UpScoping { .. })),
            "{wider}"
        );
    }
    assert!(world.access(&first.access_token).is_ok(), "a refused refresh ends nothing");
    assert!(matches!(world.refresh("other", &refresh, None), Err(RefreshError::OtherClient)));
    assert!(matches!(world.refresh("diary", &refresh, None), Err(RefreshError::Unknown)));
    assert_eq!(world.access(&first.access_token), Err(AccessError::RefreshTokenGone));
    assert!(matches!(world.refresh("diary", "nonsense", None), Err(RefreshError::Unknown)));
}

#[test]
fn rotation_and_lifetime_of_refresh_tokens_follow_the_rules() {
    let mut world = World::new();
    world.rules.rotate_refresh_tokens = true;
    world.rules.refresh_token_lifetime = Some(SignedDuration::from_secs(7200));
    let first = world.tokens("offline_access patient/Observation.read");
    let second = world.refresh("diary", first.refresh_token.as_deref().unwrap(), None).unwrap();
    assert_ne!(first.refresh_token, second.refresh_token);
    assert!(matches!(
        world.refresh("diary", first.refresh_token.as_deref().unwrap(), None),
        Err(RefreshError::Unknown)
    ));
    assert_eq!(world.access(&first.access_token), Err(AccessError::RefreshTokenGone));
    assert!(world.access(&second.access_token).is_ok());
    world.wait(7200);
    let late = world.refresh("diary", second.refresh_token.as_deref().unwrap(), None);
    assert!(matches!(late, Err(RefreshError::Expired(_))));
}

#[test]
fn withdrawal_ends_codes_and_tokens_for_good() {
    let world = World::new();
    let tokens = world.tokens("offline_access patient/Observation.read");
    let code = world.code("offline_access patient/Observation.read");
    world.room.withdraw("aino", "diary", world.now).unwrap();
    let ended = |world: &World| {
        assert!(matches!(world.redeem("diary", &code), Err(CodeError::Withdrawn)));
        assert!(matches!(
            world.refresh("diary", tokens.refresh_token.as_deref().unwrap(), None),
            Err(RefreshError::Withdrawn)
        ));
        assert_eq!(world.access(&tokens.access_token), Err(AccessError::Withdrawn));
    };
    ended(&world);
    world.room.approve("aino", "diary", Scopes::parse("openid").unwrap(), world.now).unwrap();
    ended(&world);
}

#[test]
fn withdrawal_may_let_access_tokens_run_out() {
    let mut world = World::new();
    world.rules.revocation = Revocation::AtExpiry;
    let tokens = world.tokens("offline_access patient/Observation.read");
    world.room.withdraw("aino", "diary", world.now).unwrap();
    assert!(world.access(&tokens.access_token).is_ok());
    assert!(world.refresh("diary", tokens.refresh_token.as_deref().unwrap(), None).is_err());
    world.wait(3600);
    assert!(world.access(&tokens.access_token).is_err());
}

#[test]
fn tokens_live_in_the_store_and_so_in_a_fork_of_it() {
    let world = World::new();
    let token = world.tokens("patient/Observation.read").access_token;
    let fork = Authorization::new(world.room.store.fork());
    assert!(fork.access(&token, world.now, &world.rules).is_ok());
    assert_eq!(World::new().access(&token), Err(AccessError::Unknown));
}

#[test]
fn one_of_many_redeemers_of_a_code_wins() {
    let world = World::new();
    let code = world.code("openid");
    let won = std::thread::scope(|scope| {
        let redeemers: Vec<_> = (0..8).map(|_| scope.spawn(|| world.redeem("diary", &code).is_ok())).collect();
        redeemers.into_iter().map(|redeemer| redeemer.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(won, 1);
}
