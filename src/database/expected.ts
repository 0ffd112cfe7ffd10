/** A family of Postgres types that a column may have; `column-type.ts` tells which types belong to it. */
export type ColumnType =
  | 'integer'
  | 'bigint'
  | 'float'
  | 'numeric'
  | 'boolean'
  | 'text'
  | 'json'
  | 'timestamp'
  | 'timestamptz'
  | 'date'
  | 'uuid'
  | 'bytea'
  | 'enum'
  | 'text[]'

export interface ExpectedColumn {
  readonly name: string
  readonly type: ColumnType
  /** Name of the native enum type, for columns of type `enum`. */
  readonly enumType?: string
  /** The labels that the graph knows of it. */
  readonly enumLabels?: readonly string[]
}

export interface ExpectedTable {
  readonly name: string
  readonly kind: 'table' | 'view'
  /** Whether the owner may do without it. */
  readonly isOptional?: boolean
  /** Columns without which no row of it can be read. */
  readonly key: readonly string[]
  readonly columns: readonly ExpectedColumn[]
  /** Its name in the public original, where that differs: recognised and explained, not read. */
  readonly originalName?: string
}

/** What the graph reads of a source's database, in the schema `public`. */
export interface ExpectedDatabase {
  readonly source: string
  readonly tables: readonly ExpectedTable[]
}
