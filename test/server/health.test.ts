import { describe, expect, it } from 'vitest'
import type { HealthReport, SourceHealth } from '../../src/server/health.ts'
import { startToyServer } from './toy-server.ts'

const pool = { size: 5, active: 1, idle: 2, waiting: 0 }
const platform: SourceHealth = { name: 'platform', status: 'AVAILABLE', differences: 2, pool }
const users: SourceHealth = {
  name: 'users',
  status: 'UNAVAILABLE',
  reason: 'The users database at db.example.org:5432 refuses the password of tributary.',
  outline: 'its address refuses the password',
  differences: 0,
  pool: { ...pool, active: 0 },
}
const inference: SourceHealth = { name: 'inference', status: 'NOT_CONFIGURED', differences: 0, pool }

const labeler: SourceHealth = { name: 'labeler', status: 'AVAILABLE', differences: 0 }

async function look(
  path: string,
  sources: readonly SourceHealth[],
  headers: Record<string, string> = {},
  env: Record<string, string> = {},
) {
  const report: HealthReport = { sources }
  await using toy = await startToyServer({ health: () => report, env })
  const response = await fetch(new URL(path, toy.url), { headers })
  return { status: response.status, body: await response.json() }
}

describe('/health/live', () => {
  it('is 200 whatever the sources are', async () => {
    expect(await look('/health/live', [users])).toEqual({ status: 200, body: { status: 'live' } })
  })
})

describe('/health/ready', () => {
  it('is 200 with one usable source, and says why others are not', async () => {
    expect(await look('/health/ready', [platform, users, inference])).toEqual({
      status: 200,
      body: {
        status: 'ready',
        sources: {
          platform: { status: 'AVAILABLE', differences: 2 },
          users: { status: 'UNAVAILABLE', reason: users.reason, differences: 0 },
          inference: { status: 'NOT_CONFIGURED', differences: 0 },
        },
      },
    })
  })

  it.each([
    ['down', [users]],
    ['still connecting', [{ ...platform, status: 'CONNECTING' as const }]],
    ['not configured', [inference]],
    ['down but a service', [users, labeler]],
  ])('is 503 when every source is %s', async (_, sources) => {
    const { status, body } = await look('/health/ready', sources)
    expect(status).toBe(503)
    expect(body).toMatchObject({ status: 'no usable source' })
  })
})

describe('who is not the operator', () => {
  const watching = {
    state: 'NOT_CAPTURED' as const,
    reason: 'db.example.org refuses tributary',
    unwatched: {},
  }
  const sources = [{ ...users, watching }]
  const proxied = { 'x-forwarded-for': '203.0.113.9' }
  const token = 'a token for metrics that is long enough'

  it('is told why a source is away in words that name no host and no role', async () => {
    const { status, body } = await look('/health/ready', sources, proxied)
    expect(status).toBe(503)
    expect(body).toEqual({
      status: 'no usable source',
      sources: {
        users: {
          status: 'UNAVAILABLE',
          reason: 'its address refuses the password',
          differences: 0,
          watching: { state: 'NOT_CAPTURED' },
        },
      },
    })
  })

  it.each([
    ['this machine', {}, {}],
    [
      'who brings the token for metrics',
      { ...proxied, authorization: `Bearer ${token}` },
      { METRICS_TOKEN: token },
    ],
  ])('is not %s', async (_, headers, env) => {
    const { body } = await look('/health/ready', sources, headers, env)
    expect(body).toMatchObject({
      sources: { users: { reason: users.reason, watching: { reason: watching.reason } } },
    })
  })
})

describe('/health/db', () => {
  it('has the pool of each source that is configured', async () => {
    expect(await look('/health/db', [platform, users, inference])).toEqual({
      status: 200,
      body: {
        status: 'degraded',
        sources: {
          platform: {
            status: 'healthy',
            database: { connected: true, pool_size: 5, active_connections: 1, available_connections: 4 },
          },
          users: {
            status: 'unhealthy',
            database: { connected: false, pool_size: 5, active_connections: 0, available_connections: 5 },
          },
        },
      },
    })
  })

  it('is healthy when every configured source is, and 503 when none is', async () => {
    expect(await look('/health/db', [platform, inference])).toMatchObject({
      status: 200,
      body: { status: 'healthy' },
    })
    expect(await look('/health/db', [users])).toMatchObject({ status: 503, body: { status: 'unhealthy' } })
    expect(await look('/health/db', [inference])).toMatchObject({
      status: 503,
      body: { status: 'unhealthy' },
    })
  })
})

describe('HEAD', () => {
  it.each(['/health/live', '/health/ready', '/health/db'])('of %s is the status alone', async (path) => {
    await using toy = await startToyServer()
    const response = await fetch(new URL(path, toy.url), { method: 'HEAD' })
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('')
  })
})
