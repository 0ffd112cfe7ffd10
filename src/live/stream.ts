import type { DocumentNode, GraphQLError } from 'graphql'

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

/** A subscription that somebody asks for, by whichever transport: its document is valid, and within the limits. */
export interface LiveRequest {
  readonly document: DocumentNode
  readonly operationName: string | undefined
  /** Variables as they were sent. */
  readonly variables: Readonly<Record<string, unknown>> | undefined
  /** What resolvers get, made for the one who asks. Who keeps it keeps all that the request has loaded. */
  readonly context: object
  /** Where to go on: SSE's `Last-Event-ID`. An `after` among the arguments says it better. */
  readonly lastEventId: string | undefined
  /** Makes of an error what clients may see of it. The same function for every request, so it may be kept. */
  readonly present: (error: unknown) => GraphQLError
}

/** What has been done since the start, and what there is now; numbers that only the engine changes. */
export interface LiveCounters {
  /** Subscriptions that are open. */
  readonly streams: number
  /** Sets of them that share their results. */
  readonly groups: number
  /** Results that were executed, once a group. */
  readonly executions: number
  /** Results that were handed to sinks. */
  readonly deliveries: number
  /** Changes that a client did not get as such, by the reason: conflated, resynchronised, ended for being slow … */
  readonly drops: Readonly<Record<string, number>>
}

/** Whoever opens subscriptions. */
export interface LiveEngine {
  /** Whether the operation's field is one of those that are opened here; a valid document without one is executed. */
  serves(document: DocumentNode, operationName: string | undefined): boolean
  /**
   * Opens a subscription. It is called outside every request's scope: what it asks of databases is nobody's in
   * particular, and goes on when the one who came first goes away.
   *
   * @throws what is wrong with the arguments, or keeps it from being opened; the caller presents it.
   */
  open(request: LiveRequest): Promise<LiveStream>
  readonly counters: LiveCounters
}
