import type { Transaction } from '../change.ts'

/** A place in the history of one source: everything up to and including a commit. */
export interface LogPosition {
  /** Names one unbroken history; positions of different epochs cannot be compared. */
  readonly epoch: string
  readonly lsn: bigint
}

/** What a history is a history of. Another identity begins another epoch. */
export interface LogIdentity {
  /** Postgres's system identifier, timeline, database and slot: whatever makes a stream another. */
  readonly origin: string
  /**
   * Where the slot stands. The log must reach at least so far, or what lies between is lost and the epoch ends: it was
   * never appended, or the slot is another of the same name, which begins above whatever was read from the former.
   */
  readonly confirmed: bigint
}

/** How a source is being captured, told to every reader. */
export interface CaptureReport {
  readonly status: 'streaming' | 'stopped' | 'failed'
  /** Why it is not streaming, for people. */
  readonly reason?: string
  /** When it was told, in milliseconds since 1970. One that is long past says that nobody captures. */
  readonly at: number
  /** Bytes of the write-ahead log between the database's end and what the log holds. */
  readonly lagBytes?: number
  /** Tables of the graph whose changes do not come, since nobody publishes them, and why. */
  readonly unwatched?: Readonly<Record<string, string>>
}

/** How often a report is told at least while a source is captured, in milliseconds. */
export const reportEveryMs = 2_000

/** How old a report may be and still be believed, in milliseconds. */
export const reportStaleMs = 10_000

/** What a writer keeps for the one who comes after, by name; null where it is kept no longer. No text is empty. */
export type Notes = ReadonlyMap<string, string | null>

/**
 * The one who captures a source. There is one at a time: who holds the slot. Once a promise was rejected the writer is
 * of no use, for nobody knows what the log holds: ask for another, and send again what is above its `last`.
 */
export interface LogWriter {
  readonly epoch: string
  /** Where the log reaches: to the last commit or advance. What is not above it is passed over in silence, for it is there. */
  readonly last: bigint
  /**
   * Resolves when the transactions are durable: they may be acknowledged then. The notes are kept with them in one step.
   *
   * @throws WriterFenced
   */
  append(transactions: readonly Transaction[], notes?: Notes): Promise<void>
  /** All notes of the epoch, by name. */
  notes(): Promise<ReadonlyMap<string, string>>
  /**
   * Up to here there is nothing that is not in the log: nobody wrote, or nothing of interest. Resolves when that is
   * durable, for it is acknowledged then. Readers are not woken; a position there reads on as any other. It costs a
   * write to the disk: not at every keepalive.
   *
   * @throws WriterFenced
   */
  advance(lsn: bigint): Promise<void>
  report(report: CaptureReport): Promise<void>
}

/** Another writer has taken over the source. */
export class WriterFenced extends Error {
  override readonly name = 'WriterFenced'
}

/** The position was trimmed away, belongs to another epoch, or was never there: begin anew with a snapshot. */
export class PositionLost extends Error {
  override readonly name = 'PositionLost'
}

/** Where changes are kept, in the order of their commits, for an hour or a size; one history a source. */
export interface ChangeLog extends AsyncDisposable {
  /**
   * Goes on with a source's history, or begins another where the identity is another or a gap is found. Whoever wrote
   * to it before is fenced off.
   */
  write(source: string, identity: LogIdentity): Promise<LogWriter>
  /** The last commit, or where the history began; undefined where nobody ever captured. */
  head(source: string): Promise<LogPosition | undefined>
  /**
   * What comes after a position, in batches, as it comes; waits for more until the signal ends it.
   *
   * @throws PositionLost at the start, or later, when the reader was overtaken by trimming or another epoch began.
   */
  read(source: string, after: LogPosition, signal: AbortSignal): AsyncIterable<readonly Transaction[]>
  /** The last report; undefined where there never was one. */
  status(source: string): Promise<CaptureReport | undefined>
  /** 32 random bytes that all who share the log share; another log has others. */
  secret(): Promise<Buffer>
}
