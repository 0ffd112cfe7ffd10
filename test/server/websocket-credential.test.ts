import { once } from 'node:events'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { ManualClock } from './manual-clock.ts'
import { RawWebSocket } from './raw-web-socket.ts'
import { ToySecurity } from './toy-security.ts'
import { startToyServer, type ToyServer } from './toy-server.ts'

let toy: ToyServer
let clock: ManualClock
let security: ToySecurity
beforeAll(async () => {
  clock = new ManualClock()
  security = new ToySecurity(clock)
  toy = await startToyServer({ connection: security, clock, env: { RECEIVE_TIMEOUT: '10' } })
})
afterAll(() => toy[Symbol.asyncDispose]())
beforeEach(() => {
  security.hold = Promise.resolve()
})

const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` })
const expiry = (seconds: number) => new Date(clock.now() + seconds * 1000).toISOString()
const renew = (raw: RawWebSocket, credential: string) =>
  raw.send({ type: 'ping', payload: bearer(credential) })

async function begin(payload?: object, headers = {}): Promise<RawWebSocket> {
  const raw = await RawWebSocket.open(toy.url, { headers })
  raw.send({ type: 'connection_init', payload })
  return raw
}

/** A socket of Ann's for ten seconds, in which there is no beat that it would have to answer, with a subscription. */
async function subscribed(): Promise<RawWebSocket> {
  const raw = await RawWebSocket.connect(toy.url, bearer('ann 10'))
  raw.subscribe('1', 'subscription { pokes }')
  await raw.next()
  return raw
}

async function expectAlive(raw: RawWebSocket): Promise<void> {
  toy.events.dispatchEvent(new Event('poke'))
  expect(await raw.next()).toMatchObject({ id: '1', type: 'next' })
}

describe('connection_init', () => {
  it.each([
    ['its payload', bearer('ann 10'), {}],
    ['its payload, as the header is written', { Authorization: 'Bearer ann 10' }, {}],
    ['the header of the upgrade', undefined, bearer('ann 10')],
    ['its payload rather than the header', bearer('ann 10'), bearer('nobody')],
  ])('takes the credential from %s', async (_, payload, headers) => {
    using raw = await begin(payload, headers)
    expect(await raw.next()).toEqual({
      type: 'connection_ack',
      payload: { connectionId: expect.any(String), expiresAt: expiry(10) },
    })
  })

  it('may do without', async () => {
    using raw = await begin()
    expect(await raw.next()).toEqual({
      type: 'connection_ack',
      payload: { connectionId: expect.any(String) },
    })
  })

  it.each([
    ['that is not known', 4403, bearer('nobody')],
    ['that is no text', 4403, { authorization: 1 }],
    ['that cannot be looked at now', 1013, bearer('down')],
    ['that breaks something', 1011, bearer('broken')],
  ])('with a credential %s closes: %i', async (_, code, payload) => {
    using raw = await begin(payload)
    const closed = await raw.closed
    expect(closed).toMatchObject({ code })
    expect(closed.reason).not.toContain('hunter2')
  })

  it('must come in time', async () => {
    using raw = await RawWebSocket.open(toy.url)
    clock.advance(9999)
    raw.send({ type: 'ping' })
    expect(await raw.next()).toEqual({ type: 'pong' })
    clock.advance(1)
    expect(await raw.closed).toEqual({ code: 4408, reason: 'Connection initialisation timeout' })
  })

  it('is not waited for for ever where nobody can tell who it is', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    security.hold = promise
    using raw = await begin(bearer('ann 10'))
    raw.send({ type: 'ping' })
    await raw.next()
    clock.advance(10_000)
    expect(await raw.closed).toMatchObject({ code: 1013 })
    resolve()
    await promise
    expect(security.listeners).toBe(0)
  })
})

describe('a token', () => {
  it('that expires ends its socket', async () => {
    using raw = await subscribed()
    const ended = once(toy.events, 'pokes ended')
    clock.advance(9999)
    await expectAlive(raw)
    clock.advance(1)
    expect(await raw.closed).toEqual({ code: 4403, reason: 'Token expired' })
    await ended
  })

  it('that has expired begins none', async () => {
    using raw = await begin(bearer('ann -1'))
    await raw.next()
    clock.advance(0)
    expect(await raw.closed).toMatchObject({ code: 4403 })
  })

  it('that is revoked ends its sockets and no others', async () => {
    using raw = await subscribed()
    using other = await RawWebSocket.connect(toy.url, bearer('bob 10'))
    security.revoke(1)
    expect(await raw.closed).toEqual({ code: 4403, reason: 'Token revoked' })
    other.subscribe('1', '{ hello }')
    expect(await other.next()).toMatchObject({ type: 'next' })
  })

  it('that ends lets a query under way finish, and takes no other', async () => {
    using raw = await RawWebSocket.connect(toy.url, bearer('ann 10'))
    const began = once(toy.events, 'held began')
    raw.subscribe('1', '{ held }')
    await began
    security.revoke(1)
    raw.subscribe('2', '{ hello }')
    raw.send({ type: 'ping' })
    expect(await raw.next()).toEqual({ type: 'pong' })
    toy.events.dispatchEvent(new Event('release'))
    expect(await raw.next()).toMatchObject({ id: '1', payload: { data: { held: 'released' } } })
    expect(await raw.next()).toEqual({ id: '1', type: 'complete' })
    expect(await raw.closed).toMatchObject({ code: 4403 })
    expect(raw.unread).toEqual([])
  })

  it('that the context refuses ends the socket', async () => {
    using raw = await RawWebSocket.connect(toy.url, bearer('ann 10'), {
      headers: { 'x-context': 'unauthenticated' },
    })
    raw.subscribe('1', '{ hello }')
    expect(await raw.closed).toEqual({ code: 4403, reason: 'Forbidden' })
    expect(raw.unread).toEqual([])
  })
})

describe('a renewal', () => {
  it('keeps the socket and its subscriptions until the new token expires', async () => {
    using raw = await subscribed()
    clock.advance(8000)
    renew(raw, 'ann 10')
    expect(await raw.next()).toEqual({
      type: 'pong',
      payload: { authorization: 'renewed', expiresAt: expiry(10) },
    })
    expect(security.listeners).toBe(1)
    clock.advance(9999)
    await expectAlive(raw)
    clock.advance(1)
    expect(await raw.closed).toEqual({ code: 4403, reason: 'Token expired' })
    expect(security.listeners).toBe(0)
  })

  it('can be sent by graphql-ws’s own client', async () => {
    let socket: WebSocket | undefined
    const client = createClient({
      url: toy.url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: bearer('ann 10'),
      on: {
        connected: (connected) => {
          socket = connected as WebSocket
        },
      },
    })
    const { promise, resolve } = Promise.withResolvers<unknown>()
    client.on('pong', (_, payload) => resolve(payload))
    let pokes = 0
    for await (const { data } of client.iterate({ query: 'subscription { pokes }' })) {
      expect(data).toEqual({ pokes })
      if (pokes++ === 1) break
      clock.advance(8000)
      socket?.send(JSON.stringify({ type: 'ping', payload: bearer('ann 10') }))
      expect(await promise).toEqual({ authorization: 'renewed', expiresAt: expiry(10) })
      clock.advance(3000)
      toy.events.dispatchEvent(new Event('poke'))
    }
    await client.dispose()
  })

  it('is what the operations after it are authorized by', async () => {
    using raw = await RawWebSocket.connect(toy.url, bearer('ann 10'), { headers: bearer('bob 1') })
    raw.subscribe('1', '{ authorization }')
    expect(await raw.next()).toMatchObject({ payload: { data: { authorization: 'Bearer ann 10' } } })
    await raw.next()
    renew(raw, 'ann 9')
    await raw.next()
    raw.subscribe('2', '{ authorization }')
    expect(await raw.next()).toMatchObject({ payload: { data: { authorization: 'Bearer ann 9' } } })
  })

  it.each([
    ['somebody else', 'bob 10'],
    ['the same person to another audience', 'ann 10 labeler'],
    ['nobody known', 'nobody'],
  ])('by %s closes the socket', async (_, credential) => {
    using raw = await subscribed()
    renew(raw, credential)
    expect(await raw.closed).toEqual({ code: 4403, reason: 'Forbidden' })
    expect(raw.unread).toEqual([])
  })

  it('makes nobody somebody', async () => {
    using raw = await RawWebSocket.connect(toy.url)
    renew(raw, 'ann 10')
    expect(await raw.closed).toMatchObject({ code: 4403 })
  })

  it('that cannot be looked at now leaves the token before', async () => {
    using raw = await subscribed()
    renew(raw, 'down')
    expect(await raw.next()).toEqual({
      type: 'pong',
      payload: { authorization: 'failed', code: 'SOURCE_UNAVAILABLE', retryable: true },
    })
    await expectAlive(raw)
    clock.advance(10_000)
    expect(await raw.closed).toMatchObject({ reason: 'Token expired' })
  })

  it('is looked at one at a time', async () => {
    using raw = await subscribed()
    const { promise, resolve } = Promise.withResolvers<void>()
    security.hold = promise
    renew(raw, 'ann 10')
    renew(raw, 'ann 10')
    expect(await raw.closed).toEqual({ code: 4429, reason: 'Too many renewals' })
    resolve()
  })

  it('that comes too late changes nothing', async () => {
    using raw = await subscribed()
    const { promise, resolve } = Promise.withResolvers<void>()
    security.hold = promise
    renew(raw, 'ann 100')
    raw.send({ type: 'ping', payload: { at: 1 } })
    await raw.next()
    clock.advance(10_000)
    resolve()
    expect(await raw.closed).toMatchObject({ reason: 'Token expired' })
    expect(security.listeners).toBe(0)
  })
})
