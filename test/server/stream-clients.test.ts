import { createClient as createEventClient } from 'graphql-sse'
import { createClient } from 'graphql-ws'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { ManualClock } from './manual-clock.ts'
import { RawWebSocket } from './raw-web-socket.ts'
import { EventClient } from './stream-client.ts'
import { ToyEngine, watched } from './toy-engine.ts'
import { startToyServer } from './toy-server.ts'

const query = 'subscription Watch { watched }'

describe('clients of others', () => {
  it('graphql-ws’s takes up a stream and stops it', async () => {
    const engine = new ToyEngine()
    await using toy = await startToyServer({ live: engine })
    const client = createClient({ url: toy.url.replace('http', 'ws'), webSocketImpl: WebSocket })
    const results = client.iterate({ query })
    const first = results.next()
    await engine.until('started')
    engine.publish(watched('a'), watched('b'))
    expect(await first).toEqual({ done: false, value: { data: { watched: 'a' } } })
    expect((await results.next()).value).toEqual({ data: { watched: 'b' } })
    await results.return?.()
    await engine.until('stopped')
    await client.dispose()
  })

  it('graphql-sse’s takes up a stream, through silence too, and stops it', async () => {
    const engine = new ToyEngine()
    const clock = new ManualClock()
    await using toy = await startToyServer({ live: engine, clock })
    const client = createEventClient({ url: toy.url })
    const results = client.iterate({ query })
    const first = results.next()
    await engine.until('started')
    clock.advance(36_000)
    engine.publish(watched('a', 'cursor-1'), watched('b', 'cursor-2'))
    expect(await first).toEqual({ done: false, value: { data: { watched: 'a' } } })
    clock.advance(36_000)
    expect((await results.next()).value).toEqual({ data: { watched: 'b' } })
    await results.return?.()
    await engine.until('stopped')
    client.dispose()
  })

  it('graphql-sse’s is told what is wrong with a document, asks queries, and reads to the end', async () => {
    const engine = new ToyEngine()
    await using toy = await startToyServer({ live: engine })
    const client = createEventClient({ url: toy.url, retryAttempts: 0 })
    const all = (text: string) => Array.fromAsync(client.iterate({ query: text }))
    expect(await all('subscription { nothing }')).toMatchObject([
      { errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] },
    ])
    expect(await all('{ hello }')).toEqual([{ data: { hello: 'Hello, world.' } }])
    expect(await all('subscription { ticks(count: 2) }')).toEqual([
      { data: { ticks: 1 } },
      { data: { ticks: 2 } },
    ])
    client.dispose()
  })

  it('graphql-sse’s comes again when the server breaks off', async () => {
    const engine = new ToyEngine()
    await using toy = await startToyServer({ live: engine })
    const client = createEventClient({ url: toy.url, retry: async () => {} })
    const results = client.iterate({ query })
    const first = results.next()
    await engine.until('started')
    engine.publish(watched('a'))
    await first
    const second = results.next()
    toy.server.drain()
    await engine.until('stopped')
    await expect(second).rejects.toThrow()
    client.dispose()
  })
})

describe('server-sent events', () => {
  it('carry the cursor as their id, and go on after the last one', async () => {
    const engine = new ToyEngine()
    await using toy = await startToyServer({ live: engine })
    using client = new EventClient(toy.url, { query })
    await engine.until('started')
    engine.publish(watched('a', 'cursor-1'))
    expect(await client.next()).toMatchObject({ id: 'cursor-1' })
    using again = new EventClient(toy.url, { query, headers: { 'last-event-id': 'cursor-1' } })
    await engine.until('started', 2)
    expect(engine.streams.map(({ request }) => request.lastEventId)).toEqual([undefined, 'cursor-1'])
    const { headers, statusCode } = await again.begun()
    expect(statusCode).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    })
    expect(headers).not.toHaveProperty('content-encoding')
  })

  it('are asked for by GET, as an EventSource does', async () => {
    const engine = new ToyEngine()
    await using toy = await startToyServer({ live: engine })
    const response = await fetch(`${toy.url}?query=${encodeURIComponent(query)}`, {
      headers: { accept: 'text/event-stream' },
    })
    await engine.until('started')
    engine.complete()
    expect(await response.text()).toBe(':\n\nevent: complete\ndata:\n\n')
    const mutation = await fetch(`${toy.url}?query=mutation{write}`, {
      headers: { accept: 'text/event-stream' },
    })
    expect(mutation.status).toBe(405)
  })

  it('are what a subscription is answered by, unless nothing but JSON is accepted', async () => {
    const engine = new ToyEngine()
    await using toy = await startToyServer({ live: engine })
    for (const accept of ['application/json, text/event-stream', '*/*']) {
      using client = new EventClient(toy.url, { query, headers: { accept } })
      expect((await client.begun()).headers['content-type']).toMatch('text/event-stream')
    }
    const refused = await toy.ask(query, {}, { accept: 'application/json' })
    expect(refused).toMatchObject({
      status: 406,
      body: { errors: [{ extensions: { code: 'NOT_ACCEPTABLE' } }] },
    })
    const both = await toy.ask('{ hello }', {}, { accept: 'application/json, text/event-stream' })
    expect(both.headers.get('content-type')).toMatch('application/json')
  })

  it('say in silence that the server is there, and nothing beside results', async () => {
    const engine = new ToyEngine()
    const clock = new ManualClock()
    await using toy = await startToyServer({ live: engine, clock })
    using client = new EventClient(toy.url, { query })
    // The first one says that the request has been heard.
    await client.commented(1)
    clock.advance(24_000)
    await client.commented(2)
    engine.publish(watched('a'))
    clock.advance(12_000)
    engine.publish(watched('b'))
    await client.next()
    await client.next()
    expect(client.comments).toHaveLength(2)
  })

  it('are a few at once for an address', async () => {
    const engine = new ToyEngine()
    await using toy = await startToyServer({ live: engine, env: { MAX_SOCKETS_PER_ADDRESS: '2' } })
    using one = new EventClient(toy.url, { query })
    using _ = new EventClient(toy.url, { query })
    await engine.until('started', 2)
    const headers = { accept: 'text/event-stream' }
    const { status, body } = await toy.ask(query, {}, headers)
    expect({ status, body }).toMatchObject({
      status: 429,
      body: { errors: [{ extensions: { code: 'TOO_MANY_SOCKETS', retryable: true } }] },
    })
    one.stop()
    await engine.until('stopped')
    using three = new EventClient(toy.url, { query })
    expect((await three.begun()).statusCode).toBe(200)
  })

  it('are not begun without a credential that holds', async () => {
    const engine = new ToyEngine()
    await using toy = await startToyServer({
      live: engine,
      connection: {
        authenticate: () => Promise.reject(new Error('password=hunter2')),
        onRevoked: () => () => {},
      },
    })
    const { status, text } = await toy.ask(query, {}, { accept: 'text/event-stream' })
    expect(status).toBe(500)
    expect(text).not.toContain('hunter2')
    expect(engine.streams).toEqual([])
  })
})

describe('a socket with several streams', () => {
  it('has what they get at once, each under its id, and queries in between', async () => {
    const engine = new ToyEngine()
    await using toy = await startToyServer({ live: engine })
    using raw = await RawWebSocket.connect(toy.url)
    const ids = ['1', 'zwei', '叁', '"4"\\', '\u{1f40e}']
    for (const id of ids) raw.subscribe(id, query)
    await engine.until('started', ids.length)
    raw.subscribe('q', '{ hello }')
    expect(await raw.next()).toMatchObject({ id: 'q', type: 'next' })
    expect(await raw.next()).toEqual({ id: 'q', type: 'complete' })
    engine.publish(watched('a'), watched('b'))
    engine.publish(watched('x'.repeat(100_000)))
    engine.complete()
    const heard = []
    while (heard.length < ids.length * 4) heard.push(await raw.next())
    for (const id of ids)
      expect(heard.filter((message) => message.id === id)).toMatchObject([
        { payload: { data: { watched: 'a' } } },
        { payload: { data: { watched: 'b' } } },
        { payload: { data: { watched: expect.stringMatching(/^x+$/) } } },
        { type: 'complete' },
      ])
    raw.subscribe('1', query)
    await engine.until('started', ids.length + 1)
    engine.publish(watched('again'))
    expect(await raw.next()).toMatchObject({ id: '1', payload: { data: { watched: 'again' } } })
  })
})
