/**
 * Reads how watched rows are, with the database snapshot that they were read in.
 *
 * One statement sees one snapshot, and tells it: there is no transaction to open. What waits for a source is read
 * together, all rows that are watched one by one as one list of keys, so that a thousand subscribers who come at once
 * cost a few statements; those who come in crowds are waited for a moment. The place in the write-ahead log that is read
 * with it is past every transaction that the snapshot sees, since a commit is written before it becomes visible.
 */
import sql, { join, raw, type Sql } from 'sql-template-tag'
import type { ColumnValues } from '../changes/change.ts'
import { type PgSnapshot, parsePgSnapshot } from '../changes/pg-snapshot.ts'
import { parseLsn } from '../changes/postgres/lsn.ts'
import { Crowd } from '../database/crowd.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import type { GraphContext } from '../graph/context.ts'
import type { Entity, RowKey } from '../graph/entity.ts'
import { filterCondition } from '../graph/filter-condition.ts'
import { totalOrder } from '../graph/order-input.ts'
import { anyOf, columnOf, rowsOf, tableName } from '../graph/statement.ts'
import { requireAnchor, rowRuleOf } from '../graph/visibility.ts'
import { ruleSql } from '../graph/visibility-sql.ts'
import type { Watch } from './watch.ts'

/** What a snapshot says of a watch. */
export interface Reading {
  readonly snapshot: PgSnapshot
  /** From here on in the write-ahead log the snapshot sees nothing. */
  readonly horizon: bigint
  /** The rows, by the texts of their columns, in the order in which they are told. */
  readonly rows: readonly ColumnValues[]
}

interface Wanted {
  readonly watch: Watch
  readonly context: GraphContext
  readonly answer: PromiseWithResolvers<Reading>
}

interface Branch {
  readonly entity: Entity
  readonly columns: readonly string[]
  readonly select: Sql
  readonly wanted: readonly Wanted[]
}

/** Lists in one statement at most. */
const maximumBranches = 20
/** Times that a table may turn out to be altered while it is read. */
const maximumAlterations = 3
/** Statements at once. */
const maximumReading = 2
/** How long those who come in crowds are gathered, in milliseconds. */
const gatherMs = 5

/** The columns of an entity that the database has. */
export function usableColumns(context: GraphContext, entity: Entity): string[] {
  const source = context.source(entity.source)
  return [...entity.columns.keys()].filter((column) => source.usable(entity.table, column))
}

/** Reads snapshots of one source's rows. */
export class SnapshotReader {
  readonly #source: string
  readonly #run: <T>(work: () => Promise<T>) => Promise<T>
  readonly #crowd = new Crowd(gatherMs)
  #waiting: Wanted[] = []
  #reading = 0
  #isDue = false

  /** @param run runs work as part of no request. */
  constructor(source: string, run: <T>(work: () => Promise<T>) => Promise<T>) {
    this.#source = source
    this.#run = run
  }

  /**
   * How a watch's rows are now, by the sight of the context's viewer where it goes by a filter; otherwise whoever asks.
   *
   * A table that its owner altered a moment ago is read again when it is known what is left of it.
   *
   * @throws TributaryError for a source that does not answer, or a filter that cannot be used.
   */
  async read(watch: Watch, context: GraphContext): Promise<Reading> {
    for (let alterations = 0; ; alterations++)
      try {
        return await this.#enqueue(watch, context)
      } catch (error) {
        const isMismatch = error instanceof TributaryError && error.code === 'SOURCE_MISMATCH'
        if (!isMismatch || alterations === maximumAlterations) throw error
        await context.source(this.#source).compared()
      }
  }

  #enqueue(watch: Watch, context: GraphContext): Promise<Reading> {
    const answer = Promise.withResolvers<Reading>()
    this.#waiting.push({ watch, context, answer })
    this.#later()
    return answer.promise
  }

  #later(): void {
    if (this.#isDue || this.#reading >= maximumReading || this.#waiting.length === 0) return
    this.#isDue = true
    this.#crowd.soon(() => {
      this.#isDue = false
      void this.#readSome()
    })
  }

  async #readSome(): Promise<void> {
    this.#crowd.serve(this.#waiting.length)
    const branches = this.#takeBranches()
    if (branches.length === 0) return
    this.#reading++
    this.#later()
    try {
      await this.#run(() => this.#ask(branches))
    } catch (error) {
      for (const { wanted } of branches) for (const { answer } of wanted) answer.reject(error)
    } finally {
      this.#reading--
      this.#later()
    }
  }

  #takeBranches(): Branch[] {
    const branches: Branch[] = []
    const byKey = new Map<Entity, Wanted[]>()
    const rest: Wanted[] = []
    for (const wanted of this.#waiting) {
      const { entity, by } = wanted.watch
      if (by === 'key') byKey.set(entity, [...(byKey.get(entity) ?? []), wanted])
      else if (branches.length >= maximumBranches) rest.push(wanted)
      else this.#attempt([wanted], () => branches.push(listBranch(wanted)))
    }
    this.#waiting = rest
    for (const [entity, wanted] of byKey)
      this.#attempt(wanted, () => branches.push(keysBranch(entity, wanted)))
    return branches
  }

  #attempt(wanted: readonly Wanted[], make: () => void): void {
    try {
      make()
    } catch (error) {
      for (const { answer } of wanted) answer.reject(error)
    }
  }

  async #ask(branches: readonly Branch[]): Promise<void> {
    const { context } = (branches[0] as Branch).wanted[0] as Wanted
    const parts = branches.map(
      ({ select, columns }, index) =>
        sql`(SELECT ${index}::integer AS branch, row_number() OVER () AS n, ARRAY[${join(columns.map((name) => sql`${columnOf('q', `${name}`)}::text`))}]::text[] AS texts FROM (${select}) q)`,
    )
    const rows = await rowsOf<{
      snapshot: string
      horizon: string
      branch: number | null
      n: string | null
      texts: (string | null)[] | null
    }>(
      context,
      this.#source,
      sql`SELECT s.snapshot, s.horizon, r.* FROM (SELECT pg_current_snapshot()::text AS snapshot, (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END)::text AS horizon) s LEFT JOIN (${join(parts, ' UNION ALL ')}) r ON TRUE`,
    )
    const { snapshot: text = '', horizon: place = '' } = rows[0] ?? {}
    const [snapshot, horizon] = [parsePgSnapshot(text), parseLsn(place)]
    const found = branches.map((): { n: number; values: ColumnValues }[] => [])
    for (const { branch, n, texts } of rows) {
      if (branch === null || texts === null) continue
      const { columns } = branches[branch] as Branch
      const values = Object.fromEntries(columns.map((name, index) => [name, texts[index] ?? null]))
      found[branch]?.push({ n: Number(n), values })
    }
    branches.forEach(({ wanted, entity }, index) => {
      const values = (found[index] ?? []).sort((left, right) => left.n - right.n).map((one) => one.values)
      const byKey = new Map(values.map((one) => [one[entity.key], one]))
      for (const { watch, answer } of wanted) {
        const own = watch.by === 'key' ? byKey.get(String(watch.key)) : undefined
        answer.resolve({
          snapshot,
          horizon,
          rows: watch.by === 'key' ? (own ? [own] : []) : watch.by === 'parent' ? values.reverse() : values,
        })
      }
    })
  }
}

const castOf = (entity: Entity, column: string) => entity.columns.get(column)?.kind.cast ?? 'text'

function keysBranch(entity: Entity, wanted: readonly Wanted[]): Branch {
  const { context } = wanted[0] as Wanted
  requireAnchor(context, entity, entity.key)
  const keys = wanted.flatMap(({ watch }) => (watch.by === 'key' && watch.key !== null ? [watch.key] : []))
  const columns = usableColumns(context, entity)
  const among = anyOf(columnOf('t', entity.key), [...new Set<RowKey>(keys)], castOf(entity, entity.key))
  return { entity, columns, wanted, select: sql`SELECT t.* FROM ${tableName(entity.table)} t WHERE ${among}` }
}

/** The newest rows below a parent, newest first; or the first of those that a filter holds for. */
function listBranch(wanted: Wanted): Branch {
  const { watch, context } = wanted
  const { entity, limit } = watch
  requireAnchor(context, entity, entity.key)
  const columns = usableColumns(context, entity)
  const from = sql`SELECT t.* FROM ${tableName(entity.table)} t`
  if (watch.by === 'parent') {
    requireAnchor(context, entity, watch.column)
    const below = anyOf(
      columnOf('t', watch.column),
      watch.key === null ? [] : [watch.key],
      castOf(entity, watch.column),
    )
    const order = sql`ORDER BY ${columnOf('t', entity.key)} DESC LIMIT ${limit}`
    return { entity, columns, wanted: [wanted], select: sql`${from} WHERE ${below} ${order}` }
  }
  const conditions = [
    ...(watch.by === 'filter'
      ? [filterCondition(context, entity, watch.filter, new Map()), watch.condition?.sql(context)]
      : []),
    ruleSql(context, entity, rowRuleOf(context, entity), 't'),
  ].filter((part) => part !== undefined)
  const terms = totalOrder(entity, undefined, (column) => columns.includes(column)).map(
    ({ expression, direction, nulls }) => sql`${expression} ${raw(direction)} NULLS ${raw(nulls)}`,
  )
  const where = conditions.length > 0 ? sql` WHERE ${join(conditions, ' AND ')}` : raw('')
  return {
    entity,
    columns,
    wanted: [wanted],
    select: sql`${from}${where} ORDER BY ${join(terms)} LIMIT ${limit}`,
  }
}
