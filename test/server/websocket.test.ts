import { once } from 'node:events'
import { getIntrospectionQuery } from 'graphql'
import { type Client, createClient } from 'graphql-ws'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { RawWebSocket } from './raw-web-socket.ts'
import { startToyServer, type ToyServer } from './toy-server.ts'

let toy: ToyServer
beforeAll(async () => {
  toy = await startToyServer({
    env: {
      MAX_ALIASES: '3',
      MAX_TOKENS: '2000',
      MAX_COST: '500',
      MAX_OPERATIONS_PER_SOCKET: '3',
      REQUEST_TIMEOUT: '0.2',
    },
  })
})
afterAll(() => toy[Symbol.asyncDispose]())

const webSocketUrl = () => toy.url.replace('http', 'ws')

describe('graphql-ws’s own client', () => {
  let client: Client
  beforeEach(() => {
    client = createClient({ url: webSocketUrl(), webSocketImpl: WebSocket })
  })
  afterEach(() => client.dispose())

  const all = async (query: string, variables?: Record<string, unknown>) =>
    await Array.fromAsync(client.iterate({ query, variables }))

  it('asks queries and mutations', async () => {
    expect(await all('query Greet($name: String) { hello(name: $name) }', { name: 'Ann' })).toEqual([
      { data: { hello: 'Hello, Ann.' } },
    ])
    expect(await all('mutation { write }')).toEqual([{ data: { write: true } }])
  })

  it('subscribes', async () => {
    expect(await all('subscription { ticks(count: 3) }')).toEqual(
      [1, 2, 3].map((ticks) => ({ data: { ticks } })),
    )
  })

  it('ends what it does not wait for any more', async () => {
    const ended = once(toy.events, 'subscription ended')
    for await (const { data } of client.iterate({ query: 'subscription { forever }' })) {
      expect(data).toEqual({ forever: 1 })
      break
    }
    await ended
  })
})

describe('an operation', () => {
  let raw: RawWebSocket
  beforeEach(async () => {
    raw = await RawWebSocket.connect(toy.url)
  })
  afterEach(() => raw[Symbol.dispose]())

  const refusal = async (query: string, variables?: object) => {
    raw.subscribe('1', query, variables)
    const message = await raw.next()
    expect(message).toMatchObject({ id: '1', type: 'error' })
    const [error, ...others] = message.payload as { message: string; extensions: Record<string, unknown> }[]
    expect(others).toEqual([])
    return error
  }

  const nested = (depth: number) => `{ job ${'{ parent '.repeat(depth)} { id } ${'}'.repeat(depth)} }`

  it.each([
    ['GRAPHQL_PARSE_FAILED', '{ hello'],
    ['GRAPHQL_VALIDATION_FAILED', '{ nothing }'],
    ['DOCUMENT_TOO_LARGE', `{ ${'hello '.repeat(2000)} }`],
    ['DEPTH_LIMIT', nested(20)],
    ['ALIAS_LIMIT', '{ a: hello b: hello c: hello d: __typename }'],
    ['COST_LIMIT', '{ jobs(first: 200) { nodes { jobs(first: 200) { nodes { id } } } } }'],
  ])('is held to %s as over HTTP', async (code, query) => {
    expect(await refusal(query)).toMatchObject({ extensions: { code } })
    raw.subscribe('2', '{ hello }')
    expect(await raw.next()).toMatchObject({ id: '2', type: 'next' })
  })

  it('may be named', async () => {
    raw.send({
      id: '1',
      type: 'subscribe',
      payload: { query: 'query A { echo(first: 1) } query B { echo(first: 2) }', operationName: 'B' },
    })
    expect(await raw.next()).toEqual({ id: '1', type: 'next', payload: { data: { echo: 2 } } })
    expect(await raw.next()).toEqual({ id: '1', type: 'complete' })
    expect(await refusal('query A { hello } query B { hello }')).toMatchObject({
      extensions: { code: 'BAD_REQUEST' },
    })
  })

  it('tells what is wrong with its variables, and not what http would make of it', async () => {
    const error = await refusal('query ($first: Int!) { echo(first: $first) }', { first: 'many' })
    expect(error?.extensions).toEqual({ code: 'BAD_INPUT', retryable: false })
  })

  it('masks what may not be told, under an id that the log has', async () => {
    raw.subscribe('1', '{ failing hello }')
    const { payload } = await raw.next()
    expect(payload).toMatchObject({
      data: { failing: null, hello: 'Hello, world.' },
      errors: [{ message: 'Unexpected error.', path: ['failing'], extensions: { code: 'INTERNAL' } }],
    })
    const { errors } = payload as { errors: { extensions: { errorId: string } }[] }
    await toy.logged(({ errorId }) => errorId === errors[0]?.extensions.errorId)
    await raw.next()
    expect(await refusal('subscription { failingTicks }')).toMatchObject({
      message: 'Unexpected error.',
      extensions: { code: 'INTERNAL' },
    })
  })

  it('is told why it took too long', async () => {
    expect(await refusal('{ slow }')).toMatchObject({ extensions: { code: 'REQUEST_TIMEOUT' } })
  })

  it('is aborted when it is completed, and its id is free at once', async () => {
    const began = once(toy.events, 'slow began')
    const stopped = once(toy.events, 'slow stopped')
    raw.subscribe('1', '{ slow }')
    await began
    raw.send({ id: '1', type: 'complete' })
    raw.subscribe('1', '{ hello }')
    const [{ detail }] = (await stopped) as [CustomEvent]
    expect(detail.name).toBe('AbortError')
    expect(await raw.next()).toMatchObject({
      id: '1',
      type: 'next',
      payload: { data: { hello: 'Hello, world.' } },
    })
    expect(await raw.next()).toEqual({ id: '1', type: 'complete' })
    raw.send({ type: 'ping' })
    expect(await raw.next()).toEqual({ type: 'pong' })
  })

  it('is aborted when the socket goes away', async () => {
    const began = once(toy.events, 'slow began')
    const stopped = once(toy.events, 'slow stopped')
    raw.subscribe('1', '{ slow }')
    await began
    raw.socket.terminate()
    await stopped
  })

  it('is one of a few at once', async () => {
    for (const id of ['1', '2', '3']) {
      raw.subscribe(id, 'subscription { forever }')
      expect(await raw.next()).toMatchObject({ id, type: 'next' })
    }
    raw.subscribe('4', '{ hello }')
    expect(await raw.next()).toMatchObject({
      id: '4',
      type: 'error',
      payload: [{ extensions: { code: 'TOO_MANY_OPERATIONS', retryable: true } }],
    })
    const ended = once(toy.events, 'subscription ended')
    raw.send({ id: '2', type: 'complete' })
    await ended
    await toy.logged(
      ({ method, operation, aborted }) =>
        method === 'WEBSOCKET' && operation === '(anonymous)' && aborted === true,
    )
    raw.subscribe('4', '{ hello }')
    expect(await raw.next()).toMatchObject({ id: '4', type: 'next' })
  })

  it('has a log line and a request id of its own', async () => {
    raw.subscribe('1', 'query Counted { counted }', { password: 'hunter2' })
    const line = await toy.logged(({ operation }) => operation === 'Counted')
    expect(line).toMatchObject({
      msg: 'request',
      method: 'WEBSOCKET',
      path: '/graphql',
      type: 'query',
      statements: { platform: 1 },
      requestId: expect.stringMatching(/^[\w-]{36}:1$/),
    })
    expect(JSON.stringify(line)).not.toContain('hunter2')
    raw.socket.close()
    expect(
      await toy.logged(
        ({ msg, requestId }) => msg === 'websocket closed' && `${requestId}:1` === line.requestId,
      ),
    ).toMatchObject({ code: 1005, operations: 1 })
  })
})

describe('in production', () => {
  it('the schema is not told, by introspection or by suggestion', async () => {
    await using plain = await startToyServer({ env: { NODE_ENV: 'production' } })
    using raw = await RawWebSocket.connect(plain.url)
    raw.subscribe('1', getIntrospectionQuery())
    expect(await raw.next()).toMatchObject({
      type: 'error',
      payload: expect.arrayContaining([
        expect.objectContaining({ extensions: { code: 'GRAPHQL_VALIDATION_FAILED', retryable: false } }),
      ]),
    })
    raw.subscribe('2', '{ helo }')
    const { payload } = await raw.next()
    expect(JSON.stringify(payload)).toContain('helo')
    expect(JSON.stringify(payload)).not.toContain('Did you mean')
  })
})

describe('who breaks the protocol is cut off:', () => {
  const hello = { id: '1', type: 'subscribe', payload: { query: '{ hello }' } }

  it.each([
    ['no JSON', 4400, ['{']],
    ['no object', 4400, ['[]']],
    ['no type', 4400, [{}]],
    ['an unknown type', 4400, [{ type: 'shout' }]],
    ['a type that only servers send', 4400, [{ type: 'next', id: '1', payload: {} }]],
    ['an acknowledgement', 4400, [{ type: 'connection_ack' }]],
    ['no id', 4400, [{ type: 'subscribe', payload: { query: '{ hello }' } }]],
    ['no query', 4400, [{ type: 'subscribe', id: '1', payload: {} }]],
    ['a payload that is no object', 4400, [{ type: 'connection_init', payload: 'x' }]],
    ['an operation before connection_init', 4401, [hello]],
    ['an operation before connection_ack', 4401, [{ type: 'connection_init' }, hello]],
    ['a renewal before connection_ack', 4401, [{ type: 'ping', payload: { authorization: 'Bearer x' } }]],
    ['a second connection_init', 4429, [{ type: 'connection_init' }, { type: 'connection_init' }]],
  ])('%s: %i', async (_, code, messages) => {
    using raw = await RawWebSocket.open(toy.url)
    for (const message of messages) raw.send(message)
    expect(await raw.closed).toMatchObject({ code })
  })

  it('an id twice: 4409, and what ran ends', async () => {
    using raw = await RawWebSocket.connect(toy.url)
    raw.subscribe('1', 'subscription { forever }')
    await raw.next()
    const ended = once(toy.events, 'subscription ended')
    raw.send(hello)
    expect(await raw.closed).toEqual({ code: 4409, reason: 'Subscriber already exists' })
    await ended
  })

  it('a frame longer than a body may be: 1009', async () => {
    await using small = await startToyServer({ env: { MAX_BODY_BYTES: '1024' } })
    using raw = await RawWebSocket.connect(small.url)
    raw.subscribe('1', '{ hello }', { padding: 'x'.repeat(2000) })
    expect(await raw.closed).toMatchObject({ code: 1009 })
  })

  it('others go on', async () => {
    using good = await RawWebSocket.connect(toy.url)
    good.subscribe('1', 'subscription { pokes }')
    await good.next()
    using bad = await RawWebSocket.open(toy.url)
    bad.send('{')
    await bad.closed
    toy.events.dispatchEvent(new Event('poke'))
    expect(await good.next()).toMatchObject({ payload: { data: { pokes: 1 } } })
  })

  it('a ping is no breach, at any time', async () => {
    using raw = await RawWebSocket.open(toy.url)
    raw.send({ type: 'ping', payload: { at: 1 } })
    expect(await raw.next()).toEqual({ type: 'pong', payload: { at: 1 } })
    raw.send({ type: 'pong' })
    raw.send({ type: 'complete', id: 'unknown' })
    raw.send({ type: 'ping' })
    expect(await raw.next()).toEqual({ type: 'pong' })
  })
})
