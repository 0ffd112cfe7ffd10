import { once } from 'node:events'
import { createClient } from 'graphql-ws'
import { describe, expect, it } from 'vitest'
import { Admission } from '../../src/server/admission.ts'
import { startToyServer, type ToyServer } from './toy-server.ts'

/** A single place, which is taken from the start; it tells of everyone who has come since. */
class Taken extends Admission {
  readonly events = new EventTarget()
  readonly #free = Promise.withResolvers<void>()
  readonly #taken: Promise<void>

  constructor(maxQueued: number) {
    super({ maxConcurrent: 1, maxQueued })
    this.#taken = super.run(new AbortController().signal, () => this.#free.promise)
  }

  override run<T>(signal: AbortSignal, work: () => T | PromiseLike<T>): Promise<T> {
    const done = super.run(signal, work)
    this.events.dispatchEvent(new Event('came'))
    return done
  }

  /** Gives the place free. */
  async free(): Promise<void> {
    this.#free.resolve()
    await this.#taken
  }
}

const stream = (toy: ToyServer, query: string, signal: AbortSignal | null = null) =>
  fetch(toy.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query }),
    signal,
  })

describe('a server with all places taken', () => {
  it('turns operations away with 503 and when to come again', async () => {
    const admission = new Taken(0)
    await using toy = await startToyServer({ admission })
    const { status, headers, body } = await toy.ask('{ hello }')
    expect(status).toBe(503)
    expect(headers.get('retry-after')).toBe('1')
    expect(body.errors).toEqual([
      { message: expect.any(String), extensions: { code: 'SERVER_OVERLOADED', retryable: true } },
    ])
    await toy.logged((line) => line.status === 503 && String(line.errors) === 'SERVER_OVERLOADED')
    await admission.free()
    expect((await toy.ask('{ hello }')).status).toBe(200)
  })

  it('turns away what comes over SSE or WebSocket too', async () => {
    await using toy = await startToyServer({ admission: new Taken(0) })
    expect(await (await stream(toy, 'subscription { forever }')).text()).toContain('"SERVER_OVERLOADED"')
    const client = createClient({ url: toy.url.replace('http', 'ws'), retryAttempts: 0 })
    for (const query of ['{ hello }', 'subscription { forever }']) {
      const failure: unknown = await client
        .iterate({ query })
        .next()
        .catch((error: unknown) => error)
      expect(failure).toMatchObject([{ extensions: { code: 'SERVER_OVERLOADED', retryable: true } }])
    }
    await client.dispose()
  })

  it('still says what is wrong with a document, and answers health and GraphiQL', async () => {
    await using toy = await startToyServer({ admission: new Taken(0) })
    for (const [query, code] of [
      ['{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
      ['{ jobs(first: 20000) { nodes { id } } }', 'COST_LIMIT'],
    ] as const)
      expect((await toy.ask(query)).body.errors).toMatchObject([{ extensions: { code } }])
    expect((await fetch(new URL('/health/ready', toy.url))).status).toBe(200)
    expect((await fetch(toy.url, { headers: { accept: 'text/html' } })).status).toBe(200)
  })

  it('lets operations wait for their turn', async () => {
    const admission = new Taken(1)
    await using toy = await startToyServer({ admission })
    const came = once(admission.events, 'came')
    const waiting = toy.ask('{ hello }')
    await came
    expect((await toy.ask('{ hello }')).status).toBe(503)
    await admission.free()
    expect((await waiting).body.data).toEqual({ hello: 'Hello, world.' })
  })

  it('counts the wait as time of the request', async () => {
    const admission = new Taken(2)
    await using toy = await startToyServer({ admission, env: { REQUEST_TIMEOUT: '0.1' } })
    const [query, subscription] = await Promise.all([
      toy.ask('{ hello }'),
      stream(toy, 'subscription { forever }'),
    ])
    expect(query).toMatchObject({
      status: 504,
      body: { errors: [{ extensions: { code: 'REQUEST_TIMEOUT' } }] },
    })
    expect(await subscription.text()).toContain('"REQUEST_TIMEOUT"')
    expect(admission.queued).toBe(0)
  })

  it('forgets who goes away while waiting', async () => {
    const admission = new Taken(1)
    await using toy = await startToyServer({ admission })
    const came = once(admission.events, 'came')
    const client = new AbortController()
    const gone = stream(toy, '{ hello }', client.signal).catch((error: Error) => error.name)
    await came
    expect(admission.queued).toBe(1)
    client.abort()
    expect(await gone).toBe('AbortError')
    await toy.logged(({ aborted }) => aborted === true)
    expect(admission.queued).toBe(0)
  })
})

describe('a subscription', () => {
  it('has neither a place nor an end once it has started', async () => {
    const admission = new Admission({ maxConcurrent: 1, maxQueued: 0 })
    await using toy = await startToyServer({ admission, env: { REQUEST_TIMEOUT: '0.1' } })
    const client = new AbortController()
    const response = await stream(toy, 'subscription { pokes }', client.signal)
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let received = ''
    const until = async (text: string) => {
      while (!received.includes(text)) {
        const { value } = (await reader?.read()) ?? {}
        if (value === undefined) throw new Error(`The stream ended without ${text}: ${received}`)
        received += value
      }
    }
    await until('"pokes":0')
    expect(admission.running).toBe(0)
    expect((await toy.ask('{ slow }')).status).toBe(504)
    toy.events.dispatchEvent(new Event('poke'))
    await until('"pokes":1')
    const ended = once(toy.events, 'pokes ended')
    client.abort()
    await ended
  })
})
