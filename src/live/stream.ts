import type { GraphQLError } from 'graphql'

/**
 * The result of executing a subscription's selection once, for all who share it: the JSON of an `ExecutionResult`, as
 * bytes that nobody changes.
 */
export interface SharedResult {
  readonly json: Buffer
  /** Where the stream can be taken up again after this result: SSE's `id`. */
  readonly cursor: string | undefined
}

/** Where a subscription's results go: one operation of a WebSocket, or one response of server-sent events. */
export interface StreamSink {
  /** Hands over results in their order; several at once are to leave in one write. */
  next(results: readonly SharedResult[]): void
  /** The last word: the stream cannot go on, and why. */
  fail(errors: readonly GraphQLError[]): void
  /** The last word: there is no more. */
  complete(): void
  /** Whether the client has taken what it was given before, but for what fits into a small buffer. */
  readonly isReady: boolean
  /** Calls once when the client has caught up. */
  onReady(listener: () => void): void
}

/** An opened subscription. It reads no more than its sink is ready for. */
export interface LiveStream {
  /** Begins to deliver. */
  start(sink: StreamSink): void
  /** The client wants no more; nothing is delivered after. */
  stop(): void
}
