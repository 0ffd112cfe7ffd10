import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LabelerTokens } from '../../../src/auth/tokens/labeler-tokens.ts'
import { Secret } from '../../../src/config/secret.ts'
import { type LabelerStandIn, startLabelerStandIn } from '../../../src/embedded/labeler/stand-in.ts'
import { createEmptyDatabase, type TestDatabase } from '../../support/databases.ts'

const secret = 'shared by the platform and the Labeler'
const sign = (claims: Record<string, unknown>, key = secret) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode(key))

let database: TestDatabase
let labeler: LabelerStandIn
let token: string
beforeAll(async () => {
  database = await createEmptyDatabase()
  labeler = await startLabelerStandIn({ databaseUrl: database.url, secret })
  token = await new LabelerTokens({ secret: new Secret(secret) }).of(2)
})
afterAll(async () => {
  await labeler[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

async function call(path: string, { body, as = token }: { body?: object; as?: string } = {}) {
  const response = await fetch(`${labeler.url}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${as}` },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, never> }
}

describe('the Labeler that stands in', () => {
  test('takes the service tokens of the platform, in the name of a user, and no others', async () => {
    const good = { sub: '2', type: 'service', service: 'platform' }
    const tokens: [number, string][] = [
      [200, token],
      [200, await sign(good)],
      [401, await sign({ ...good, sub: undefined })],
      [401, await sign({ sub: null, type: 'background', service: 'platform-training' })],
      [401, await sign({ ...good, service: 'other' })],
      [401, await sign(good, 'another secret')],
      [401, ''],
    ]
    for (const [status, as] of tokens)
      expect((await call('/api/v1/platform/datasets', { as })).status).toBe(status)
    expect((await call('/health', { as: '' })).body).toEqual({ status: 'healthy' })
  })

  test('lists pages, whatever the tags', async () => {
    const list = await call('/api/v1/platform/datasets?limit=3&page=2&tags=nothing,at,all')
    expect(list.body).toMatchObject({ total: 81, page: 2, limit: 3, datasets: expect.any(Array) })
    expect(list.body.datasets).toHaveLength(3)
    expect((await call('/api/v1/platform/datasets')).body.datasets).toHaveLength(50)
    expect((await call('/api/v1/platform/datasets?limit=201')).status).toBe(422)
  })

  test('cannot answer a batch that names no fields, and drops all members but five', async () => {
    const { body } = await call('/api/v1/platform/datasets?limit=1')
    const [{ id }] = body.datasets as unknown as [{ id: string }]
    const path = '/api/v1/platform/datasets/batch'
    expect((await call(path, { body: { dataset_ids: [id] } })).status).toBe(500)
    expect((await call(path, { body: { dataset_ids: [], fields: ['id'] } })).status).toBe(422)
    const answer = await call(path, {
      body: { dataset_ids: [id, 'ds_none'], fields: ['id', 'name', 'visibility', 'num_images'] },
    })
    expect(answer.body).toEqual({
      datasets: {
        [id]: { id, name: expect.any(String), num_images: expect.any(Number) },
        ds_none: null,
      },
      errors: { ds_none: 'Dataset not found' },
    })
  })

  test('says who may see a dataset, and why', async () => {
    const { body } = await call('/api/v1/platform/datasets?visibility=private&limit=1')
    const [{ id, owner_id }] = body.datasets as unknown as [{ id: string; owner_id: number }]
    const asked = async (user: number) =>
      (await call(`/api/v1/platform/datasets/${id}/permissions/${user}`)).body
    expect(await asked(owner_id)).toMatchObject({ has_access: true, role: 'owner', reason: 'owner' })
    expect(await asked(9_999)).toMatchObject({ has_access: false, role: null, reason: 'no_access' })
    expect((await call('/api/v1/platform/datasets/none/permissions/1')).status).toBe(404)
  })

  test('lets people in by the keys that an issuer publishes, and by nothing else', async () => {
    const { publicKey, privateKey } = await generateKeyPair('EdDSA')
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'EdDSA' }
    const server = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const issuer = 'https://graph.example'
    const person = (audience: string) =>
      new SignJWT({ email: 'lea@example.org', role: 'guest' })
        .setProtectedHeader({ alg: 'EdDSA', kid: 'one', typ: 'at+jwt' })
        .setSubject('4')
        .setIssuer(issuer)
        .setAudience(audience)
        .setExpirationTime('5m')
        .sign(privateKey)
    expect((await call('/api/v1/me', { as: await person('labeler') })).status).toBe(401)
    labeler.trust({ issuer, jwksUrl: `http://127.0.0.1:${port}/` })
    expect(await call('/api/v1/me', { as: await person('labeler') })).toEqual({
      status: 200,
      body: { id: 4, email: 'lea@example.org', role: 'guest' },
    })
    expect((await call('/api/v1/me', { as: await person('tributary') })).status).toBe(401)
    expect((await call('/api/v1/me', { as: token })).status).toBe(401)
    expect((await call('/api/v1/platform/datasets', { as: await person('labeler') })).status).toBe(401)
    server.close()
  })
})

describe('the tokens of the platform', () => {
  test('are signed once for a user and used until shortly before they expire', async () => {
    let now = 1_000_000_000_000
    const tokens = new LabelerTokens({ secret: new Secret(secret), size: 2, now: () => now })
    const first = await tokens.of(7)
    const claims = JSON.parse(Buffer.from(first.split('.')[1] ?? '', 'base64url').toString())
    expect(claims).toEqual({
      sub: '7',
      service: 'platform',
      scopes: ['labeler:read'],
      type: 'service',
      iat: 1_000_000_000,
      nbf: 1_000_000_000,
      exp: 1_000_000_300,
    })
    now += 269_000
    expect(await tokens.of(7)).toBe(first)
    now += 1_000
    const second = await tokens.of(7)
    expect(second).not.toBe(first)
    await tokens.of(8)
    await tokens.of(9)
    now += 1_000
    expect(await tokens.of(7)).not.toBe(second)
  })
})
