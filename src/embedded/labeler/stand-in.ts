/*
 * A Labeler of our own, for development and tests: it answers the API that the platform calls (section by section as the
 * real one does, its oddities included) from a database of its own, and knows nothing of the gateway but the secret that
 * its service tokens are signed with and, for people, the keys that the gateway publishes. It can be told to misbehave.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { Pool } from 'pg'
import { freePort } from '../free-port.ts'
import { prepareLabeler } from './database.ts'
import { PlatformApi } from './platform-api.ts'
import { type Issuer, personOf, userOfServiceToken } from './tokens.ts'

/** How an answer is spoilt. */
export interface Disturbance {
  /** Milliseconds before it is given. */
  readonly delay?: number
  /** It is never given. */
  readonly isSilent?: boolean
  /** The connection is cut. */
  readonly isCut?: boolean
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** In the place of the body, as it is. */
  readonly body?: string
}

/** A request as the API sees it. */
export interface ApiRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: unknown
}

export interface Answer {
  readonly status: number
  readonly body: object
}

export interface LabelerStandIn extends AsyncDisposable {
  /** What LABELER_API_URL names. */
  readonly url: string
  /** Requests that have come in, without health checks: method and path. */
  readonly requests: readonly string[]
  /** Lets answers be spoilt from now on; without one they are good again. */
  disturb(disturbance?: (request: ApiRequest) => Disturbance | undefined): void
  /** Lets the people of an issuer sign in with its tokens for the audience `labeler`. */
  trust(issuer: Issuer): void
}

export interface LabelerStandInOptions {
  /** Its own database. */
  readonly databaseUrl: string
  /** Key of the service tokens. */
  readonly secret: string
  /** Default: a free one. */
  readonly port?: number
}

export async function startLabelerStandIn({
  databaseUrl,
  secret,
  port,
}: LabelerStandInOptions): Promise<LabelerStandIn> {
  await using cleanup = new AsyncDisposableStack()
  const pool = new Pool({ connectionString: databaseUrl, max: 4, application_name: 'labeler' })
  // A database that goes away is told by the statement that fails.
  pool.on('error', () => {})
  cleanup.defer(() => pool.end())
  await prepareLabeler(pool)
  const api = new PlatformApi(pool)
  const requests: string[] = []
  const ending = new AbortController()
  let disturbanceOf: ((request: ApiRequest) => Disturbance | undefined) | undefined
  let issuer: Issuer | undefined

  async function answerTo(request: ApiRequest, authorization: string): Promise<Answer> {
    if (request.path === '/health') return { status: 200, body: { status: 'healthy' } }
    if (request.path === '/api/v1/me') {
      const person = issuer && (await personOf(authorization, issuer))
      return person ? { status: 200, body: person } : unauthorized
    }
    if (!(await userOfServiceToken(authorization, secret))) return unauthorized
    return api.answer(request)
  }

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await read(incoming)
    if (request.path !== '/health') requests.push(`${request.method} ${request.path}`)
    const { delay, isSilent, isCut, status, headers, body } = disturbanceOf?.(request) ?? {}
    if (delay !== undefined) await pause(delay, undefined, { signal: ending.signal })
    if (isSilent) return
    if (isCut) {
      incoming.socket.destroy()
      return
    }
    const answer = await answerTo(request, incoming.headers.authorization ?? '')
    response.writeHead(status ?? answer.status, { 'content-type': 'application/json', ...headers })
    response.end(body ?? JSON.stringify(answer.body))
  }

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => {
      if (!response.headersSent) response.writeHead(500)
      response.end(JSON.stringify({ detail: 'Internal Server Error' }))
    })
  })
  server.listen(port ?? (await freePort()), '127.0.0.1')
  await once(server, 'listening')
  cleanup.defer(async () => {
    ending.abort()
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const owned = cleanup.move()
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    disturb: (disturbance) => {
      disturbanceOf = disturbance
    },
    trust: (given) => {
      issuer = given
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const unauthorized: Answer = { status: 401, body: { detail: 'Could not validate credentials' } }

async function read(incoming: IncomingMessage): Promise<ApiRequest> {
  const url = new URL(incoming.url ?? '/', 'http://labeler')
  const parts: Buffer[] = []
  for await (const part of incoming) parts.push(part as Buffer)
  const text = Buffer.concat(parts).toString()
  let body: unknown
  try {
    body = text === '' ? undefined : JSON.parse(text)
  } catch {
    body = undefined
  }
  return { method: incoming.method ?? 'GET', path: url.pathname, query: url.searchParams, body }
}
