import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rawRequest } from './raw-request.ts'
import { startToyServer, type ToyServer } from './toy-server.ts'

const listed = 'https://dashboard.example.org'
let toy: ToyServer
beforeAll(async () => {
  toy = await startToyServer({ env: { CORS_ORIGINS: `${listed}, https://other.example.org` } })
})
afterAll(() => toy[Symbol.asyncDispose]())

const purposeful = 'accept: application/graphql-response+json'
const status = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])

const get = (...headers: string[]) =>
  rawRequest(toy.port, ['GET /graphql?query={hello} HTTP/1.1', `host: 127.0.0.1:${toy.port}`, ...headers])

const post = (body: string, ...headers: string[]) =>
  rawRequest(
    toy.port,
    ['POST /graphql HTTP/1.1', `host: 127.0.0.1:${toy.port}`, `content-length: ${body.length}`, ...headers],
    body,
  )

describe('a simple request', () => {
  it.each([
    ['without headers', []],
    ['with any accept', ['accept: */*']],
    ['with a JSON accept', ['accept: application/json']],
    ['of another site', [purposeful, 'sec-fetch-site: cross-site']],
    ['of a sibling site', [purposeful, 'sec-fetch-site: same-site']],
    ['of a foreign origin', [purposeful, 'origin: https://evil.example.org']],
    ['of an opaque origin', [purposeful, 'origin: null']],
    [
      'of a foreign origin that calls itself own',
      ['sec-fetch-site: same-origin', 'origin: https://evil.example.org'],
    ],
  ])('by GET %s is refused', async (_, headers) => {
    const answer = await get(...headers)
    expect(status(answer)).toBe(403)
    expect(answer).toContain('"code":"CROSS_SITE_REQUEST"')
    expect(answer).not.toContain('Hello')
  })

  it.each([
    ['with graphql-require-preflight', ['graphql-require-preflight: 1']],
    ['with apollo-require-preflight', ['apollo-require-preflight: true']],
    ['with x-apollo-operation-name', ['x-apollo-operation-name: Hello']],
    ['with a preflight header across sites', ['graphql-require-preflight: 1', 'sec-fetch-site: cross-site']],
    ['of a program that asks for GraphQL', [purposeful]],
    ['of this origin', ['sec-fetch-site: same-origin']],
    ['of a listed origin', [`origin: ${listed}`, 'sec-fetch-site: cross-site']],
  ])('by GET %s is answered', async (_, headers) => {
    const answer = await get(...headers)
    expect(status(answer)).toBe(200)
    expect(answer).toContain('Hello, world.')
  })

  it('is answered as events to who asks for events', async () => {
    const answer = await get('accept: text/event-stream')
    expect(status(answer)).toBe(200)
    expect(answer).toContain('event: next')
  })

  it.each([
    ['no content type', '{"query":"{hello}"}', []],
    ['text', '{"query":"{hello}"}', ['content-type: text/plain; x=application/json']],
    ['a form', 'query={hello}', ['content-type: application/x-www-form-urlencoded']],
    ['a multipart form', '--x--', ['content-type: multipart/form-data; boundary=x']],
    ['a form in capitals', 'query={hello}', ['content-type: APPLICATION/X-WWW-FORM-URLENCODED']],
  ])('by POST of %s is refused', async (_, body, headers) => {
    expect(status(await post(body, ...headers))).toBe(403)
    expect(status(await post(body, 'graphql-require-preflight: 1', ...headers))).toBe(415)
  })
})

describe('a request that is not simple', () => {
  it('is answered, wherever it comes from: its page was asked by the browser first', async () => {
    const answer = await post(
      '{"query":"{hello}"}',
      'content-type: application/json',
      'sec-fetch-site: cross-site',
    )
    expect(status(answer)).toBe(200)
  })

  it.each(['application/graphql', 'application/xml', 'application/json; charset=utf-16'])(
    'of type %s is refused',
    async (type) => {
      const answer = await post('{"query":"{hello}"}', `content-type: ${type}`)
      expect(status(answer)).toBe(415)
      expect(answer).toContain('"code":"UNSUPPORTED_MEDIA_TYPE"')
    },
  )

  it('with a content coding is refused', async () => {
    expect(status(await post('x', 'content-type: application/json', 'content-encoding: gzip'))).toBe(415)
  })
})

describe('CORS', () => {
  const preflight = (origin: string, url = toy.url) =>
    fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    })

  it('lets a listed origin ask and read, with credentials', async () => {
    const asked = await preflight(listed)
    expect(asked.status).toBe(204)
    expect(Object.fromEntries(asked.headers)).toMatchObject({
      'access-control-allow-origin': listed,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': expect.stringContaining('POST'),
      'access-control-allow-headers': expect.stringContaining('content-type'),
      vary: 'Origin',
    })
    const { headers } = await toy.ask('{ hello }', {}, { origin: listed })
    expect(headers.get('access-control-allow-origin')).toBe(listed)
    expect(headers.get('vary')).toContain('Origin')
  })

  it.each(['https://evil.example.org', `${listed}.evil.org`, 'null'])('tells %s nothing', async (origin) => {
    const asked = await preflight(origin)
    const { headers } = await toy.ask('{ hello }', {}, { origin })
    for (const answered of [asked.headers, headers]) {
      expect([...answered.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
      expect(answered.get('vary')).toContain('Origin')
    }
  })

  it('has no origin by default', async () => {
    await using plain = await startToyServer()
    const asked = await preflight(listed, plain.url)
    expect(asked.status).toBe(204)
    expect(asked.headers.has('access-control-allow-origin')).toBe(false)
  })
})
