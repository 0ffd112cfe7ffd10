/**
 * The operations of one socket.
 *
 * Clients name operations by ids of their own, and may use an id again as soon as they have completed it, while what it
 * named is still being stopped. So an id alone does not tell whose answer it is: an operation is answered only while it
 * is itself the one that stands under its id. Those that stand under none count until they have come to an end, lest
 * a client run any number by completing them at once.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { GraphQLError } from 'graphql'
import { type Message, MessageType, type SubscribePayload } from 'graphql-ws'
import type { Logger } from 'pino'
import { runInRequest } from '../../database/request-scope.ts'
import { TributaryError } from '../../errors/tributary-error.ts'
import { Exchange, goneError } from '../exchange.ts'
import { logRequest } from '../request-log.ts'
import type { Graphql } from '../yoga.ts'
import { formatError, perform } from './operation.ts'
import { tooManyOperations } from './refusals.ts'

export interface OperationsOptions {
  /** The upgrade that the socket came from. */
  readonly upgrade: Exchange
  readonly graphql: Graphql
  readonly log: Logger
  /** How many may run at once. */
  readonly limit: number
  /** Sends a message; resolves when it is on its way, or never will be. */
  readonly send: (message: Message) => Promise<void>
  /** Told that the credential is not accepted any more. */
  readonly onUnauthenticated: () => void
  /** Told whenever the client waits for none any more. */
  readonly onIdle: () => void
}

const isUnauthenticated = (error: unknown) =>
  error instanceof TributaryError && error.code === 'UNAUTHENTICATED'

export class Operations {
  readonly #options: OperationsOptions
  readonly #awaited = new Map<string, Exchange>()
  #running = 0
  #started = 0

  constructor(options: OperationsOptions) {
    this.#options = options
  }

  /** Whether the client waits for none. */
  get isIdle(): boolean {
    return this.#awaited.size === 0
  }

  /** How many there have been. */
  get started(): number {
    return this.#started
  }

  has(id: string): boolean {
    return this.#awaited.has(id)
  }

  /** Starts an operation that no other has the id of. */
  start(id: string, payload: SubscribePayload, authorization: string | undefined): void {
    const { limit, send, log } = this.#options
    if (this.#running >= limit) {
      void send(errorMessage(id, [tooManyOperations(limit)]))
      return
    }
    const exchange = this.#exchange(authorization)
    this.#awaited.set(id, exchange)
    this.#running++
    runInRequest(exchange.scope, () => this.#run(id, payload, exchange)).catch((error: unknown) =>
      log.error({ requestId: exchange.id, err: error }, 'an operation could not be answered'),
    )
  }

  /** Stops an operation, if it runs; nothing more is said of it. */
  cancel(id: string): void {
    const exchange = this.#awaited.get(id)
    this.#awaited.delete(id)
    exchange?.abort(goneError('The client does not wait for the operation.'))
  }

  cancelAll(): void {
    for (const id of this.#awaited.keys()) this.cancel(id)
  }

  /** Stops all but the queries and mutations that are being executed. */
  cancelSubscriptions(): void {
    for (const [id, { operation }] of this.#awaited)
      if (operation === undefined || operation.type === 'subscription') this.cancel(id)
  }

  #exchange(authorization: string | undefined): Exchange {
    const { id, headers, address, path } = this.#options.upgrade
    const { authorization: _, ...others } = headers
    const present: IncomingHttpHeaders = authorization === undefined ? others : { ...others, authorization }
    this.#started++
    return new Exchange({
      id: `${id}:${this.#started}`,
      headers: present,
      address,
      method: 'WEBSOCKET',
      path,
    })
  }

  async #run(id: string, payload: SubscribePayload, exchange: Exchange): Promise<void> {
    let completed = false
    try {
      completed = await this.#answer(id, payload, exchange)
    } catch (error) {
      // Until something is executed nobody but the context asks who it is, and it asks about the socket's credential.
      if (isUnauthenticated(error) && !exchange.operation) this.#options.onUnauthenticated()
      completed = await this.#fail(id, exchange, error)
    } finally {
      exchange[Symbol.dispose]()
      logRequest(this.#options.log, exchange, { completed })
      this.#running--
      if (this.isIdle) this.#options.onIdle()
    }
  }

  /** Whether it could say the last word. */
  async #answer(id: string, payload: SubscribePayload, exchange: Exchange): Promise<boolean> {
    const { graphql, send } = this.#options
    for await (const { data, errors, extensions } of perform(graphql.pipeline(exchange), payload)) {
      if (!this.#isAwaited(id, exchange)) return false
      const presented = errors?.map((error) => graphql.present(error, exchange))
      if (data === undefined) return await this.#finish(exchange, errorMessage(id, presented ?? []))
      const result = {
        data,
        ...(presented && { errors: presented.map(formatError) }),
        ...(extensions && { extensions }),
      }
      await send({ id, type: MessageType.Next, payload: result })
    }
    return await this.#finish(exchange, { id, type: MessageType.Complete })
  }

  async #fail(id: string, exchange: Exchange, error: unknown): Promise<boolean> {
    const { graphql } = this.#options
    if (!this.#isAwaited(id, exchange)) return false
    const errors: unknown[] = error instanceof AggregateError ? error.errors : [error]
    const presented = errors.map((each) => graphql.present(each, exchange))
    return await this.#finish(exchange, errorMessage(id, presented))
  }

  /** Says the last word of an operation, if it is awaited. Its id is free as soon as the client may have read that. */
  async #finish(exchange: Exchange, message: Message & { readonly id: string }): Promise<boolean> {
    if (!this.#isAwaited(message.id, exchange)) return false
    this.#awaited.delete(message.id)
    await this.#options.send(message)
    return true
  }

  #isAwaited(id: string, exchange: Exchange): boolean {
    return this.#awaited.get(id) === exchange
  }
}

const errorMessage = (id: string, errors: readonly GraphQLError[]) => ({
  id,
  type: MessageType.Error as const,
  payload: errors.map(formatError),
})
