import type { ExpectedTable } from '../database/expected.ts'
import type { Column } from './column.ts'
import type { ModelName, Row } from './models.ts'

type ColumnName<M extends ModelName> = keyof Row<M> & string

/** Rows of another entity of the same database that this one's column names. */
export interface ToOne<M extends ModelName = ModelName> {
  readonly to: ModelName
  /** The column that holds the other's key. */
  readonly by: ColumnName<M>
  /** What `by` holds where it is not the key: another column of the other table, in which each value is once. */
  readonly references?: string
  readonly description: string
  /** The same relation seen from the other side: a connection there. */
  readonly inverse: { readonly name: string; readonly description: string }
}

export type Direction = 'ASC' | 'DESC'
export type Nulls = 'FIRST' | 'LAST'

export interface OrderBy<M extends ModelName = ModelName> {
  readonly column: ColumnName<M>
  readonly direction: Direction
  /** Where rows without a value come; default Postgres's own: last ascending, first descending. */
  readonly nulls?: Nulls
}

/** How an entity's rows are watched: the subscription fields, and what the capture publishes, follow from it. */
export interface Watching {
  /** `state`: what counts is how a row is now. `append`: rows come and stay, and each counts. */
  readonly kind: 'state' | 'append'
  /** Subscription field over many rows, where it is not the plural with `Changed` or `Appended`. */
  readonly field?: string
  /** The relation whose row they are watched below, one by one: `job` makes `jobId` an argument of the field. */
  readonly below?: string
}

/** What a source's owner keeps in one table, as the graph shows it. Everything about an entity comes from here. */
export interface EntityDeclaration<M extends ModelName = ModelName> {
  readonly table: string
  /** Name of the table in the system that the seed describes, where it differs: recognised and explained, not read. */
  readonly originalName?: string
  readonly description: string
  /** What the table is; a view has no keys of its own, and no program announces its changes. */
  readonly kind?: 'table' | 'view'
  /** Whether the owner may do without it: its absence disables its fields, and is no fault. */
  readonly isOptional?: boolean
  /** The primary key, a single column; of a view, a column in which each value is once. */
  readonly key: ColumnName<M>
  /** Columns by the database's name, the key among them. What is not named here is not in the graph. */
  readonly columns: Readonly<Partial<Record<ColumnName<M>, Column>>>
  /** By the name of the Prisma relation, which is the field's name too. */
  readonly relations?: Readonly<Record<string, ToOne<M>>>
  /** Root field of the connection, where English has another plural than most words have. */
  readonly plural?: string
  /** The order of a connection that names none; the key is added as the last term. */
  readonly defaultOrder: readonly OrderBy<M>[]
  /** Whether and how its rows can be watched live. */
  readonly live?: Watching
}

/** A declared entity, in the form that the kit reads. */
export interface Entity {
  readonly name: ModelName
  readonly source: string
  readonly table: string
  readonly originalName?: string
  readonly description: string
  readonly kind?: 'table' | 'view'
  readonly isOptional?: boolean
  readonly key: string
  readonly columns: ReadonlyMap<string, Column>
  readonly relations: ReadonlyMap<string, ToOne>
  readonly defaultOrder: readonly OrderBy[]
  readonly live?: Watching
  /** Root field of one row: `trainingJob`. */
  readonly singular: string
  /** Root field of the connection: `trainingJobs`. */
  readonly plural: string
}

const registry = new Map<string, Entity>()

/** Every entity declared so far, in the order of declaration. */
export const entities = (): readonly Entity[] => [...registry.values()]

/** @throws Error for a name that no entity has. */
export function entityNamed(name: string): Entity {
  const entity = registry.get(name)
  if (!entity) throw new Error(`No entity is named ${name}.`)
  return entity
}

export const findEntity = (name: string): Entity | undefined => registry.get(name)

export const camelCase = (name: string) =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
export const upperCase = (name: string) => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()

/** The graph's name of a column's field; the key is `databaseId` everywhere. */
export const fieldName = (entity: Entity, name: string) =>
  name === entity.key ? 'databaseId' : (entity.columns.get(name)?.name ?? camelCase(name))

/** The plural of a word, as most have it. */
export const pluralOf = (word: string): string =>
  /[^aeiou]y$/.test(word) ? `${word.slice(0, -1)}ies` : /(s|x|z|ch|sh)$/.test(word) ? `${word}es` : `${word}s`

/** Declares an entity of a source; see CONTRIBUTING, "Add an entity". */
export function declareEntity<M extends ModelName>(
  source: string,
  name: M,
  declaration: EntityDeclaration<M>,
): Entity {
  const { columns, relations = {}, ...rest } = declaration
  const singular = name.charAt(0).toLowerCase() + name.slice(1)
  const entity: Entity = {
    ...(rest as Omit<EntityDeclaration, 'columns' | 'relations'>),
    name,
    source,
    columns: new Map(Object.entries(columns) as [string, Column][]),
    relations: new Map(Object.entries(relations) as unknown as [string, ToOne][]),
    singular,
    plural: declaration.plural ?? pluralOf(singular),
  }
  if (!entity.columns.has(entity.key))
    throw new Error(`${name} does not declare its key column ${entity.key}.`)
  registry.set(name, entity)
  return entity
}

/** What the start-up check looks for. */
export const expectedTable = (entity: Entity): ExpectedTable => ({
  name: entity.table,
  kind: entity.kind ?? 'table',
  ...(entity.isOptional ? { isOptional: true } : {}),
  key: [entity.key],
  columns: [...entity.columns].map(([name, column]) => ({
    name,
    type: column.kind.expected,
    ...(column.enumType && column.enumeration
      ? { enumType: column.enumType, enumLabels: column.enumeration.known }
      : {}),
  })),
  ...(entity.originalName ? { originalName: entity.originalName } : {}),
})

/** A key as Prisma and pg hand it over. */
export type RowKey = string | number

export const keyOf = (entity: Entity, row: unknown): RowKey =>
  (row as Record<string, RowKey>)[entity.key] as RowKey

/** The column of the far table that a relation's column is equal to. */
export const farColumnOf = ({ to, references }: ToOne): string => references ?? entityNamed(to).key
