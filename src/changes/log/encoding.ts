/**
 * How a transaction is kept: JSON in which the columns of a table are named once a transaction, and a row is a list of
 * its values in their order. A value that the row lacks (it did not change and is stored apart) is a 0 there, which no
 * value is, for those are texts or null.
 */
import type { Change, ColumnValues, Transaction } from '../change.ts'

type Row = readonly (string | null | 0)[]

/** A table by its place among `n`, then what the kind needs. */
type Entry =
  | readonly ['i' | 'u', table: number, key: string, row: Row, oldKey?: string]
  | readonly ['d', table: number, key: string]
  | readonly ['t', table: number]
  | readonly ['x', table: number, reason: string]

interface Encoded {
  /** Number and time of the transaction. */
  readonly x: number
  readonly t: string
  /** Tables, each with the columns that its rows have. */
  readonly n: readonly (readonly [table: string, ...columns: string[]])[]
  readonly c: readonly Entry[]
}

/** The places of tables, and of their columns, as they come up. */
class Names {
  readonly tables: [string, ...string[]][] = []
  readonly #places = new Map<string, { readonly place: number; readonly columns: Map<string, number> }>()

  table(name: string) {
    let known = this.#places.get(name)
    if (!known) {
      known = { place: this.tables.push([name]) - 1, columns: new Map() }
      this.#places.set(name, known)
    }
    return known
  }

  row(table: string, values: ColumnValues): Row {
    const { place, columns } = this.table(table)
    const row: (string | null | 0)[] = new Array(columns.size).fill(0)
    for (const [column, value] of Object.entries(values)) {
      let at = columns.get(column)
      if (at === undefined) {
        at = columns.size
        columns.set(column, at)
        this.tables[place]?.push(column)
      }
      row[at] = value
    }
    return row
  }
}

function encodeChange(change: Change, names: Names): Entry {
  const { place } = names.table(change.table)
  switch (change.kind) {
    case 'insert':
    case 'update': {
      const row = names.row(change.table, change.values)
      const kind = change.kind === 'insert' ? 'i' : 'u'
      return change.oldKey === undefined
        ? [kind, place, change.key, row]
        : [kind, place, change.key, row, change.oldKey]
    }
    case 'delete':
      return ['d', place, change.key]
    case 'truncate':
      return ['t', place]
    case 'invalidate':
      return ['x', place, change.reason]
  }
}

/** A transaction as text, without its position: whoever keeps it keeps that beside it. */
export function encodeTransaction({ xid, committedAt, changes }: Transaction): string {
  const names = new Names()
  const entries = changes.map((change) => encodeChange(change, names))
  return JSON.stringify({ x: xid, t: committedAt, n: names.tables, c: entries } satisfies Encoded)
}

function valuesOf(columns: readonly string[], row: Row): ColumnValues {
  const values: Record<string, string | null> = {}
  for (let at = 0; at < row.length; at++) {
    const value = row[at]
    const column = columns[at + 1]
    if (value !== 0 && value !== undefined && column !== undefined) values[column] = value
  }
  return values
}

function decodeChange(entry: Entry, names: Encoded['n']): Change {
  const columns = names[entry[1]]
  if (!columns) throw new Error('a change names a table that its transaction does not')
  const [table] = columns
  switch (entry[0]) {
    case 'i':
    case 'u': {
      const [kind, , key, row, oldKey] = entry
      return {
        kind: kind === 'i' ? 'insert' : 'update',
        table,
        key,
        ...(oldKey === undefined ? {} : { oldKey }),
        values: valuesOf(columns, row),
      }
    }
    case 'd':
      return { kind: 'delete', table, key: entry[2] }
    case 't':
      return { kind: 'truncate', table }
    case 'x':
      return { kind: 'invalidate', table, reason: entry[2] }
  }
}

/**
 * The transaction that a text is of.
 *
 * @throws Error when it is none.
 */
export function decodeTransaction(lsn: bigint, text: string): Transaction {
  const { x, t, n, c } = JSON.parse(text) as Encoded
  return { lsn, xid: x, committedAt: t, changes: c.map((entry) => decodeChange(entry, n)) }
}
