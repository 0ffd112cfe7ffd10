import type { ExecutionResult, GraphQLError } from 'graphql'
import { isAsyncIterable } from 'graphql-yoga'
import { runInRequest } from '../database/request-scope.ts'
import type { LiveStream, StreamSink } from '../live/stream.ts'
import { type Exchange, goneError } from './exchange.ts'
import { formatError } from './format-error.ts'

/** A stream that somebody waits for. */
export interface OpenedStream extends LiveStream {
  /** Of one that is executed for its request: resolves when nothing of that goes on any more. */
  readonly ended?: Promise<void>
}

/** The results of an operation that is executed for the one who asks: one of a query, any number of a subscription. */
export class ExecutedStream implements OpenedStream {
  readonly #results: ExecutionResult | AsyncIterable<ExecutionResult, void>
  readonly #exchange: Exchange
  readonly #present: (error: unknown) => GraphQLError
  readonly #end = Promise.withResolvers<void>()
  #isStarted = false
  #isStopped = false

  constructor(
    results: ExecutionResult | AsyncIterable<ExecutionResult, void>,
    exchange: Exchange,
    present: (error: unknown) => GraphQLError,
  ) {
    this.#results = results
    this.#exchange = exchange
    this.#present = present
  }

  get ended(): Promise<void> {
    return this.#end.promise
  }

  start(sink: StreamSink): void {
    this.#isStarted = true
    void runInRequest(this.#exchange.scope, () => this.#deliver(sink)).finally(this.#end.resolve)
  }

  stop(): void {
    this.#isStopped = true
    this.#exchange.abort(goneError('The client does not wait for the operation.'))
    if (this.#isStarted) return
    if (isAsyncIterable(this.#results)) void this.#results[Symbol.asyncIterator]().return?.()
    this.#end.resolve()
  }

  async #deliver(sink: StreamSink): Promise<void> {
    try {
      if (!isAsyncIterable(this.#results)) {
        if (this.#hand(this.#results, sink)) sink.complete()
        return
      }
      for await (const result of this.#results) {
        if (this.#isStopped || !this.#hand(result, sink)) return
        await this.#turn(sink)
      }
      sink.complete()
    } catch (error) {
      if (!this.#isStopped) sink.fail([this.#present(error)])
    }
  }

  /** Hands over a result; one without `data` says what is wrong with the request, and is the last. */
  #hand({ data, errors, extensions }: ExecutionResult, sink: StreamSink): boolean {
    const presented = errors?.map(this.#present)
    if (data === undefined) {
      sink.fail(presented ?? [])
      return false
    }
    const result = {
      ...(presented && { errors: presented.map(formatError) }),
      data,
      ...(extensions && { extensions }),
    }
    sink.next([{ json: Buffer.from(JSON.stringify(result)), cursor: undefined }])
    return true
  }

  /**
   * Waits until the client has read, so that no more is made than is read; and until others have had their turn, so
   * that a source which has the next result always at hand does not keep them from it.
   */
  async #turn(sink: StreamSink): Promise<void> {
    const { signal } = this.#exchange
    if (!sink.isReady)
      await new Promise<void>((resolve) => {
        sink.onReady(resolve)
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    await new Promise((resolve) => setImmediate(resolve))
  }
}
