import type { SharedResult } from './stream.ts'

/** A result with what a stream has to know of it. */
export interface LiveResult extends SharedResult {
  readonly cursor: string
  /** Whether it tells how things are, and what was told before is of no account. */
  readonly isOpening: boolean
  /** The row that it tells of, where the latest is enough for whoever is slow. */
  readonly row: string | undefined
  /** The source whose change it tells of, and where in its history that lies. */
  readonly place: Place | undefined
}

/** A change's place in the history of a source. */
export interface Place {
  readonly source: string
  readonly lsn: bigint
  readonly index: number
}

export const isAfter = (place: Place, other: Place): boolean =>
  place.lsn > other.lsn || (place.lsn === other.lsn && place.index > other.index)
