import { executeSubscriptionEvent, type GraphQLError, type ValidatedSubscriptionArgs } from 'graphql'
import type { ColumnValues } from '../changes/change.ts'
import type { GraphContext } from '../graph/context.ts'
import type { Entity } from '../graph/entity.ts'
import { rowFromTexts } from '../graph/given-row.ts'
import type { MissingSource } from '../graph/missing-source.ts'
import { nameType } from '../graph/type-name.ts'
import type { Counting } from './counters.ts'
import type { EventKind, LiveEvent } from './live-event.ts'
import type { Outcome } from './outcome.ts'
import type { LiveResult } from './result.ts'
import type { Watch } from './watch.ts'

export interface ExecutorOptions {
  readonly kind: 'state' | 'append'
  /** The operation, with its variables. */
  readonly operation: ValidatedSubscriptionArgs
  /** The context of this turn: shared by those who may share what it loads. */
  readonly context: () => GraphContext
  readonly present: (error: unknown) => GraphQLError
  /** Of several sources, those whose rows are not told of. */
  readonly missing: readonly MissingSource[]
  /** Runs work as part of no request. */
  readonly run: <T>(work: () => T) => T
  readonly counting: Counting
}

type Extras = Pick<LiveResult, 'isOpening' | 'row' | 'place'>

/** Executes a group's selection on what there is to tell, into the bytes that everybody gets. */
export class Executor {
  readonly #options: ExecutorOptions

  constructor(options: ExecutorOptions) {
    this.#options = options
  }

  /** How things are. */
  opening(
    kind: 'SNAPSHOT' | 'RESYNC',
    cursor: string,
    rows: ReadonlyMap<Watch, readonly ColumnValues[]>,
  ): LiveResult | Promise<LiveResult> {
    const told = [...rows].flatMap(([watch, list]) =>
      list.map((values) => ({ watch, row: rowOf(watch, values) })),
    )
    return this.#execute(
      { kind, cursor, committedAt: null, rows: told, removed: [] },
      { isOpening: true, row: undefined, place: undefined },
    )
  }

  /** How things are for those who see nothing of it: a row that they may have been told of is gone. */
  unseen(
    kind: 'SNAPSHOT' | 'RESYNC',
    { cursor, rows }: { readonly cursor: string; readonly rows: ReadonlyMap<Watch, readonly ColumnValues[]> },
  ): LiveResult | Promise<LiveResult> {
    const removed = [...rows.keys()].flatMap((watch) =>
      kind === 'RESYNC' && watch.by === 'key' && watch.key !== null
        ? [{ entity: watch.entity, key: String(watch.key) }]
        : [],
    )
    return this.#execute(
      { kind: removed.length > 0 ? 'REMOVED' : kind, cursor, committedAt: null, rows: [], removed },
      { isOpening: true, row: undefined, place: undefined },
    )
  }

  /** What has changed: one change, or several of which, for a field of states, the latest of each row is told. */
  changes(outcomes: readonly Outcome[], cursor: string): LiveResult | Promise<LiveResult> {
    const latest = this.#options.kind === 'state' ? latestOfEach(outcomes) : outcomes
    const gone = latest.filter(({ kind }) => kind === 'REMOVED')
    const there = latest.filter(({ kind }) => kind !== 'REMOVED')
    const last = outcomes.at(-1) as Outcome
    return this.#execute(
      {
        kind: kindOf(gone, there),
        cursor,
        committedAt: last.committedAt,
        rows: there.map(({ watch, values = {} }) => ({ watch, row: rowOf(watch, values) })),
        removed: gone.map(({ watch, key }) => ({ entity: watch.entity, key })),
      },
      {
        isOpening: false,
        row: latest.length === 1 ? rowName(last.watch.entity, last.key) : undefined,
        place: last.place,
      },
    )
  }

  #execute(told: Omit<LiveEvent, 'missing'>, extras: Extras): LiveResult | Promise<LiveResult> {
    const { operation, context, run, counting, missing } = this.#options
    const event: LiveEvent = { ...told, missing }
    counting.executions++
    const result = run(() =>
      executeSubscriptionEvent({ ...operation, rootValue: event, contextValue: context() }),
    )
    const shared = ({ data, errors }: Awaited<typeof result>): LiveResult => {
      const presented = errors?.map((error) => this.#options.present(error))
      return {
        json: Buffer.from(JSON.stringify({ ...(presented && { errors: presented }), data: data ?? null })),
        cursor: event.cursor,
        ...extras,
      }
    }
    return result instanceof Promise ? result.then(shared) : shared(result as Awaited<typeof result>)
  }
}

/** The row as the graph's types want it, also where its type may be any of several. */
const rowOf = ({ entity }: Watch, values: ColumnValues) => nameType(rowFromTexts(entity, values), entity)

const rowName = (entity: Entity, key: string) => `${entity.name} ${key}`

/** The last outcome of each row, in the order of those. */
function latestOfEach(outcomes: readonly Outcome[]): readonly Outcome[] {
  if (outcomes.length === 1) return outcomes
  const latest = new Map<string, Outcome>()
  for (const outcome of outcomes) {
    const name = rowName(outcome.watch.entity, outcome.key)
    const before = latest.get(name)
    latest.delete(name)
    // A row that was new, and changed, is new.
    const isNew = before?.kind === 'INSERTED' && outcome.kind === 'UPDATED'
    latest.set(name, isNew ? { ...outcome, kind: 'INSERTED' } : outcome)
  }
  return [...latest.values()]
}

function kindOf(gone: readonly Outcome[], there: readonly Outcome[]): EventKind {
  if (there.length === 0) return 'REMOVED'
  if (gone.length > 0) return 'CHANGED'
  return there.every(({ kind }) => kind === there[0]?.kind) ? (there[0] as Outcome).kind : 'CHANGED'
}
