import type { ExpectedDatabase } from '../../database/expected.ts'
import type { Change, ColumnValues } from '../change.ts'
import type { Relation, Tuple } from './pgoutput.ts'

/** A table of the schema `public` whose changes are wanted. */
export interface CapturedTable {
  readonly name: string
  /** Columns of its primary key, in their order. */
  readonly key: readonly string[]
  /** Columns that are kept, the key among them; others, such as passwords, never reach the log. */
  readonly columns: readonly string[]
}

/** What the graph reads of a database, as far as it can change: views have no rows of their own. */
export const capturedTables = ({ tables }: ExpectedDatabase): CapturedTable[] =>
  tables
    .filter(({ kind }) => kind === 'table')
    .map(({ name, key, columns }) => ({ name, key, columns: columns.map((column) => column.name) }))

type RowMessage =
  | { readonly kind: 'insert'; readonly row: Tuple }
  | { readonly kind: 'update'; readonly row: Tuple; readonly former: Tuple | undefined }
  | { readonly kind: 'delete'; readonly former: Tuple }

/** Makes changes of the rows of a table, as the log tells of it now. */
export class TableReader {
  readonly table: CapturedTable
  readonly relation: Relation
  /** Kept columns with their places in a tuple. */
  readonly #kept: readonly (readonly [name: string, index: number])[]
  readonly #key: readonly number[]

  constructor(table: CapturedTable, relation: Relation) {
    this.table = table
    this.relation = relation
    const place = (name: string) => relation.columns.findIndex((column) => column.name === name)
    this.#kept = table.columns.flatMap((name) => (place(name) < 0 ? [] : [[name, place(name)] as const]))
    this.#key = table.key.map(place)
  }

  /** A row that cannot be named by its key (the table has another, or none) makes all that is known of it doubtful. */
  change(message: RowMessage): Change {
    const { name: table } = this.table
    if (message.kind === 'delete') {
      const key = this.#keyOf(message.former)
      return key === undefined ? this.#nameless() : { kind: 'delete', table, key }
    }
    const former = message.kind === 'update' ? message.former : undefined
    const key = this.#keyOf(message.row, former)
    if (key === undefined) return this.#nameless()
    const values = this.#valuesOf(message.row, former)
    if (former === undefined) return { kind: message.kind, table, key, values }
    const oldKey = this.#keyOf(former)
    if (oldKey === undefined) return this.#nameless()
    return { kind: 'update', table, key, values, ...(oldKey !== key && { oldKey }) }
  }

  /** Whether a later message tells of the same table with the same columns. */
  isStill(relation: Relation): boolean {
    const shape = ({ oid, identity, columns }: Relation) =>
      JSON.stringify([
        oid,
        identity,
        columns.map(({ name, typeOid, typeModifier }) => [name, typeOid, typeModifier]),
      ])
    return shape(relation) === shape(this.relation)
  }

  #keyOf(row: Tuple, former?: Tuple): string | undefined {
    const texts: string[] = []
    for (const index of this.#key) {
      const text = row[index] ?? former?.[index]
      if (text === undefined || text === null) return undefined
      texts.push(text)
    }
    return texts.length === 1 ? texts[0] : JSON.stringify(texts)
  }

  #valuesOf(row: Tuple, former: Tuple | undefined): ColumnValues {
    // Only REPLICA IDENTITY FULL repeats what is stored apart, in the old row.
    const whole = this.relation.identity === 'f' ? former : undefined
    const values: Record<string, string | null> = {}
    for (const [name, index] of this.#kept) {
      const text = row[index] === undefined ? whole?.[index] : row[index]
      if (text !== undefined) values[name] = text
    }
    return values
  }

  #nameless(): Change {
    const reason = `its rows cannot be told apart by ${this.table.key.join(', ')}`
    return { kind: 'invalidate', table: this.table.name, reason }
  }
}
