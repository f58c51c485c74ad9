"""The authorization flow, whole, with Authlib."""

import secrets
from urllib.parse import parse_qs, urlsplit

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet
import requests

from sandbox import ISSUER, PHR_SCOPE, REDIRECT_URI, Steps, browse, refusal, register_client, search_status, withdraw


def walk(auth_method):
    step = Steps(f"Authlib 1 {auth_method}")
    registered = register_client("Authlib")
    server = {}

    def session(secret=registered["client_secret"], scope=PHR_SCOPE, **kwargs):
        return OAuth2Session(
            registered["client_id"], secret, scope=scope, redirect_uri=REDIRECT_URI, token_endpoint_auth_method=auth_method, **kwargs
        )

    def authorize(app, decision="approve", **kwargs):
        url, state = app.create_authorization_url(server["authorization_endpoint"], **kwargs)
        return browse(url, decision), state

    with step("discovery"):
        server.update(requests.get(f"{ISSUER}.well-known/openid-configuration").json())
        assert server["issuer"] == ISSUER
    app = session(revocation_endpoint_auth_method=auth_method)
    tokens = {}
    with step("code and token"):
        landed, state = authorize(app)
        tokens = app.fetch_token(server["token_endpoint"], authorization_response=landed, state=state)
        assert len(tokens["sub"]) == 36 and "id_token" not in tokens
        assert search_status(tokens["access_token"], tokens["sub"]) == 200
    with step("wrong state refused"):
        landed, _ = authorize(session())
        error = refusal(lambda: session().fetch_token(server["token_endpoint"], authorization_response=landed, state="another"))
        assert "mismatching_state" in str(error), error
    with step("PKCE"):
        verifier = secrets.token_urlsafe(48)
        strict = session(code_challenge_method="S256")
        landed, state = authorize(strict, code_verifier=verifier)
        strict.fetch_token(server["token_endpoint"], authorization_response=landed, state=state, code_verifier=verifier)
        landed, state = authorize(strict, code_verifier=verifier)
        other = secrets.token_urlsafe(48)
        refusal(lambda: strict.fetch_token(server["token_endpoint"], authorization_response=landed, state=state, code_verifier=other), OAuthError)
    with step("openid: id_token, userinfo"):
        nonce = secrets.token_urlsafe(16)
        openid = session(scope=f"openid {PHR_SCOPE}")
        landed, state = authorize(openid, nonce=nonce)
        with_id = openid.fetch_token(server["token_endpoint"], authorization_response=landed, state=state)
        keys = KeySet.import_key_set(requests.get(server["jwks_uri"]).json())
        claims = jwt.decode(with_id["id_token"], keys).claims
        assert (claims["iss"], claims["aud"], claims["sub"], claims["nonce"]) == (ISSUER, registered["client_id"], tokens["sub"], nonce)
        assert openid.get(server["userinfo_endpoint"]).json()["id"] == tokens["sub"]
    with step("userinfo without openid refused"):
        answer = app.get(server["userinfo_endpoint"])
        assert (answer.status_code, answer.json()["error"]) == (403, "No access rights"), answer.text
    with step("citizen refuses"):
        # Authlib's session leaves this answer to the application.
        landed, state = authorize(session(), "deny")
        answer = parse_qs(urlsplit(landed).query)
        assert (answer["error"], answer["state"]) == (["access_denied"], [state]), landed
    with step("wrong and used code"):
        assert refusal(lambda: session().fetch_token(server["token_endpoint"], code="wrong1"), OAuthError).error == "invalid_grant"
        again = session()
        landed, state = authorize(again)
        again.fetch_token(server["token_endpoint"], authorization_response=landed, state=state)
        used = refusal(lambda: again.fetch_token(server["token_endpoint"], authorization_response=landed, state=state), OAuthError)
        assert used.error == "invalid_grant"
    with step("wrong secret"):
        stranger = session("not-the-secret")
        error = refusal(lambda: stranger.refresh_token(server["token_endpoint"], tokens["refresh_token"]), OAuthError)
        assert error.error == "unauthorized"
    with step("refresh ends the old token"):
        fresh = app.refresh_token(server["token_endpoint"], tokens["refresh_token"])
        assert search_status(tokens["access_token"], tokens["sub"]) == 403
        assert search_status(fresh["access_token"], tokens["sub"]) == 200
        tokens = fresh
    with step("revoke"):
        assert app.revoke_token(server["revocation_endpoint"], tokens["access_token"]).status_code == 200
        assert search_status(tokens["access_token"], tokens["sub"]) == 403
    with step("withdrawn by the citizen"):
        fresh = app.refresh_token(server["token_endpoint"], tokens["refresh_token"])
        withdraw(registered)
        error = refusal(lambda: app.refresh_token(server["token_endpoint"], tokens["refresh_token"]), OAuthError)
        assert error.error == "invalid_token"
        assert search_status(fresh["access_token"], tokens["sub"]) == 403


walk("client_secret_basic")
walk("client_secret_post")
Steps.end()
