// The authorization flow, whole, with openid-client 4, 5 and 6 and simple-oauth2.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import * as openid4 from 'openid-client-4'
import * as openid5 from 'openid-client-5'
import * as openid6 from 'openid-client-6'
import { AuthorizationCode } from 'simple-oauth2'
import { browse, control, issuer, phrScope, redirectUri, refusal, registerClient, searchStatus, steps, withdraw } from './sandbox.mjs'

/** openid-client 4 and 5 have one API. */
async function openidClient4or5 (name, { Issuer, generators }, authMethod) {
  const step = steps(`${name} ${authMethod}`)
  const registered = await registerClient(name)
  const credentials = { client_id: registered.client_id, redirect_uris: [redirectUri], response_types: ['code'], token_endpoint_auth_method: authMethod }
  let server, client, tokens

  await step('discovery', async () => {
    server = await Issuer.discover(issuer)
    assert.equal(server.issuer, issuer)
    client = new server.Client({ ...credentials, client_secret: registered.client_secret })
  })
  await step('code and token', async () => {
    const state = generators.state()
    const landed = await browse(client.authorizationUrl({ redirect_uri: redirectUri, scope: phrScope, state }))
    tokens = await client.oauthCallback(redirectUri, client.callbackParams(landed.href), { state, response_type: 'code' })
    assert.match(tokens.sub, /^[0-9a-f-]{36}$/)
    assert.equal(tokens.id_token, undefined, 'id_token without openid')
    assert.equal(tokens.scope.split(' ').sort().join(' '), phrScope)
    assert.equal(await searchStatus(tokens.access_token, tokens.sub), 200)
  })
  await step('PKCE', async () => {
    const codeVerifier = generators.codeVerifier()
    const authorize = () => browse(client.authorizationUrl({ redirect_uri: redirectUri, scope: phrScope, code_challenge: generators.codeChallenge(codeVerifier), code_challenge_method: 'S256' }))
    const finish = async (landed, verifier) => client.oauthCallback(redirectUri, client.callbackParams(landed.href), { response_type: 'code', code_verifier: verifier })
    await finish(await authorize(), codeVerifier)
    const landed = await authorize()
    const error = await refusal(() => finish(landed, generators.codeVerifier()))
    assert.equal(error.response.statusCode, 400)
  })
  await step('openid: id_token, userinfo', async () => {
    const nonce = generators.nonce()
    const state = generators.state()
    const landed = await browse(client.authorizationUrl({ redirect_uri: redirectUri, scope: `openid ${phrScope}`, state, nonce }))
    const withId = await client.callback(redirectUri, client.callbackParams(landed.href), { state, nonce, response_type: 'code' })
    assert.equal(withId.claims().sub, tokens.sub)
    const patient = await client.userinfo(withId.access_token)
    assert.equal(patient.id, tokens.sub)
  })
  await step('userinfo without openid refused', async () => {
    const error = await refusal(() => client.userinfo(tokens.access_token))
    assert.equal(error.error, 'No access rights')
  })
  await step('citizen refuses', async () => {
    const state = generators.state()
    const landed = await browse(client.authorizationUrl({ redirect_uri: redirectUri, scope: phrScope, state }), 'deny')
    const error = await refusal(() => client.oauthCallback(redirectUri, client.callbackParams(landed.href), { state }))
    assert.equal(error.error, 'access_denied')
  })
  await step('wrong and used code', async () => {
    const wrong = await refusal(() => client.oauthCallback(redirectUri, { code: 'wrong1' }, { response_type: 'code' }))
    assert.deepEqual([wrong.response.statusCode, wrong.error], [400, 'invalid_grant'])
    const params = client.callbackParams((await browse(client.authorizationUrl({ redirect_uri: redirectUri, scope: phrScope }))).href)
    await client.oauthCallback(redirectUri, params, { response_type: 'code' })
    const used = await refusal(() => client.oauthCallback(redirectUri, params, { response_type: 'code' }))
    assert.deepEqual([used.response.statusCode, used.error], [400, 'invalid_grant'])
  })
  await step('wrong secret', async () => {
    const stranger = new server.Client({ ...credentials, client_secret: 'not-the-secret' })
    const error = await refusal(() => stranger.refresh(tokens.refresh_token))
    assert.deepEqual([error.response.statusCode, error.error], [401, 'unauthorized'])
  })
  await step('refresh ends the old token', async () => {
    const fresh = await client.refresh(tokens.refresh_token)
    assert.notEqual(fresh.access_token, tokens.access_token)
    assert.ok(fresh.refresh_token)
    assert.equal(await searchStatus(tokens.access_token, tokens.sub), 403)
    assert.equal(await searchStatus(fresh.access_token, fresh.sub), 200)
    tokens = fresh
  })
  await step('revoke', async () => {
    await client.revoke(tokens.access_token)
    assert.equal(await searchStatus(tokens.access_token, tokens.sub), 403)
  })
  await step('withdrawn by the citizen', async () => {
    const fresh = await client.refresh(tokens.refresh_token)
    await withdraw(registered)
    const error = await refusal(() => client.refresh(tokens.refresh_token))
    assert.deepEqual([error.response.statusCode, error.error], [401, 'invalid_token'])
    assert.equal(await searchStatus(fresh.access_token, fresh.sub), 403)
  })
}

async function openidClient6 (authMethod, authenticate) {
  const o = openid6
  const step = steps(`openid-client 6 ${authMethod}`)
  const registered = await registerClient('openid-client 6')
  const configure = (secret) => o.discovery(new URL(issuer), registered.client_id, {}, authenticate(secret), { execute: [o.allowInsecureRequests] })
  let config, tokens

  await step('discovery', async () => {
    config = await configure(registered.client_secret)
    assert.equal(config.serverMetadata().issuer, issuer)
  })
  const authorize = (params, decision) => browse(o.buildAuthorizationUrl(config, { redirect_uri: redirectUri, scope: phrScope, ...params }), decision)
  await step('code and token', async () => {
    const state = o.randomState()
    tokens = await o.authorizationCodeGrant(config, await authorize({ state }), { expectedState: state })
    assert.match(tokens.sub, /^[0-9a-f-]{36}$/)
    assert.equal(tokens.id_token, undefined, 'id_token without openid')
    assert.ok(tokens.expiresIn() > 3500)
    assert.equal(await searchStatus(tokens.access_token, tokens.sub), 200)
  })
  await step('PKCE', async () => {
    const verifier = o.randomPKCECodeVerifier()
    const challenge = { code_challenge: await o.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' }
    await o.authorizationCodeGrant(config, await authorize(challenge), { pkceCodeVerifier: verifier })
    const landed = await authorize(challenge)
    const error = await refusal(() => o.authorizationCodeGrant(config, landed, { pkceCodeVerifier: o.randomPKCECodeVerifier() }))
    assert.equal(error.status, 400)
  })
  await step('openid: id_token, userinfo', async () => {
    const nonce = o.randomNonce()
    const landed = await authorize({ scope: `openid ${phrScope}`, nonce })
    const withId = await o.authorizationCodeGrant(config, landed, { expectedNonce: nonce, idTokenExpected: true })
    assert.equal(withId.claims().sub, tokens.sub)
    // The recorded answer is a Patient, which has no `sub`: fetchUserInfo cannot take it, an application reads it as any resource.
    const answer = await o.fetchProtectedResource(config, withId.access_token, new URL(config.serverMetadata().userinfo_endpoint), 'GET')
    assert.equal((await answer.json()).id, tokens.sub)
    await control('PUT', '/settings', { 'userinfo.style': 'oidc' })
    try {
      assert.equal((await o.fetchUserInfo(config, withId.access_token, tokens.sub)).sub, tokens.sub)
    } finally {
      await control('PUT', '/settings', { 'userinfo.style': 'patient' })
    }
  })
  await step('userinfo without openid refused', async () => {
    const answer = await o.fetchProtectedResource(config, tokens.access_token, new URL(config.serverMetadata().userinfo_endpoint), 'GET')
    assert.deepEqual([answer.status, (await answer.json()).error], [403, 'No access rights'])
  })
  await step('citizen refuses', async () => {
    const landed = await authorize({}, 'deny')
    const error = await refusal(() => o.authorizationCodeGrant(config, landed))
    assert.equal(error.error, 'access_denied')
  })
  await step('wrong and used code', async () => {
    const wrong = await refusal(() => o.authorizationCodeGrant(config, new URL(`${redirectUri}?code=wrong1`)))
    assert.deepEqual([wrong.status, wrong.error], [400, 'invalid_grant'])
    const landed = await authorize({})
    await o.authorizationCodeGrant(config, landed)
    const used = await refusal(() => o.authorizationCodeGrant(config, landed))
    assert.deepEqual([used.status, used.error], [400, 'invalid_grant'])
  })
  await step('wrong secret', async () => {
    const stranger = await configure('not-the-secret')
    const error = await refusal(() => o.refreshTokenGrant(stranger, tokens.refresh_token))
    assert.equal(error.status, 401)
  })
  await step('refresh ends the old token', async () => {
    const fresh = await o.refreshTokenGrant(config, tokens.refresh_token)
    assert.notEqual(fresh.access_token, tokens.access_token)
    assert.ok(fresh.refresh_token)
    assert.equal(await searchStatus(tokens.access_token, tokens.sub), 403)
    assert.equal(await searchStatus(fresh.access_token, fresh.sub), 200)
    tokens = fresh
  })
  await step('revoke', async () => {
    await o.tokenRevocation(config, tokens.access_token)
    assert.equal(await searchStatus(tokens.access_token, tokens.sub), 403)
  })
  await step('withdrawn by the citizen', async () => {
    const fresh = await o.refreshTokenGrant(config, tokens.refresh_token)
    await withdraw(registered)
    const error = await refusal(() => o.refreshTokenGrant(config, tokens.refresh_token))
    assert.equal(error.status, 401)
    assert.equal(await searchStatus(fresh.access_token, fresh.sub), 403)
  })
}

async function simpleOauth2 (authorizationMethod) {
  const step = steps(`simple-oauth2 5 ${authorizationMethod}`)
  const registered = await registerClient('simple-oauth2')
  const url = new URL(issuer)
  const configure = (secret) => new AuthorizationCode({
    client: { id: registered.client_id, secret },
    auth: { tokenHost: url.origin, tokenPath: `${url.pathname}token`, authorizePath: `${url.pathname}authorize`, revokePath: `${url.pathname}revoke` },
    options: { authorizationMethod }
  })
  const client = configure(registered.client_secret)
  const authorize = (state = randomUUID(), decision) => browse(client.authorizeURL({ redirect_uri: redirectUri, scope: phrScope, state }), decision)
  const exchange = (landed) => client.getToken({ code: landed.searchParams.get('code'), redirect_uri: redirectUri })
  let access

  await step('code and token', async () => {
    const state = randomUUID()
    const landed = await authorize(state)
    assert.equal(landed.searchParams.get('state'), state)
    access = await exchange(landed)
    assert.match(access.token.sub, /^[0-9a-f-]{36}$/)
    assert.equal(access.expired(), false)
    assert.equal(await searchStatus(access.token.access_token, access.token.sub), 200)
  })
  await step('citizen refuses', async () => {
    const landed = await authorize(undefined, 'deny')
    assert.equal(landed.searchParams.get('error'), 'access_denied')
  })
  await step('wrong and used code', async () => {
    const wrong = await refusal(() => client.getToken({ code: 'wrong1', redirect_uri: redirectUri }))
    assert.deepEqual([wrong.output.statusCode, wrong.data.payload.error], [400, 'invalid_grant'])
    const landed = await authorize()
    await exchange(landed)
    const used = await refusal(() => exchange(landed))
    assert.deepEqual([used.output.statusCode, used.data.payload.error], [400, 'invalid_grant'])
  })
  await step('wrong secret', async () => {
    const error = await refusal(() => configure('not-the-secret').createToken(access.token).refresh())
    assert.deepEqual([error.output.statusCode, error.data.payload.error], [401, 'unauthorized'])
  })
  await step('refresh ends the old token', async () => {
    const fresh = await access.refresh()
    assert.equal(await searchStatus(access.token.access_token, access.token.sub), 403)
    assert.equal(await searchStatus(fresh.token.access_token, fresh.token.sub), 200)
    access = fresh
  })
  await step('revoke', async () => {
    // The answer to a revocation is empty, as RFC 7009 has it; simple-oauth2 minds that, when the token has ended already.
    await refusal(() => access.revoke('access_token'))
    assert.equal(await searchStatus(access.token.access_token, access.token.sub), 403)
  })
  await step('withdrawn by the citizen', async () => {
    const fresh = await access.refresh()
    await withdraw(registered)
    const error = await refusal(() => fresh.refresh())
    assert.deepEqual([error.output.statusCode, error.data.payload.error], [401, 'invalid_token'])
    assert.equal(await searchStatus(fresh.token.access_token, fresh.token.sub), 403)
  })
}

for (const authMethod of ['client_secret_basic', 'client_secret_post']) {
  await openidClient4or5('openid-client 4', openid4, authMethod)
  await openidClient4or5('openid-client 5', openid5, authMethod)
}
await openidClient6('client_secret_basic', openid6.ClientSecretBasic)
await openidClient6('client_secret_post', openid6.ClientSecretPost)
await simpleOauth2('body')
await simpleOauth2('header')
