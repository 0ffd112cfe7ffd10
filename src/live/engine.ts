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
import type { Feed } from '../changes/feed.ts'
import { runInRequest } from '../database/request-scope.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import type { GraphContext } from '../graph/context.ts'
import { rowRuleOf } from '../graph/visibility.ts'
import { type Counting, newCounting } from './counters.ts'
import { closedRule, decisionOf } from './decision.ts'
import { Executor } from './executor.ts'
import { Group } from './group.ts'
import { LiveSource } from './live-source.ts'
import { type LiveOperation, LiveOperations } from './operation.ts'
import type { CursorCodec } from './position.ts'
import { Schedule } from './schedule.ts'
import type { LiveCounters, LiveEngine, LiveRequest, LiveStream } from './stream.ts'
import { Subscription } from './subscription.ts'
import { TurnContexts } from './turn-contexts.ts'
import type { Watch } from './watch.ts'

export interface EngineOptions {
  readonly schema: GraphQLSchema
  /** By the source's name. */
  readonly feeds: ReadonlyMap<string, Feed>
  readonly cursors: CursorCodec
  /** Makes a context that is nobody's, for reads that decide about nobody yet. */
  readonly context: () => GraphContext
  /** Least time between two turns in which a group tells, in milliseconds. Default 12. */
  readonly tickMs?: number
  /** How long a client may read nothing while there is something to read, in milliseconds. Default 60,000. */
  readonly patienceMs?: number
}

/** Results a second at most, where a client says how many. */
const maximumRate = 100

export class Engine implements LiveEngine, Disposable {
  readonly #options: EngineOptions
  readonly #operations: LiveOperations
  readonly #sources: ReadonlyMap<string, LiveSource>
  readonly #groups = new Map<string, Group>()
  readonly #streams = new Set<Subscription>()
  readonly #schedule = new Schedule()
  readonly #contexts = new TurnContexts()
  readonly #counting: Counting = newCounting()
  readonly #stopping = new AbortController()

  constructor(options: EngineOptions) {
    const { schema, feeds, context } = options
    this.#options = options
    this.#operations = new LiveOperations(schema)
    this.#sources = new Map(
      [...feeds].map(([name, feed]) => [
        name,
        new LiveSource({ name, feed, context, run: (work) => this.#run(work) }),
      ]),
    )
  }

  get counters(): LiveCounters {
    const { executions, deliveries, drops } = this.#counting
    return { streams: this.#streams.size, groups: this.#groups.size, executions, deliveries, drops }
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
    const { group, audience } = this.#place({ operation, validated, args, context: graph, present })
    const { patienceMs } = this.#options
    const stream = new Subscription({
      group,
      audience,
      after,
      decode: (text) => this.#options.cursors.decode(text),
      counting: this.#counting,
      present,
      onEnd: (ended) => this.#streams.delete(ended),
      ...(patienceMs === undefined ? {} : { patienceMs }),
    })
    this.#streams.add(stream)
    return stream
  }

  [Symbol.dispose](): void {
    this.#stopping.abort(new Error('The engine has stopped.'))
    for (const stream of [...this.#streams])
      stream.fail(new TributaryError('STOPPING', 'The gateway is being stopped.'))
    this.#schedule[Symbol.dispose]()
    for (const source of this.#sources.values()) source[Symbol.dispose]()
  }

  /** The group of one who asks, and the audience there. */
  #place(asked: Asked) {
    const { operation, validated, args, context } = asked
    const gatherMs = gatherOf(args.maxRate as number | null | undefined)
    const watches = operation.field.watches(args)
    const decision = decisionOf(context, operation.dependencies)
    const key = JSON.stringify([
      operation.text,
      validated.operation.name?.value ?? null,
      valuesOf(validated, operation.variables),
      gatherMs ?? null,
      decision,
      // Rows by a filter are each viewer's own: whoever sees others is told of others.
      watches
        .filter(({ by }) => by === 'filter')
        .map(({ entity }) => closedRule(context, entity, rowRuleOf(context, entity))),
    ])
    const group = this.#groups.get(key) ?? this.#newGroup(key, asked, { watches, gatherMs, decision })
    return { group, audience: group.audienceOf(context) }
  }

  #newGroup(
    key: string,
    { operation, validated, context, present }: Asked,
    { watches, gatherMs, decision }: Placed,
  ): Group {
    const { cursors, tickMs = 12 } = this.#options
    const fresh = (): GraphContext => ({ ...context, memo: new Map() })
    const nested = JSON.stringify([operation.text, valuesOf(validated, operation.nestedVariables), decision])
    const group = new Group({
      kind: operation.field.kind,
      watches,
      sources: [...new Set(watches.map(({ entity }) => entity.source))].map((name) => this.#source(name)),
      executor: new Executor({
        kind: operation.field.kind,
        operation: validated,
        context: () => this.#contexts.of(nested, fresh),
        present,
        run: (work) => this.#run(work),
        counting: this.#counting,
      }),
      context: fresh,
      schedule: this.#schedule,
      cursors,
      gatherMs,
      tickMs,
      onEmpty: () => this.#groups.delete(key),
    })
    this.#groups.set(key, group)
    return group
  }

  #source(name: string): LiveSource {
    const source = this.#sources.get(name)
    if (!source)
      throw new TributaryError('SOURCE_NOT_CONFIGURED', `${name} is not configured.`, {
        extensions: { source: name },
      })
    return source
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

interface Placed {
  readonly watches: readonly Watch[]
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
