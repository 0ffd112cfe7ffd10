import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { RawConnection, rawRequest } from './raw-request.ts'
import { startToyServer } from './toy-server.ts'

const host = 'host: x'
const json = 'content-type: application/json'

/** What a raw answer says, with its headers checked to be those of an error. */
function read(answer: string) {
  const [head = '', body = ''] = answer.split('\r\n\r\n', 2)
  expect(head).toMatch(/^content-type: application\/json; charset=utf-8$/im)
  expect(head).toMatch(/^x-content-type-options: nosniff$/im)
  expect(head).toMatch(new RegExp(`^content-length: ${Buffer.byteLength(body)}$`, 'im'))
  expect(head).toMatch(/^connection: close$/im)
  return { status: Number(head.split(' ')[1]), body: JSON.parse(body) as unknown }
}

const error = (code: string, retryable = false) => ({
  errors: [{ message: expect.any(String), extensions: { code, retryable } }],
})

describe('what is not HTTP', () => {
  it.each([
    ['no request line', 'nonsense\r\n\r\n', 400, 'BAD_REQUEST'],
    ['a bad header', `GET /graphql HTTP/1.1\r\n${host}\r\nbad header: 1\r\n\r\n`, 400, 'BAD_REQUEST'],
    [
      'a body without end',
      `POST /graphql HTTP/1.1\r\n${host}\r\n${json}\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`,
      400,
      'BAD_REQUEST',
    ],
    [
      'too large headers',
      `GET /graphql HTTP/1.1\r\n${host}\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'HEADERS_TOO_LARGE',
    ],
  ])('is answered in JSON: %s', async (_, sent, status, code) => {
    await using toy = await startToyServer()
    using connection = await RawConnection.open(toy.port)
    connection.write(sent)
    expect(read(await connection.untilClosed())).toEqual({ status, body: error(code) })
    expect((await toy.ask('{ hello }')).status).toBe(200)
  })

  it.each(['host: y', 'authorization: Bearer b', 'Content-Type: text/plain'])(
    'is a request that says twice what counts once: %s',
    async (again) => {
      await using toy = await startToyServer()
      const body = '{"query":"{ hello }"}'
      const headers = [host, json, 'authorization: Bearer a', `content-length: ${body.length}`]
      const send = (lines: string[]) =>
        rawRequest(toy.port, ['POST /graphql HTTP/1.1', ...headers, ...lines], body)
      expect(await send([])).toMatch(/^HTTP\/1\.1 200 /)
      expect(await send([again])).toMatch(/^HTTP\/1\.1 400 .*BAD_REQUEST/s)
    },
  )

  it('is an upgrade with two credentials', async () => {
    await using toy = await startToyServer()
    const lines = ['GET /graphql HTTP/1.1', host, 'connection: upgrade', 'upgrade: websocket']
    const credentials = ['authorization: Bearer a', 'authorization: Bearer b']
    using connection = await RawConnection.open(toy.port)
    connection.write(`${[...lines, ...credentials].join('\r\n')}\r\n\r\n`)
    expect(await connection.untilClosed()).toMatch(/^HTTP\/1\.1 400 .*more than once/s)
  })

  it('is a body that is not UTF-8', async () => {
    await using toy = await startToyServer()
    const body = Buffer.concat([
      Buffer.from('{"query":"{ hello }","operationName":"'),
      Buffer.of(0xff, 0x22, 0x7d),
    ])
    const answer = await fetch(toy.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ errors: [{ message: 'The body is not UTF-8.' }] })
  })

  it('is never answered in the place of a request that came whole', async () => {
    await using toy = await startToyServer()
    using connection = await RawConnection.open(toy.port)
    const body = '{"query":"{ slow }"}'
    const stopped = once(toy.events, 'slow stopped')
    const began = once(toy.events, 'slow began')
    connection.write(
      `POST /graphql HTTP/1.1\r\n${host}\r\n${json}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    await began
    connection.write('nonsense\r\n\r\n')
    expect(await connection.untilClosed()).toBe('')
    await stopped
  })

  it('is never written into an answer that has begun', async () => {
    await using toy = await startToyServer()
    using connection = await RawConnection.open(toy.port)
    const body = '{"query":"subscription { forever }"}'
    const ended = once(toy.events, 'subscription ended')
    connection.write(
      `POST /graphql HTTP/1.1\r\n${host}\r\n${json}\r\naccept: text/event-stream\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    await connection.until('"forever":1')
    connection.write('nonsense\r\n\r\n')
    expect(await connection.untilClosed()).not.toContain('BAD_REQUEST')
    await ended
  })

  it('is answered after requests that have been answered', async () => {
    await using toy = await startToyServer()
    using connection = await RawConnection.open(toy.port)
    connection.write(`GET /health/live HTTP/1.1\r\n${host}\r\n\r\n`)
    const first = await connection.until('"live"}')
    connection.write('nonsense\r\n\r\n')
    const all = await connection.untilClosed()
    expect(read(all.slice(first.length))).toEqual({ status: 400, body: error('BAD_REQUEST') })
  })
})

describe('a request that is not sent in time', () => {
  it.each([
    ['headers', `POST /graphql HTTP/1.1\r\n${host}\r\n`],
    ['a body', `POST /graphql HTTP/1.1\r\n${host}\r\n${json}\r\ncontent-length: 100\r\n\r\n{"que`],
  ])('is answered in JSON, to be sent again: %s', async (_, sent) => {
    await using toy = await startToyServer({ env: { RECEIVE_TIMEOUT: '0.1' } })
    using connection = await RawConnection.open(toy.port)
    connection.write(sent)
    const answer = read(await connection.untilClosed())
    expect(answer).toEqual({ status: 408, body: error('RECEIVE_TIMEOUT', true) })
  })
})

describe('Expect', () => {
  it('of anything but 100-continue cannot be met', async () => {
    await using toy = await startToyServer()
    const answer = await rawRequest(toy.port, ['GET /graphql HTTP/1.1', host, 'expect: 200-ok'])
    expect(answer).toMatch(/^HTTP\/1\.1 417 /)
    expect(answer).toContain('"code":"EXPECTATION_FAILED","retryable":false')
    await toy.logged(({ status }) => status === 417)
  })

  it('of 100-continue is met', async () => {
    await using toy = await startToyServer()
    const body = '{"query":"{ hello }"}'
    using connection = await RawConnection.open(toy.port)
    connection.write(
      `POST /graphql HTTP/1.1\r\n${host}\r\n${json}\r\nexpect: 100-continue\r\ncontent-length: ${body.length}\r\n\r\n`,
    )
    await connection.until('HTTP/1.1 100 Continue')
    connection.write(body)
    await connection.until('Hello, world.')
  })
})

describe('a whole URL as request target', () => {
  it.each([
    ['health', 'GET http://gateway.example/health/live HTTP/1.1', '"live"'],
    ['a query', 'GET http://gateway.example/graphql?query={hello} HTTP/1.1', 'Hello, world.'],
    ['an unknown path', 'GET HTTP://gateway.example:80/nothing HTTP/1.1', '"NOT_FOUND"'],
  ])('is understood: %s', async (_, line, text) => {
    await using toy = await startToyServer()
    const answer = await rawRequest(toy.port, [line, host, 'accept: application/graphql-response+json'])
    expect(answer).toContain(text)
  })

  it('names the host, whatever the header does', async () => {
    await using toy = await startToyServer()
    const ask = (target: string, origin: string) =>
      rawRequest(toy.port, [
        `GET ${target}/graphql?query={hello} HTTP/1.1`,
        'host: other.example',
        origin,
        'accept: application/graphql-response+json',
      ])
    expect(await ask('http://own.example', 'origin: http://own.example')).toContain('Hello, world.')
    expect(await ask('http://own.example', 'origin: http://other.example')).toContain('CROSS_SITE_REQUEST')
  })

  it('is logged as its path', async () => {
    await using toy = await startToyServer()
    await rawRequest(toy.port, ['GET http://gateway.example/graphql?query={hello} HTTP/1.1', host])
    expect(await toy.logged(({ msg }) => msg === 'request')).toMatchObject({ path: '/graphql' })
  })
})

describe('errors of HTTP', () => {
  it('say whether to try again', async () => {
    await using toy = await startToyServer()
    for (const [path, init] of [
      ['/nothing', {}],
      ['/graphql', { method: 'DELETE' }],
      ['/graphql', { method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'x' }],
      ['/graphql', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' }],
      [
        '/graphql',
        { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"{"}' },
      ],
    ] as const) {
      const response = await fetch(new URL(path, toy.url), init)
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { retryable: false } }] })
    }
  })

  it('name the largest body', async () => {
    await using toy = await startToyServer({ env: { MAX_BODY_BYTES: '2048' } })
    const { status, body } = await toy.ask('{ hello }', { padding: 'x'.repeat(3000) })
    expect(status).toBe(413)
    expect(body.errors).toEqual([
      {
        message: 'The request body is larger than 2048 bytes.',
        extensions: { code: 'BODY_TOO_LARGE', retryable: false, limit: 2048 },
      },
    ])
  })

  it('name every media type that is served', async () => {
    await using toy = await startToyServer()
    const { status, body } = await toy.ask('{ hello }', {}, { accept: 'image/png' })
    expect(status).toBe(406)
    const [error] = body.errors ?? []
    expect(error?.extensions).toEqual({ code: 'NOT_ACCEPTABLE', retryable: false })
    const types = error?.message.match(/\w+\/[\w+-]+/g) ?? []
    expect(types).toContain('multipart/mixed')
    for (const accept of types) {
      const response = await fetch(toy.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept },
        body: '{"query":"{ hello }"}',
      })
      expect(response.headers.get('content-type')).toContain(accept)
      expect(await response.text()).toContain('Hello, world.')
    }
  })
})
