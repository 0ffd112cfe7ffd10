import { once, setMaxListeners } from 'node:events'
import { type Logger, pino } from 'pino'
import { readConfig } from '../../src/config/config.ts'
import { TributaryError } from '../../src/errors/tributary-error.ts'
import type { LiveEngine } from '../../src/live/stream.ts'
import type { Admission } from '../../src/server/admission.ts'
import type { Clock } from '../../src/server/clock.ts'
import type { ConnectionSecurity } from '../../src/server/credential.ts'
import type { HealthReport } from '../../src/server/health.ts'
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../../src/server/http.ts'
import { toySchema } from './toy-schema.ts'

export interface LogLine extends Record<string, unknown> {
  readonly msg: string
}

/** A running server over the toy schema, with its log and its resolvers' events. */
export interface ToyServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly server: HttpServer
  readonly events: EventTarget
  readonly log: readonly LogLine[]
  /** The first log line, past or to come, that fits. */
  logged(fits: (line: LogLine) => boolean): Promise<LogLine>
  /** POSTs a GraphQL request and reads the answer. */
  ask(
    query: string,
    variables?: Record<string, unknown>,
    headers?: Record<string, string>,
  ): Promise<ToyAnswer>
}

export interface ToyAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: {
    data?: Record<string, unknown> | null
    errors?: { message: string; path?: unknown; extensions: Record<string, unknown> }[]
  }
}

const healthy: HealthReport = {
  sources: [
    {
      name: 'platform',
      status: 'AVAILABLE',
      differences: 0,
      pool: { size: 5, active: 1, idle: 2, waiting: 0 },
    },
  ],
}

export interface ToyOptions {
  /** The server's environment; PORT is 0 unless it says otherwise. */
  readonly env?: Record<string, string>
  readonly health?: () => HealthReport
  readonly connection?: ConnectionSecurity
  readonly clock?: Clock
  readonly admission?: Admission
  readonly live?: LiveEngine
  readonly captures?: NonNullable<HttpServerOptions['captures']>
}

export async function startToyServer({
  env,
  health = () => healthy,
  connection,
  clock,
  admission,
  live,
  captures,
}: ToyOptions = {}): Promise<ToyServer> {
  const config = readConfig({ PORT: '0', ...env })
  const events = new EventTarget()
  // Every stream that a test opens listens, and stops with its stream.
  setMaxListeners(0, events)
  const lines: LogLine[] = []
  const log: Logger = pino(
    { level: 'info' },
    {
      write: (text: string) => {
        lines.push(JSON.parse(text))
        events.dispatchEvent(new Event('logged'))
      },
    },
  )
  const server = createHttpServer({
    config,
    schema: toySchema,
    context: (request) => {
      if (request.headers['x-context'] === 'fails') throw new Error('password=hunter2')
      if (request.headers['x-context'] === 'unauthenticated')
        throw new TributaryError('UNAUTHENTICATED', 'Sign in again.')
      return { request, events }
    },
    health,
    log,
    ...(connection && { connection }),
    ...(clock && { clock }),
    ...(admission && { admission }),
    ...(live && { live }),
    ...(captures && { captures }),
    graphiql: { defaultQuery: '{ hello }' },
  })
  const { url, port } = await server.listen()
  return {
    url,
    port,
    server,
    events,
    log: lines,
    async logged(fits) {
      for (;;) {
        const line = lines.find(fits)
        if (line) return line
        await once(events, 'logged')
      }
    },
    ask: (query, variables, headers) => ask(url, { query, variables }, headers),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** POSTs a JSON body and reads the answer as JSON. */
export async function ask(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<ToyAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) }
}
