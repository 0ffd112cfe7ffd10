import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ManualClock } from './manual-clock.ts'
import { overEvents, overWebSocket } from './stream-client.ts'
import { ToyEngine, watched } from './toy-engine.ts'
import { ToySecurity } from './toy-security.ts'
import { startToyServer, type ToyOptions } from './toy-server.ts'

const query = 'subscription Watch($topic: String) { watched(topic: $topic) }'
const next = (value: string) => ({ type: 'next', payload: { data: { watched: value } } })

async function startToy(options: ToyOptions = {}) {
  const clock = new ManualClock()
  const security = new ToySecurity(clock)
  const engine = new ToyEngine()
  const toy = await startToyServer({ clock, connection: security, live: engine, ...options })
  return { toy, clock, security, engine, [Symbol.asyncDispose]: () => toy[Symbol.asyncDispose]() }
}

describe.each([
  ['a WebSocket', overWebSocket],
  ['server-sent events', overEvents],
])('a live stream over %s', (transport, subscribe) => {
  const isSocket = transport === 'a WebSocket'

  it('has its results in their order, several at once too, and an end', async () => {
    await using world = await startToy()
    using client = await subscribe(world.toy.url, { query })
    await world.engine.until('started')
    world.engine.publish(watched('a'))
    world.engine.publish(watched('b'), watched('c'), watched('d'))
    world.engine.complete()
    for (const value of ['a', 'b', 'c', 'd']) expect(await client.next()).toEqual(next(value))
    expect(await client.next()).toEqual({ type: 'complete' })
    await world.toy.logged(({ operation, aborted }) => operation === 'Watch' && aborted === undefined)
  })

  it.each([1, 60, 125, 126, 500, 32_000, 33_000, 65_535, 65_536, 300_000])(
    'has results of %i characters whole, beside small ones',
    async (length) => {
      await using world = await startToy()
      using client = await subscribe(world.toy.url, { query })
      await world.engine.until('started')
      // Two bytes a letter, so that lengths in letters do not pass for sizes.
      const large = 'é'.repeat(length)
      world.engine.publish(watched(large))
      world.engine.publish(watched('small'), watched(large), watched('small'))
      for (const value of [large, 'small', large, 'small']) expect(await client.next()).toEqual(next(value))
    },
  )

  it('is not opened for variables that nest deeper than anything reads them', async () => {
    await using world = await startToy()
    let topic: object = {}
    for (let level = 0; level < 128; level++) topic = { topic }
    using client = await subscribe(world.toy.url, { query, variables: { topic } })
    expect(JSON.stringify(await client.next())).toContain('"code":"DEPTH_LIMIT"')
  })

  it('gets every subscriber of a text its own variables', async () => {
    await using world = await startToy()
    using one = await subscribe(world.toy.url, { query, variables: { topic: 'one' } })
    await world.engine.until('started')
    using two = await subscribe(world.toy.url, { query, variables: { topic: 'two' } })
    await world.engine.until('started', 2)
    expect(world.engine.streams.map(({ request }) => request.variables)).toEqual([
      { topic: 'one' },
      { topic: 'two' },
    ])
    world.engine.publish(watched('both'))
    expect(await Promise.all([one.next(), two.next()])).toEqual([next('both'), next('both')])
  })

  it('is refused what is not valid, known text or not', async () => {
    await using world = await startToy()
    using client = await subscribe(world.toy.url, { query: 'subscription { watched(topic: 1) }' })
    const { payload } = await client.next()
    expect(JSON.stringify(payload)).toContain('GRAPHQL_VALIDATION_FAILED')
    expect(world.engine.streams).toEqual([])
  })

  it.each([
    ['unavailable', 'SOURCE_UNAVAILABLE'],
    ['broken', 'INTERNAL'],
  ])('that cannot be opened says why: %s', async (topic, code) => {
    await using world = await startToy()
    if (!isSocket && code === 'INTERNAL') {
      const response = await fetch(world.toy.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
        body: JSON.stringify({ query, variables: { topic } }),
      })
      expect(response.status).toBe(500)
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code } }] })
      expect(world.toy.log.filter(({ msg }) => msg === 'unexpected error')).toHaveLength(1)
      return
    }
    using client = await subscribe(world.toy.url, { query, variables: { topic } })
    const { payload } = await client.next()
    const errors = isSocket ? payload : (payload as { errors: unknown }).errors
    expect(errors).toMatchObject([{ extensions: { code } }])
    expect(JSON.stringify(payload)).not.toContain('hunter2')
    if (!isSocket) expect(await client.next()).toEqual({ type: 'complete' })
  })

  it('that the engine fails says why, and is over', async () => {
    await using world = await startToy()
    using client = await subscribe(world.toy.url, { query })
    await world.engine.until('started')
    world.engine.publish(watched('a'))
    world.engine.fail()
    world.engine.publish(watched('b'))
    expect(await client.next()).toEqual(next('a'))
    const { type, payload } = await client.next()
    expect(type).toBe(isSocket ? 'error' : 'next')
    const errors = isSocket ? payload : (payload as { errors: unknown }).errors
    expect(errors).toMatchObject([{ extensions: { code: 'SERVER_OVERLOADED', retryable: true } }])
    if (!isSocket) expect(await client.next()).toEqual({ type: 'complete' })
  })

  it('that its client stops is stopped', async () => {
    await using world = await startToy()
    using client = await subscribe(world.toy.url, { query })
    await world.engine.until('started')
    client.stop()
    await world.engine.until('stopped')
    await world.toy.logged(({ operation, aborted }) => operation === 'Watch' && aborted === true)
  })

  it('that its client stops while it is opened never starts', async () => {
    await using world = await startToy()
    const { promise, resolve } = Promise.withResolvers<void>()
    world.engine.hold = promise
    const opening = once(world.engine.events, 'opening')
    const asked = subscribe(world.toy.url, { query })
    asked.catch(() => {})
    await opening
    if (isSocket) (await asked).stop()
    else world.toy.server[Symbol.asyncDispose]()
    await world.toy.logged(({ operation, aborted }) => operation === 'Watch' && aborted === true)
    resolve()
    await world.engine.until('stopped')
    expect(world.engine.streams).toMatchObject([{ isStopped: true, sink: undefined }])
  })

  it('that cannot be opened in time says so', async () => {
    await using world = await startToy({ env: { REQUEST_TIMEOUT: '0.1' } })
    const { promise, resolve } = Promise.withResolvers<void>()
    world.engine.hold = promise
    if (isSocket) {
      using client = await subscribe(world.toy.url, { query })
      expect(JSON.stringify(await client.next())).toContain('REQUEST_TIMEOUT')
    } else {
      const { status } = await world.toy.ask(query, {}, { accept: 'text/event-stream' })
      expect(status).toBe(504)
    }
    resolve()
    await world.engine.until('stopped')
  })

  it.each([
    ['expires', 'Token expired'],
    ['is revoked', 'Token revoked'],
  ])('ends when its token %s, and no other does', async (how, reason) => {
    await using world = await startToy()
    using client = await subscribe(world.toy.url, { query, authorization: 'Bearer ann 10' })
    using other = await subscribe(world.toy.url, { query, authorization: 'Bearer bob 99' })
    await world.engine.until('started', 2)
    world.engine.publish(watched('before', 'c1'))
    for (const one of [client, other]) await one.next()
    if (how === 'expires') world.clock.advance(10_000)
    else world.security.revoke(1)
    if (isSocket) await expect(client.next()).rejects.toThrow(`4403 ${reason}`)
    else {
      expect(await client.next()).toMatchObject({
        payload: {
          errors: [{ message: `${reason}.`, extensions: { code: 'UNAUTHENTICATED', cursor: 'c1' } }],
        },
      })
      expect(await client.next()).toEqual({ type: 'complete' })
    }
    await world.engine.until('stopped')
    world.engine.publish(watched('still'))
    expect(await other.next()).toEqual(next('still'))
    expect(world.security.listeners).toBe(1)
  })

  it('whose client does not read is not ready until it has read', async () => {
    await using world = await startToy({ env: { MAX_UNREAD_BYTES: '1000000000' } })
    using deaf = await subscribe(world.toy.url, { query })
    using good = await subscribe(world.toy.url, { query })
    await world.engine.until('started', 2)
    const sinks = world.engine.streams.map(({ sink }) => sink)
    const heard: string[] = []
    const read = async (count: number) => {
      while (heard.length < count) heard.push(JSON.stringify((await good.next()).payload).slice(0, 30))
    }
    deaf.pause()
    const megabyte = 'x'.repeat(2 ** 20)
    let published = 0
    for (; sinks[0]?.isReady; published++) {
      world.engine.publish(watched(`${published}${megabyte}`))
      await read(published + 1)
    }
    const isReady = new Promise<void>((resolve) => sinks[0]?.onReady(resolve))
    deaf.resume()
    await isReady
    expect(sinks[0]?.isReady).toBe(true)
    for (let at = 0; at < published; at++)
      expect(JSON.stringify((await deaf.next()).payload)).toContain(`"${at}xxx`)
  })

  it('whose client leaves too much unread is cut off, and no other', async () => {
    await using world = await startToy({ env: { MAX_UNREAD_BYTES: '2000000' } })
    using deaf = await subscribe(world.toy.url, { query })
    using good = await subscribe(world.toy.url, { query })
    await world.engine.until('started', 2)
    deaf.pause()
    const megabyte = 'x'.repeat(2 ** 20)
    while (!world.engine.streams[0]?.isStopped) {
      world.engine.publish(watched(megabyte))
      await good.next()
    }
    expect(world.engine.streams[1]?.isStopped).toBe(false)
    deaf.resume()
    const ended = (async () => {
      for (;;) await deaf.next()
    })()
    await expect(ended).rejects.toThrow(isSocket ? '1013 Messages are not read' : 'The server closed.')
  })

  it('ends at a stop of the server for its client to come again, each at its time', async () => {
    await using world = await startToy({ env: { SHUTDOWN_GRACE: '10' } })
    const clients = await Promise.all(Array.from({ length: 20 }, () => subscribe(world.toy.url, { query })))
    await world.engine.until('started', 20)
    const drained = world.toy.server.drain()
    world.clock.advance(2500)
    const stopped = world.engine.streams.filter(({ isStopped }) => isStopped).length
    expect(stopped).toBeGreaterThan(0)
    expect(stopped).toBeLessThan(20)
    world.clock.advance(2500)
    for (const client of clients)
      await expect(client.next()).rejects.toThrow(isSocket ? '1012' : 'The server closed.')
    await drained
    expect(world.engine.streams.every(({ isStopped }) => isStopped)).toBe(true)
  })
})
