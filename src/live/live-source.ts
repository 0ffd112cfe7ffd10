import type { Change, Transaction } from '../changes/change.ts'
import type { LogPosition } from '../changes/log/change-log.ts'
import type { PgSnapshot } from '../changes/pg-snapshot.ts'
import type { GraphContext } from '../graph/context.ts'
import type { Entity } from '../graph/entity.ts'
import type { Anchors } from './anchors.ts'
import type { Reading } from './snapshot-reader.ts'
import type { Watch } from './watch.ts'

export type RowChange = Exclude<Change, { kind: 'truncate' | 'invalidate' }>

/** A change of a row that somebody watches. */
export interface Entry {
  readonly source: LiveSource
  readonly transaction: Transaction
  /** Which of the transaction's changes. */
  readonly index: number
  readonly change: RowChange
  readonly watch: Watch
}

/** Who watches rows. */
export interface Watcher {
  take(entry: Entry): void
  /** Changes were not told one by one: what was told before does not hold. */
  lost(reason: string): void
  /** Rows of an entity that decides about others are otherwise. */
  reconsider(entity: Entity): void
}

/** Where a source's changes come from, in their order, to be handed to those who watch rows of it. */
export interface LiveSource extends Disposable {
  /** Names its history: the source's name, with a word more where changes do not come by the log. */
  readonly name: string
  readonly anchors: Anchors
  /** What its history has come to; undefined where none has begun. */
  readonly position: LogPosition | undefined
  add(watcher: Watcher, watches: readonly Watch[], context: () => GraphContext): void
  delete(watcher: Watcher): void
  /** How watched rows are now. */
  read(watcher: Watcher, watch: Watch, context: GraphContext): Promise<Reading>
  /** Whether it has told, up to a place, of something that a snapshot does not see yet. */
  isAhead(snapshot: PgSnapshot, lsn: bigint): boolean
  /**
   * What came after a position, up to a place that it has told of.
   *
   * @throws PositionLost where that is not to be had.
   */
  replay(after: LogPosition, until: bigint, signal: AbortSignal): AsyncIterable<readonly Transaction[]>
  /** The changes of a transaction that a watcher is to be told of; undefined where they are not told one by one. */
  entriesFor(watcher: Watcher, transaction: Transaction): Entry[] | undefined
}
