import type { ServerResponse } from 'node:http'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { PublishedKeys } from '../../../src/auth/issuers/published-keys.ts'
import { outsideTokens } from '../../../src/auth/tokens/outside-tokens.ts'
import { noRevocations } from '../../../src/auth/tokens/revocations.ts'
import { createTokenVerifier } from '../../../src/auth/tokens/verify-token.ts'
import { readConfig } from '../../../src/config/config.ts'
import type { TrustedIssuer } from '../../../src/config/trusted-issuer.ts'
import { outsideToken } from './attacks.ts'
import { ed25519, type Pair, published, rsa } from './craft.ts'
import { startKeyServer } from './key-server.ts'
import { startTokenKit } from './token-kit.ts'

const first = rsa('first')
const second = rsa('second')
const log = pino({ level: 'silent' })

/** Keys of an issuer of the test's own, with a clock that the test sets. */
async function startKeys(...pairs: readonly Pair[]) {
  const server = await startKeyServer(pairs.map((pair) => published(pair)))
  const clock = { now: 1_000_000 }
  const keys = new PublishedKeys({
    issuer: 'test',
    address: server.address,
    log,
    timeoutMs: 300,
    now: () => clock.now,
  })
  return {
    server,
    keys,
    clock,
    knows: async (kid: string | undefined, algorithm = 'RS256') =>
      (await keys.find(kid, algorithm)) !== undefined,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

const minute = 60_000
const hour = 60 * minute
const outages: readonly (readonly [string, (response: ServerResponse) => void])[] = [
  ['answers 500', (response) => void response.writeHead(500).end('{"keys":[]}')],
  ['hangs up', (response) => void response.destroy()],
  ['says nothing', () => {}],
  ['sends no JSON', (response) => void response.end('<html>')],
  ['sends no JWK Set', (response) => void response.end('{"keys":7}')],
  ['sends keys that are no objects', (response) => void response.end('{"keys":["a"]}')],
  ['sends a megabyte', (response) => void response.end(`{"keys":[],"x":"${'x'.repeat(2 ** 20)}"}`)],
  ['sends a thousand keys', (r) => void r.end(JSON.stringify({ keys: Array(1000).fill(published(second)) }))],
  ['points elsewhere', (response) => void response.writeHead(302, { location: '/other' }).end()],
]

describe('the keys of an outside issuer', () => {
  it('are fetched once for many who ask, and stay the same objects', async () => {
    await using issuer = await startKeys(first)
    const found = await Promise.all(Array.from({ length: 20 }, () => issuer.keys.find('first', 'RS256')))
    expect(new Set(found).size).toBe(1)
    expect(found[0]).toBeDefined()
    issuer.clock.now += 10 * minute
    expect(await issuer.keys.find('first', 'RS256')).toBe(found[0])
    expect(issuer.server.asked).toBe(2)
  })

  it('are asked for again when a name is not known, once in ten seconds', async () => {
    await using issuer = await startKeys(first)
    await issuer.knows('first')
    issuer.server.publishes = [published(first), published(second)]
    expect(await issuer.knows('second')).toBe(false)
    issuer.clock.now += 10_000
    expect(await issuer.knows('second')).toBe(true)
    const before = issuer.server.asked
    issuer.clock.now += 10_000
    await Promise.all(Array.from({ length: 50 }, (_, index) => issuer.knows(`nobody-${index}`)))
    expect(issuer.server.asked).toBe(before + 1)
  })

  it('are gone with the first answer in which they are not', async () => {
    await using issuer = await startKeys(first, second)
    expect(await issuer.knows('first')).toBe(true)
    issuer.server.publishes = [published(second)]
    issuer.clock.now += 10_000
    await issuer.knows('nobody')
    expect(await issuer.knows('first')).toBe(false)
    expect(await issuer.knows('second')).toBe(true)
  })

  it('are others when another key has taken the name', async () => {
    await using issuer = await startKeys(first)
    const before = await issuer.keys.find('first', 'RS256')
    issuer.server.publishes = [published({ ...second, kid: 'first' })]
    issuer.clock.now += 6 * minute
    const after = await issuer.keys.find('first', 'RS256')
    expect(after).toBeDefined()
    expect(after).not.toBe(before)
  })

  it.each(outages)('survive an issuer that %s, for a day', async (_, outage) => {
    await using issuer = await startKeys(first)
    expect(await issuer.knows('first')).toBe(true)
    issuer.server.publishes = outage
    issuer.clock.now += 6 * minute
    expect(await issuer.knows('first')).toBe(true)
    issuer.clock.now += 23 * hour
    expect(await issuer.knows('first')).toBe(true)
    issuer.clock.now += hour
    expect(await issuer.knows('first')).toBe(false)
    issuer.server.publishes = [published(first)]
    issuer.clock.now += 10_000
    expect(await issuer.knows('first')).toBe(true)
  })

  it('are waited for once in an outage, not by everybody', async () => {
    await using issuer = await startKeys(first)
    await issuer.knows('first')
    issuer.server.publishes = () => {}
    issuer.clock.now += 6 * minute
    await issuer.knows('first')
    issuer.clock.now += minute
    const started = performance.now()
    expect(await issuer.knows('first')).toBe(true)
    expect(performance.now() - started).toBeLessThan(200)
  })

  it('are not fetched from where the issuer points', async () => {
    await using elsewhere = await startKeyServer([published(first)])
    await using issuer = await startKeys()
    issuer.server.publishes = (response) =>
      void response.writeHead(307, { location: elsewhere.address }).end()
    expect(await issuer.knows('first')).toBe(false)
    expect(elsewhere.asked).toBe(0)
  })

  it.each([
    ['a shared secret', { kty: 'oct', k: 'c2VjcmV0', kid: 'first' }],
    ['a key of 1024 bits', published(rsa('first', 1024))],
    ['a key for encryption', published(first, { use: 'enc' })],
    ['a key for other operations', published(first, { use: undefined, key_ops: ['encrypt'] })],
    ['a key for another algorithm', published(first, { alg: 'RS512' })],
    ['a private key', { ...first.privateKey.export({ format: 'jwk' }), kid: 'first' }],
    ['a key of another kind', published(ed25519('first'))],
    ['an exponent of one', published(first, { e: 'AQ' })],
    ['a broken key', published(first, { n: '!' })],
    ['no kid', published(first, { kid: 7 })],
  ])('are none where the issuer publishes %s', async (_, key) => {
    await using issuer = await startKeys()
    issuer.server.publishes = [key]
    expect(await issuer.knows('first')).toBe(false)
  })

  it('are none where two have one name, or none is named and two fit', async () => {
    await using issuer = await startKeys(first, { ...second, kid: 'first' })
    expect(await issuer.knows('first')).toBe(false)
    await using other = await startKeys(first, second)
    expect(await other.knows(undefined)).toBe(false)
    expect(await other.knows('second')).toBe(true)
  })
})

describe('a remembered token of an outside issuer', () => {
  it('outlives an outage, and is refused once its key is withdrawn', async () => {
    await using kit = await startTokenKit()
    const [trusted] = kit.config.trustedIssuers as [TrustedIssuer]
    const clock = { now: 0 }
    const { keyServer } = kit
    const keys = new PublishedKeys({
      issuer: trusted.issuer,
      address: keyServer.address,
      log,
      now: () => clock.now,
    })
    const verify = createTokenVerifier({
      strategies: [outsideTokens({ trusted, keys, now: Date.now })],
      revocations: noRevocations,
      clockTolerance: 5,
      log,
    })
    const token = outsideToken(kit)
    const verified = await verify(token)
    keyServer.publishes = (response) => void response.destroy()
    clock.now += 6 * minute
    expect(await verify(token)).toBe(verified)
    keyServer.publishes = [published(second)]
    clock.now += minute
    await expect.poll(() => verify(token).catch(({ code }) => code)).toBe('UNAUTHENTICATED')
  })
})

describe('TRUSTED_ISSUERS', () => {
  const entry = { issuer: 'https://id.example.org', jwksUri: 'https://id.example.org/keys', audiences: ['a'] }
  const read = (...entries: readonly unknown[]) => readConfig({ TRUSTED_ISSUERS: JSON.stringify(entries) })

  it('have defaults for what they need not say', () => {
    expect(read(entry).auth.trustedIssuers).toEqual([
      {
        ...entry,
        algorithms: ['RS256'],
        claims: { subject: 'sub', keycloakId: 'sub', email: 'email', emailVerified: 'email_verified' },
        clockTolerance: 5,
      },
    ])
  })

  it.each([
    ['no list', entry, 'JSON list'],
    ['keys on an open line', [{ ...entry, jwksUri: 'http://id.example.org/keys' }], 'https://'],
    ['keys in a file', [{ ...entry, jwksUri: 'file:///etc/keys' }], 'https://'],
    ['no audience', [{ ...entry, audiences: [] }], 'audiences'],
    ['a shared secret’s algorithm', [{ ...entry, algorithms: ['HS256'] }], 'algorithms'],
    ['no algorithm', [{ ...entry, algorithms: ['none'] }], 'algorithms'],
    ['an unknown member', [{ ...entry, jwks: [] }], 'jwks'],
    ['one issuer twice', [entry, entry], 'twice'],
    ['the gateway itself', [{ ...entry, issuer: 'http://127.0.0.1:4000' }], 'itself'],
  ])('are refused with %s', (_, value, said) => {
    expect(() => readConfig({ TRUSTED_ISSUERS: JSON.stringify(value) })).toThrow(said)
  })

  it('may be on the machine itself without TLS', () => {
    for (const host of ['localhost:1', '127.0.0.1', '[::1]'])
      expect(read({ ...entry, jwksUri: `http://${host}/keys` }).auth.trustedIssuers).toHaveLength(1)
  })
})
