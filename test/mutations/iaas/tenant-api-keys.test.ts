import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask } from '../../auth/sign-in-kit.ts'
import { overEvents, overWebSocket } from '../../server/stream-client.ts'
import { globalId, type Outcome } from '../platform/platform-world.ts'
import { type IaasWorld, openIaasWorld, type Who } from './iaas-world.ts'

let world: IaasWorld

beforeAll(async () => {
  world = await openIaasWorld()
})

afterAll(() => world[Symbol.asyncDispose]())

interface Made extends Outcome {
  readonly secret: string | null
  readonly tenantApiKey: { readonly id: string; readonly databaseId: string; readonly prefix: string }
}

const selection = 'secret tenantApiKey { id databaseId prefix role status expiresAt tenant { name } }'
const make = (input: object, who: Who) =>
  world.perform(
    'createTenantApiKey',
    { environment: globalId('TenantEnvironment', world.environment), ...input },
    who,
    selection,
  ) as Promise<Made>

const enters = async (token: string) => {
  const answer = await ask<{ tenants: { nodes: { databaseId: string }[] } }>(
    world.gateway,
    '{ tenants { nodes { databaseId } } }',
    {},
    { token },
  )
  return answer.data?.tenants?.nodes.map(({ databaseId }) => databaseId)
}

describe('a key that is made', () => {
  it('is told once, is kept as its hash alone, and opens its tenant', async () => {
    const { secret, tenantApiKey } = await make({ name: 'nightly', role: 'READ_ONLY' }, 'developer')
    expect(secret).toMatch(/^clsk_prod_[0-9a-f]{32}$/)
    expect(tenantApiKey).toMatchObject({
      prefix: secret?.slice(0, 12),
      role: 'READ_ONLY',
      status: 'ACTIVE',
      expiresAt: null,
    })
    const row = await world.row('api_keys', tenantApiKey.databaseId)
    expect(row).toMatchObject({
      key_hash: createHash('sha256').update(String(secret)).digest('hex'),
      tenant_id: world.tenant,
      environment_id: world.environment,
      name: 'nightly',
      rate_limit_requests_per_min: 60,
      concurrency_limit: 5,
    })
    expect(await enters(String(secret))).toEqual([world.tenant])
    expect(JSON.stringify(world.gateway.log)).not.toContain(secret)
    const platform = await world.databases.client('platform')
    const { rows } = await platform.query('SELECT a::text AS line FROM tributary.audit_log a')
    const lines = rows.map(({ line }) => line).join('\n')
    expect(lines).toContain(`tenantApiKey:${tenantApiKey.databaseId}`)
    expect(lines).not.toContain(secret)
  })

  it('is one for one idempotency key, and not told again', async () => {
    const request = { name: 'once', idempotencyKey: 'k-1' }
    const [first, second] = await Promise.all([make(request, 'tenantAdmin'), make(request, 'tenantAdmin')])
    expect(first.tenantApiKey.databaseId).toBe(second.tenantApiKey.databaseId)
    expect([first.secret, second.secret].filter(Boolean)).toHaveLength(1)
    expect((await make(request, 'tenantAdmin')).secret).toBeNull()
    const other = await make({ ...request, name: 'twice' }, 'tenantAdmin')
    expect(other.__typename).toBe('IdempotencyKeyReused')
  })

  it('is not made by a key that was revoked elsewhere, though it was seen a moment ago', async () => {
    const leaked = await make({ name: 'leaked', role: 'DEVELOPER' }, 'tenantAdmin')
    const token = String(leaked.secret)
    expect(await enters(token)).toEqual([world.tenant])
    const iaas = await world.databases.client('iaas')
    await iaas.query("UPDATE api_keys SET status = 'revoked' WHERE id = $1", [leaked.tenantApiKey.databaseId])
    const document = `mutation ($environment: ID!) {
      createTenantApiKey(input: { environment: $environment }) { __typename } }`
    const answer = await ask<{ createTenantApiKey: Outcome }>(
      world.gateway,
      document,
      { environment: globalId('TenantEnvironment', world.environment) },
      { token },
    )
    expect(answer.data?.createTenantApiKey).toEqual({ __typename: 'NotPermitted' })
  })

  it.each([
    ['admin', { role: 'ADMIN' }, 'CreateTenantApiKeySuccess'],
    ['tenantAdmin', { role: 'ADMIN' }, 'CreateTenantApiKeySuccess'],
    ['developer', { role: 'ADMIN' }, 'NotPermitted'],
    ['readOnly', { role: 'READ_ONLY' }, 'NotPermitted'],
    ['stranger', {}, 'NotFound'],
    ['engineer', { role: 'READ_ONLY' }, 'NotPermitted'],
    ['developer', { expiresAt: '2020-01-01T00:00:00Z' }, 'InvalidInput'],
    ['developer', { concurrencyLimit: -1 }, 'InvalidInput'],
    ['developer', { name: 'x'.repeat(256) }, 'InvalidInput'],
  ] as const)('by %s with %j is answered by %s', async (who, input, type) => {
    expect((await make(input, who)).__typename).toBe(type)
  })
})

describe('a key', () => {
  it('opens nothing while it is suspended, and nothing any more once revoked, from the next request on', async () => {
    const { secret, tenantApiKey } = await make({}, 'tenantAdmin')
    const step = (name: string, who: Who = 'developer') =>
      world.perform(name, { id: tenantApiKey.id }, who, 'tenantApiKey { status }')
    expect(await enters(String(secret))).toEqual([world.tenant])
    expect(await step('suspendTenantApiKey')).toMatchObject({ tenantApiKey: { status: 'SUSPENDED' } })
    expect(await enters(String(secret))).toBeUndefined()
    expect(await step('suspendTenantApiKey')).toMatchObject({
      __typename: 'IllegalTransition',
      from: 'SUSPENDED',
      allowed: ['ACTIVE', 'REVOKED'],
    })
    expect(await step('activateTenantApiKey')).toMatchObject({ tenantApiKey: { status: 'ACTIVE' } })
    expect(await enters(String(secret))).toEqual([world.tenant])
    expect(await step('revokeTenantApiKey')).toMatchObject({ tenantApiKey: { status: 'REVOKED' } })
    expect(await enters(String(secret))).toBeUndefined()
    expect(await step('activateTenantApiKey', 'admin')).toMatchObject({
      __typename: 'IllegalTransition',
      from: 'REVOKED',
      allowed: [],
    })
  })

  it('is revoked once by many who try at the same time', async () => {
    const { tenantApiKey } = await make({}, 'tenantAdmin')
    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        world.perform('revokeTenantApiKey', { id: tenantApiKey.id }, 'tenantAdmin'),
      ),
    )
    const names = answers.map(({ __typename }) => __typename).toSorted()
    expect(names).toEqual([...Array(5).fill('IllegalTransition'), 'RevokeTenantApiKeySuccess'])
  })

  it('that may do more is out of a lesser one’s reach, and another tenant’s is not there', async () => {
    const { tenantApiKey } = await make({ role: 'ADMIN' }, 'tenantAdmin')
    const revoke = async (who: Who) =>
      (await world.perform('revokeTenantApiKey', { id: tenantApiKey.id }, who)).__typename
    expect(await revoke('developer')).toBe('NotPermitted')
    expect(await revoke('readOnly')).toBe('NotPermitted')
    expect(await revoke('stranger')).toBe('NotFound')
    expect(await revoke('engineer')).toBe('NotFound')
    expect(await world.row('api_keys', tenantApiKey.databaseId)).toMatchObject({ status: 'active' })
    expect(await revoke('admin')).toBe('RevokeTenantApiKeySuccess')
  })

  it.each([
    ['it has expired', 'UPDATE api_keys SET expires_at = now() WHERE id = $1'],
    [
      'its environment is suspended',
      "UPDATE environments SET status = 'suspended' WHERE id = (SELECT environment_id FROM api_keys WHERE id = $1)",
    ],
    [
      'its tenant is suspended',
      "UPDATE tenants SET status = 'suspended' WHERE id = (SELECT tenant_id FROM api_keys WHERE id = $1)",
    ],
  ])('opens nothing where %s', async (_what, change) => {
    const { secret, tenantApiKey } = await make({}, 'admin')
    await world.iaas.query(change, [tenantApiKey.databaseId])
    expect(await enters(String(secret))).toBeUndefined()
    await world.iaas.query(`UPDATE environments SET status = 'active' WHERE id = $1`, [world.environment])
    await world.iaas.query(`UPDATE tenants SET status = 'active' WHERE id = $1`, [world.tenant])
  })

  it('that another program revokes takes its stream of events along', { timeout: 10_000 }, async () => {
    const { secret, tenantApiKey } = await make({}, 'admin')
    using client = await overEvents(world.gateway.url, {
      query: 'subscription { llmDeploymentsChanged { kind } }',
      authorization: `Bearer ${secret}`,
    })
    await client.next()
    await world.iaas.query(`UPDATE api_keys SET status = 'revoked' WHERE id = $1`, [tenantApiKey.databaseId])
    expect((await client.next()).payload).toMatchObject({
      errors: [{ message: 'Token revoked.', extensions: { code: 'UNAUTHENTICATED' } }],
    })
  })

  it('that never expires, or does at infinity, opens', async () => {
    const { secret, tenantApiKey } = await make({}, 'admin')
    await world.iaas.query(`UPDATE api_keys SET expires_at = 'infinity' WHERE id = $1`, [
      tenantApiKey.databaseId,
    ])
    expect(await enters(String(secret))).toEqual([world.tenant])
  })

  it('opens without Bearer too, as the control plane takes it', async () => {
    const { secret } = await make({}, 'admin')
    const enter = async (authorization: string) => {
      const answer = await fetch(world.gateway.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: JSON.stringify({ query: '{ viewer { kind } }' }),
      })
      return [answer.status, JSON.stringify(await answer.json())]
    }
    expect(await enter(String(secret))).toEqual([200, '{"data":{"viewer":{"kind":"TENANT"}}}'])
    expect(await enter(world.credentials.admin)).toEqual([401, expect.stringContaining('UNAUTHENTICATED')])
  })

  it('that expires when no date of ours can say opens a socket, too', async () => {
    const { secret, tenantApiKey } = await make({}, 'admin')
    await world.iaas.query(`UPDATE api_keys SET expires_at = '294276-12-31' WHERE id = $1`, [
      tenantApiKey.databaseId,
    ])
    using client = await overWebSocket(world.gateway.url, {
      query: '{ viewer { kind } }',
      authorization: `Bearer ${secret}`,
    })
    expect((await client.next()).payload).toEqual({ data: { viewer: { kind: 'TENANT' } } })
  })
})

describe('a tenant', () => {
  it('sees by its keys what is its own, whatever way it asks, and nothing of another', async () => {
    const { rows } = await world.iaas.query<Record<string, number>>(
      `SELECT (SELECT count(*)::int FROM environments WHERE tenant_id = $1) AS "tenantEnvironments",
         (SELECT count(*)::int FROM api_keys WHERE tenant_id = $1) AS "tenantApiKeys",
         (SELECT count(*)::int FROM usage_records WHERE tenant_id = $1) AS "usageRecords",
         (SELECT count(*)::int FROM billing_events WHERE tenant_id = $1) AS "billingEvents",
         (SELECT count(*)::int FROM notification_deliveries WHERE tenant_id = $1) AS "notificationDeliveries",
         (SELECT count(*)::int FROM notification_config WHERE tenant_id = $1) AS "notificationConfigs",
         1 AS tenants, (SELECT count(*)::int FROM nodes) AS "llmNodes", 0 AS "skyClusters", 0 AS projects, 0 AS users`,
      [world.tenant],
    )
    const expected = rows[0] ?? {}
    const answer = await world.query<Record<string, { totalCount: number }>>(
      `{ ${Object.keys(expected)
        .map((name) => `${name} { totalCount }`)
        .join(' ')} }`,
      'readOnly',
    )
    expect(Object.fromEntries(Object.entries(answer).map(([name, page]) => [name, page.totalCount]))).toEqual(
      expected,
    )
    const other = await world.query(
      `query ($tenant: UUID!, $id: ID!) {
        tenant(databaseId: $tenant) { name }
        node(id: $id) { id }
        usageRecords(filter: { tenant: { databaseId: { eq: $tenant } } }) { totalCount }
        llmNodes(first: 3) { nodes { endpointUrl internalIp usageRecords(filter: { tenantId: { eq: $tenant } }) { totalCount } } }
      }`,
      'tenantAdmin',
      { tenant: world.otherTenant, id: globalId('Tenant', world.otherTenant) },
    )
    const node = { endpointUrl: null, internalIp: null, usageRecords: { totalCount: 0 } }
    expect(other).toEqual({
      tenant: null,
      node: null,
      usageRecords: { totalCount: 0 },
      llmNodes: { nodes: [node, node, node] },
    })
  })
})
