// What every program here needs around the library it tries: the sandbox's address, a client of its own, the citizen at the
// browser, examples, and a record of the steps.
import { readFileSync, readdirSync } from 'node:fs'
import { randomUUID } from 'node:crypto'

const base = process.env.PHR_URL
if (!base) throw new Error('PHR_URL is not set: the http address of a running sandbox')

export const issuer = `${base}/phr-authserver-sandbox/`
export const fhirBase = { stu3: `${base}/phr-resourceserver/baseStu3`, r4: `${base}/phr-resourceserver/baseR4` }
export const redirectUri = 'https://app.example.test/callback'
export const phrScope = 'offline_access patient/Observation.read patient/Observation.write'
export const citizen = { id: 'aino', code: '140388-9028' }

export async function control (method, path, body) {
  const response = await fetch(`${base}/_sandbox${path}`, { method, body: body && JSON.stringify(body) })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} /_sandbox${path}: ${response.status} ${text}`)
  return text ? JSON.parse(text) : undefined
}

export function registerClient (name) {
  const scope = `openid ${phrScope} patient/MedicationAdministration.read patient/MedicationAdministration.write`
  return control('POST', '/clients', { name, redirect_uris: [redirectUri], scope })
}

/** A client and a token without a browser; `response` is the token response the flow would give. */
export async function tokenFor (name) {
  const client = await registerClient(name)
  return { client, response: await control('POST', '/tokens', { citizen: citizen.id, client_id: client.client_id }) }
}

export function withdraw (client) {
  return control('DELETE', `/citizens/${citizen.id}/access-rights/${client.client_id}`)
}

/** Goes where the citizen's browser would go, from the authorization URL to the application's redirect URI, which is returned. */
export async function browse (authorizationUrl, decision = 'approve') {
  let url = new URL(authorizationUrl)
  url.searchParams.set('user_id', citizen.code)
  url.searchParams.set('sandbox_decision', decision)
  for (let hop = 0; hop < 10; hop++) {
    const response = await fetch(url, { redirect: 'manual' })
    const location = response.headers.get('location')
    if (!location) throw new Error(`no redirect from ${url}: ${response.status} ${await response.text()}`)
    url = new URL(location, url)
    if (url.href.startsWith(redirectUri)) return url
  }
  throw new Error('redirected ten times without meeting the application')
}

/** The status the authorized R4 endpoint answers a search with: what a token is worth. */
export async function searchStatus (accessToken, pseudonym) {
  const response = await fetch(`${fhirBase.r4}/Observation?patient=${pseudonym}&_count=1`, { headers: { authorization: `Bearer ${accessToken}` } })
  await response.arrayBuffer()
  return response.status
}

const examplePatient = '7d1c5a52-9f0e-4c3b-8a47-2b6f0c9e51d3'

/** The examples of the types a wellbeing application writes, as the given patient's and with identifiers of their own. */
export function examples (fhir, patient) {
  const folder = new URL(`../../examples/${fhir}/valid/`, import.meta.url)
  return readdirSync(folder)
    .map((file) => ({ file, text: readFileSync(new URL(file, folder), 'utf8') }))
    .map(({ file, text }) => ({ file, resource: JSON.parse(text.replaceAll(examplePatient, patient)) }))
    .filter(({ resource }) => ['Observation', 'MedicationAdministration'].includes(resource.resourceType))
    .map(({ file, resource }) => ({ file, resource: withNewIdentifier(resource) }))
}

export function example (fhir, name, patient) {
  return examples(fhir, patient).find(({ file }) => file === `${name}.json`).resource
}

function withNewIdentifier (resource) {
  const own = { system: 'urn:ietf:rfc:3986', value: `urn:uuid:${randomUUID()}` }
  return { ...resource, identifier: [own, ...[resource.identifier].flat().slice(1)] }
}

/** Records steps of one client as lines of CLIENT, STEP, ok or failed, DETAIL between tabs. A failure does not end the others. */
export function steps (client) {
  return async (name, act) => {
    try {
      const result = await act()
      console.log(`${client}\t${name}\tok\t`)
      return result
    } catch (error) {
      const cause = error.cause ? ` (${describe(error.cause)})` : ''
      console.log(`${client}\t${name}\tfailed\t${(describe(error) + cause).replace(/\s+/g, ' ')}`)
      process.exitCode = 1
    }
  }
}

function describe (thing) {
  return thing instanceof Error ? `${thing.name}: ${thing.message}` : JSON.stringify(thing)
}

/** The error that the act ends with; that it goes through is itself an error. */
export async function refusal (act) {
  let result
  try {
    result = await act()
  } catch (error) {
    return error
  }
  throw new Error(`was not refused: ${JSON.stringify(result)}`)
}
