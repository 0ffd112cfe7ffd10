import { createHash } from 'node:crypto'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { type ApiKeyKind, ApiKeys, type ApiKeysOptions } from '../../../src/auth/api-keys/api-keys.ts'
import { authenticate } from '../../../src/auth/authenticate.ts'
import type { KeyPrincipal } from '../../../src/auth/principal.ts'
import { TributaryError } from '../../../src/errors/tributary-error.ts'
import { tenantKey } from '../../support/graph.ts'

const key = 'clsk_dev_0123456789abcdef0123456789abcdef'
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')
const refused = { code: 'UNAUTHENTICATED', message: 'The credentials are not accepted.' }
const tenant = tenantKey({ tenantId: '11111111-1111-4111-8111-111111111111', keyId: 'k1' })

const kindOf = (
  lookUp: ApiKeyKind['lookUp'],
  opening: ApiKeyKind['opening'] = async (hashes) => hashes,
): ApiKeyKind => ({ name: 'tests', recognises: () => true, lookUp, opening })

/** Keys over a table of hashes, with a clock of the test's own. */
function openKeys(more: Partial<ApiKeysOptions> = {}) {
  const table = new Map<string, KeyPrincipal>([[hashOf(key), tenant]])
  const asked: string[] = []
  const looks: (readonly string[])[] = []
  const lines: string[] = []
  let time = 0
  const ticks = new Set<() => void>()
  const kind: ApiKeyKind = {
    name: 'tests',
    recognises: (credential) => credential.startsWith('clsk_'),
    lookUp: async (hash) => {
      asked.push(hash)
      return table.get(hash) ?? null
    },
    opening: async (hashes) => {
      looks.push(hashes)
      return hashes.filter((hash) => table.has(hash))
    },
  }
  const keys = new ApiKeys({
    kind,
    log: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }),
    now: () => time,
    every: (_, callback) => {
      ticks.add(callback)
      return () => ticks.delete(callback)
    },
    ...more,
  })
  return {
    keys,
    table,
    asked,
    looks,
    lines,
    ticks,
    pass: (milliseconds: number) => {
      time += milliseconds
      for (const tick of ticks) tick()
    },
    enter: (credential = key) =>
      authenticate({ authorization: `Bearer ${credential}` }, { strategies: [keys] }),
  }
}

describe('an API key', () => {
  it('is looked up by its SHA-256 in hexadecimal, and by nothing else of it', async () => {
    const { enter, asked, lines } = openKeys()
    expect(await enter()).toEqual(tenant)
    await expect(enter(`${key}0`)).rejects.toMatchObject(refused)
    expect(asked).toEqual([hashOf(key), hashOf(`${key}0`)])
    expect(lines.join('')).toContain('an API key is refused')
    expect(lines.join('')).not.toContain(key)
  })

  it('comes without Bearer where its owner takes it so', async () => {
    const { keys, asked } = openKeys()
    const enter = (isBare: boolean) => {
      const strategy = {
        isBare,
        recognises: () => true,
        authenticate: (text: string) => keys.authenticate(text),
      }
      return authenticate({ authorization: key }, { strategies: [strategy] })
    }
    await expect(enter(false)).rejects.toMatchObject(refused)
    expect(asked).toEqual([])
    expect(await enter(true)).toEqual(tenant)
  })

  it('is refused in the same words when it is unknown, and when it has expired since it was found', async () => {
    const { enter, table, pass } = openKeys()
    table.set(hashOf(key), { ...tenant, expiresAt: new Date(10) })
    expect(await enter()).toMatchObject({ kind: 'tenant' })
    pass(10)
    await expect(enter()).rejects.toMatchObject(refused)
    table.delete(hashOf(key))
    await expect(enter()).rejects.toMatchObject(refused)
  })

  it('is looked up once in half a minute, however many come with it at once, and never longer', async () => {
    const { enter, asked, table, pass } = openKeys()
    await Promise.all([enter(), enter(), enter()])
    pass(29_999)
    await enter()
    expect(asked).toHaveLength(1)
    table.delete(hashOf(key))
    pass(1)
    await expect(enter()).rejects.toMatchObject(refused)
  })

  it('that was not found is asked for again', async () => {
    const { enter, table } = openKeys()
    table.delete(hashOf(key))
    await expect(enter()).rejects.toMatchObject(refused)
    table.set(hashOf(key), tenant)
    expect(await enter()).toEqual(tenant)
  })

  it('is forgotten at once when it is told to be, though a lookup is under way', async () => {
    const late = Promise.withResolvers<KeyPrincipal | null>()
    const answers = [late.promise, Promise.resolve(null)]
    const { keys, enter } = openKeys({
      kind: kindOf(() => answers.shift() ?? Promise.resolve(null)),
    })
    const entering = enter()
    keys.forget(() => true)
    late.resolve(tenant)
    await entering
    await expect(enter()).rejects.toMatchObject(refused)
  })

  it('is forgotten alone', async () => {
    const { keys, enter, asked, table } = openKeys()
    table.set(hashOf('clsk_other'), { ...tenant, keyId: 'k2' })
    await enter()
    await enter('clsk_other')
    keys.forget((principal) => principal.keyId === 'k2')
    await enter()
    expect(asked).toHaveLength(2)
    await enter('clsk_other')
    expect(asked).toHaveLength(3)
  })

  it('is not refused because a database is down: that is said, and asked again', async () => {
    const down = new TributaryError('SOURCE_UNAVAILABLE', 'iaas is down')
    const answers = [Promise.reject(down), Promise.resolve(tenant)]
    const { enter } = openKeys({
      kind: kindOf(() => answers.shift() ?? Promise.resolve(null)),
    })
    await expect(enter()).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
    expect(await enter()).toEqual(tenant)
  })

  it('leaves room for others', async () => {
    const { enter, asked, table } = openKeys({ size: 2 })
    for (const name of ['clsk_a', 'clsk_b', 'clsk_c']) {
      table.set(hashOf(name), tenant)
      await enter(name)
    }
    await enter('clsk_c')
    expect(asked).toHaveLength(3)
    await enter('clsk_a')
    expect(asked).toHaveLength(4)
  })
})

describe('what outlives a request', () => {
  it('is told at once when its key is revoked here, and once', async () => {
    const { keys, enter, table, ticks } = openKeys()
    const told = Promise.withResolvers<void>()
    let times = 0
    keys.onRevoked((await enter()) as KeyPrincipal, () => {
      times++
      told.resolve()
    })
    table.delete(hashOf(key))
    keys.forget(({ keyId }) => keyId === 'k1')
    keys.forget(({ keyId }) => keyId === 'k1')
    await told.promise
    expect(times).toBe(1)
    expect(ticks.size).toBe(0)
  })

  it('is told within a second when its key is revoked elsewhere, and the key is forgotten', async () => {
    const { keys, enter, table, pass } = openKeys()
    const told = Promise.withResolvers<void>()
    keys.onRevoked((await enter()) as KeyPrincipal, told.resolve)
    table.delete(hashOf(key))
    pass(1_000)
    await told.promise
    await expect(enter()).rejects.toMatchObject(refused)
  })

  it('is one look a second, whatever its number, and none while there is nothing', async () => {
    const { keys, enter, table, pass, looks, ticks } = openKeys()
    table.set(hashOf('clsk_other'), { ...tenant, keyId: 'k2' })
    const stops = []
    for (const credential of [key, key, 'clsk_other'])
      stops.push(keys.onRevoked((await enter(credential)) as KeyPrincipal, () => {}))
    expect(ticks.size).toBe(1)
    pass(1_000)
    expect(looks).toEqual([[hashOf(key), hashOf('clsk_other')]])
    for (const stop of stops) stop()
    expect(ticks.size).toBe(0)
  })

  it('is looked at once more where a key is revoked here while a look is under way', async () => {
    const late = Promise.withResolvers<readonly string[]>()
    const answers = [late.promise, Promise.resolve([])]
    const { keys, enter, pass } = openKeys({
      kind: kindOf(
        async () => tenant,
        () => answers.shift() ?? Promise.resolve([]),
      ),
    })
    const told = Promise.withResolvers<void>()
    keys.onRevoked((await enter()) as KeyPrincipal, told.resolve)
    pass(1_000)
    keys.forget(() => true)
    late.resolve([hashOf(key)])
    await told.promise
  })

  it('goes on while the database is down, and ends its watch', async () => {
    const looked = Promise.withResolvers<void>()
    const { keys, enter, pass, ticks } = openKeys({
      kind: kindOf(
        async () => tenant,
        async () => {
          setImmediate(looked.resolve)
          throw new TributaryError('SOURCE_UNAVAILABLE', 'down')
        },
      ),
    })
    let times = 0
    const end = keys.onRevoked((await enter()) as KeyPrincipal, () => times++)
    pass(1_000)
    await looked.promise
    expect(times).toBe(0)
    end()
    expect(ticks.size).toBe(0)
  })
})
