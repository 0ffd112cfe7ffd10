import { getIntrospectionQuery, parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config/config.ts'
import { costOf } from '../../src/server/limits/cost.ts'
import { refuseShape } from '../../src/server/limits/limits.ts'
import { measureDocument } from '../../src/server/limits/measure.ts'
import { refuseTokens } from '../../src/server/limits/tokens.ts'
import { toySchema } from './toy-schema.ts'
import { startToyServer, type ToyServer } from './toy-server.ts'

const measure = (query: string) => measureDocument(parse(query))
const cost = (query: string, variables?: Record<string, unknown>) =>
  costOf({ schema: toySchema, document: parse(query), variables })

/** Fragments of which each spreads the next one twice: 2^levels fields. */
const bomb = (levels: number, field = 'hello') =>
  `{ ...F0 } ${Array.from({ length: levels }, (_, level) => `fragment F${level} on Query { ...F${level + 1} ...F${level + 1} }`).join(' ')} fragment F${levels} on Query { ${field} }`

const milliseconds = (work: () => unknown) => {
  const start = performance.now()
  work()
  return performance.now() - start
}

describe('measure', () => {
  it.each([
    ['{ hello }', { depth: 1, aliases: 0, directives: 0, fields: 1 }],
    ['{ a: hello b: __typename }', { depth: 1, aliases: 2, directives: 0, fields: 2 }],
    ['{ job { parent { id } } hello }', { depth: 3, aliases: 0, directives: 0, fields: 4 }],
    ['{ ... on Query { job { ... { id } } } }', { depth: 2, aliases: 0, directives: 0, fields: 2 }],
    [
      '{ job { ...J } other: job { ...J } } fragment J on Job { parent { key: id } }',
      { depth: 3, aliases: 3, directives: 0, fields: 6 },
    ],
    [
      'query ($x: Boolean! @a) @b { hello @skip(if: $x) ... @include(if: $x) { hello } ...F @c } fragment F on Query @d { hello @e }',
      { depth: 1, aliases: 0, directives: 7, fields: 3 },
    ],
    ['{ hello hello hello }', { depth: 1, aliases: 0, directives: 0, fields: 3 }],
  ])('of %s', (query, expected) => {
    expect(measure(query)).toEqual(expected)
  })

  it('is that of the largest definition, used or not', () => {
    expect(measure('query A { hello } query B { job { id } }').depth).toBe(2)
    expect(measure('{ hello } fragment Unused on Query { a: hello b: hello }').aliases).toBe(2)
  })

  it('takes a fragment within itself, and one that is missing, for nothing', () => {
    const { depth, fields } = measure(
      '{ ...A } fragment A on Query { hello ...B ...Missing } fragment B on Query { ...A }',
    )
    expect({ depth, fields }).toEqual({ depth: 1, fields: 1 })
  })

  it('is made in no time where the fields are countless', () => {
    const document = parse(bomb(100))
    let fields = 0
    expect(
      milliseconds(() => {
        fields = measureDocument(document).fields
      }),
    ).toBeLessThan(100)
    expect(fields).toBe(2 ** 100)
  })
})

describe('cost', () => {
  it.each([
    ['a scalar', '{ hello }', 0],
    ['an object', '{ job { id name } }', 1],
    ['a page', '{ jobs(first: 50) { nodes { id } } }', 50],
    [
      'a page by edges',
      '{ jobs(first: 50) { edges { cursor node { id } } pageInfo { endCursor } totalCount } }',
      50,
    ],
    ['a page from the end', '{ jobs(last: 7) { nodes { id } } }', 7],
    ['a page of no size', '{ jobs { nodes { id } } }', 20],
    ['an empty page', '{ jobs(first: 0) { nodes { id } } }', 0],
    ['a negative page', '{ jobs(first: -5) { nodes { id } } }', 0],
    [
      'pages within pages',
      '{ jobs(first: 10) { nodes { jobs(first: 5) { nodes { parent { id } } } } } }',
      10 * (1 + 5 * 2),
    ],
    ['an object of each row', '{ jobs(first: 10) { nodes { parent { id } } } }', 20],
    ['a series', '{ sampled(maxPoints: 100) { points { value } } }', 100],
    ['a series of the declared size', '{ sampled { points { value } } }', 320],
    [
      'a series of each name',
      '{ sampledOf(names: ["a", "b", "c"], maxPoints: 100) { points { value } } }',
      300,
    ],
    ['groups that are bounded together', '{ grouped(by: ["a", "b"], limit: 100) { id } }', 100],
    ['a list by ids', '{ nodes(ids: ["a", "b", "c"]) { id } }', 3],
    ['an object below ids', '{ nodes(ids: ["a", "b"]) { ... on Job { parent { id } } } }', 4],
    ['fragments', '{ jobs(first: 10) { nodes { ...P ...P } } } fragment P on Job { parent { id } }', 30],
    ['an alias', '{ a: jobs(first: 10) { nodes { id } } b: jobs(first: 10) { nodes { id } } }', 20],
  ])('of %s', (_, query, expected) => {
    expect(cost(query)).toBe(expected)
  })

  it('resolves variables and their defaults', () => {
    const query =
      'query ($first: Int = 30, $ids: [ID!]!) { jobs(first: $first) { nodes { id } } nodes(ids: $ids) { id } }'
    expect(cost(query, { ids: ['a', 'b'] })).toBe(32)
    expect(cost(query, { first: 100, ids: [] })).toBe(101)
    expect(cost(query, { first: null, ids: ['a'] })).toBe(21)
    expect(cost(query, { first: '100', ids: 'a' })).toBe(21)
  })

  it('is of the operation that is run', () => {
    const document = parse('query A { hello } query B { job { id } }')
    expect(costOf({ schema: toySchema, document, operationName: 'A' })).toBe(0)
    expect(costOf({ schema: toySchema, document, operationName: 'B' })).toBe(1)
    expect(costOf({ schema: toySchema, document })).toBe(0)
  })

  it('of objects without end is above every limit, and told in no time', () => {
    const nested = (levels: number): string =>
      levels === 0 ? '{ id }' : `{ nodes { jobs(first: 200) ${nested(levels - 1)} } }`
    expect(cost(`{ jobs ${nested(400)} }`)).toBe(Number.POSITIVE_INFINITY)
    const document = parse(bomb(100, 'job { id }'))
    expect(milliseconds(() => costOf({ schema: toySchema, document }))).toBeLessThan(100)
  })
})

describe('the default limits', () => {
  const { limits } = readConfig({})

  it('let the introspection query of GraphiQL pass', () => {
    const query = getIntrospectionQuery({
      descriptions: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    })
    refuseTokens(query, limits.maxTokens)
    const document = parse(query)
    refuseShape(document, limits)
    expect(measureDocument(document).depth).toBe(15)
    expect(costOf({ schema: toySchema, document })).toBeLessThan(1000)
  })

  it('let a page of jobs within a page of projects pass', () => {
    expect(cost('{ jobs(first: 100) { nodes { jobs(first: 50) { nodes { id } } } } }')).toBeLessThan(
      limits.maxCost,
    )
  })
})

describe('a server', () => {
  let toy: ToyServer
  beforeAll(async () => {
    toy = await startToyServer()
  })
  afterAll(() => toy[Symbol.asyncDispose]())

  const deep = `{ job ${'{ parent '.repeat(16)}{ id }${'}'.repeat(16)} }`
  const cases = [
    ['DOCUMENT_TOO_LARGE', 'tokens', `{ ${'hello '.repeat(3000)} }`, 2000],
    ['DOCUMENT_TOO_LARGE', 'nesting to overflow the parser', `${'{ job '.repeat(20_000)}`, 2000],
    ['FIELD_LIMIT', 'repeated fields', `{ ${'hello '.repeat(1500)} }`, 1000],
    ['FIELD_LIMIT', 'a fragment bomb', bomb(60), 1000],
    ['DEPTH_LIMIT', 'depth', deep, 16],
    [
      'ALIAS_LIMIT',
      'aliases',
      `{ ${Array.from({ length: 60 }, (_, n) => `a${n}: __typename`).join(' ')} }`,
      50,
    ],
    [
      'ALIAS_LIMIT',
      'aliases in fragments',
      `{ ${'...F '.repeat(6)} } fragment F on Query { ${Array.from({ length: 10 }, (_, n) => `a${n}: hello`).join(' ')} }`,
      50,
    ],
    ['DIRECTIVE_LIMIT', 'directives', `{ hello ${'@skip(if: false) '.repeat(60)} }`, 50],
    ['COST_LIMIT', 'cost', '{ jobs(first: 200) { nodes { jobs(first: 200) { nodes { id } } } } }', 10_000],
  ] as const

  const ways: Record<string, (query: string) => Promise<Response>> = {
    POST: (query) =>
      fetch(toy.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      }),
    GET: (query) =>
      fetch(`${toy.url}?query=${encodeURIComponent(query)}`, {
        headers: { accept: 'application/graphql-response+json' },
      }),
    SSE: (query) =>
      fetch(toy.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
        body: JSON.stringify({ query }),
      }),
  }

  for (const [way, send] of Object.entries(ways))
    it.each(cases)(`refuses by ${way} with %s for %s`, async (code, _, query, limit) => {
      // What no header may hold, GET cannot ask.
      if (way === 'GET' && encodeURIComponent(query).length > 15_000) return
      const response = await send(query)
      const text = await response.text()
      const body = JSON.parse(way === 'SSE' ? (/^data: (.+)$/m.exec(text)?.[1] ?? '') : text)
      expect(body.errors).toHaveLength(1)
      expect(body.errors[0].extensions).toMatchObject({ code, limit, retryable: false })
      expect(body.errors[0].extensions.found).toBeGreaterThan(limit)
      expect(body).not.toHaveProperty('data')
      // Who asked for events is told by one: its client would see no more of a 400 than that.
      expect(response.status).toBe(way === 'SSE' ? 200 : 400)
    })

  it('refuses a subscription by its shape', async () => {
    const response = await ways.SSE?.(`subscription { ticks(count: 1) ${'@include(if: true) '.repeat(60)} }`)
    expect(await response?.text()).toContain('"code":"DIRECTIVE_LIMIT"')
  })

  it('counts the cost of each request by its own variables', async () => {
    const query = 'query ($first: Int) { jobs(first: $first) { nodes { id } } }'
    expect((await toy.ask(query, { first: 20_000 })).body.errors).toMatchObject([
      { extensions: { code: 'COST_LIMIT', limit: 10_000, found: 20_000 } },
    ])
    expect((await toy.ask(query, { first: 20 })).body).not.toHaveProperty('errors')
  })

  it.each(['application/json', 'text/event-stream'])(
    'refuses variables that nest deeper than anything reads them, asked for %s',
    async (accept) => {
      const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
      const send = async (levels: number) => {
        const answer = await fetch(toy.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept },
          body: `{"query":"query ($value: Picky) { picky(value: $value) }","variables":{"value":${nested(levels)}}}`,
        })
        return await answer.text()
      }
      expect(await send(126)).not.toContain('DEPTH_LIMIT')
      for (const levels of [127, 100_000]) expect(await send(levels)).toContain('"code":"DEPTH_LIMIT"')
    },
  )

  it('stays quick under the slowest documents that it lets pass', async () => {
    const twins = `{ ${Array.from({ length: 300 }, () => 'hello(name: "x")').join(' ')} }`
    const start = performance.now()
    const { body } = await toy.ask(twins)
    expect(body.data).toEqual({ hello: 'Hello, x.' })
    expect(performance.now() - start).toBeLessThan(1000)
  })
})
