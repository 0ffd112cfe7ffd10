/**
 * Opens subscriptions: finds what a document watches and who looks, and brings those together who are to be told the
 * same (`group.ts`).
 */
import {
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  getArgumentValues,
  type ValidatedSubscriptionArgs,
  validateSubscriptionArgs,
} from 'graphql'
import type { Scopes } from '../auth/scope.ts'
import type { Viewer } from '../auth/viewer.ts'
import type { Feed } from '../changes/feed.ts'
import type { Watching } from '../changes/watching.ts'
import { runInRequest } from '../database/request-scope.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import type { GraphContext } from '../graph/context.ts'
import type { Entity } from '../graph/entity.ts'
import type { MissingSource } from '../graph/missing-source.ts'
import { rowRuleOf } from '../graph/visibility.ts'
import { Anchors } from './anchors.ts'
import { type Counting, countersOf, newCounting } from './counters.ts'
import { closedRule, decisionOf } from './decision.ts'
import { Executor } from './executor.ts'
import { Group } from './group.ts'
import type { LiveSource } from './live-source.ts'
import { LoggedSource } from './logged-source.ts'
import { type LiveOperation, LiveOperations } from './operation.ts'
import { PolledSource } from './polled-source.ts'
import type { CursorCodec } from './position.ts'
import { type Lacking, missingFor, type NeedsNoAnswer, Reach } from './reach.ts'
import { anchorReader } from './read-anchors.ts'
import { Schedule } from './schedule.ts'
import { SnapshotReader } from './snapshot-reader.ts'
import { defaultGraceMs, SourceModes } from './source-modes.ts'
import type { LiveCounters, LiveEngine, LiveRequest, LiveStream } from './stream.ts'
import { Subscription } from './subscription.ts'
import { TurnContexts } from './turn-contexts.ts'
import { type ReadPeople, ViewerWatch, type Viewing } from './viewer-watch.ts'
import type { Watch } from './watch.ts'

/** What the engine has to know of a source. */
export interface EngineSource {
  readonly name: string
  /** Its changes, where there is a log. */
  readonly feed: Feed | undefined
  /** How they come here. */
  readonly watching: () => Watching
}

export interface EngineOptions {
  readonly schema: GraphQLSchema
  readonly sources: readonly EngineSource[]
  readonly cursors: CursorCodec
  /** Every database, by the source's name. */
  readonly databases: Pick<GraphContext, 'source'>
  /** Who those who watch are, and what they belong to. */
  readonly people: { readonly read: ReadPeople; readonly scopes: Scopes }
  /** Least time between two turns in which a group tells, in milliseconds. Default 12. */
  readonly tickMs?: number
  /** Time between two looks at what nobody captures, in milliseconds. Default 1,000. */
  readonly pollMs?: number
  /** How long a log that is not written is waited for before rows are asked for, in milliseconds. Default 30,000. */
  readonly graceMs?: number
  /** How long a client may read nothing while there is something to read, in milliseconds. Default 60,000. */
  readonly patienceMs?: number
}

/** Between two looks at whether changes come from where they did, in milliseconds. */
const modesMs = 500

/** Results a second at most, where a client says how many. */
const maximumRate = 100

export class Engine implements LiveEngine, Disposable {
  readonly #options: EngineOptions
  readonly #operations: LiveOperations
  readonly #sources: ReadonlyMap<string, SourceModes>
  readonly #reach: Reach
  readonly #groups = new Map<string, Group>()
  readonly #streams = new Map<Subscription, Seat>()
  /** Those that lack what some sources have, with how the sources were when they were placed. */
  readonly #partial = new Map<Subscription, string>()
  readonly #schedule = new Schedule()
  readonly #contexts = new TurnContexts()
  readonly #counting: Counting = newCounting()
  readonly counters: LiveCounters = countersOf(this.#counting, this.#streams, this.#groups)
  readonly #stopping = new AbortController()
  // What all streams have in common is made once, and holds nothing of any.
  readonly #decode = (cursor: string) => this.#options.cursors.decode(cursor)
  readonly #onEnd = (stream: Subscription) => {
    const seat = this.#streams.get(stream)
    this.#streams.delete(stream)
    this.#partial.delete(stream)
    if (seat) this.#viewers.delete(seat)
  }
  /** Takes who the viewer of a stream is by now; where the policy decides as before, nobody notices. */
  readonly #renew = (seat: Seat, viewer: Viewer) => {
    const { context } = seat.asked
    seat.asked = { ...seat.asked, context: { ...context, viewer, memo: new Map() } }
    this.#replace(seat.stream)
  }
  readonly #viewers: ViewerWatch
  readonly #looking: NodeJS.Timeout

  constructor(options: EngineOptions) {
    const { schema, sources, people } = options
    this.#options = options
    this.#operations = new LiveOperations(schema)
    this.#sources = new Map(sources.map((source) => [source.name, this.#modesOf(source)]))
    this.#reach = new Reach(this.#sources, options.databases)
    this.#viewers = new ViewerWatch({
      ...people,
      isTold: (source, table) => this.#sources.get(source)?.isLogged(table) ?? false,
    })
    this.#looking = setInterval(() => this.#lookAtModes(), modesMs)
  }

  serves(document: DocumentNode, operationName: string | undefined): boolean {
    return this.#operations.find(document, operationName) !== null
  }

  async open({
    document,
    operationName,
    variables,
    context,
    lastEventId,
    present,
  }: LiveRequest): Promise<LiveStream> {
    const operation = this.#operations.find(document, operationName)
    if (!operation) throw new TributaryError('NOT_AVAILABLE', 'This subscription is not served here.')
    const graph = context as GraphContext
    const validated = validateSubscriptionArgs({
      schema: this.#options.schema,
      document,
      contextValue: graph,
      variableValues: variables ?? {},
      ...(operationName === undefined ? {} : { operationName }),
    })
    if (!('operation' in validated)) throw validated[0] ?? new Error('The subscription cannot be executed.')
    const args = getArgumentValues(operation.declared, operation.node, validated.variableValues)
    const cursor = (args.after as string | null | undefined) ?? lastEventId
    const after = cursor == null ? undefined : this.#options.cursors.decode(cursor)
    const asked: Asked = { operation, validated, args, context: graph, present }
    // What is taken up again goes on from the log, whether or not a database answers.
    const goesOn = new Set(after?.map(({ source }) => source))
    const { group, audience, lacking } = this.#place(
      asked,
      ({ name }, { entity }) => name === entity.source && goesOn.has(name),
    )
    // What finding the place has worked out is not kept for each who is there.
    graph.memo.clear()
    const { patienceMs } = this.#options
    const stream = new Subscription({
      group,
      audience,
      after,
      decode: this.#decode,
      counting: this.#counting,
      present,
      onEnd: this.#onEnd,
      ...(patienceMs === undefined ? {} : { patienceMs }),
    })
    const seat = new Seat(stream, asked, this.#renew)
    this.#streams.set(stream, seat)
    this.#noteLacking(stream, lacking)
    this.#viewers.add(seat)
    return stream
  }

  [Symbol.dispose](): void {
    clearInterval(this.#looking)
    this.#viewers[Symbol.dispose]()
    this.#stopping.abort(new Error('The engine has stopped.'))
    for (const stream of [...this.#streams.keys()])
      stream.fail(new TributaryError('STOPPING', 'The gateway is being stopped.'))
    this.#schedule[Symbol.dispose]()
    for (const source of this.#sources.values()) source[Symbol.dispose]()
  }

  /**
   * The group of one who asks, and the audience there; and what the sources that it lacks suffer from.
   *
   * @param needsNoAnswer whether a watch is told of without its database.
   */
  #place(asked: Asked, needsNoAnswer: NeedsNoAnswer) {
    const { operation, validated, args, context } = asked
    const gatherMs = gatherOf(args.maxRate as number | null | undefined)
    const { sources, lacking } = this.#reach.of(operation.field.watches(args), needsNoAnswer)
    const watches = [...sources.keys()]
    const missing = missingFor(context, lacking)
    const decision = decisionOf(context, operation.dependencies)
    const key = JSON.stringify([
      operation.number,
      validated.operation.name?.value ?? null,
      valuesOf(validated, operation.variables),
      gatherMs ?? null,
      decision,
      [...sources.values()].map(({ name }) => name),
      missing.map(({ source, code }) => [source, code]),
      // Rows by a filter are each viewer's own: whoever sees others is told of others.
      watches
        .filter(({ by }) => by === 'filter')
        .map(({ entity }) => closedRule(context, entity, rowRuleOf(context, entity))),
    ])
    const group =
      this.#groups.get(key) ?? this.#newGroup(key, asked, { sources, missing, gatherMs, decision })
    return { group, audience: group.audienceOf(context), lacking }
  }

  #newGroup(
    key: string,
    { operation, validated, context, present }: Asked,
    { sources, missing, gatherMs, decision }: Placed,
  ): Group {
    const { cursors, tickMs = 12 } = this.#options
    const fresh = (): GraphContext => ({ ...context, memo: new Map() })
    const nested = JSON.stringify([
      operation.number,
      valuesOf(validated, operation.nestedVariables),
      decision,
    ])
    const group = new Group({
      kind: operation.field.kind,
      sources,
      executor: new Executor({
        kind: operation.field.kind,
        operation: validated,
        context: () => this.#contexts.of(nested, fresh),
        present,
        missing,
        run: (work) => this.#run(work),
        counting: this.#counting,
      }),
      context: fresh,
      schedule: this.#schedule,
      cursors,
      gatherMs,
      tickMs,
      onUnread: (stream, error) => this.#placeAnew(stream, error),
      onEmpty: () => this.#groups.delete(key),
    })
    this.#groups.set(key, group)
    return group
  }

  #noteLacking(stream: Subscription, lacking: readonly Lacking[]): void {
    if (lacking.length > 0) this.#partial.set(stream, this.#reach.states)
    else this.#partial.delete(stream)
  }

  #modesOf({ name, feed, watching }: EngineSource): SourceModes {
    const { databases, pollMs = 1_000, graceMs = defaultGraceMs } = this.#options
    const run = <T>(work: () => Promise<T>) => this.#run(work)
    const reader = new SnapshotReader(name, run)
    const anchors = () => new Anchors(name, anchorReader(databases, run))
    return new SourceModes({
      watching,
      graceMs,
      polled: new PolledSource({ source: name, anchors: anchors(), reader, intervalMs: pollMs }),
      logged:
        feed &&
        new LoggedSource({
          feed,
          anchors: anchors(),
          reader,
          onChange: (change) => this.#viewers.apply(name, change),
          onLost: () => this.#viewers.lost(),
        }),
    })
  }

  /** Groups whose changes come from elsewhere by now begin anew there, and so does who lacks what answers by now. */
  #lookAtModes(): void {
    const states = this.#reach.states
    for (const [stream, before] of [...this.#partial]) if (before !== states) this.#replace(stream)
    const found = new Map<Entity, LiveSource | undefined>()
    const sourceOf = ({ entity }: Watch) => {
      if (!found.has(entity)) found.set(entity, this.#sources.get(entity.source)?.sourceOf(entity))
      return found.get(entity)
    }
    for (const group of [...this.#groups.values()])
      if (!group.comesFrom(sourceOf))
        for (const stream of [...this.#streams.keys()]) if (stream.group === group) this.#replace(stream)
  }

  /** Brings a stream to where it belongs by now. */
  #replace(stream: Subscription): void {
    const seat = this.#streams.get(stream)
    if (!seat) return
    try {
      // What it is told of already it goes on to be told of, whether or not that database answers at the moment.
      const { group, audience, lacking } = this.#place(seat.asked, (source) =>
        stream.group.sources.includes(source),
      )
      this.#noteLacking(stream, lacking)
      if (group !== stream.group || audience !== stream.audience) stream.move(group, audience)
    } catch (error) {
      stream.fail(error)
    }
  }

  /** Has a stream do without the database that could not be read for it, where others are there. */
  #placeAnew(stream: Subscription, error: unknown): void {
    const seat = this.#streams.get(stream)
    if (!seat) return
    try {
      const { group, audience, lacking } = this.#place(seat.asked, () => false)
      if (group === stream.group) throw error
      this.#noteLacking(stream, lacking)
      stream.move(group, audience)
    } catch (obstacle) {
      stream.fail(obstacle)
    }
  }

  /** Runs work that is nobody's request. */
  #run<T>(work: () => T): T {
    return runInRequest({ id: 'live', signal: this.#stopping.signal, statements: new Map() }, work)
  }
}

interface Asked {
  readonly operation: LiveOperation
  readonly validated: ValidatedSubscriptionArgs
  readonly args: Readonly<Record<string, unknown>>
  readonly context: GraphContext
  readonly present: (error: unknown) => GraphQLError
}

/** What is known of a stream that is open. There may be very many. */
class Seat implements Viewing {
  readonly stream: Subscription
  asked: Asked
  readonly #renew: (seat: Seat, viewer: Viewer) => void

  constructor(stream: Subscription, asked: Asked, renew: (seat: Seat, viewer: Viewer) => void) {
    this.stream = stream
    this.asked = asked
    this.#renew = renew
  }

  get viewer(): Viewer {
    return this.asked.context.viewer
  }

  renew(viewer: Viewer): void {
    this.#renew(this, viewer)
  }

  fail(error: unknown): void {
    this.stream.fail(error)
  }
}

interface Placed {
  readonly sources: ReadonlyMap<Watch, LiveSource>
  readonly missing: readonly MissingSource[]
  readonly gatherMs: number | undefined
  readonly decision: string
}

const valuesOf = ({ variableValues }: ValidatedSubscriptionArgs, names: readonly string[]) =>
  names.map((name) => variableValues.coerced[name] ?? null)

/** @throws TributaryError BAD_INPUT for a rate that is none. */
function gatherOf(rate: number | null | undefined): number | undefined {
  if (rate == null) return undefined
  if (!(rate > 0 && rate <= maximumRate))
    throw new TributaryError('BAD_INPUT', `maxRate is ${rate}; it is above 0 and at most ${maximumRate}.`)
  return 1_000 / rate
}
