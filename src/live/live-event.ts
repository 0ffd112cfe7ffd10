import type { Entity } from '../graph/entity.ts'
import type { MissingSource } from '../graph/missing-source.ts'
import type { Watch } from './watch.ts'

/** What a result tells of. */
export type EventKind = 'SNAPSHOT' | 'RESYNC' | 'INSERTED' | 'UPDATED' | 'REMOVED' | 'CHANGED'

/** Something to tell of: what a subscription's field resolves from. */
export interface LiveEvent {
  readonly kind: EventKind
  /** Where the stream can be taken up again after it. */
  readonly cursor: string
  /** When the change was committed; null of a snapshot. */
  readonly committedAt: string | null
  /** The rows told of, as the graph's types want them, each with what it was watched as. */
  readonly rows: readonly EventRow[]
  /** Rows that are no longer there for the viewer. */
  readonly removed: readonly RemovedRow[]
  /** Of several sources, those whose rows are not told of. */
  readonly missing: readonly MissingSource[]
}

export interface EventRow {
  readonly watch: Watch
  readonly row: object
}

export interface RemovedRow {
  readonly entity: Entity
  /** Text of the key. */
  readonly key: string
}
