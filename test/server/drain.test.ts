import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { RawConnection } from './raw-request.ts'
import { startToyServer } from './toy-server.ts'

const ready = 'GET /health/ready HTTP/1.1\r\nhost: x\r\n\r\n'
const post = (body: string, ...headers: string[]) =>
  [
    'POST /graphql HTTP/1.1',
    'host: x',
    'content-type: application/json',
    `content-length: ${body.length}`,
    ...headers,
    '',
    body,
  ].join('\r\n')

describe('drain', () => {
  it('closes idle connections, takes no new one, and lets a request under way finish', async () => {
    const toy = await startToyServer({ env: { REQUEST_TIMEOUT: '0.3' } })
    using idle = await RawConnection.open(toy.port)
    idle.write(ready)
    await idle.until('"ready"')
    using busy = await RawConnection.open(toy.port)
    const began = once(toy.events, 'slow began')
    busy.write(post('{"query":"{ slow }"}'))
    await began
    const drained = toy.server.drain()
    await idle.untilClosed()
    await expect(RawConnection.open(toy.port)).rejects.toThrow('ECONNREFUSED')
    const answer = await busy.untilClosed()
    expect(answer).toContain('504 Gateway Timeout')
    expect(answer).toMatch(/connection: close/i)
    await drained
  })

  it('is told to who still asks: not ready, but alive', async () => {
    const toy = await startToyServer()
    using connection = await RawConnection.open(toy.port)
    // A request that has begun to arrive keeps its connection.
    connection.write(ready.slice(0, 10))
    using begun = await RawConnection.open(toy.port)
    begun.write('GET /health/live HTTP/1.1\r\nhost: x\r\nx-padding: ')
    using probe = await RawConnection.open(toy.port)
    probe.write(ready)
    await probe.until('"ready"')
    const drained = toy.server.drain()
    connection.write(ready.slice(10))
    begun.write('1\r\n\r\n')
    const answer = await connection.untilClosed()
    expect(answer).toContain('503 Service Unavailable')
    expect(answer).toContain('"draining"')
    expect(await begun.untilClosed()).toContain('200 OK')
    await drained
  })

  it('aborts what outlasts the grace', async () => {
    const toy = await startToyServer({ env: { SHUTDOWN_GRACE: '0.1' } })
    using busy = await RawConnection.open(toy.port)
    const began = once(toy.events, 'slow began')
    const stopped = once(toy.events, 'slow stopped')
    busy.write(post('{"query":"{ slow }"}'))
    await began
    await toy.server.drain()
    await stopped
    expect(await busy.untilClosed()).toBe('')
  })

  it('ends subscriptions at once', async () => {
    const toy = await startToyServer()
    using stream = await RawConnection.open(toy.port)
    stream.write(post('{"query":"subscription { forever }"}', 'accept: text/event-stream'))
    await stream.until('"forever":1')
    const ended = once(toy.events, 'subscription ended')
    await toy.server.drain()
    await ended
  })

  it('waits for nobody when the server is disposed of', async () => {
    const toy = await startToyServer()
    using busy = await RawConnection.open(toy.port)
    const began = once(toy.events, 'slow began')
    const stopped = once(toy.events, 'slow stopped')
    busy.write(post('{"query":"{ slow }"}'))
    await began
    await toy[Symbol.asyncDispose]()
    await stopped
    expect(await busy.untilClosed()).toBe('')
  })

  it('may be asked for twice', async () => {
    const toy = await startToyServer()
    await Promise.all([toy.server.drain(), toy.server.drain()])
    await toy[Symbol.asyncDispose]()
    await expect(fetch(toy.url)).rejects.toThrow()
  })
})
