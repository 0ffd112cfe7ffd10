/**
 * One socket that speaks graphql-transport-ws.
 *
 * The messages are graphql-ws's, its server is not: that one hears of a `complete` only when the operation has a result
 * already, so that the statements of a query nobody waits for would run on.
 *
 * A token that is about to expire is renewed in band, and the subscriptions go on: a `ping` with the payload
 * `{authorization: "Bearer …"}` is answered by a `pong` with `{authorization: "renewed", expiresAt}`. Where it cannot be
 * told for now whether the token is good, the answer is `{authorization: "failed", code, retryable}`, and the one before
 * holds on. `expiresAt` is in the payload of `connection_ack`, too.
 *
 * Who breaks the protocol is cut off at once. A socket whose token has ended, or whose server stops, takes no more
 * operations and ends its subscriptions, but first lets queries and mutations finish, as they would over HTTP: `signOut`
 * ends the very token that it came by, and is to be answered nevertheless.
 */
import type { Socket } from 'node:net'
import type { GraphQLErrorExtensions } from 'graphql'
import { type Message, MessageType, parseMessage } from 'graphql-ws'
import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import type { Config } from '../../config/config.ts'
import { TributaryError } from '../../errors/tributary-error.ts'
import type { Clock } from '../clock.ts'
import { type ConnectionSecurity, Credential } from '../credential.ts'
import type { Exchange } from '../exchange.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Graphql } from '../yoga.ts'
import { closeCode } from './close-code.ts'
import { Operations } from './operations.ts'
import { Outlet } from './outlet.ts'
import { Pulse } from './pulse.ts'

export interface ConnectionOptions {
  readonly socket: WebSocket
  /** What the socket runs on. */
  readonly wire: Socket
  /** The upgrade that the socket came from. */
  readonly upgrade: Exchange
  readonly graphql: Graphql
  readonly security: ConnectionSecurity
  readonly clock: Clock
  readonly config: Config
  readonly log: Logger
  readonly metrics: Metrics
}

type Payload = Record<string, unknown> | null | undefined

/** The Authorization that a payload brings along; some clients write it as the header is written. */
const authorizationIn = (payload: Payload): unknown =>
  payload?.authorization ?? payload?.Authorization ?? undefined

/** A message of the protocol; undefined for anything else. */
function readMessage(text: string): Message | undefined {
  try {
    return parseMessage(text)
  } catch {
    return undefined
  }
}

export class Connection {
  readonly #options: ConnectionOptions
  readonly #socket: WebSocket
  readonly #credential: Credential
  readonly #operations: Operations
  readonly #outlet: Outlet
  readonly #pulse: Pulse
  #state: 'new' | 'initialising' | 'acknowledged' = 'new'
  #isRenewing = false
  #stopWaiting = () => {}
  #ending: { readonly code: number; readonly reason: string } | undefined

  constructor(options: ConnectionOptions) {
    const { socket, wire, upgrade, graphql, security, clock, config, log, metrics } = options
    const forbid = (reason: string) => this.end(closeCode.forbidden, reason)
    this.#options = options
    this.#socket = socket
    this.#pulse = new Pulse(socket, wire)
    this.#credential = new Credential({ security, clock, onEnd: forbid })
    this.#outlet = new Outlet({
      socket,
      wire,
      maxUnreadBytes: config.websocket.maxUnreadBytes,
      onUnread: () => this.#close(closeCode.tryAgainLater, 'Messages are not read'),
    })
    this.#operations = new Operations({
      upgrade,
      graphql,
      log,
      metrics,
      limit: config.websocket.maxOperationsPerSocket,
      outlet: this.#outlet,
      onUnauthenticated: () => forbid('Forbidden'),
      onIdle: () => this.#closeIfDone(),
    })
    this.#stopWaiting = clock.after(config.http.receiveTimeoutMs, () => this.#giveUpWaiting())
    socket.on('message', (data) => this.#receive(String(data)))
    // A socket with an error closes by itself, with the code that tells what was wrong.
    socket.on('error', () => {})
    socket.once('close', (code) => {
      this.#stopWaiting()
      this.#stop()
      this.#logEnd(code)
      metrics.observeClose(code)
    })
  }

  /** Lets queries and mutations under way finish, and then closes. */
  end(code: number, reason: string): undefined {
    if (this.#ending) return
    this.#ending = { code, reason }
    this.#operations.cancelSubscriptions()
    this.#closeIfDone()
  }

  /** Drops the socket. */
  terminate(): void {
    this.#stop()
    this.#socket.terminate()
  }

  /** Drops the socket if nobody has been there since the last time. */
  beat(): void {
    this.#pulse.beat()
  }

  #receive(text: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    const message = readMessage(text)
    switch (message?.type) {
      case MessageType.ConnectionInit:
        void this.#initialise(message.payload)
        break
      case MessageType.Ping:
        void this.#answerPing(message.payload)
        break
      case MessageType.Pong:
        break
      case MessageType.Subscribe:
        if (this.#state !== 'acknowledged') this.#close(closeCode.unauthorized, 'Unauthorized')
        else if (this.#operations.has(message.id))
          this.#close(closeCode.subscriberAlreadyExists, 'Subscriber already exists')
        else if (!this.#ending)
          this.#operations.start(message.id, message.payload, this.#credential.authorization)
        break
      case MessageType.Complete:
        this.#operations.cancel(message.id)
        break
      default:
        this.#close(closeCode.badRequest, 'Invalid message received')
    }
  }

  async #initialise(payload: Payload): Promise<void> {
    if (this.#state !== 'new')
      return this.#close(closeCode.tooManyRequests, 'Too many initialisation requests')
    this.#state = 'initialising'
    const { upgrade } = this.#options
    const given = authorizationIn(payload) ?? upgrade.headers.authorization
    try {
      const expiry = await this.#present(given)
      this.#state = 'acknowledged'
      this.#stopWaiting()
      const answer = { connectionId: upgrade.id, ...expiry }
      this.#outlet.send({ type: MessageType.ConnectionAck, payload: answer })
    } catch (error) {
      const { code, retryable } = this.#failure(error)
      if (code === 'UNAUTHENTICATED') this.#close(closeCode.forbidden, 'Forbidden')
      else if (retryable) this.#close(closeCode.tryAgainLater, 'Try again later')
      else this.#close(closeCode.internalError, 'Internal error')
    }
  }

  #giveUpWaiting(): void {
    if (this.#state === 'new')
      this.#close(closeCode.initialisationTimeout, 'Connection initialisation timeout')
    else if (this.#state === 'initialising') this.#close(closeCode.tryAgainLater, 'Try again later')
  }

  async #answerPing(payload: Payload): Promise<void> {
    const given = authorizationIn(payload)
    const answer = given === undefined ? payload : await this.#renew(given)
    if (given !== undefined && !answer) return
    this.#outlet.send({ type: MessageType.Pong, ...(answer && { payload: answer }) })
  }

  /** What a renewal is answered; on a socket that is closed for it, nothing is. */
  async #renew(given: unknown): Promise<Payload> {
    if (this.#state !== 'acknowledged') return this.#close(closeCode.unauthorized, 'Unauthorized')
    if (this.#isRenewing) return this.#close(closeCode.tooManyRequests, 'Too many renewals')
    this.#isRenewing = true
    try {
      return { authorization: 'renewed', ...(await this.#present(given)) }
    } catch (error) {
      const { code, retryable } = this.#failure(error)
      if (code === 'UNAUTHENTICATED') return this.end(closeCode.forbidden, 'Forbidden')
      return { authorization: 'failed', code, retryable }
    } finally {
      this.#isRenewing = false
    }
  }

  async #present(given: unknown): Promise<{ readonly expiresAt?: string }> {
    if (given !== undefined && typeof given !== 'string')
      throw new TributaryError('UNAUTHENTICATED', 'The authorization is not a string.')
    const expiresAt = await this.#credential.present(given)
    return expiresAt ? { expiresAt: expiresAt.toISOString() } : {}
  }

  #failure(error: unknown): GraphQLErrorExtensions {
    const { graphql, upgrade } = this.#options
    return graphql.present(error, upgrade).extensions
  }

  #closeIfDone(): void {
    if (this.#ending && this.#operations.awaited === 0) this.#close(this.#ending.code, this.#ending.reason)
  }

  #close(code: number, reason: string): undefined {
    this.#socket.close(code, reason)
    this.#stop()
  }

  #stop(): undefined {
    this.#credential[Symbol.dispose]()
    this.#operations.cancelAll()
  }

  #logEnd(code: number): void {
    const { log, upgrade } = this.#options
    const { id, path, address, elapsedMs, errorCodes } = upgrade
    log.info(
      {
        requestId: id,
        path,
        address,
        code,
        ms: Math.round(elapsedMs),
        operations: this.#operations.started,
        ...(errorCodes.size > 0 && { errors: [...errorCodes] }),
      },
      'websocket closed',
    )
  }
}
