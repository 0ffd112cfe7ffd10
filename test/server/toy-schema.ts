import { on, once } from 'node:events'
import { GraphQLError, GraphQLScalarType } from 'graphql'
import { createSchema } from 'graphql-yoga'
import { currentRequest } from '../../src/database/request-scope.ts'
import { TributaryError } from '../../src/errors/tributary-error.ts'
import type { RequestInfo } from '../../src/server/exchange.ts'

/** What the toy's resolvers get: the request, and a place to say that they were reached or stopped. */
export interface ToyContext {
  readonly request: RequestInfo
  readonly events: EventTarget
}

const typeDefs = /* GraphQL */ `
  scalar Picky
  interface Node { id: ID! }
  type Query {
    hello(name: String = "world"): String!
    echo(first: Int!): Int!
    picky(value: Picky): String
    unwritable: Picky
    jobs(first: Int, last: Int, after: String): JobConnection!
    sampled(maxPoints: Int = 320): PointSeries!
    sampledOf(names: [String!]!, maxPoints: Int = 320): [PointSeries!]!
    grouped(by: [String!]!, limit: Int!): [Job!]!
    node(id: ID!): Node
    nodes(ids: [ID!]!): [Node]!
    job: Job
    slow: String
    held: String
    authorization: String
    failing: String
    failingHard: String!
    refused: String
    unavailable: String
    coded: String
    uncoded: String
    counted: String
  }
  type Mutation { write: Boolean! }
  type Subscription { ticks(count: Int!): Int!  forever: Int!  pokes: Int!  flood: String!  failingTicks: Int!  watched(topic: String): String }
  type Job implements Node { id: ID!  name: String  jobs(first: Int, last: Int): JobConnection!  parent: Job }
  type JobConnection { edges: [JobEdge!]!  nodes: [Job!]!  pageInfo: PageInfo!  totalCount: Int }
  type JobEdge { cursor: String!  node: Job! }
  type PageInfo { hasNextPage: Boolean!  endCursor: String }
  type PointSeries { name: String  points: [Point!]! }
  type Point { value: Float }
`

const page = {
  edges: [{ cursor: 'a', node: { id: '1', name: 'one' } }],
  nodes: [{ id: '1', name: 'one' }],
  pageInfo: { hasNextPage: false, endCursor: 'a' },
  totalCount: 1,
}

const stopped = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
  })

async function* ticks(count: number) {
  for (let tick = 1; tick <= count; tick++) yield { ticks: tick }
}

async function* forever(context: ToyContext) {
  try {
    yield { forever: 1 }
    await stopped(context.request.signal)
  } finally {
    context.events.dispatchEvent(new Event('subscription ended'))
  }
}

/** How often it has been poked since. */
async function* pokes({ events, request: { signal } }: ToyContext) {
  const poked = on(events, 'poke', { signal })
  let count = 0
  try {
    yield { pokes: count }
    for await (const _ of poked) yield { pokes: ++count }
  } finally {
    events.dispatchEvent(new Event('pokes ended'))
  }
}

/** Megabytes without end; says when it is asked for one, and when it has not been for a while. */
async function* flood({ events, request: { signal } }: ToyContext) {
  const megabyte = 'x'.repeat(2 ** 20)
  let isAsked = true
  const watch = setInterval(() => {
    if (!isAsked) events.dispatchEvent(new Event('flood stalled'))
    isAsked = false
  }, 50)
  try {
    while (!signal.aborted) {
      isAsked = true
      events.dispatchEvent(new Event('flood asked'))
      yield { flood: megabyte }
    }
  } finally {
    clearInterval(watch)
    events.dispatchEvent(new Event('flood ended'))
  }
}

// biome-ignore lint/correctness/useYield: it fails before its first value.
async function* failingTicks(): AsyncGenerator<{ failingTicks: number }> {
  throw new Error('connect failed: password=hunter2')
}

const resolvers = {
  Picky: new GraphQLScalarType({
    name: 'Picky',
    parseValue: () => {
      throw new TributaryError('BAD_INPUT', 'No value is good enough.')
    },
    serialize: (value) => {
      throw new GraphQLError(`Picky cannot represent ${JSON.stringify(value)}`)
    },
  }),
  Node: { __resolveType: () => 'Job' },
  Query: {
    hello: (_: unknown, { name }: { name: string }) => `Hello, ${name}.`,
    echo: (_: unknown, { first }: { first: number }) => first,
    picky: () => 'fine',
    unwritable: () => ({ password: 'hunter2' }),
    jobs: () => page,
    sampled: () => ({ name: 'loss', points: [{ value: 0.5 }] }),
    node: (_: unknown, { id }: { id: string }) => ({ id, name: 'one' }),
    nodes: (_: unknown, { ids }: { ids: string[] }) => ids.map((id) => ({ id })),
    job: () => ({ id: '1', name: 'one' }),
    slow: async (_: unknown, __: unknown, { request, events }: ToyContext) => {
      events.dispatchEvent(new Event('slow began'))
      try {
        return await stopped(request.signal)
      } finally {
        events.dispatchEvent(new CustomEvent('slow stopped', { detail: request.signal.reason }))
      }
    },
    held: async (_: unknown, __: unknown, { request, events }: ToyContext) => {
      const released = once(events, 'release', { signal: request.signal })
      events.dispatchEvent(new Event('held began'))
      await released
      return 'released'
    },
    authorization: (_: unknown, __: unknown, { request }: ToyContext) => request.headers.authorization,
    failing: () => {
      throw new Error('relation "secrets" at /srv/app.ts: password=hunter2')
    },
    failingHard: () => {
      throw new Error('password=hunter2')
    },
    refused: () => {
      throw new TributaryError('PAGE_SIZE', 'Ask for 0 to 200 rows.', { extensions: { limit: 200 } })
    },
    unavailable: () => {
      throw new TributaryError('SOURCE_UNAVAILABLE', 'The platform database cannot be reached.', {
        cause: new Error('password=hunter2'),
        extensions: { source: 'platform' },
      })
    },
    coded: () => {
      throw new GraphQLError('The cursor is of another list.', { extensions: { code: 'BAD_CURSOR' } })
    },
    uncoded: () => {
      throw new GraphQLError('row (1, hunter2) is odd')
    },
    counted: () => {
      const statements = currentRequest()?.statements
      statements?.set('platform', (statements.get('platform') ?? 0) + 1)
      return 'once'
    },
  },
  Job: { jobs: () => page, parent: () => ({ id: '2' }) },
  Mutation: { write: () => true },
  Subscription: {
    ticks: { subscribe: (_: unknown, { count }: { count: number }) => ticks(count) },
    forever: { subscribe: (_: unknown, __: unknown, context: ToyContext) => forever(context) },
    pokes: { subscribe: (_: unknown, __: unknown, context: ToyContext) => pokes(context) },
    flood: { subscribe: (_: unknown, __: unknown, context: ToyContext) => flood(context) },
    failingTicks: { subscribe: () => failingTicks() },
    // A toy engine serves it, or nobody.
    watched: { subscribe: () => failingTicks() },
  },
}

/** A schema with one of everything that the server must cope with. */
export const toySchema = createSchema<ToyContext>({ typeDefs, resolvers })
