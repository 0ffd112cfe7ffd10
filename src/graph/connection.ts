import DataLoader from 'dataloader'
import type { GraphQLResolveInfo } from 'graphql'
import sql, { join, raw, type Sql } from 'sql-template-tag'
import type { Rule } from '../auth/rule.ts'
import { type GraphContext, memoised } from './context.ts'
import { encodeCursor } from './cursor.ts'
import type { Entity, RowKey } from './entity.ts'
import { filterCondition } from './filter-condition.ts'
import { resolveEdges } from './filter-edges.ts'
import { type KeysetPosition, pageStatement } from './keyset.ts'
import { type ConnectionArguments, type PageRequest, pageRequest } from './page-request.ts'
import { requestedFields } from './requested-fields.ts'
import { fieldPath, readRows, selectionAt } from './rows.ts'
import type { Selection } from './selection.ts'
import { anyOf, columnOf, rowsOf, tableName } from './statement.ts'
import { requireAnchor, rowRuleOf } from './visibility.ts'
import { ruleSql } from './visibility-sql.ts'

/** How rows say whose they are, where no single column of theirs does. */
export interface Belonging {
  /** Unique among the ways to belong. */
  readonly name: string
  /** The one column that holds the parent's key, where there is one. */
  readonly column?: string
  /** The columns of the rows that decide. */
  readonly columns: readonly string[]
  /** SQL type of the parents' keys. */
  readonly cast: string
  /** Whether the row `t` is one of the parent with a key. */
  readonly belongs: (key: Sql) => Sql
}

/** How the rows below a parent name it, mostly by a column, and the parent's key. */
export interface Parent {
  readonly by: string | Belonging
  readonly key: RowKey
}

export interface Edge {
  readonly cursor: string
  readonly node: object
}

export interface Connection {
  readonly edges: readonly Edge[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
  /** Counts the rows of all pages: a statement of its own, run when first asked for. */
  totalCount(): Promise<number>
}

export interface ConnectionQuery {
  readonly entity: Entity
  readonly parent?: Parent
  readonly args: ConnectionArguments
  readonly context: GraphContext
  readonly info: GraphQLResolveInfo
}

/**
 * A page of an entity's rows, all or those of one parent. The same field below the rows of a list is one batch: one
 * statement for the keys of all its pages, one for the rows, one for the counts, however many parents there are.
 */
export async function loadConnection({
  entity,
  parent,
  args,
  context,
  info,
}: ConnectionQuery): Promise<Connection> {
  const by = parent && belonging(entity, parent.by)
  const key = `${entity.name} ${by?.name ?? ''} ${fieldPath(info)}`
  const reader = memoised(
    context,
    `connection ${key}`,
    () => new ConnectionReader(entity, by, args, context, info),
  )
  return reader.load(parent?.key ?? everything, info)
}

function belonging(entity: Entity, by: string | Belonging): Belonging {
  if (typeof by !== 'string') return by
  const cast = entity.columns.get(by)?.kind.cast ?? 'text'
  return { name: by, column: by, columns: [by], cast, belongs: (key) => sql`${columnOf('t', by)} = ${key}` }
}

/** Stands for the parent of a connection that is bound to none. */
const everything: RowKey = ''

interface KeysetRow {
  readonly parent: RowKey
  readonly n: string
  readonly [keyset: `k${number}`]: string | null
}

/** One connection field of a request, for every row that it stands below. */
class ConnectionReader {
  readonly #entity: Entity
  readonly #by: Belonging | undefined
  readonly #context: GraphContext
  readonly #request: PageRequest
  readonly #rule: Rule
  readonly #conditions: () => Promise<readonly Sql[]>
  readonly #wantsPage: boolean
  readonly #wantsRows: boolean
  readonly #pages: DataLoader<RowKey, Connection>
  readonly #counts: DataLoader<RowKey, number>
  #selection: Selection = {}

  constructor(
    entity: Entity,
    by: Belonging | undefined,
    args: ConnectionArguments,
    context: GraphContext,
    info: GraphQLResolveInfo,
  ) {
    this.#entity = entity
    this.#by = by
    this.#context = context
    this.#request = pageRequest(context, entity, args)
    for (const column of [
      ...this.#request.order.map((term) => term.column),
      ...(by?.columns ?? [entity.key]),
    ])
      requireAnchor(context, entity, column)
    this.#rule = rowRuleOf(context, entity)
    let conditions: Promise<readonly Sql[]> | undefined
    this.#conditions = () => {
      conditions ??= this.#readConditions(args)
      return conditions
    }
    const requested = requestedFields(info)
    this.#wantsPage = ['edges', 'nodes', 'pageInfo'].some((field) => requested.has(field))
    this.#wantsRows = ['edges', 'nodes'].some((field) => requested.has(field))
    this.#pages = new DataLoader((parents) => this.#readPages(parents))
    this.#counts = new DataLoader((parents) => this.#readCounts(parents))
  }

  load(parent: RowKey, info: GraphQLResolveInfo): Promise<Connection> | Connection {
    if (!this.#wantsPage) return this.#connection([], parent, new Map())
    if (this.#wantsRows)
      this.#selection = selectionAt(this.#context, info, this.#entity, [['nodes'], ['edges', 'node']])
    return this.#pages.load(parent)
  }

  async #readConditions({ filter }: ConnectionArguments): Promise<readonly Sql[]> {
    const edges = await resolveEdges(this.#context, this.#entity, filter)
    return [
      filterCondition(this.#context, this.#entity, filter, edges),
      ruleSql(this.#context, this.#entity, this.#rule, 't'),
    ].filter((condition) => condition !== undefined)
  }

  async #readPages(parents: readonly RowKey[]): Promise<Connection[]> {
    if (this.#rule.kind === 'never') return parents.map((parent) => this.#connection([], parent, new Map()))
    const positions = await this.#readKeysets(parents)
    const keys = positions.flatMap((list) =>
      list.slice(0, this.#request.size).map((position) => this.#key(position)),
    )
    const rows = new Map<RowKey, object>()
    if (this.#wantsRows && keys.length > 0) {
      for (const row of await readRows(this.#context, this.#entity, [...new Set(keys)], this.#selection))
        rows.set((row as Record<string, RowKey>)[this.#entity.key] as RowKey, row)
    }
    return parents.map((parent, index) => this.#connection(positions[index] ?? [], parent, rows))
  }

  /** Keysets in scan order for each parent, one more than the page holds where there are more. */
  async #readKeysets(parents: readonly RowKey[]): Promise<KeysetPosition[][]> {
    const { order, after, before, size, backward } = this.#request
    const page = (where: readonly Sql[]) =>
      pageStatement({ table: this.#entity.table, order, where, after, before, limit: size + 1, backward })
    const position = (row: KeysetRow) => order.map((_, index) => row[`k${index}`] ?? null)
    const { source } = this.#entity
    const conditions = await this.#conditions()
    if (!this.#by) {
      const rows = await rowsOf<KeysetRow>(this.#context, source, page(conditions))
      return parents.map(() => rows.map(position))
    }
    const bound = this.#by.belongs(parentKey)
    const statement = sql`SELECT parent.key AS parent, page.* FROM ${unnested(parents, this.#by)} CROSS JOIN LATERAL (SELECT q.*, row_number() OVER () AS n FROM (${page([bound, ...conditions])}) q) page`
    const byParent = new Map<RowKey, KeysetRow[]>(parents.map((parent) => [parent, []]))
    for (const row of await rowsOf<KeysetRow>(this.#context, source, statement))
      byParent.get(row.parent)?.push(row)
    return parents.map((parent) =>
      (byParent.get(parent) ?? []).sort((left, right) => Number(left.n) - Number(right.n)).map(position),
    )
  }

  async #readCounts(parents: readonly RowKey[]): Promise<number[]> {
    if (this.#rule.kind === 'never') return parents.map(() => 0)
    const { source, table } = this.#entity
    const conditions = await this.#conditions()
    if (!this.#by) {
      const where = conditions.length > 0 ? sql`WHERE ${join(conditions, ' AND ')}` : raw('')
      const statement = sql`SELECT count(*) AS total FROM ${tableName(table)} t ${where}`
      const [row] = await rowsOf<{ total: string }>(this.#context, source, statement)
      return parents.map(() => Number(row?.total ?? 0))
    }
    const statement = this.#countStatement(parents, this.#by, conditions)
    const totals = new Map<RowKey, number>()
    for (const row of await rowsOf<{ parent: RowKey; total: string }>(this.#context, source, statement))
      totals.set(row.parent, Number(row.total))
    return parents.map((parent) => totals.get(parent) ?? 0)
  }

  /** One scan for all parents where a column names them, however the column is indexed. */
  #countStatement(parents: readonly RowKey[], by: Belonging, conditions: readonly Sql[]): Sql {
    const counted = (bound: Sql) =>
      sql`FROM ${tableName(this.#entity.table)} t WHERE ${join([bound, ...conditions], ' AND ')}`
    if (by.column === undefined)
      return sql`SELECT parent.key AS parent, counted.total FROM ${unnested(parents, by)} CROSS JOIN LATERAL (SELECT count(*) AS total ${counted(by.belongs(parentKey))}) counted`
    const column = columnOf('t', by.column)
    return sql`SELECT ${column} AS parent, count(*) AS total ${counted(anyOf(column, parents, by.cast))} GROUP BY 1`
  }

  #connection(
    scanned: readonly KeysetPosition[],
    parent: RowKey,
    rows: ReadonlyMap<RowKey, object>,
  ): Connection {
    const { order, after, before, size, backward } = this.#request
    const more = scanned.length > size
    const page = scanned.slice(0, size)
    const positions = backward ? page.reverse() : page
    const cursors = positions.map((position) => encodeCursor(this.#entity, order, position))
    return {
      // A row that was deleted between the two statements has no node, and so no edge.
      edges: positions.flatMap((position, index) => {
        const node = rows.get(this.#key(position))
        return node ? [{ cursor: cursors[index] as string, node }] : []
      }),
      pageInfo: {
        hasNextPage: backward ? before !== undefined : more,
        hasPreviousPage: backward ? more : after !== undefined,
        startCursor: cursors[0] ?? null,
        endCursor: cursors.at(-1) ?? null,
      },
      totalCount: () => this.#counts.load(parent),
    }
  }

  #key(position: KeysetPosition): RowKey {
    const text = position.at(-1) ?? ''
    return this.#entity.columns.get(this.#entity.key)?.kind.key(text) ?? text
  }
}

const parentKey = sql`parent.key`

const unnested = (parents: readonly RowKey[], { cast }: Belonging) =>
  sql`unnest(${parents}::${raw(cast)}[]) AS parent(key)`
