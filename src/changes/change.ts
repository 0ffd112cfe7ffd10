/**
 * What writers did to a database, as its write-ahead log tells it. Nothing here knows of GraphQL, or of what a table
 * means.
 */

/**
 * Columns by name, in Postgres's text form. A column is missing where its value did not change and is stored apart from
 * the row (TOAST): the log does not repeat it.
 */
export type ColumnValues = Readonly<Record<string, string | null>>

/**
 * What a row was before, of the columns that are remembered for it (`row-memory.ts`): of a deleted one all of them, of one
 * that was updated those that were otherwise. Absent where that is not known.
 */
export type Former = ColumnValues

/** One thing that happened to a table of the schema `public`. */
export type Change =
  | {
      readonly kind: 'insert' | 'update'
      readonly table: string
      /** Text of the primary key; of one with several columns, a JSON array of their texts in the key's order. */
      readonly key: string
      /** The key before, where an update changed it. */
      readonly oldKey?: string
      /** The row as it is after. */
      readonly values: ColumnValues
      readonly former?: Former
    }
  | { readonly kind: 'delete'; readonly table: string; readonly key: string; readonly former?: Former }
  | { readonly kind: 'truncate'; readonly table: string }
  /** Whatever is known of the table's rows may be wrong: the transaction was too large to keep, or the table is another. */
  | { readonly kind: 'invalidate'; readonly table: string; readonly reason: string }

/** A commit, whole. */
export interface Transaction {
  /**
   * Where the commit ends in the write-ahead log (pgoutput's end of the transaction, not the commit record's start): it
   * rises from one to the next, and is what is acknowledged.
   */
  readonly lsn: bigint
  /** The lower 32 bits of its number, as snapshots of the database know it. */
  readonly xid: number
  /** When it was committed: ISO 8601, UTC, microseconds. */
  readonly committedAt: string
  /** In the order in which they were made; those of tables that nobody publishes are not among them. */
  readonly changes: readonly Change[]
}
