/** What a document is to be answered with, from the tables as they lie in memory: slow, plain, and without SQL. */
import type { Client } from 'pg'
import { type Asked, type PageAsked, shapeOf, shapes } from './asked.ts'

export type Row = Readonly<Record<string, number | null>>

/** Every row of the tables that take part, by type. */
export type Tables = ReadonlyMap<string, readonly Row[]>

export async function readTables(client: (source: 'platform' | 'users') => Promise<Client>): Promise<Tables> {
  const tables = new Map<string, readonly Row[]>()
  const clients = { platform: await client('platform'), users: await client('users') }
  for (const [type, { source, table }] of Object.entries(shapes))
    tables.set(type, (await clients[source].query<Row>(`SELECT * FROM ${table}`)).rows)
  return tables
}

/** Rows in an order; the key decides last, in the direction of the last term. */
export function ordered(type: string, rows: readonly Row[], { orderBy }: PageAsked): Row[] {
  const { columns } = shapeOf(type)
  const terms = [
    ...orderBy,
    { field: 'databaseId', direction: orderBy.at(-1)?.direction ?? 'ASC', nulls: undefined },
  ]
  return rows.toSorted((left, right) => {
    for (const { field, direction, nulls = direction === 'ASC' ? 'LAST' : 'FIRST' } of terms) {
      const [a, b] = [left, right].map((row) => row[columns[field] as string] ?? null)
      if (a === b || a === undefined || b === undefined) continue
      if (a === null || b === null) return (a === null) === (nulls === 'FIRST') ? -1 : 1
      return direction === 'ASC' ? a - b : b - a
    }
    return 0
  })
}

/** The answer for one row. */
export function rowAnswer(tables: Tables, type: string, row: Row, asked: readonly Asked[]): object {
  return Object.fromEntries([
    ['__typename', type],
    ['databaseId', row.id],
    ...asked.map((one) => [one.alias, fieldAnswer(tables, type, row, one)]),
  ])
}

function fieldAnswer(tables: Tables, type: string, row: Row, { field, list, page, asked }: Asked) {
  const { many, one } = shapeOf(type)
  if (list === null) {
    const [to, column] = one[field] as readonly [string, string]
    const found = tables.get(to)?.find(({ id }) => id === row[column])
    return found ? rowAnswer(tables, to, found, asked) : null
  }
  const [to, column] = many[field] as readonly [string, string]
  const all = (tables.get(to) ?? []).filter(
    (candidate) => candidate[column] === row.id && (candidate.id as number) < (page.below ?? Infinity),
  )
  const sorted = ordered(to, all, page)
  const size = page.first ?? page.last ?? 0
  const rows =
    page.last === undefined ? sorted.slice(0, size) : sorted.slice(Math.max(0, sorted.length - size))
  const answers = rows.map((found) => rowAnswer(tables, to, found, asked))
  const more = sorted.length > size
  return {
    totalCount: all.length,
    ...(list === 'nodes' ? { nodes: answers } : { edges: answers.map((node) => ({ node })) }),
    pageInfo: {
      hasNextPage: page.last === undefined && more,
      hasPreviousPage: page.last !== undefined && more,
    },
  }
}
