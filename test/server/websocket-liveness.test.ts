import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { ManualClock } from './manual-clock.ts'
import { RawWebSocket } from './raw-web-socket.ts'
import { startToyServer } from './toy-server.ts'

const beatMs = 12_000

describe('a client', () => {
  it('that answers pings stays, and one that does not is dropped', async () => {
    const clock = new ManualClock()
    await using toy = await startToyServer({ clock })
    using good = await RawWebSocket.connect(toy.url)
    using silent = await RawWebSocket.connect(toy.url, undefined, { autoPong: false })
    for (let beat = 1; beat <= 3; beat++) {
      const pinged = once(good.socket, 'ping')
      clock.advance(beatMs)
      await pinged
      // Behind the pong, so the server has heard that when this is answered.
      good.send({ type: 'ping' })
      expect(await good.next()).toEqual({ type: 'pong' })
    }
    expect(await silent.closed).toEqual({ code: 1006, reason: '' })
    expect(good.socket.readyState).toBe(good.socket.OPEN)
  })

  it('that reads nothing is sent away, to come again, and hinders nobody', async () => {
    await using toy = await startToyServer({ env: { MAX_UNREAD_BYTES: '100000' } })
    using deaf = await RawWebSocket.connect(toy.url)
    using good = await RawWebSocket.connect(toy.url)
    deaf.socket.pause()
    const name = 'x'.repeat(500_000)
    for (let id = 1; id <= 50; id++)
      deaf.subscribe(String(id), 'query Deaf($name: String) { hello(name: $name) }', { name })
    await toy.logged(({ operation, aborted }) => operation === 'Deaf' && aborted === true)
    good.subscribe('1', '{ hello }')
    expect(await good.next()).toMatchObject({ type: 'next' })
    deaf.socket.resume()
    expect(await deaf.closed).toEqual({ code: 1013, reason: 'Messages are not read' })
  })

  it('that reads nothing has nothing more made for its subscription, and is dropped', async () => {
    const clock = new ManualClock()
    await using toy = await startToyServer({ clock })
    using deaf = await RawWebSocket.connect(toy.url)
    deaf.socket.pause()
    const ended = once(toy.events, 'flood ended')
    const stalled = once(toy.events, 'flood stalled')
    deaf.subscribe('1', 'subscription { flood }')
    await stalled
    clock.advance(beatMs)
    clock.advance(beatMs)
    await ended
    expect(await toy.logged(({ msg }) => msg === 'websocket closed')).toMatchObject({ code: 1006 })
  })

  it('that reads slowly is not taken for one that is gone', async () => {
    const clock = new ManualClock()
    await using toy = await startToyServer({ clock })
    using slow = await RawWebSocket.connect(toy.url, undefined, { autoPong: false })
    const flooded = (event: string) => once(toy.events, `flood ${event}`)
    slow.socket.pause()
    const stalled = flooded('stalled')
    slow.subscribe('1', 'subscription { flood }')
    await stalled
    clock.advance(beatMs)
    for (let beat = 1; beat <= 2; beat++) {
      const asked = flooded('asked')
      slow.socket.resume()
      await asked
      slow.socket.pause()
      await flooded('stalled')
      clock.advance(beatMs)
      expect(toy.log.filter(({ msg }) => msg === 'websocket closed')).toEqual([])
      await flooded('stalled')
    }
    const ended = flooded('ended')
    clock.advance(beatMs)
    await ended
  })
})

describe('drain', () => {
  it('closes the sockets one by one, to come again, and takes no other', async () => {
    const clock = new ManualClock()
    await using toy = await startToyServer({ clock, env: { SHUTDOWN_GRACE: '10' } })
    const raws = await Promise.all(Array.from({ length: 20 }, () => RawWebSocket.connect(toy.url)))
    const ended = once(toy.events, 'pokes ended')
    for (const raw of raws) {
      raw.subscribe('1', 'subscription { pokes }')
      await raw.next()
    }
    const drained = toy.server.drain()
    await expect(RawWebSocket.open(toy.url)).rejects.toThrow('ECONNREFUSED')
    clock.advance(2500)
    await ended
    const answers = raws.map((raw) => {
      raw.send({ type: 'ping' })
      return raw.next()
    })
    const halfway = await Promise.allSettled(answers)
    expect(new Set(halfway.map(({ status }) => status))).toEqual(new Set(['fulfilled', 'rejected']))
    clock.advance(2500)
    for (const raw of raws) expect(await raw.closed).toEqual({ code: 1012, reason: 'The server restarts' })
    await drained
  })

  it('lets a query under way finish', async () => {
    const clock = new ManualClock()
    await using toy = await startToyServer({ clock })
    using raw = await RawWebSocket.connect(toy.url)
    const began = once(toy.events, 'held began')
    raw.subscribe('1', '{ held }')
    raw.subscribe('2', 'subscription { forever }')
    await began
    await raw.next()
    const ended = once(toy.events, 'subscription ended')
    const drained = toy.server.drain()
    clock.advance(5000)
    await ended
    toy.events.dispatchEvent(new Event('release'))
    expect(await raw.next()).toMatchObject({ id: '1', payload: { data: { held: 'released' } } })
    expect(await raw.closed).toMatchObject({ code: 1012 })
    await drained
  })

  it('drops what outlasts the grace', async () => {
    await using toy = await startToyServer({ env: { SHUTDOWN_GRACE: '0.1' } })
    using raw = await RawWebSocket.connect(toy.url)
    const began = once(toy.events, 'held began')
    raw.subscribe('1', '{ held }')
    await began
    await toy.server.drain()
    expect(await raw.closed).toMatchObject({ code: 1006 })
  })

  it('waits for nobody when the server is disposed of', async () => {
    const toy = await startToyServer()
    using raw = await RawWebSocket.connect(toy.url)
    await toy[Symbol.asyncDispose]()
    expect(await raw.closed).toMatchObject({ code: 1006 })
  })
})
