/**
 * The operations of one socket.
 *
 * Clients name operations by ids of their own, and may use an id again as soon as they have completed it, while what it
 * named is still being stopped. So an id alone does not tell whose answer it is: an operation is answered only while it
 * is itself the one that stands under its id. Those that stand under none count until they have come to an end, lest
 * a client run any number by completing them at once.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { SubscribePayload } from 'graphql-ws'
import type { Logger } from 'pino'
import { TributaryError } from '../../errors/tributary-error.ts'
import { Exchange } from '../exchange.ts'
import type { OpenedStream } from '../executed-stream.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { openOperation, presentFailure } from '../operation.ts'
import { logRequest } from '../request-log.ts'
import type { Graphql } from '../yoga.ts'
import type { Outlet } from './outlet.ts'
import { tooManyOperations } from './refusals.ts'
import { errorMessage, type OperationHost, SocketOperation } from './socket-operation.ts'

export interface OperationsOptions {
  /** The upgrade that the socket came from. */
  readonly upgrade: Exchange
  readonly graphql: Graphql
  readonly log: Logger
  readonly metrics: Metrics
  /** How many may run at once. */
  readonly limit: number
  readonly outlet: Outlet
  /** Told that the credential is not accepted any more. */
  readonly onUnauthenticated: () => void
  /** Told whenever the client waits for none any more. */
  readonly onIdle: () => void
}

const isUnauthenticated = (error: unknown) =>
  error instanceof TributaryError && error.code === 'UNAUTHENTICATED'

export class Operations implements OperationHost {
  readonly #options: OperationsOptions
  readonly #awaited = new Map<string, SocketOperation>()
  #running = 0
  #started = 0

  constructor(options: OperationsOptions) {
    this.#options = options
  }

  /** How many the client waits for. */
  get awaited(): number {
    return this.#awaited.size
  }

  /** How many there have been. */
  get started(): number {
    return this.#started
  }

  get outlet(): Outlet {
    return this.#options.outlet
  }

  get upgrade(): Exchange {
    return this.#options.upgrade
  }

  has(id: string): boolean {
    return this.#awaited.has(id)
  }

  /** Starts an operation that no other has the id of. */
  start(id: string, payload: SubscribePayload, authorization: string | undefined): void {
    const { limit, outlet, log } = this.#options
    if (this.#running >= limit) {
      outlet.send(errorMessage(id, [tooManyOperations(limit)]))
      return
    }
    this.#started++
    this.#running++
    const exchange = this.#exchange(authorization)
    const operation = new SocketOperation(id, exchange, this.#started, this)
    this.#awaited.set(id, operation)
    this.#open(operation, exchange, payload).catch((error: unknown) =>
      log.error({ requestId: exchange.id, err: error }, 'an operation could not be answered'),
    )
  }

  /** Stops an operation, if it runs; nothing more is said of it. */
  cancel(id: string): void {
    this.#awaited.get(id)?.cancel()
  }

  cancelAll(): void {
    for (const operation of this.#awaited.values()) operation.cancel()
  }

  /** Stops all but the queries and mutations that are being executed. */
  cancelSubscriptions(): void {
    for (const operation of this.#awaited.values()) if (operation.isSubscription) operation.cancel()
  }

  onOver(operation: SocketOperation): void {
    this.#awaited.delete(operation.id)
    if (operation.isShared) this.#settle(operation)
  }

  #exchange(authorization: string | undefined): Exchange {
    const { id, headers, address, path } = this.#options.upgrade
    const { authorization: _, ...others } = headers
    const present: IncomingHttpHeaders = authorization === undefined ? others : { ...others, authorization }
    return new Exchange({
      id: `${id}:${this.#started}`,
      headers: present,
      address,
      method: 'WEBSOCKET',
      path,
    })
  }

  async #open(operation: SocketOperation, exchange: Exchange, payload: SubscribePayload): Promise<void> {
    const stream = await this.#stream(operation, exchange, payload)
    if (stream && !operation.isOver) {
      operation.begin(stream)
      // One that is shared is settled when it is over.
      if (!stream.ended) return
    } else stream?.stop()
    await stream?.ended
    this.#settle(operation)
  }

  /** The stream of an operation; undefined where there is none, which the operation then has been told. */
  async #stream(
    operation: SocketOperation,
    exchange: Exchange,
    payload: SubscribePayload,
  ): Promise<OpenedStream | undefined> {
    const { graphql, onUnauthenticated } = this.#options
    try {
      return await openOperation(graphql, exchange, payload)
    } catch (error) {
      // Until something is executed nobody but the context asks who it is, and it asks about the socket's credential.
      if (isUnauthenticated(error) && !exchange.operation) onUnauthenticated()
      if (!operation.isOver) operation.fail(presentFailure(graphql, exchange, error))
      return undefined
    }
  }

  /** Nothing of an operation goes on any more. */
  #settle(operation: SocketOperation): void {
    this.#running--
    operation[Symbol.dispose]()
    const { log, metrics, onIdle } = this.#options
    const { logged, isCompleted: completed } = operation
    logRequest(log, logged, { completed })
    metrics.observe(logged, { completed })
    if (this.awaited === 0) onIdle()
  }
}
