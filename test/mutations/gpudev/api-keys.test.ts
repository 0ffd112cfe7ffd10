import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RawWebSocket } from '../../server/raw-web-socket.ts'
import { type GpuDevWorld, globalId, hashOf, openGpuDevWorld } from './gpudev-world.ts'

let world: GpuDevWorld

beforeAll(async () => {
  world = await openGpuDevWorld()
})

afterAll(() => world[Symbol.asyncDispose]())

const made = 'key gpuApiKey { databaseId keyPrefix expiresAt isActive user { username } }'
const whoami = '{ viewer { kind } gpuUsers { nodes { username } } }'
const codeOf = async (token: string) => {
  const { errors } = await world.ask('{ viewer { kind } }', { token })
  return errors?.[0]?.extensions?.code
}

interface Made {
  readonly key: string | null
  readonly gpuApiKey: { readonly databaseId: number; readonly keyPrefix: string; readonly expiresAt: string }
}

describe('a key of GPU Dev', () => {
  it('that another program revokes takes its open socket along, and no other', {
    timeout: 10_000,
  }, async () => {
    const open = (token: string) =>
      RawWebSocket.connect(world.gateway.url, { authorization: `Bearer ${token}` })
    const token = await world.addKey(1)
    using raw = await open(token)
    using other = await open(world.keys.gina)
    await world.client.query('UPDATE api_keys SET is_active = false WHERE key_hash = $1', [hashOf(token)])
    expect(await raw.closed).toEqual({ code: 4403, reason: 'Token revoked' })
    expect(await codeOf(token)).toBe('UNAUTHENTICATED')
    other.send({ type: 'ping' })
    expect(await other.next()).toEqual({ type: 'pong' })
  })

  it('lets its user in, who sees what is their own', async () => {
    const { data, errors } = await world.ask(whoami)
    expect(errors).toBeUndefined()
    expect(data).toEqual({ viewer: { kind: 'GPU_USER' }, gpuUsers: { nodes: [{ username: 'gina' }] } })
  })

  it('is refused where it is unknown, revoked, expired, or its user is locked, all alike', async () => {
    const refused = [
      'x'.repeat(86),
      await world.addKey(1, { is_active: false }),
      await world.addKey(1, { is_active: null }),
      await world.addKey(1, { expires_at: new Date(Date.now() - 1000) }),
      await world.addKey(99).catch(() => world.keys.ivy),
      world.keys.ivy,
    ]
    for (const token of refused) expect(await codeOf(token)).toBe('UNAUTHENTICATED')
    expect(await codeOf(await world.addKey(1, { expires_at: null }))).toBeUndefined()
  })

  it('is not noted as used: that is the service’s own to say', async () => {
    await world.ask(whoami)
    const { rows } = await world.client.query('SELECT count(last_used_at)::int AS used FROM api_keys')
    expect(rows).toEqual([{ used: 0 }])
  })
})

describe('making a key', () => {
  it('shows it once: 86 characters, kept as SHA-256 and eight of them, good for two hours', async () => {
    const before = Date.now()
    const answer = (await world.perform('createGpuApiKey', {}, made)) as unknown as Made
    const key = answer.key as string
    expect(key).toMatch(/^[\w-]{86}$/)
    expect(answer).toMatchObject({
      gpuApiKey: { keyPrefix: key.slice(0, 8), isActive: true, user: { username: 'gina' } },
    })
    const hours = (Date.parse(answer.gpuApiKey.expiresAt) - before) / 3_600_000
    expect(hours).toBeGreaterThan(1.99)
    expect(hours).toBeLessThan(2.01)
    const { rows } = await world.client.query('SELECT * FROM api_keys WHERE key_id = $1', [
      answer.gpuApiKey.databaseId,
    ])
    expect(rows).toMatchObject([{ user_id: 1, key_hash: hashOf(key), key_prefix: key.slice(0, 8) }])
    expect(await codeOf(key)).toBeUndefined()
    const { rows: audited } = await world.state.query(
      'SELECT to_jsonb(a)::text AS row FROM tributary.audit_log a',
    )
    expect(audited.map(({ row }) => row).join()).not.toContain(key)
    expect(JSON.stringify(world.gateway.log)).not.toContain(key)
  })

  it('makes one for one idempotency key, and shows it to the first alone', async () => {
    const answers = (await Promise.all(
      Array.from({ length: 6 }, () => world.perform('createGpuApiKey', { idempotencyKey: 'k' }, made)),
    )) as unknown as Made[]
    expect(new Set(answers.map(({ gpuApiKey }) => gpuApiKey.databaseId)).size).toBe(1)
    expect(answers.filter(({ key }) => key !== null)).toHaveLength(1)
  })

  it('is for GPU Dev’s users alone', async () => {
    expect((await world.perform('createGpuApiKey', {}, '', {})).__typename).toBe('NotSignedIn')
  })
})

describe('rotating a key', () => {
  it('leaves the old one as it is, or revokes it where that is asked', async () => {
    const old = await world.addKey(2)
    const next = (await world.perform('rotateGpuApiKey', {}, made, { token: old })) as unknown as Made
    expect(await codeOf(old)).toBeUndefined()
    const token = next.key as string
    const last = await world.perform('rotateGpuApiKey', { revokeOld: true }, made, { token })
    expect(await codeOf(token)).toBe('UNAUTHENTICATED')
    expect(await codeOf((last as unknown as Made).key as string)).toBeUndefined()
  })
})

describe('revoking a key', () => {
  const idOf = async (key: string) => {
    const { rows } = await world.client.query('SELECT key_id FROM api_keys WHERE key_hash = $1', [
      hashOf(key),
    ])
    return globalId('GpuApiKey', rows[0].key_id)
  }

  it('shuts it out at once, though it was looked up a moment before', async () => {
    const key = await world.addKey(1)
    expect(await codeOf(key)).toBeUndefined()
    const answer = await world.perform('revokeGpuApiKey', { id: await idOf(key) }, 'gpuApiKey { isActive }')
    expect(answer).toMatchObject({ gpuApiKey: { isActive: false } })
    expect(await codeOf(key)).toBe('UNAUTHENTICATED')
  })

  it('is not for one that was revoked elsewhere, though it was seen a moment ago', async () => {
    const [lost, kept] = [await world.addKey(1), await world.addKey(1)]
    expect(await codeOf(lost)).toBeUndefined()
    await world.client.query('UPDATE api_keys SET is_active = false WHERE key_hash = $1', [hashOf(lost)])
    const answer = await world.perform('revokeGpuApiKey', { id: await idOf(kept) }, '', { token: lost })
    expect(answer.__typename).toBe('NotPermitted')
    expect(await codeOf(kept)).toBeUndefined()
  })

  it('is not for another’s', async () => {
    const answer = await world.perform('revokeGpuApiKey', { id: await idOf(world.keys.hal) })
    expect(answer.__typename).toBe('NotFound')
    expect(await codeOf(world.keys.hal)).toBeUndefined()
  })
})
