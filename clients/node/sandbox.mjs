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
  const more = ['MedicationAdministration', 'CarePlan', 'Questionnaire', 'QuestionnaireResponse']
  const scope = `openid ${phrScope} ${more.map((type) => `patient/${type}.read patient/${type}.write`).join(' ')}`
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

/** All examples of the measurements and doses an application writes, as the given patient's and with identifiers of their own. */
export function examples (fhir, patient) {
  return readdirSync(new URL(`../../examples/${fhir}/valid/`, import.meta.url))
    .map((file) => ({ file, resource: example(fhir, file.replace('.json', ''), patient) }))
    .filter(({ resource }) => ['Observation', 'MedicationAdministration'].includes(resource.resourceType))
}

export function example (fhir, name, patient) {
  const text = readFileSync(new URL(`../../examples/${fhir}/valid/${name}.json`, import.meta.url), 'utf8')
  return withNewIdentifier(JSON.parse(text.replaceAll(examplePatient, patient)))
}

function withNewIdentifier (resource) {
  const own = { system: 'urn:ietf:rfc:3986', value: `urn:uuid:${randomUUID()}` }
  const { identifier } = resource
  return { ...resource, identifier: Array.isArray(identifier) ? [own, ...identifier.slice(1)] : own }
}

/** A form with an address of its own, and what makes an answer to it: of R4 by the address, of STU3 by its id. */
export function form (fhir, patient) {
  const questionnaire = { ...example(fhir, 'questionnaire-minimal', patient), url: `https://questions.example/Questionnaire/${randomUUID()}` }
  const answered = (id) => ({
    ...example(fhir, 'questionnaireresponse-minimal', patient),
    questionnaire: fhir === 'r4' ? questionnaire.url : { reference: `Questionnaire/${id}` }
  })
  return { questionnaire, answered }
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
