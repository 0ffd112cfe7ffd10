/**
 * One source as the live engine sees it: what the log tells, in order, handed to the groups that watch it.
 */
import sql, { join, raw } from 'sql-template-tag'
import type { Change, ColumnValues, Transaction } from '../changes/change.ts'
import type { Feed } from '../changes/feed.ts'
import type { LogPosition } from '../changes/log/change-log.ts'
import { type PgSnapshot, sees } from '../changes/pg-snapshot.ts'
import type { GraphContext } from '../graph/context.ts'
import type { Entity } from '../graph/entity.ts'
import { anyOf, columnOf, rowsOf, tableName } from '../graph/statement.ts'
import { Anchors } from './anchors.ts'
import { SnapshotReader } from './snapshot-reader.ts'
import type { Watch } from './watch.ts'
import { type Watched, WatchIndex } from './watch-index.ts'

/** How many of the latest transactions a snapshot is compared with. */
const recentTransactions = 1_000

/** A change of a row that somebody watches. */
export interface Entry {
  readonly source: LiveSource
  readonly transaction: Transaction
  /** Which of the transaction's changes. */
  readonly index: number
  readonly change: RowChange
  readonly watch: Watch
}

export type RowChange = Exclude<Change, { kind: 'truncate' | 'invalidate' }>

/** Who watches rows. */
export interface Watcher {
  readonly watches: readonly Watch[]
  take(entry: Entry): void
  /** Changes were not told one by one: what was told before does not hold. */
  lost(reason: string): void
  /** Rows of an entity that decides about others are otherwise. */
  reconsider(entity: Entity): void
}

export interface LiveSourceOptions {
  readonly name: string
  readonly feed: Feed
  /** Makes a context that is nobody's, for reads that decide about nobody yet. */
  readonly context: () => GraphContext
  /** Runs work as part of no request. */
  readonly run: <T>(work: () => Promise<T>) => Promise<T>
  /** Told of every change, before those who watch rows are. */
  readonly onChange?: (change: Change) => void
}

export class LiveSource implements Disposable {
  readonly name: string
  readonly anchors: Anchors
  readonly reader: SnapshotReader
  readonly feed: Feed
  readonly #index = new WatchIndex<Watcher>()
  readonly #watched = new Map<Watcher, readonly Watched<Watcher>[]>()
  readonly #onChange: (change: Change) => void
  readonly #detach: () => void
  readonly #recent: Pick<Transaction, 'lsn' | 'xid'>[] = []

  constructor({ name, feed, context, run, onChange = () => {} }: LiveSourceOptions) {
    this.name = name
    this.feed = feed
    this.#onChange = onChange
    this.reader = new SnapshotReader(name, run)
    this.anchors = new Anchors(name, (entity, column, values, columns) =>
      run(() => readAnchors(context(), entity, column, values, columns)),
    )
    this.#detach = feed.attach({
      transaction: (transaction) => this.#dispatch(transaction),
      lost: (reason) => this.#lost(reason),
    })
  }

  /** Where the feed stands; undefined where changes do not come by a log. */
  get position(): LogPosition | undefined {
    return this.feed.position
  }

  add(watcher: Watcher): void {
    const watched = watcher.watches
      .filter(({ entity }) => entity.source === this.name)
      .map((watch) => ({ owner: watcher, watch }))
    this.#watched.set(watcher, watched)
    for (const one of watched) this.#index.add(one)
  }

  delete(watcher: Watcher): void {
    for (const one of this.#watched.get(watcher) ?? []) this.#index.delete(one)
    this.#watched.delete(watcher)
  }

  /** The changes of a transaction that a watcher is to be told of; undefined where they are not told one by one. */
  entriesFor(watcher: Watcher, transaction: Transaction): Entry[] | undefined {
    const index = new WatchIndex<Watcher>()
    for (const one of this.#watched.get(watcher) ?? []) index.add(one)
    const entries: Entry[] = []
    for (const [place, change] of transaction.changes.entries()) {
      if (change.kind === 'truncate' || change.kind === 'invalidate') {
        if (index.has(change.table)) return undefined
      } else
        index.forEach(change, ({ watch }) =>
          entries.push({ source: this, transaction, index: place, change, watch }),
        )
    }
    return entries
  }

  [Symbol.dispose](): void {
    this.#detach()
  }

  /** Whether the log has told, up to a place, of something that a snapshot does not see yet. */
  isAhead(snapshot: PgSnapshot, lsn: bigint): boolean {
    return this.#recent.some((transaction) => transaction.lsn <= lsn && !sees(snapshot, transaction.xid))
  }

  #dispatch(transaction: Transaction): void {
    this.#recent.push({ lsn: transaction.lsn, xid: transaction.xid })
    if (this.#recent.length > 2 * recentTransactions) this.#recent.splice(0, recentTransactions)
    for (const [index, change] of transaction.changes.entries()) {
      this.#onChange(change)
      const touched = this.anchors.apply(change)
      if (change.kind === 'truncate' || change.kind === 'invalidate') {
        const reason = change.kind === 'truncate' ? 'truncated' : change.reason
        for (const watcher of new Set(this.#index.ofTable(change.table).map(({ owner }) => owner)))
          watcher.lost(reason)
      } else
        this.#index.forEach(change, ({ owner, watch }) =>
          owner.take({ source: this, transaction, index, change, watch }),
        )
      for (const entity of touched) for (const watcher of this.#watched.keys()) watcher.reconsider(entity)
    }
  }

  #lost(reason: string): void {
    this.anchors.clear()
    this.#recent.length = 0
    for (const watcher of [...this.#watched.keys()]) watcher.lost(reason)
  }
}

async function readAnchors(
  context: GraphContext,
  entity: Entity,
  column: string,
  values: readonly string[],
  columns: readonly string[],
): Promise<readonly ColumnValues[]> {
  const source = context.source(entity.source)
  for (const name of columns) source.require(entity.table, name)
  const among = anyOf(columnOf('t', column), values, entity.columns.get(column)?.kind.cast ?? 'text')
  const texts = columns.map((name) => sql`${columnOf('t', name)}::text AS ${raw(`"${name}"`)}`)
  return rowsOf<ColumnValues>(
    context,
    entity.source,
    sql`SELECT ${join(texts)} FROM ${tableName(entity.table)} t WHERE ${among}`,
  )
}
