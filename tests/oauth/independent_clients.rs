//! The crates `oauth2` and `openidconnect`, which know nothing of us, go through the whole flow; the citizen's part is
//! done on the pages.

use crate::server::{Browser, CALLBACK, Server, parameter};
use kanta_phr_sandbox::time::ClockState;
use oauth2::basic::{BasicClient, BasicErrorResponseType};
use oauth2::{HttpRequest, HttpResponse, RequestTokenError, TokenIntrospectionResponse};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientRegistrationRequest, CoreProviderMetadata, CoreUserInfoClaims,
};
use openidconnect::registration::{EmptyAdditionalClientMetadata, EmptyAdditionalClientRegistrationResponse};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthType, AuthorizationCode, ClientId, ClientName, ClientSecret, CsrfToken,
    IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, RefreshToken, Scope, TokenResponse,
};

/// The transport of both crates.
fn send(request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let client = reqwest::blocking::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let response = client.execute(request.try_into()?)?;
    let mut answer = axum::http::Response::builder().status(response.status());
    for (name, value) in response.headers() {
        answer = answer.header(name, value);
    }
    Ok(answer.body(response.bytes()?.to_vec()).unwrap())
}

/// What the citizen does in the browser; gives the redirect to the application.
fn approve(server: &Server, url: &str) -> String {
    let mut browser = Browser::new(server);
    let identification = browser.open(url);
    let terms = browser.submit(&identification, &[("citizen", "aino")]);
    let consent = browser.submit(&terms, &[("decision", "accept")]);
    browser.submit(&consent, &[("decision", "accept")]).location.unwrap()
}

#[test]
fn openidconnect_discovers_registers_and_signs_in() {
    let server = Server::start();
    // The crate judges the id_token by the system's clock.
    server.tenant.clock.set_state(ClockState::default());
    server.set("userinfo.style", "oidc");
    let issuer = IssuerUrl::new(server.base.clone()).unwrap();
    let provider = CoreProviderMetadata::discover(&issuer, &send).unwrap();
    let registered = CoreClientRegistrationRequest::new(
        vec![RedirectUrl::new(CALLBACK.to_owned()).unwrap()],
        EmptyAdditionalClientMetadata {},
    )
    .set_client_name(Some([(None, ClientName::new("Site".to_owned()))].into_iter().collect()));
    let registered = registered.register(provider.registration_endpoint().unwrap(), &send).unwrap();
    let _: &EmptyAdditionalClientRegistrationResponse = registered.additional_response();
    assert!(registered.registration_access_token().is_some());
    let secret = registered.client_secret().unwrap().clone();
    let client = CoreClient::from_provider_metadata(provider, registered.client_id().clone(), Some(secret))
        .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).unwrap());

    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .add_scope(Scope::new("profile".to_owned()))
        .set_pkce_challenge(challenge)
        .url();
    let back = approve(&server, url.as_str());
    assert_eq!(parameter(&back, "state").as_ref(), Some(state.secret()));
    let code = AuthorizationCode::new(parameter(&back, "code").unwrap());
    let tokens = client.exchange_code(code).unwrap().set_pkce_verifier(verifier).request(&send).unwrap();

    let id_token = tokens.id_token().expect("openid was asked for");
    let claims = id_token.claims(&client.id_token_verifier(), &nonce).unwrap();
    let pseudonym = server.tenant.citizens.get("aino").unwrap().pseudonym.unwrap().to_string();
    assert_eq!(claims.subject().as_str(), pseudonym);
    let verifier = client.id_token_verifier();
    let key = id_token.signing_key(&verifier).unwrap();
    let hash = AccessTokenHash::from_token(tokens.access_token(), id_token.signing_alg().unwrap(), key).unwrap();
    assert_eq!(Some(&hash), claims.access_token_hash());
    assert!(id_token.claims(&client.id_token_verifier(), &Nonce::new("other".to_owned())).is_err());

    let subject = Some(claims.subject().clone());
    let info: CoreUserInfoClaims =
        client.user_info(tokens.access_token().clone(), subject).unwrap().request(&send).unwrap();
    assert_eq!(info.subject().as_str(), pseudonym);
}

#[test]
fn oauth2_gets_refreshes_and_introspects_tokens_both_ways_of_authentication() {
    for auth_type in [AuthType::BasicAuth, AuthType::RequestBody] {
        let server = Server::start();
        server.set("introspection.allow", "own");
        let at = |endpoint: &str| format!("{}{endpoint}", server.base);
        let client = BasicClient::new(ClientId::new("diary".to_owned()))
            .set_client_secret(ClientSecret::new("s3cret".to_owned()))
            .set_auth_type(auth_type)
            .set_auth_uri(oauth2::AuthUrl::new(at("authorize")).unwrap())
            .set_token_uri(oauth2::TokenUrl::new(at("token")).unwrap())
            .set_introspection_url(oauth2::IntrospectionUrl::new(at("introspect")).unwrap())
            .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).unwrap());
        let scopes = ["offline_access", "patient/Observation.read"].map(|scope| Scope::new(scope.to_owned()));
        let (url, state) = client.authorize_url(CsrfToken::new_random).add_scopes(scopes.clone()).url();
        let back = approve(&server, url.as_str());
        assert_eq!(parameter(&back, "state").as_ref(), Some(state.secret()));
        let code = AuthorizationCode::new(parameter(&back, "code").unwrap());
        let first = client.exchange_code(code.clone()).request(&send).unwrap();
        assert_eq!(first.scopes().map(Vec::as_slice), Some(&scopes[..]));
        assert_eq!(first.expires_in().map(|time| time.as_secs()), Some(3599));

        let refresh = first.refresh_token().expect("offline_access was asked for").clone();
        let second = client.exchange_refresh_token(&refresh).request(&send).unwrap();
        assert_eq!(second.refresh_token().map(RefreshToken::secret), Some(refresh.secret()));
        let active = |token: &AccessToken| client.introspect(token).request(&send).unwrap().active();
        assert!(!active(first.access_token()) && active(second.access_token()));

        match client.exchange_code(code).request(&send) {
            Err(RequestTokenError::ServerResponse(error)) => {
                assert_eq!(error.error(), &BasicErrorResponseType::InvalidGrant);
            }
            other => panic!("{other:?}"),
        }
    }
}
