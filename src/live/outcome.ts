import type { ColumnValues } from '../changes/change.ts'
import type { Audience, Telling } from './audience.ts'
import type { Place } from './result.ts'
import type { Watch } from './watch.ts'

/** What a change comes to for a group. */
export interface Outcome {
  readonly watch: Watch
  readonly place: Place
  readonly epoch: string
  readonly xid: number
  readonly committedAt: string
  /** Whether the group has nothing more of the transaction. */
  readonly isLast: boolean
  readonly kind: 'INSERTED' | 'UPDATED' | 'REMOVED'
  /** Text of the row's key. */
  readonly key: string
  /** The row, where it is there. */
  readonly values?: ColumnValues
  /** The row as it was before, as far as that says who saw it; null where it was not there. Absent where not known. */
  readonly former?: ColumnValues | null
  /** What each audience is told of it, where that depends on the row. */
  readonly tellings?: ReadonlyMap<Audience, Telling>
}

/** What an audience is told of an outcome. */
export const tellingOf = (outcome: Outcome, audience: Audience): Telling =>
  outcome.tellings?.get(audience) ?? (audience.sees ? 'as it is' : 'nothing')
