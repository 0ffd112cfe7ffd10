/**
 * One response of server-sent events, as graphql-sse's distinct connections have them: `next` for a result, with its
 * cursor as the event's id, and `complete` for the end. There is no event for an error; one is the last `next`.
 *
 * Who sees no `complete` connects again, which is what a server that restarts wants of its clients.
 */
import type { ServerResponse } from 'node:http'
import type { GraphQLError } from 'graphql'
import type { SharedResult, StreamSink } from '../../live/stream.ts'
import type { OpenedStream } from '../executed-stream.ts'
import { formatError } from '../format-error.ts'

const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Proxies that keep answers until they are complete would keep these for ever.
  'x-accel-buffering': 'no',
}
const completion = 'event: complete\ndata:\n\n'
const comment = ':\n\n'

const failureOf = (errors: readonly GraphQLError[]) =>
  `event: next\ndata: ${JSON.stringify({ errors: errors.map(formatError) })}\n\n`

/** The events of results, made once for all who get them. */
const events = new WeakMap<SharedResult, Buffer>()

function eventOf(result: SharedResult): Buffer {
  const known = events.get(result)
  if (known) return known
  const id = result.cursor === undefined ? '' : `id: ${result.cursor}\n`
  const event = Buffer.concat([Buffer.from(`event: next\n${id}data: `), result.json, Buffer.from('\n\n')])
  events.set(result, event)
  return event
}

export interface EventStreamOptions {
  readonly response: ServerResponse
  /** Bytes that may wait for the client to read them. */
  readonly maxUnreadBytes: number
}

export class EventStream implements StreamSink {
  readonly #options: EventStreamOptions
  #stream: OpenedStream | undefined
  #isOver = false
  #isIdle = false
  #cursor: string | undefined

  constructor(options: EventStreamOptions) {
    this.#options = options
  }

  /** The cursor of the last result that was written. */
  get cursor(): string | undefined {
    return this.#cursor
  }

  /** Answers with the results of a stream. */
  begin(stream: OpenedStream): void {
    const { response } = this.#options
    if (this.#isOver || response.destroyed) {
      stream.stop()
      return
    }
    this.#stream = stream
    response.once('close', () => this.#stop())
    response.writeHead(200, headers)
    // A client is told at once that it is heard, though there may be nothing to tell for long.
    response.write(comment)
    stream.start(this)
  }

  /** Ends the stream for a reason of the server's; with nothing else, where it has not begun. */
  end(errors: readonly GraphQLError[]): void {
    if (!this.#isOver) this.#stream?.stop()
    this.fail(errors)
  }

  next(results: readonly SharedResult[]): void {
    if (this.#isOver) return
    const { response, maxUnreadBytes } = this.#options
    if (response.writableLength > maxUnreadBytes) {
      response.destroy()
      return
    }
    this.#isIdle = false
    for (const result of results) response.write(eventOf(result))
    this.#cursor = results.findLast(({ cursor }) => cursor !== undefined)?.cursor ?? this.#cursor
  }

  fail(errors: readonly GraphQLError[]): void {
    this.#end(failureOf(errors) + completion)
  }

  complete(): void {
    this.#end(completion)
  }

  /** Ends the response in the midst of the stream, for the client to come again. */
  breakOff(): void {
    const { response } = this.#options
    this.#stop()
    if (response.headersSent) response.end()
    else response.destroy()
  }

  get isReady(): boolean {
    return !this.#options.response.writableNeedDrain
  }

  onReady(listener: () => void): void {
    if (this.isReady) process.nextTick(listener)
    else this.#options.response.once('drain', listener)
  }

  /**
   * Says that the server is there, where nothing was said since the last time. A client that has not read what it was
   * sent is told nothing: it is not to be taken for one that reads.
   */
  beat(): void {
    const { response } = this.#options
    if (this.#isIdle && !this.#isOver && response.writableLength === 0) response.write(comment)
    this.#isIdle = true
  }

  #end(lastWords: string): void {
    if (this.#isOver) return
    const { response } = this.#options
    this.#isOver = true
    if (!response.headersSent) response.writeHead(200, headers)
    response.end(lastWords)
  }

  #stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stream?.stop()
  }
}
