import type { GraphQLError } from 'graphql'
import { type Message, MessageType } from 'graphql-ws'
import type { SharedResult, StreamSink } from '../../live/stream.ts'
import { type Exchange, goneError } from '../exchange.ts'
import type { OpenedStream } from '../executed-stream.ts'
import { formatError } from '../format-error.ts'
import type { LoggedExchange } from '../request-log.ts'
import { headOf } from './frames.ts'
import type { Outlet } from './outlet.ts'

/** Whose operations they are. */
export interface OperationHost {
  readonly outlet: Outlet
  /** How many there are at present. */
  readonly awaited: number
  /** The upgrade that the socket came from. */
  readonly upgrade: Exchange
  /** Told when the client does not wait for it any more. */
  onOver(operation: SocketOperation): void
}

export const errorMessage = (id: string, errors: readonly GraphQLError[]) => ({
  id,
  type: MessageType.Error as const,
  payload: errors.map(formatError),
})

/** One operation of a socket, from its `subscribe` to the last word on either side. There may be very many. */
export class SocketOperation implements StreamSink, Disposable {
  readonly id: string
  readonly #host: OperationHost
  readonly #number: number
  readonly #startedAt = performance.now()
  #exchange: Exchange | undefined
  #operation: Exchange['operation']
  #stream: OpenedStream | undefined
  #head = ''
  #isOver = false
  #isCompleted = false

  /** @param number Its number among those of the socket. */
  constructor(id: string, exchange: Exchange, number: number, host: OperationHost) {
    this.id = id
    this.#exchange = exchange
    this.#number = number
    this.#host = host
  }

  /** Whether the client waits for it no more. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Whether the client was told of its end. */
  get isCompleted(): boolean {
    return this.#isCompleted
  }

  /** Whether it is a subscription, or may still turn out to be one. */
  get isSubscription(): boolean {
    const operation = this.#exchange?.operation ?? this.#operation
    return operation === undefined || operation.type === 'subscription'
  }

  /** Whether its results are made for others too, so that nothing of it goes on once it is over. */
  get isShared(): boolean {
    return this.#stream !== undefined && this.#stream.ended === undefined
  }

  /** What the log tells of it. */
  get logged(): LoggedExchange {
    if (this.#exchange) return this.#exchange
    const { id, address, path } = this.#host.upgrade
    return {
      id: `${id}:${this.#number}`,
      method: 'WEBSOCKET',
      path,
      address,
      operation: this.#operation,
      elapsedMs: performance.now() - this.#startedAt,
    }
  }

  /** Lets it have its results. */
  begin(stream: OpenedStream): void {
    this.#stream = stream
    this.#head = headOf(this.id)
    if (!stream.ended) this.#forgetExchange()
    stream.start(this)
  }

  next(results: readonly SharedResult[]): void {
    if (!this.#isOver) this.#host.outlet.deliver(this.#head, results, this.#host.awaited === 1)
  }

  fail(errors: readonly GraphQLError[]): void {
    this.#say(errorMessage(this.id, errors))
  }

  complete(): void {
    this.#say({ id: this.id, type: MessageType.Complete })
  }

  get isReady(): boolean {
    return this.#host.outlet.isReady
  }

  onReady(listener: () => void): void {
    this.#host.outlet.onReady(listener)
  }

  /** The client does not wait for it; nothing more is said of it. */
  cancel(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#exchange?.abort(goneError('The client does not wait for the operation.'))
    this.#stream?.stop()
    this.#host.onOver(this)
  }

  /** Says the last word. The id is free before the client can have read it. */
  #say(message: Message): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#isCompleted = this.#host.outlet.send(message)
    this.#host.onOver(this)
  }

  [Symbol.dispose](): void {
    this.#exchange?.[Symbol.dispose]()
  }

  /** A stream that many share outlives each one's request by far. */
  #forgetExchange(): void {
    this.#operation = this.#exchange?.operation
    this[Symbol.dispose]()
    this.#exchange = undefined
  }
}
