import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RawConnection, rawRequest } from './raw-request.ts'
import { RawWebSocket } from './raw-web-socket.ts'
import { startToyServer, type ToyServer } from './toy-server.ts'

const listed = 'https://dashboard.example.org'
let toy: ToyServer
beforeAll(async () => {
  toy = await startToyServer({
    env: { CORS_ORIGINS: listed, MAX_SOCKETS_PER_ADDRESS: '2', TRUST_PROXY: '1' },
  })
})
afterAll(() => toy[Symbol.asyncDispose]())

interface Handshake {
  readonly path?: string
  readonly method?: string
  readonly protocol?: string | null
  readonly upgrade?: string
  readonly key?: string
  readonly headers?: readonly string[]
}

let callers = 0

/** A handshake from an address of its own. */
const handshake = ({
  path,
  method,
  upgrade,
  key,
  protocol = 'graphql-transport-ws',
  headers = [],
}: Handshake) => [
  `${method ?? 'GET'} ${path ?? '/graphql'} HTTP/1.1`,
  `host: 127.0.0.1:${toy.port}`,
  `x-forwarded-for: 198.51.100.${++callers}`,
  'connection: Upgrade',
  `upgrade: ${upgrade ?? 'websocket'}`,
  'sec-websocket-version: 13',
  `sec-websocket-key: ${key ?? 'dGhlIHNhbXBsZSBub25jZQ=='}`,
  ...(protocol === null ? [] : [`sec-websocket-protocol: ${protocol}`]),
  ...headers,
]

/** The head of the answer to a handshake. */
async function answer(request: Handshake): Promise<string> {
  using connection = await RawConnection.open(toy.port)
  connection.write(`${handshake(request).join('\r\n')}\r\n\r\n`)
  return await connection.until('\r\n\r\n')
}

describe('an upgrade', () => {
  it.each<[string, Handshake]>([
    ['by a program, which names no origin', {}],
    ['with a query string', { path: '/graphql?x=1' }],
    ['that offers other subprotocols too', { protocol: 'graphql-ws, graphql-transport-ws' }],
    ['by a page of a listed origin', { headers: [`origin: ${listed}`] }],
    ['in another case', { upgrade: 'WebSocket' }],
  ])('%s is accepted', async (_, request) => {
    const head = await answer(request)
    expect(head).toMatch(/^HTTP\/1\.1 101 /)
    expect(head).toMatch(/sec-websocket-protocol: graphql-transport-ws\r\n/i)
    expect(head).not.toMatch(/sec-websocket-extensions/i)
  })

  it('by a page of its own origin is accepted', async () => {
    expect(await answer({ headers: [`origin: http://127.0.0.1:${toy.port}`] })).toMatch(/^HTTP\/1\.1 101 /)
  })

  it.each<[string, number, string, Handshake]>([
    ['elsewhere', 404, 'NOT_FOUND', { path: '/elsewhere' }],
    ['beside it', 404, 'NOT_FOUND', { path: '/graphql/' }],
    ['without a subprotocol', 400, 'BAD_REQUEST', { protocol: null }],
    ['to another subprotocol', 400, 'BAD_REQUEST', { protocol: 'graphql-ws' }],
    ['to a subprotocol of no name', 400, 'BAD_REQUEST', { protocol: ',' }],
    ['by a foreign page', 403, 'CROSS_SITE_REQUEST', { headers: ['origin: https://evil.example.org'] }],
    ['by an opaque page', 403, 'CROSS_SITE_REQUEST', { headers: ['origin: null'] }],
    ['by a page of a longer name', 403, 'CROSS_SITE_REQUEST', { headers: [`origin: ${listed}.evil.org`] }],
    ['by a page of another port', 403, 'CROSS_SITE_REQUEST', { headers: ['origin: http://127.0.0.1:1'] }],
  ])('%s is refused: %i', async (_, status, code, request) => {
    const refused = await rawRequest(toy.port, handshake(request))
    expect(refused).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(refused).toContain(`"code":"${code}"`)
    expect(refused).toMatch(/x-content-type-options: nosniff/i)
    expect(refused).toMatch(/connection: close/i)
    const id = /x-request-id: (\S+)/i.exec(refused)?.[1]
    expect(await toy.logged(({ requestId }) => requestId === id)).toMatchObject({ status, errors: [code] })
  })

  it.each<[string, Handshake]>([
    ['by POST', { method: 'POST' }],
    ['with no proper key', { key: 'short' }],
  ])('%s makes no WebSocket', async (_, request) => {
    expect(await rawRequest(toy.port, handshake(request))).toMatch(/^HTTP\/1\.1 40[05] /)
  })

  it('to something else goes on as HTTP', async () => {
    const body = '{"query":"{ hello }"}'
    const headers = ['connection: Upgrade', 'upgrade: h2c', 'content-type: application/json']
    using connection = await RawConnection.open(toy.port)
    connection.write(
      [`POST /graphql HTTP/1.1`, 'host: x', ...headers, `content-length: ${body.length}`, '', body].join(
        '\r\n',
      ),
    )
    expect(await connection.until('Hello')).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('that goes away at once does no harm', async () => {
    using connection = await RawConnection.open(toy.port)
    connection.write(`${handshake({ protocol: 'graphql-ws' }).join('\r\n')}\r\n\r\n`)
    connection.socket.resetAndDestroy()
    await connection.untilClosed()
    expect((await toy.ask('{ hello }')).status).toBe(200)
  })
})

describe('an address', () => {
  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })

  it('has a few sockets, whatever others have', async () => {
    using first = await RawWebSocket.open(toy.url, from('192.0.2.1'))
    using _second = await RawWebSocket.open(toy.url, from('192.0.2.1'))
    await expect(RawWebSocket.open(toy.url, from('192.0.2.1'))).rejects.toThrow('429')
    using _other = await RawWebSocket.open(toy.url, from('192.0.2.2'))
    first.socket.close()
    await first.closed
    await toy.logged(({ msg, address }) => msg === 'websocket closed' && address === '192.0.2.1')
    using _third = await RawWebSocket.open(toy.url, from('192.0.2.1'))
  })

  it('gets them back when they break off', async () => {
    for (let index = 0; index < 4; index++) {
      const id = `broken-${index}`
      const raw = await RawWebSocket.open(toy.url, {
        headers: { 'x-forwarded-for': '192.0.2.3', 'x-request-id': id },
      })
      raw.socket.terminate()
      expect(await toy.logged(({ requestId }) => requestId === id)).toMatchObject({ code: 1006 })
    }
  })
})

describe('a socket', () => {
  it('does not hinder requests that came on it before', async () => {
    using connection = await RawConnection.open(toy.port)
    const began = once(toy.events, 'slow began')
    const body = '{"query":"{ slow }"}'
    connection.write(
      [
        'POST /graphql HTTP/1.1',
        'host: x',
        'content-type: application/json',
        `content-length: ${body.length}`,
        '',
        body,
      ].join('\r\n'),
    )
    await began
    connection.write(`${handshake({}).join('\r\n')}\r\n\r\n`)
    connection.socket.destroy()
    await connection.untilClosed()
    expect((await toy.ask('{ hello }')).status).toBe(200)
  })
})
