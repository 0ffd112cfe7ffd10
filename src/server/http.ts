import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { runInRequest } from '../database/request-scope.ts'
import { answerError, answerJson } from './answer.ts'
import { answerOptions, setCorsHeaders } from './cors.ts'
import { refuseCrossSite } from './cross-site.ts'
import { Exchange } from './exchange.ts'
import { asksForPage, createGraphiql, type Graphiql } from './graphiql.ts'
import { type HealthReport, healthAnswer } from './health.ts'
import { type Address, listen } from './listen.ts'
import { requireJson } from './media-type.ts'
import { presentError } from './present-error.ts'
import { requestError } from './request-error.ts'
import { logRequest } from './request-log.ts'
import { setSecurityHeaders } from './security-headers.ts'
import { createGraphqlHandler, type GraphqlHandler, type GraphqlOptions } from './yoga.ts'

export interface HttpServerOptions extends GraphqlOptions {
  /** How the sources are, asked at every look at /health. */
  readonly health: () => HealthReport
  /** What GraphiQL's first tab holds. */
  readonly defaultQuery?: string
}

const maxHeaderBytes = 16 * 1024
/** How long a connection may stand still in the midst of an answer, beyond the time for making one. */
const stallMs = 30_000

/** Why work is ended whose answer nobody will read; Yoga answers and logs nothing for an AbortError. */
const goneError = (message: string) => new DOMException(message, 'AbortError')

/** GraphQL and health over HTTP. Made by `createHttpServer`. */
export class HttpServer implements AsyncDisposable {
  readonly #options: HttpServerOptions
  readonly #server: Server
  readonly #graphql: GraphqlHandler
  readonly #graphiql: Graphiql
  readonly #underWay = new Map<Exchange, ServerResponse>()
  #draining: Promise<void> | undefined

  constructor(options: HttpServerOptions) {
    const { receiveTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = options.config.http
    this.#options = options
    this.#graphql = createGraphqlHandler(options)
    this.#graphiql = createGraphiql(options.defaultQuery)
    this.#server = createServer(
      {
        maxHeaderSize: maxHeaderBytes,
        headersTimeout: receiveTimeoutMs,
        requestTimeout: receiveTimeoutMs,
        keepAliveTimeout: keepAliveTimeoutMs,
        connectionsCheckingInterval: Math.min(1000, receiveTimeoutMs),
      },
      (request, response) => this.#receive(request, response),
    )
    this.#server.timeout = requestTimeoutMs + stallMs
  }

  /** Whether the server is being stopped. */
  get draining(): boolean {
    return this.#draining !== undefined
  }

  /**
   * Starts to listen where the configuration says.
   *
   * @throws TributaryError PORT_TAKEN or CONFIG_INVALID.
   */
  listen(): Promise<Address> {
    return listen(this.#server, this.#options.config.http)
  }

  /**
   * Stops: takes no new connection, says that it is not ready, ends subscriptions, lets requests under way
   * finish for as long as the grace lasts, and closes every connection. Resolves when none is left.
   */
  drain(): Promise<void> {
    this.#draining ??= this.#drain()
    return this.#draining
  }

  /** Closes at once, whatever is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    const drained = this.drain()
    this.#cut()
    await drained
  }

  async #drain(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const [exchange, response] of this.#underWay) {
      if (!response.headersSent) response.setHeader('connection', 'close')
      if (exchange.operation?.type === 'subscription') response.destroy()
    }
    const grace = setTimeout(() => this.#cut(), this.#options.config.http.shutdownGraceMs)
    await closed
    clearTimeout(grace)
  }

  /** Ends every request under way and every connection. */
  #cut(): void {
    for (const exchange of this.#underWay.keys()) exchange.abort(goneError('The server stops.'))
    this.#server.closeAllConnections()
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const { config, log } = this.#options
    const exchange = new Exchange(request, config.http.trustedProxies)
    this.#underWay.set(exchange, response)
    response.once('close', () => {
      this.#underWay.delete(exchange)
      if (!response.writableFinished) exchange.abort(goneError('The client went away.'))
      exchange[Symbol.dispose]()
      logRequest(log, exchange, response)
      if (this.draining) this.#server.closeIdleConnections()
    })
    response.setHeader('x-request-id', exchange.id)
    if (this.draining) response.setHeader('connection', 'close')
    setSecurityHeaders(response)
    setCorsHeaders(request, response, config.http.corsOrigins)
    this.#route(request, response, exchange).catch((error: unknown) => this.#fail(response, exchange, error))
  }

  async #route(request: IncomingMessage, response: ServerResponse, exchange: Exchange): Promise<void> {
    if (!URL.canParse(request.url ?? '', `http://${request.headers.host ?? 'localhost'}`))
      throw requestError('BAD_REQUEST', 'The request line or the Host header makes no URL.')
    if (request.method === 'OPTIONS') answerOptions(response)
    else if (exchange.path === '/graphql') await this.#answerGraphql(request, response, exchange)
    else this.#answerHealth(request, response, exchange)
  }

  async #answerGraphql(
    request: IncomingMessage,
    response: ServerResponse,
    exchange: Exchange,
  ): Promise<void> {
    const { graphql, http } = this.#options.config
    if (graphql.graphiql && asksForPage(request)) return this.#graphiql.answer(response)
    refuseCrossSite(request, http.corsOrigins)
    requireJson(request)
    await runInRequest(exchange.scope, () => this.#graphql(request, response, exchange))
  }

  #answerHealth(request: IncomingMessage, response: ServerResponse, { path }: Exchange): void {
    const answer = healthAnswer(path, this.#options.health, this.draining)
    if (!answer) throw requestError('NOT_FOUND', 'There is nothing here. GraphQL is at /graphql.')
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw requestError('METHOD_NOT_ALLOWED', 'Health is asked by GET or HEAD.', { allow: 'GET, HEAD' })
    answerJson(response, answer.status, answer.body)
  }

  #fail(response: ServerResponse, exchange: Exchange, error: unknown): void {
    const { config, log } = this.#options
    const presented = presentError(error, {
      suggestions: config.graphql.suggestions,
      report: ({ errorId, error: hidden }) =>
        log.error({ requestId: exchange.id, errorId, err: hidden }, 'unexpected error'),
    })
    exchange.errorCodes.add(String(presented.extensions.code))
    if (response.headersSent) response.destroy()
    else answerError(response, presented)
  }
}

/** The HTTP server over a schema. It listens when it is told to. */
export const createHttpServer = (options: HttpServerOptions): HttpServer => new HttpServer(options)
