// Reading and writing on both bases with fhir-kit-client and fhirclient (the SMART library, on a server).
import assert from 'node:assert/strict'
import { Client } from 'fhir-kit-client'
import smart from 'fhirclient'
import { example, examples, fhirBase, form, issuer, refusal, steps, tokenFor } from './sandbox.mjs'

/** What the steps need of a library, each act answering with {status, location?, body}. */
function fhirKitClient (baseUrl, token) {
  const client = new Client({ baseUrl, bearerToken: token.response.access_token })
  const answer = (body) => {
    const { response } = Client.httpFor(body)
    return { status: response.status, location: response.headers.get('location'), body }
  }
  return {
    statement: () => client.capabilityStatement(),
    create: async (body, headers) => answer(await client.create({ resourceType: body.resourceType, body, options: { headers } })),
    read: (resourceType, id) => client.read({ resourceType, id }),
    vread: (resourceType, id, version) => client.vread({ resourceType, id, version }),
    update: async (body, headers) => answer(await client.update({ resourceType: body.resourceType, id: body.id, body, options: { headers } })),
    delete: (resourceType, id) => client.delete({ resourceType, id }),
    history: (resourceType, id) => client.history({ resourceType, id }),
    search: (resourceType, searchParams) => client.search({ resourceType, searchParams }),
    async all (resourceType, searchParams) {
      const found = []
      let bundle = await client.search({ resourceType, searchParams })
      while (bundle) {
        found.push(...(bundle.entry ?? []).map(({ resource }) => resource))
        bundle = bundle.link.some(({ relation }) => relation === 'next') && await client.nextPage({ bundle })
      }
      return found
    },
    batch: (body) => client.batch({ body }),
    transaction: (body) => client.transaction({ body }),
    status: (error) => error.response?.status
  }
}

function fhirclient (baseUrl, token) {
  const storage = { get: async () => undefined, set: async (_, value) => value, unset: async () => true }
  const client = smart({ headers: { host: 'app.example.test' }, url: '/' }, {}, storage)
    .client({
      serverUrl: baseUrl,
      tokenUri: `${issuer}token`,
      clientId: token.client.client_id,
      clientSecret: token.client.client_secret,
      tokenResponse: token.response,
      expiresAt: token.expiresAt ?? Math.floor(Date.now() / 1000) + token.response.expires_in
    })
  const query = (resourceType, params) => `${resourceType}?${new URLSearchParams(params)}`
  const answer = ({ response, body }) => ({ status: response.status, location: response.headers.get('location'), body })
  // It has no word for a Bundle that is worked off.
  const post = (body) => client.request({ url: `${baseUrl}/`, method: 'POST', headers: { 'content-type': 'application/fhir+json' }, body: JSON.stringify(body) })
  return {
    batch: post,
    transaction: post,
    statement: () => client.request('metadata'),
    create: async (body, headers) => answer(await client.create(body, { headers, includeResponse: true })),
    read: (resourceType, id) => client.request(`${resourceType}/${id}`),
    vread: (resourceType, id, version) => client.request(`${resourceType}/${id}/_history/${version}`),
    update: async (body, headers) => answer(await client.update(body, { headers, includeResponse: true })),
    delete: (resourceType, id) => client.delete(`${resourceType}/${id}`),
    history: (resourceType, id) => client.request(`${resourceType}/${id}/_history`),
    search: (resourceType, params) => client.request(query(resourceType, params)),
    all: (resourceType, params) => client.request(query(resourceType, params), { pageLimit: 0, flat: true }),
    status: (error) => error.statusCode ?? error.status
  }
}

async function walk (name, fhir, open) {
  const step = steps(`${name} ${fhir}`)
  const token = await tokenFor(name)
  const patient = token.response.sub
  const client = open(fhirBase[fhir], token)
  const weight = example(fhir, 'bodyweight-rich', patient)
  const identifier = weight.identifier[0]
  const idIn = (location, resourceType = 'Observation') => new RegExp(`/${resourceType}/([0-9a-f-]{36})/_history/1$`).exec(location)[1]
  const mine = { patient, identifier: `${identifier.system}|${identifier.value}` }
  let id

  await step('metadata', async () => {
    const statement = await client.statement()
    assert.ok(statement.rest[0].resource.some(({ type }) => type === 'Observation'))
  })
  await step('create', async () => {
    const created = await client.create(weight)
    assert.equal(created.status, 201)
    assert.equal(created.body.resourceType, fhir === 'r4' ? 'Observation' : 'OperationOutcome')
    id = idIn(created.location)
  })
  await step('create every example', async () => {
    for (const { file, resource } of examples(fhir, patient)) {
      const created = await client.create(resource)
      assert.equal(created.status, 201, file)
    }
  })
  await step('invalid refused', async () => {
    const error = await refusal(() => client.create({ ...weight, status: 'preliminary' }))
    assert.equal(client.status(error), 422)
  })
  await step('conditional create', async () => {
    const again = await client.create(weight, { 'If-None-Exist': `identifier=${mine.identifier}` })
    assert.equal(again.status, 200)
    assert.equal(idIn(again.location), id)
    const other = await refusal(() => client.create(weight, { 'If-None-Exist': `patient=${patient}` }))
    assert.equal(client.status(other), 400)
  })
  await step('read', async () => {
    const stored = await client.read('Observation', id)
    assert.equal(stored.meta.versionId, '1')
    assert.deepEqual(stored.valueQuantity, weight.valueQuantity)
    assert.equal((await client.read('Patient', patient)).id, patient)
  })
  await step('update', async () => {
    const changed = await client.read('Observation', id)
    changed.valueQuantity.value = 70.25
    assert.equal((await client.update(changed, { 'If-Match': 'W/"1"' })).status, 200)
    const stored = await client.read('Observation', id)
    assert.deepEqual([stored.meta.versionId, stored.valueQuantity.value], ['2', 70.25])
    assert.equal((await client.vread('Observation', id, '1')).valueQuantity.value, weight.valueQuantity.value)
    const stale = await refusal(() => client.update({ ...stored, valueQuantity: weight.valueQuantity }, { 'If-Match': 'W/"1"' }))
    assert.equal(client.status(stale), 409)
  })
  await step('history', async () => {
    const history = await client.history('Observation', id)
    assert.deepEqual([history.type, history.entry.map(({ resource }) => resource.meta.versionId)], ['history', ['2', '1']])
  })
  await step('search', async () => {
    const found = await client.search('Observation', mine)
    assert.deepEqual([found.type, found.total, found.entry[0].resource.id], ['searchset', 1, id])
    const narrower = { ...mine, code: 'http://loinc.org|29463-7', date: `ge${weight.effectiveDateTime.slice(0, 10)}` }
    assert.equal((await client.search('Observation', narrower)).total, 1)
    assert.equal((await client.search('Observation', { ...narrower, code: '8867-4' })).total, 0)
    assert.equal(client.status(await refusal(() => client.search('Observation', { code: '29463-7' }))), 400)
  })
  await step('paging to the end', async () => {
    const { total } = await client.search('Observation', { patient, _count: 1 })
    const found = await client.all('Observation', { patient, _count: 4 })
    assert.equal(new Set(found.map((resource) => resource.id)).size, total)
    assert.equal(found.length, total)
    assert.ok(total > 8)
  })
  await step('care plan', async () => {
    const plan = example(fhir, 'selfcareplan-minimal', patient)
    const planId = idIn((await client.create(plan)).location, 'CarePlan')
    assert.deepEqual((await client.read('CarePlan', planId)).category, plan.category)
    const found = await client.all('CarePlan', { patient })
    assert.ok(found.some((resource) => resource.id === planId))
    await client.delete('CarePlan', planId)
    assert.equal(client.status(await refusal(() => client.read('CarePlan', planId))), 410)
  })
  await step('questionnaire and response', async () => {
    const { questionnaire, answered } = form(fhir, patient)
    const formId = idIn((await client.create(questionnaire)).location, 'Questionnaire')
    assert.equal((await client.search('Questionnaire', { url: questionnaire.url })).entry[0].resource.id, formId)
    const response = answered(formId)
    const responseId = idIn((await client.create(response)).location, 'QuestionnaireResponse')
    const wrong = { ...answered(formId), item: [{ linkId: 'nowhere', answer: [{ valueInteger: 7 }] }] }
    assert.equal(client.status(await refusal(() => client.create(wrong))), 422)
    const asked = fhir === 'r4' ? questionnaire.url : `Questionnaire/${formId}`
    const found = await client.search('QuestionnaireResponse', { patient, questionnaire: asked })
    assert.deepEqual([found.total, found.entry[0].resource.id], [1, responseId])
    await client.delete('QuestionnaireResponse', responseId)
    await client.delete('Questionnaire', formId)
  })
  if (fhir === 'r4') {
    await step('batch and transaction', async () => {
      const create = (resource) => ({ resource, request: { method: 'POST', url: resource.resourceType } })
      const read = (url) => ({ request: { method: 'GET', url } })
      const bundle = (type, entry) => ({ resourceType: 'Bundle', type, entry })
      const own = () => example(fhir, 'bodyweight-rich', patient)
      const count = async () => (await client.search('Observation', { patient, _summary: 'count' })).total
      const answers = await client.batch(bundle('batch', [read(`Observation/${id}`), read('Observation/22222222-2222-4222-8222-222222222222')]))
      assert.deepEqual(answers.entry.map(({ response }) => response.status), ['200 OK', '404 Not Found'])
      const before = await count()
      const made = await client.transaction(bundle('transaction', [create(own()), create(own()), read(`Observation?patient=${patient}&_summary=count`)]))
      assert.deepEqual(made.entry.map(({ response }) => response.status), ['201 Created', '201 Created', '200 OK'])
      assert.equal(made.entry[2].resource.total, before + 2)
      const failing = bundle('transaction', [create(own()), create({ ...own(), status: 'preliminary' })])
      assert.equal(client.status(await refusal(() => client.transaction(failing))), 422)
      assert.equal(await count(), before + 2)
    })
  }
  await step('delete', async () => {
    await client.delete('Observation', id)
    assert.equal(client.status(await refusal(() => client.read('Observation', id))), 410)
    assert.equal((await client.search('Observation', mine)).total, 0)
    assert.equal((await client.vread('Observation', id, '2')).id, id)
  })
  await step('wrong token refused', async () => {
    const stranger = open(fhirBase[fhir], { ...token, response: { ...token.response, access_token: 'not-a-token' } })
    assert.equal(stranger.status(await refusal(() => stranger.search('Observation', { patient }))), 403)
  })
  if (open === fhirclient) {
    await step('refreshes by itself', async () => {
      const late = open(fhirBase[fhir], { ...token, expiresAt: 1 })
      assert.equal((await late.search('Observation', { patient })).type, 'searchset')
      const before = await refusal(() => client.search('Observation', { patient }))
      assert.equal(client.status(before), 403)
    })
  }
}

for (const fhir of ['r4', 'stu3']) {
  await walk('fhir-kit-client 2', fhir, fhirKitClient)
  await walk('fhirclient (JS) 2', fhir, fhirclient)
}
