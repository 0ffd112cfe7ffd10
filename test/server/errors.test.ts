import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, startToyServer, type ToyServer } from './toy-server.ts'

let toy: ToyServer
let production: ToyServer
beforeAll(async () => {
  toy = await startToyServer()
  production = await startToyServer({ env: { NODE_ENV: 'production' } })
})
afterAll(async () => {
  await toy[Symbol.asyncDispose]()
  await production[Symbol.asyncDispose]()
})

const graphqlJson = { accept: 'application/graphql-response+json' }

describe('errors of resolvers', () => {
  it.each(['failing', 'uncoded', 'unwritable'])(
    'hides what %s threw, and logs it under the same id',
    async (field) => {
      const { status, text, body } = await toy.ask(`{ ${field} hello }`)
      expect(status).toBe(200)
      expect(text).not.toMatch(/hunter2|stack|\/srv|originalError/)
      expect(body.data).toEqual({ [field]: null, hello: 'Hello, world.' })
      const [error] = body.errors ?? []
      expect(error).toMatchObject({
        message: 'Unexpected error.',
        path: [field],
        extensions: { code: 'INTERNAL' },
      })
      const line = await toy.logged((logged) => logged.errorId === error?.extensions.errorId)
      expect(line).toMatchObject({
        msg: 'unexpected error',
        err: { message: expect.stringContaining('hunter2') },
      })
      expect(line).toMatchObject({ err: { stack: expect.stringMatching(/\n +at /) } })
    },
  )

  it('hides an error that takes the whole answer with it', async () => {
    const { text, body } = await toy.ask('{ failingHard }')
    expect(body).toMatchObject({ data: null, errors: [{ message: 'Unexpected error.' }] })
    expect(text).not.toContain('hunter2')
  })

  it('hides what was thrown where the context is made', async () => {
    const { status, text, body } = await toy.ask('{ hello }', {}, { 'x-context': 'fails' })
    expect(status).toBe(500)
    expect(body).toMatchObject({
      errors: [{ message: 'Unexpected error.', extensions: { code: 'INTERNAL' } }],
    })
    expect(text).not.toContain('hunter2')
  })

  it('shows a TributaryError with its code and extensions, without its cause', async () => {
    const { status, text, body } = await toy.ask('{ unavailable refused }')
    expect(status).toBe(200)
    expect(body.errors).toMatchObject([
      {
        message: 'The platform database cannot be reached.',
        extensions: { code: 'SOURCE_UNAVAILABLE', source: 'platform', retryable: true },
      },
      { message: 'Ask for 0 to 200 rows.', extensions: { code: 'PAGE_SIZE', limit: 200 } },
    ])
    expect(text).not.toContain('hunter2')
  })

  it('shows a GraphQLError with a code of the catalogue', async () => {
    const { body } = await toy.ask('{ coded }')
    expect(body.errors).toMatchObject([
      { message: 'The cursor is of another list.', extensions: { code: 'BAD_CURSOR' } },
    ])
  })

  it('hides what a stream throws', async () => {
    const response = await fetch(toy.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { failingTicks }' }),
    })
    const text = await response.text()
    expect(text).toContain('Unexpected error.')
    expect(text).not.toContain('hunter2')
  })

  it('sends no stack in production either', async () => {
    const { text } = await production.ask('{ failing }')
    expect(text).toContain('Unexpected error.')
    expect(text).not.toMatch(/hunter2|stack/)
  })
})

describe('errors of requests', () => {
  it('says what is wrong with a document', async () => {
    const syntax = await toy.ask('{ hello', {}, graphqlJson)
    expect(syntax).toMatchObject({
      status: 400,
      body: { errors: [{ extensions: { code: 'GRAPHQL_PARSE_FAILED' } }] },
    })
    const field = await toy.ask('{ helo }', {}, graphqlJson)
    expect(field).toMatchObject({
      status: 400,
      body: { errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] },
    })
    expect(field.body.errors?.[0]?.message).toMatch(/Did you mean .*"hello"/)
  })

  it.each([
    ['a field', '{ helo }', {}],
    ['an argument', '{ hello(nam: "x") }', {}],
  ])('does not say in production what was meant by %s', async (_, query, variables) => {
    const { body } = await production.ask(query, variables)
    expect(body.errors?.[0]?.message).toMatch(/helo|nam/)
    expect(JSON.stringify(body)).not.toMatch(/Did you mean|"hello"|"name"/)
  })

  it('says what is wrong with a variable', async () => {
    const { status, body } = await toy.ask(
      'query ($first: Int!) { echo(first: $first) }',
      { first: 'x' },
      graphqlJson,
    )
    expect(status).toBe(400)
    expect(body.errors).toMatchObject([{ extensions: { code: 'BAD_INPUT' } }])
    expect(body.errors?.[0]?.message).toContain('$first')
    expect(body).not.toHaveProperty('data')
  })

  it('shows the code that a scalar refuses a value with', async () => {
    const variable = await toy.ask(
      'query ($value: Picky) { picky(value: $value) }',
      { value: 1 },
      graphqlJson,
    )
    const literal = await toy.ask('{ picky(value: 1) }', {}, graphqlJson)
    for (const { body } of [variable, literal])
      expect(body.errors).toMatchObject([
        { message: 'No value is good enough.', extensions: { code: 'BAD_INPUT' } },
      ])
  })

  it('does not repeat a malformed body', async () => {
    const { status, text, body } = await ask(toy.url, '{"password": hunter2')
    expect(status).toBe(400)
    expect(body.errors).toMatchObject([
      { message: 'The body is not JSON.', extensions: { code: 'BAD_REQUEST' } },
    ])
    expect(text).not.toMatch(/hunter2|originalError|token/i)
  })

  it.each([
    ['an array', [{ query: '{ hello }' }], 'batches'],
    ['null', null, 'object'],
    ['no query', { variables: {} }, '"query"'],
    ['a numeric query', { query: 1 }, '"query"'],
    ['a list of variables', { query: '{ hello }', variables: [] }, '"variables"'],
    ['a numeric operationName', { query: '{ hello }', operationName: 1 }, '"operationName"'],
  ])('refuses %s with a clear error', async (_, sent, said) => {
    const { status, body } = await ask(toy.url, sent)
    expect(status).toBe(400)
    expect(body.errors).toMatchObject([
      { message: expect.stringContaining(said), extensions: { code: 'BAD_REQUEST' } },
    ])
  })

  it('refuses an operation that is not there', async () => {
    const { body } = await ask(toy.url, { query: 'query A { hello }', operationName: 'B' })
    expect(body.errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }])
  })

  it('does not know persisted queries, in the words that clients look for', async () => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: 'abc' } }
    const posted = await ask(toy.url, { extensions })
    const url = `${toy.url}?extensions=${encodeURIComponent(JSON.stringify(extensions))}`
    const got = await fetch(url, { headers: graphqlJson })
    for (const body of [posted.body, await got.json()])
      expect(body).toMatchObject({
        errors: [
          {
            message: 'PersistedQueryNotSupported',
            extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' },
          },
        ],
      })
    const withQuery = await ask(toy.url, { query: '{ hello }', extensions })
    expect(withQuery.body.data).toEqual({ hello: 'Hello, world.' })
  })

  it('refuses malformed variables in a query string', async () => {
    const response = await fetch(`${toy.url}?query={hello}&variables={x`, { headers: graphqlJson })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
  })
})

describe('introspection', () => {
  it.each(['{ __schema { types { name } } }', '{ __type(name: "Job") { name } }'])(
    'is answered in development, and in production refused to who has not signed in: %s',
    async (query) => {
      expect((await toy.ask(query)).body).not.toHaveProperty('errors')
      const refused = await production.ask(query)
      expect(refused.body.errors?.[0]).toMatchObject({ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } })
      expect(refused.body.data ?? null).toBeNull()
    },
  )

  it('leaves __typename in production', async () => {
    expect((await production.ask('{ __typename }')).body).toEqual({ data: { __typename: 'Query' } })
  })
})
