import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { runInRequest } from '../database/request-scope.ts'
import { Admission } from './admission.ts'
import { answerError, answerJson } from './answer.ts'
import { type Clock, systemClock } from './clock.ts'
import { answerOptions, setCorsHeaders } from './cors.ts'
import { type ConnectionSecurity, openSecurity } from './credential.ts'
import { refuseCrossSite } from './cross-site.ts'
import { Exchange, goneError } from './exchange.ts'
import { asksForPage, createGraphiql, type Graphiql, type GraphiqlOptions } from './graphiql/page.ts'
import { type HealthReport, healthAnswer } from './health.ts'
import { type Address, listen } from './listen.ts'
import { answerMalformed } from './malformed.ts'
import { requireJson } from './media-type.ts'
import { answerMetrics } from './metrics/answer-metrics.ts'
import { type CaptureHealth, Metrics } from './metrics/metrics.ts'
import { bears, isLocal } from './operator.ts'
import { Parameters } from './parameters.ts'
import { refuseRepeated } from './repeated-headers.ts'
import { requestError } from './request-error.ts'
import { logRequest, type Outcome } from './request-log.ts'
import { normaliseTarget } from './request-target.ts'
import { setSecurityHeaders } from './security-headers.ts'
import { EventStreams } from './sse/event-streams.ts'
import { refusalOf } from './websocket/refusals.ts'
import { GraphqlWebSockets } from './websocket/websocket-server.ts'
import { answerWellKnown, type WellKnown } from './well-known.ts'
import { createGraphql, type Graphql, type GraphqlOptions } from './yoga.ts'

export interface HttpServerOptions extends GraphqlOptions {
  /** How the sources are, asked at every look at /health. */
  readonly health: () => HealthReport
  /** How changes are captured, asked at every look at /metrics. */
  readonly captures?: () => Promise<readonly CaptureHealth[]>
  /** What checkers of the gateway's tokens are told; without it nothing. */
  readonly wellKnown?: WellKnown
  /** How WebSockets are authorized; without it nobody is known, and none expires. */
  readonly connection?: ConnectionSecurity
  /** The time by which they expire. Default the real one. */
  readonly clock?: Clock
  /** What GraphiQL shows and offers. */
  readonly graphiql?: GraphiqlOptions
}

const maxHeaderBytes = 16 * 1024
/** How long a connection may stand still in the midst of an answer, beyond the time for making one. */
const stallMs = 30_000

/** GraphQL, health and metrics over HTTP. Made by `createHttpServer`. */
export class HttpServer implements AsyncDisposable {
  readonly #options: HttpServerOptions
  readonly #server: Server
  readonly #graphql: Graphql
  readonly #graphiql: Graphiql
  readonly #webSockets: GraphqlWebSockets
  readonly #eventStreams: EventStreams
  readonly #metrics: Metrics
  readonly #underWay = new Map<Exchange, ServerResponse>()
  #draining: Promise<void> | undefined

  constructor(options: HttpServerOptions) {
    const { receiveTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs } = options.config.http
    this.#options = options
    const admission = options.admission ?? new Admission(options.config.admission)
    this.#graphql = createGraphql({ ...options, admission })
    this.#graphiql = createGraphiql(options.graphiql)
    this.#metrics = new Metrics({
      sources: () => options.health().sources,
      admission,
      connections: () => ({ webSockets: this.#webSockets.size, eventStreams: this.#eventStreams.size }),
      ...(options.captures && { captures: options.captures }),
      ...(options.live && { live: options.live.counters }),
    })
    const streaming = {
      ...options,
      metrics: this.#metrics,
      graphql: this.#graphql,
      security: options.connection ?? openSecurity,
      clock: options.clock ?? systemClock,
    }
    this.#webSockets = new GraphqlWebSockets(streaming)
    this.#eventStreams = new EventStreams(streaming)
    this.#server = createServer(
      {
        maxHeaderSize: maxHeaderBytes,
        headersTimeout: receiveTimeoutMs,
        requestTimeout: receiveTimeoutMs,
        keepAliveTimeout: keepAliveTimeoutMs,
        connectionsCheckingInterval: Math.min(1000, receiveTimeoutMs),
        // Others, such as an offer of HTTP/2, are turned down by going on without.
        shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
      },
      (request, response) =>
        this.#receive(request, response, (exchange) => this.#route(request, response, exchange)),
    )
    this.#server.timeout = requestTimeoutMs + stallMs
    this.#server.on('clientError', (error, socket) =>
      answerMalformed(
        error,
        socket,
        [...this.#underWay.values()].filter((response) => response.req.socket === socket),
      ),
    )
    this.#server.on('checkExpectation', (request, response) =>
      this.#receive(request, response, async () => {
        throw requestError('EXPECTATION_FAILED', 'The only expectation that can be met is 100-continue.')
      }),
    )
    this.#server.on('upgrade', (request, _, head) => this.#upgrade(request, head))
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
    const windowMs = this.#options.config.http.shutdownGraceMs / 2
    this.#webSockets.drain(windowMs)
    this.#eventStreams.drain(windowMs)
    for (const response of this.#underWay.values())
      if (!response.headersSent) response.setHeader('connection', 'close')
    const grace = setTimeout(() => this.#cut(), this.#options.config.http.shutdownGraceMs)
    await closed
    clearTimeout(grace)
  }

  /** Ends every request under way and every connection. */
  #cut(): void {
    for (const exchange of this.#underWay.keys()) exchange.abort(goneError('The server stops.'))
    this.#webSockets.terminate()
    this.#server.closeAllConnections()
  }

  #receive(
    request: IncomingMessage,
    response: ServerResponse,
    answer: (exchange: Exchange) => Promise<void>,
  ): void {
    const { config } = this.#options
    normaliseTarget(request)
    const exchange = Exchange.of(request, config.http.trustedProxies)
    this.#underWay.set(exchange, response)
    response.once('close', () => {
      this.#underWay.delete(exchange)
      const completed = response.writableFinished
      if (!completed) exchange.abort(goneError('The client went away.'))
      exchange[Symbol.dispose]()
      this.#over(exchange, { ...(response.headersSent && { status: response.statusCode }), completed })
      if (this.draining) this.#server.closeIdleConnections()
    })
    response.setHeader('x-request-id', exchange.id)
    if (this.draining) response.setHeader('connection', 'close')
    setSecurityHeaders(response)
    setCorsHeaders(request, response, config.http.corsOrigins)
    answer(exchange).catch((error: unknown) => this.#fail(response, exchange, error))
  }

  #upgrade(request: IncomingMessage, head: Buffer): void {
    normaliseTarget(request)
    const exchange = Exchange.of(request, this.#options.config.http.trustedProxies)
    try {
      refuseRepeated(request)
      this.#webSockets.accept(request, head, exchange)
    } catch (error) {
      const response = refusalOf(request)
      response.once('close', () =>
        this.#over(exchange, { status: response.statusCode, completed: response.writableFinished }),
      )
      response.setHeader('x-request-id', exchange.id)
      setSecurityHeaders(response)
      this.#fail(response, exchange, error)
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse, exchange: Exchange): Promise<void> {
    refuseRepeated(request)
    if (!URL.canParse(request.url ?? '', `http://${request.headers.host ?? 'localhost'}`))
      throw requestError('BAD_REQUEST', 'The request line or the Host header makes no URL.')
    const { wellKnown } = this.#options
    if (wellKnown && answerWellKnown(request, response, wellKnown)) return
    if (request.method === 'OPTIONS') answerOptions(response)
    else if (exchange.path === '/graphql') await this.#answerGraphql(request, response, exchange)
    else if (exchange.path === '/metrics')
      await answerMetrics(request, response, {
        metrics: this.#metrics,
        token: this.#options.config.http.metricsToken,
      })
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
    const parameters = new Parameters(request, http.maxBodyBytes)
    if (await this.#eventStreams.answers(request, exchange, parameters))
      await this.#eventStreams.answer(response, exchange, parameters)
    else
      await runInRequest(exchange.scope, () =>
        this.#graphql.answer(request, response, { exchange, parameters }),
      )
  }

  #answerHealth(request: IncomingMessage, response: ServerResponse, { path }: Exchange): void {
    const { metricsToken } = this.#options.config.http
    const isOperator = isLocal(request) || (metricsToken !== undefined && bears(request, metricsToken))
    const answer = healthAnswer(path, this.#options.health, { draining: this.draining, isOperator })
    if (!answer) throw requestError('NOT_FOUND', 'There is nothing here. GraphQL is at /graphql.')
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw requestError('METHOD_NOT_ALLOWED', 'Health is asked by GET or HEAD.', { allow: 'GET, HEAD' })
    answerJson(response, answer.status, answer.body)
  }

  #over(exchange: Exchange, outcome: Outcome): void {
    logRequest(this.#options.log, exchange, outcome)
    this.#metrics.observe(exchange, outcome)
  }

  #fail(response: ServerResponse, exchange: Exchange, error: unknown): void {
    const presented = this.#graphql.present(error, exchange)
    if (response.headersSent) response.destroy()
    else answerError(response, presented)
  }
}

/** The HTTP server over a schema. It listens when it is told to. */
export const createHttpServer = (options: HttpServerOptions): HttpServer => new HttpServer(options)
