import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { RawConnection, rawRequest } from './raw-request.ts'
import { ask, startToyServer } from './toy-server.ts'

const graphqlJson = { accept: 'application/graphql-response+json' }

describe('GET', () => {
  it('answers queries with variables and an operation name', async () => {
    await using toy = await startToyServer()
    const query = encodeURIComponent('query A($name: String) { hello(name: $name) } query B { job { id } }')
    const variables = encodeURIComponent('{"name":"you"}')
    const response = await fetch(`${toy.url}?query=${query}&variables=${variables}&operationName=A`, {
      headers: graphqlJson,
    })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/graphql-response+json; charset=utf-8')
    expect(await response.json()).toEqual({ data: { hello: 'Hello, you.' } })
  })

  it('refuses mutations', async () => {
    await using toy = await startToyServer()
    const response = await fetch(`${toy.url}?query=mutation{write}`, { headers: graphqlJson })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
    expect(await response.json()).not.toHaveProperty('data')
    expect((await toy.ask('mutation { write }')).body.data).toEqual({ write: true })
  })
})

describe('SSE', () => {
  it('streams a subscription, and a query as one event', async () => {
    await using toy = await startToyServer()
    const stream = async (query: string) => {
      const response = await fetch(toy.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
        body: JSON.stringify({ query }),
      })
      return { headers: response.headers, text: await response.text() }
    }
    const { headers, text } = await stream('subscription { ticks(count: 3) }')
    expect(headers.get('content-type')).toMatch(/^text\/event-stream/)
    expect(headers.has('content-encoding')).toBe(false)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(text.match(/^data: .+$/gm)).toEqual([1, 2, 3].map((tick) => `data: {"data":{"ticks":${tick}}}`))
    expect(text).toContain('event: complete')
    expect((await stream('{ hello }')).text).toContain('data: {"data":{"hello":"Hello, world."}}')
  })

  it('ends a subscription when its client goes away', async () => {
    await using toy = await startToyServer()
    const ended = once(toy.events, 'subscription ended')
    const client = new AbortController()
    const response = await fetch(toy.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { forever }' }),
      signal: client.signal,
    })
    await response.body?.getReader().read()
    client.abort()
    await ended
    await toy.logged(
      (line) => line.msg === 'request' && line.aborted === true && line.type === 'subscription',
    )
  })

  it('is not ended by the time for requests', async () => {
    await using toy = await startToyServer({ env: { REQUEST_TIMEOUT: '0.05' } })
    const client = new AbortController()
    const response = await fetch(toy.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { forever }' }),
      signal: client.signal,
    })
    expect(response.status).toBe(200)
    // A query that begins later has run out of its time, and the subscription is still there.
    expect((await toy.ask('{ slow }')).status).toBe(504)
    expect(toy.log.filter((line) => line.type === 'subscription')).toEqual([])
    client.abort()
    await toy.logged((line) => line.type === 'subscription')
  })
})

describe('other media types', () => {
  it('are not acceptable', async () => {
    await using toy = await startToyServer()
    const { status, body } = await toy.ask('{ hello }', {}, { accept: 'image/png' })
    expect(status).toBe(406)
    expect(body.errors).toMatchObject([{ extensions: { code: 'NOT_ACCEPTABLE' } }])
  })
})

describe('time', () => {
  it('runs out for a slow query, whose resolvers are told', async () => {
    await using toy = await startToyServer({ env: { REQUEST_TIMEOUT: '0.1' } })
    const stopped = once(toy.events, 'slow stopped')
    const { status, body } = await toy.ask('{ hello slow }')
    expect(status).toBe(504)
    expect(body.errors).toMatchObject([
      { message: expect.stringContaining('0.1 s'), extensions: { code: 'REQUEST_TIMEOUT', retryable: true } },
    ])
    await stopped
    await toy.logged((line) => line.status === 504 && String(line.errors) === 'REQUEST_TIMEOUT')
  })

  it('ends when the client goes away', async () => {
    await using toy = await startToyServer()
    const began = once(toy.events, 'slow began')
    const stopped = once(toy.events, 'slow stopped')
    const client = new AbortController()
    const request = fetch(toy.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ slow }"}',
      signal: client.signal,
    }).catch((error: Error) => error.name)
    await began
    client.abort()
    expect(await request).toBe('AbortError')
    const [event] = await stopped
    expect(event.detail.name).toBe('AbortError')
    const line = await toy.logged(({ msg }) => msg === 'request')
    expect(line).toMatchObject({ aborted: true, type: 'query' })
    expect(line).not.toHaveProperty('status')
    expect(toy.log.filter(({ msg }) => msg === 'unexpected error')).toEqual([])
  })
})

describe('slow senders', () => {
  it.each([
    ['headers', 'POST /graphql HTTP/1.1\r\nhost: x\r\n'],
    [
      'a body',
      'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"que',
    ],
  ])('of %s are cut off', async (_, sent) => {
    await using toy = await startToyServer({ env: { RECEIVE_TIMEOUT: '0.2' } })
    using connection = await RawConnection.open(toy.port)
    connection.write(sent)
    expect(await connection.untilClosed()).toMatch(/^HTTP\/1\.1 408 /)
    expect((await toy.ask('{ hello }')).status).toBe(200)
  })

  it('of nothing after an answer are cut off', async () => {
    await using toy = await startToyServer({ env: { KEEP_ALIVE_TIMEOUT: '0.1' } })
    using connection = await RawConnection.open(toy.port)
    connection.write('GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n')
    expect(await connection.untilClosed()).toContain('"live"')
  })
})

describe('size', () => {
  it('of a body is limited, declared or not', async () => {
    await using toy = await startToyServer({ env: { MAX_BODY_BYTES: '2048' } })
    const large = JSON.stringify({ query: '{ hello }', variables: { padding: 'x'.repeat(5000) } })
    const declared = await ask(toy.url, large)
    expect(declared).toMatchObject({
      status: 413,
      body: { errors: [{ extensions: { code: 'BODY_TOO_LARGE' } }] },
    })
    const chunked = await fetch(toy.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([large]).stream(),
      duplex: 'half',
    } as RequestInit)
    expect(chunked.status).toBe(413)
    expect(await chunked.json()).toMatchObject({ errors: [{ extensions: { code: 'BODY_TOO_LARGE' } }] })
    expect((await toy.ask('{ hello }', { padding: 'x'.repeat(1000) })).status).toBe(200)
  })

  it('of a body that is announced is refused before it is sent', async () => {
    await using toy = await startToyServer({ env: { RECEIVE_TIMEOUT: '60' } })
    const json = 'content-type: application/json'
    const lines = ['POST /graphql HTTP/1.1', 'host: x', json, 'content-length: 1048577']
    expect(await rawRequest(toy.port, lines, '{')).toMatch(/^HTTP\/1\.1 413 /)
  })

  it('of a body is a mebibyte by default', async () => {
    await using toy = await startToyServer()
    const padded = (bytes: number) => {
      const body = '{"query":"{ hello }","variables":{"x":""}}'
      return body.replace('""', `"${'x'.repeat(bytes - body.length)}"`)
    }
    expect((await ask(toy.url, padded(2 ** 20))).status).toBe(200)
    expect((await ask(toy.url, padded(2 ** 20 + 1))).status).toBe(413)
  })

  it('of headers is limited', async () => {
    await using toy = await startToyServer()
    const answer = await rawRequest(toy.port, [
      'GET /health/live HTTP/1.1',
      'host: x',
      `x-large: ${'x'.repeat(20_000)}`,
    ])
    expect(answer).toMatch(/^HTTP\/1\.1 431 /)
  })
})

describe('every answer', () => {
  it('has the security headers and no advertisement', async () => {
    await using toy = await startToyServer()
    const paths = ['/graphql', '/health/live', '/nothing']
    for (const path of paths) {
      const { headers } = await fetch(new URL(path, toy.url))
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      })
      for (const name of ['x-powered-by', 'server', 'strict-transport-security'])
        expect(headers.has(name)).toBe(false)
    }
  })

  it('has the request id that was sent, if it can stand in a log, else a new one', async () => {
    await using toy = await startToyServer()
    const idFor = async (id: string) =>
      (await toy.ask('{ hello }', {}, { 'x-request-id': id })).headers.get('x-request-id')
    expect(await idFor('trace-1:2/a_b=')).toBe('trace-1:2/a_b=')
    for (const odd of ['a b', 'x'.repeat(200), '"}{', 'ü'])
      expect(await idFor(odd)).toMatch(/^[0-9a-f-]{36}$/)
    await toy.logged((line) => line.requestId === 'trace-1:2/a_b=')
  })

  it.each([
    ['an unknown path', 'GET /nothing HTTP/1.1', 404, 'NOT_FOUND'],
    ['a longer path', 'GET /graphql/x HTTP/1.1', 404, 'NOT_FOUND'],
    ['another method', 'DELETE /graphql HTTP/1.1', 405, 'METHOD_NOT_ALLOWED'],
    ['another method on health', 'POST /health/live HTTP/1.1', 405, 'METHOD_NOT_ALLOWED'],
  ])('to %s is a GraphQL error in JSON', async (_, line, status, code) => {
    await using toy = await startToyServer()
    const answer = await rawRequest(toy.port, [line, 'host: x', 'content-length: 0'])
    expect(answer).toContain(`HTTP/1.1 ${status} `)
    expect(answer).toMatch(/content-type: application\/json/i)
    expect(answer).toContain(`"code":"${code}"`)
  })

  it('to an impossible Host is an error without a stack', async () => {
    await using toy = await startToyServer()
    const answer = await rawRequest(toy.port, ['GET /graphql HTTP/1.1', 'host: a b:c'])
    expect(answer).toContain('HTTP/1.1 400 ')
    expect(answer).not.toMatch(/ at |node_modules/)
  })
})

describe('the log', () => {
  it('has one line a request, without what was said', async () => {
    await using toy = await startToyServer({ env: { TRUST_PROXY: '1' } })
    await toy.ask(
      'query Hello($name: String) { hello(name: $name) refused }',
      { name: 'hunter2' },
      { authorization: 'Bearer hunter2', cookie: 'session=hunter2', 'x-forwarded-for': '6.6.6.6, 10.0.0.7' },
    )
    const line = await toy.logged(({ msg }) => msg === 'request')
    expect(line).toMatchObject({
      requestId: expect.any(String),
      method: 'POST',
      path: '/graphql',
      operation: 'Hello',
      type: 'query',
      status: 200,
      ms: expect.any(Number),
      errors: ['PAGE_SIZE'],
      address: '10.0.0.7',
    })
    await fetch(`${toy.url}?query={hello(name:"hunter2")}`, { headers: graphqlJson })
    await toy.logged(({ method }) => method === 'GET')
    expect(toy.log).toHaveLength(2)
    expect(JSON.stringify(toy.log)).not.toContain('hunter2')
  })

  it('tells the statements sent to each source', async () => {
    await using toy = await startToyServer()
    await toy.ask('{ counted }')
    expect(await toy.logged(({ msg }) => msg === 'request')).toMatchObject({ statements: { platform: 1 } })
  })
})

describe('listening', () => {
  it('says where, and says so when the port is taken', async () => {
    await using toy = await startToyServer()
    expect(toy.url).toBe(`http://127.0.0.1:${toy.port}/graphql`)
    await expect(startToyServer({ env: { PORT: String(toy.port) } })).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringMatching(new RegExp(`${toy.port}.*taken.*PORT=`)),
    })
  })

  it('says that a host is not of this machine', async () => {
    await expect(startToyServer({ env: { HOST: '192.0.2.1' } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('HOST=192.0.2.1'),
    })
  })

  it('on every address is told as localhost', async () => {
    await using toy = await startToyServer({ env: { HOST: '0.0.0.0' } })
    expect(toy.url).toBe(`http://localhost:${toy.port}/graphql`)
  })
})

describe('content negotiation', () => {
  it.each([
    [undefined, 'application/json'],
    ['application/json', 'application/json'],
    ['application/graphql-response+json, application/json;q=0.9', 'application/graphql-response+json'],
    [
      'multipart/mixed;deferSpec=20220824,application/graphql-response+json,application/json;q=0.9',
      'application/graphql-response+json',
    ],
    [
      'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed',
      'application/graphql-response+json',
    ],
  ])('of %s answers %s', async (accept, type) => {
    await using toy = await startToyServer()
    const { headers } = await toy.ask('{ hello }', {}, accept === undefined ? {} : { accept })
    expect(headers.get('content-type')).toBe(`${type}; charset=utf-8`)
  })
})
