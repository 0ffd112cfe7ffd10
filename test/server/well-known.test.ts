import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { createHttpServer, type HttpServer } from '../../src/server/http.ts'
import type { WellKnown } from '../../src/server/well-known.ts'
import { toySchema } from './toy-schema.ts'

const jwks = { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'AA', kid: 'a' }] }
const wellKnown: WellKnown = {
  issuer: 'https://graph.example.org',
  jwks: () => jwks,
  algorithms: () => ['EdDSA'],
  maxAge: 300,
}

async function startServer(known: WellKnown): Promise<{ server: HttpServer; url: string }> {
  const server = createHttpServer({
    config: readConfig({ PORT: '0', CORS_ORIGINS: 'https://dashboard.example.org' }),
    schema: toySchema,
    context: () => ({}),
    health: () => ({ sources: [] }),
    wellKnown: known,
    log: pino({ level: 'silent' }),
  })
  return { server, url: (await server.listen()).url }
}

let server: HttpServer
let url: string
beforeAll(async () => {
  ;({ server, url } = await startServer(wellKnown))
})
afterAll(() => server[Symbol.asyncDispose]())

const ask = (path: string, init: RequestInit = {}) => fetch(new URL(`/.well-known/${path}`, url), init)

describe('the well-known documents', () => {
  it('are the keys, and where to find them', async () => {
    expect(await (await ask('jwks.json')).json()).toEqual(jwks)
    expect(await (await ask('openid-configuration')).json()).toMatchObject({
      issuer: 'https://graph.example.org',
      jwks_uri: 'https://graph.example.org/.well-known/jwks.json',
      id_token_signing_alg_values_supported: ['EdDSA'],
    })
  })

  it.each(['https://dashboard.example.org', 'https://anywhere.example', undefined])(
    'may be read by pages of %s, without credentials, and kept for five minutes',
    async (origin) => {
      const { status, headers } = await ask('jwks.json', origin ? { headers: { origin } } : {})
      expect(status).toBe(200)
      expect(Object.fromEntries(headers)).toMatchObject({
        'access-control-allow-origin': '*',
        'cross-origin-resource-policy': 'cross-origin',
        'cache-control': 'public, max-age=300',
        'content-type': 'application/json; charset=utf-8',
        'x-content-type-options': 'nosniff',
      })
      expect(headers.has('access-control-allow-credentials')).toBe(false)
    },
  )

  it('answer HEAD and OPTIONS, and refuse other methods', async () => {
    const head = await ask('jwks.json', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    const options = await ask('jwks.json', { method: 'OPTIONS' })
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS'])
    const post = await ask('jwks.json', { method: 'POST' })
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
    expect(post.headers.get('cache-control')).toBe('no-store')
  })

  it('are no others', async () => {
    expect((await ask('security.txt')).status).toBe(404)
    expect((await ask('jwks.json/x')).status).toBe(404)
  })

  it('are not there where no tokens are issued', async () => {
    const other = await startServer({ ...wellKnown, issuer: null })
    expect((await fetch(new URL('/.well-known/jwks.json', other.url))).status).toBe(404)
    await other.server[Symbol.asyncDispose]()
  })
})
