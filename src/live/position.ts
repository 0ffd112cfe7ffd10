import type { PgSnapshot } from '../changes/pg-snapshot.ts'
import type { Outcome } from './outcome.ts'

/** What a snapshot sees beyond a place in the log, until the log is past its horizon. */
export interface Overlap {
  readonly snapshot: PgSnapshot
  readonly horizon: bigint
}

/** How far a stream has come in the history of one source. */
export interface Position {
  readonly source: string
  readonly epoch: string
  /** Everything up to this commit, and of the commit itself: */
  readonly lsn: bigint
  /** its changes up to this one; absent where all of it. */
  readonly index?: number
  readonly overlap?: Overlap
}

/** How positions travel: opaque, and not to be forged. */
export interface CursorCodec {
  encode(positions: readonly Position[]): string
  /** @throws TributaryError BAD_CURSOR for a text that was not made here. */
  decode(cursor: string): readonly Position[]
}

/** Where one stands after an outcome. */
export function positionAfter(
  positions: ReadonlyMap<string, Position>,
  { place: { source, lsn, index }, epoch, isLast }: Pick<Outcome, 'place' | 'epoch' | 'isLast'>,
): Position {
  const overlap = positions.get(source)?.overlap
  return {
    source,
    epoch,
    lsn,
    ...(isLast ? {} : { index }),
    ...(overlap && lsn <= overlap.horizon ? { overlap } : {}),
  }
}
