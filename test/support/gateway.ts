import { randomUUID } from 'node:crypto'
import { EventEmitter, on } from 'node:events'
import { readConfig } from '../../src/config/config.ts'
import { createLogger } from '../../src/config/logger.ts'
import { type BySource, sourceNames } from '../../src/config/source-names.ts'
import { startGateway as start } from '../../src/gateway.ts'
import type { GraphiqlOptions } from '../../src/server/graphiql/page.ts'
import { everyone } from './everyone.ts'

export interface Answer<T = Record<string, unknown>> {
  readonly data?: T | null
  readonly errors?: readonly {
    readonly message: string
    readonly path?: readonly (string | number)[]
    readonly extensions?: Readonly<Record<string, unknown>>
  }[]
}

/** A line of the gateway's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: string }

/** A gateway that really listens, and a client of it. */
export interface TestGateway extends AsyncDisposable {
  readonly url: string
  /** Whatever the answer, errors and all. */
  execute<T = Record<string, never>>(document: string, variables?: object): Promise<Answer<T>>
  /** The data of an answer; throws with document, variables and answer when it has errors. */
  query<T = Record<string, never>>(document: string, variables?: object): Promise<T>
  /** The data, and how many statements each source was sent for it, as the gateway's log says. */
  measure<T = Record<string, never>>(
    document: string,
    variables?: object,
  ): Promise<{ data: T; statements: Record<string, number> }>
  /** Waits for a line of the log. */
  logged(matches: (line: LogLine) => boolean): Promise<LogLine>
  readonly log: readonly LogLine[]
}

export interface TestGatewayOptions {
  /** URLs by source; a source without one is not configured. */
  readonly urls: Partial<BySource<string>>
  /** Further variables of the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Whether who comes without credentials sees every row, so that a test of rows need not sign in. Default true. */
  readonly open?: boolean
  /** What GraphiQL shows and offers. */
  readonly graphiql?: GraphiqlOptions
}

/** Starts a gateway over databases on a free port. */
export async function startGateway({
  urls,
  env = {},
  open = true,
  graphiql,
}: TestGatewayOptions): Promise<TestGateway> {
  const log: LogLine[] = []
  const lines = new EventEmitter()
  const destination = {
    write(text: string) {
      const line = JSON.parse(text) as LogLine
      log.push(line)
      lines.emit('line', line)
    },
  }
  const config = readConfig({
    PORT: '0',
    NODE_ENV: 'development',
    // Nothing is published in a test's databases unless it does so itself.
    CAPTURE: 'off',
    ...Object.fromEntries(
      sourceNames.flatMap(({ name, variable }) => (urls[name] ? [[variable, urls[name]]] : [])),
    ),
    ...env,
  })
  const gateway = await start({
    config,
    log: createLogger({ ...config.log, format: 'json' }, destination),
    ...(open && { visitor: everyone }),
    ...(graphiql && { graphiql }),
  })

  async function send(document: string, variables: object | undefined, requestId: string): Promise<Answer> {
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': requestId },
      body: JSON.stringify({ query: document, variables }),
    })
    return (await response.json()) as Answer
  }

  function dataOf<T>(document: string, variables: object | undefined, answer: Answer): T {
    if (answer.errors || !answer.data)
      throw new Error(
        ['The query failed.', document, JSON.stringify(variables), JSON.stringify(answer, null, 2)].join(
          '\n',
        ),
      )
    return answer.data as T
  }

  async function logged(matches: (line: LogLine) => boolean): Promise<LogLine> {
    const coming = on(lines, 'line')
    const found = log.find(matches)
    if (found) return found
    for await (const [line] of coming) if (matches(line)) return line
    throw new Error('The log ended.')
  }

  return {
    url: gateway.url,
    log,
    logged,
    execute: async <T>(document: string, variables?: object) =>
      (await send(document, variables, randomUUID())) as Answer<T>,
    query: async <T>(document: string, variables?: object) =>
      dataOf<T>(document, variables, await send(document, variables, randomUUID())),
    measure: async <T>(document: string, variables?: object) => {
      const requestId = randomUUID()
      const data = dataOf<T>(document, variables, await send(document, variables, requestId))
      const line = await logged((one) => one.requestId === requestId)
      return { data, statements: line.statements as Record<string, number> }
    },
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  }
}
