import { once } from 'node:events'
import { type DocumentNode, GraphQLError, getOperationAST } from 'graphql'
import { TributaryError } from '../../src/errors/tributary-error.ts'
import type { LiveEngine, LiveRequest, LiveStream, SharedResult, StreamSink } from '../../src/live/stream.ts'

/** A stream of the toy engine: what it is told goes to its sink at once, whether that is ready or not. */
export class ToyStream implements LiveStream {
  readonly request: LiveRequest
  readonly #engine: ToyEngine
  sink: StreamSink | undefined
  isStopped = false

  constructor(request: LiveRequest, engine: ToyEngine) {
    this.request = request
    this.#engine = engine
  }

  start(sink: StreamSink): void {
    this.sink = sink
    this.#engine.tell('started')
  }

  stop(): void {
    this.isStopped = true
    this.#engine.tell('stopped')
  }
}

/** Serves `watched`, and says what happens to its streams. */
export class ToyEngine implements LiveEngine {
  readonly counters = { streams: 0, groups: 0, executions: 0, deliveries: 0, drops: {} }
  readonly events = new EventTarget()
  readonly streams: ToyStream[] = []
  /** What opening waits for. */
  hold: Promise<unknown> = Promise.resolve()

  serves(document: DocumentNode, operationName: string | undefined): boolean {
    const [field] = getOperationAST(document, operationName)?.selectionSet.selections ?? []
    return field?.kind === 'Field' && field.name.value === 'watched'
  }

  async open(request: LiveRequest): Promise<LiveStream> {
    this.tell('opening')
    await this.hold
    const { topic } = request.variables ?? {}
    if (topic === 'unavailable') throw new TributaryError('SOURCE_UNAVAILABLE', 'The platform is away.')
    if (topic === 'broken') throw new Error('password=hunter2')
    const stream = new ToyStream(request, this)
    this.streams.push(stream)
    return stream
  }

  tell(what: 'opening' | 'started' | 'stopped'): void {
    this.events.dispatchEvent(new Event(what))
  }

  /** Resolves when something has happened to so many streams since the engine was made. */
  async until(what: 'started' | 'stopped', count = 1): Promise<void> {
    const happened = () =>
      this.streams.filter(({ sink, isStopped }) => (what === 'started' ? sink : isStopped)).length
    while (happened() < count) await once(this.events, what)
  }

  /** Hands results to every stream that goes on. */
  publish(...results: readonly SharedResult[]): void {
    for (const { sink, isStopped } of this.streams) if (!isStopped) sink?.next(results)
  }

  /** Ends every stream that goes on. */
  complete(): void {
    for (const { sink, isStopped } of this.streams) if (!isStopped) sink?.complete()
  }

  fail(): void {
    const error = new GraphQLError('Read faster.', {
      extensions: { code: 'SERVER_OVERLOADED', retryable: true },
    })
    for (const { sink, isStopped } of this.streams) if (!isStopped) sink?.fail([error])
  }
}

/** A result of `watched`; its cursor is where it stands among all. */
export const watched = (value: string, cursor?: string): SharedResult => ({
  json: Buffer.from(JSON.stringify({ data: { watched: value } })),
  cursor,
})
