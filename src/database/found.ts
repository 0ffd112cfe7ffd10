export interface FoundColumn {
  readonly name: string
  /** As Postgres writes it, with length and precision: `character varying(200)`. */
  readonly type: string
  /** Name in `pg_type`, with domains resolved. */
  readonly baseType: string
  readonly isEnum: boolean
  /** Labels of an enum, in order; empty for other types. */
  readonly labels: readonly string[]
  /** Whether the role may SELECT it. */
  readonly readable: boolean
}

export interface FoundTable {
  readonly name: string
  /** Whether the role may SELECT all of it. */
  readonly readable: boolean
  readonly columns: readonly FoundColumn[]
}

/** The Postgres server behind a database. Two databases with the same `startedAt` live on the same one. */
export interface FoundServer {
  readonly startedAt: string
  readonly maxConnections: number
  /** Of these, kept for superusers and privileged roles. */
  readonly reservedConnections: number
}

/** What a database holds of what the graph expects. */
export interface FoundDatabase {
  readonly database: string
  readonly role: string
  readonly server: FoundServer
  /** Whether the role may use the schema `public`. */
  readonly schemaUsable: boolean
  /** Tables and views by expected or original name. */
  readonly tables: readonly FoundTable[]
  /** Names of a few tables of `public`, whatever they are: they tell whose database it is. */
  readonly sample: readonly string[]
  /** Other schemas that have tables by expected names, the one with the most first. */
  readonly elsewhere: readonly string[]
}
