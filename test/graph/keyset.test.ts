import fc from 'fast-check'
import { Client } from 'pg'
import sql, { raw } from 'sql-template-tag'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type KeysetPosition, type OrderTerm, pageStatement } from '../../src/graph/keyset.ts'
import { createEmptyDatabase, type TestDatabase } from '../support/databases.ts'

/** Columns of the playground: few values, so that ties and NULLs are the rule; microseconds that a Date would lose. */
const columns = {
  number: { cast: 'integer', values: [null, -1, 0, 1, 2] },
  word: { cast: 'text', values: [null, '', 'a', 'B', 'é', '日本', "o'b\\%_"] },
  moment: {
    cast: 'timestamp',
    values: [
      null,
      '2026-01-01 00:00:00.000001',
      '2026-01-01 00:00:00.000002',
      '2026-01-01 00:00:00.001',
      'infinity',
    ],
  },
  ratio: { cast: 'double precision', values: [null, 'NaN', '-Infinity', 0.1, 0.30000000000000004, 1e300] },
  total: { cast: 'bigint', values: [null, '9007199254740992', '9007199254740993', '-9223372036854775808'] },
  price: {
    cast: 'numeric',
    values: [null, '0.1000000000000000000001', '0.1000000000000000000002', '0.10', '0.1', 'NaN'],
  },
  instant: {
    cast: 'timestamptz',
    values: [
      null,
      '2026-01-01 00:00:00.000001+02',
      '2025-12-31 22:00:00.000001+00',
      '2026-01-01 00:00:00+00',
    ],
  },
  day: { cast: 'date', values: [null, '2026-02-28', '2024-02-29', '-infinity'] },
  guid: {
    cast: 'uuid',
    values: [null, '00000000-0000-4000-8000-000000000001', 'ffffffff-0000-4000-8000-000000000001'],
  },
} as const

type ColumnName = keyof typeof columns
const names = Object.keys(columns) as ColumnName[]

const rowArbitrary = fc.record(
  Object.fromEntries(
    names.map((name) => [name, fc.constantFrom<unknown>(...columns[name].values)]),
  ) as Record<ColumnName, fc.Arbitrary<unknown>>,
)

const termArbitrary = fc.record({
  name: fc.constantFrom(...names),
  direction: fc.constantFrom('ASC' as const, 'DESC' as const),
  nulls: fc.constantFrom('FIRST' as const, 'LAST' as const),
})

const orderArbitrary = fc
  .record({
    terms: fc.uniqueArray(termArbitrary, { selector: (term) => term.name, maxLength: 3 }),
    keyDirection: fc.constantFrom('ASC' as const, 'DESC' as const),
  })
  .map(({ terms, keyDirection }): OrderTerm[] => [
    ...terms.map((term) => ({
      expression: raw(`t."${term.name}"`),
      cast: columns[term.name].cast,
      direction: term.direction,
      nulls: term.nulls,
      nullable: true,
    })),
    { expression: raw('t."id"'), cast: 'integer', direction: keyDirection, nulls: 'LAST', nullable: false },
  ])

let database: TestDatabase
let client: Client

beforeAll(async () => {
  database = await createEmptyDatabase()
  client = new Client({ connectionString: database.url })
  // Its database may be dropped while it is still saying goodbye.
  client.on('error', () => {})
  await client.connect()
  await client.query(
    `CREATE TABLE playground (id serial PRIMARY KEY, ${names.map((name) => `${name} ${columns[name].cast}`).join(', ')})`,
  )
})

afterAll(async () => {
  await client.end()
  await database[Symbol.asyncDispose]()
})

async function insert(rows: readonly Record<ColumnName, unknown>[]): Promise<void> {
  await client.query(
    `INSERT INTO playground (${names.join(', ')})
     SELECT * FROM unnest(${names.map((name, index) => `$${index + 1}::${columns[name].cast}[]`).join(', ')})`,
    names.map((name) => rows.map((row) => row[name])),
  )
}

type Page = Omit<Parameters<typeof pageStatement>[0], 'table' | 'where'>

async function read(page: Page, where = [sql`TRUE`]): Promise<KeysetPosition[]> {
  const statement = pageStatement({ table: 'playground', where, ...page })
  const { rows } = await client.query({ text: statement.text, values: [...statement.values] })
  return rows.map((row: Record<string, string | null>) =>
    page.order.map((_, index) => row[`k${index}`] ?? null),
  )
}

/** All keys in the order, one page after the other. */
async function walk(order: readonly OrderTerm[], size: number, backward: boolean): Promise<string[]> {
  const keys: string[] = []
  let cursor: KeysetPosition | undefined
  for (;;) {
    const page = await read({
      order,
      limit: size,
      backward,
      ...(backward ? { before: cursor } : { after: cursor }),
    })
    keys.push(...page.map((position) => position.at(-1) as string))
    if (page.length < size) return keys
    cursor = page.at(-1)
  }
}

const key = (position: KeysetPosition) => position.at(-1) as string

describe('keyset pages', () => {
  it('together are the whole order, forward and backward, over NULLs, ties, microseconds and NaN', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(rowArbitrary, { minLength: 1, maxLength: 40 }),
        orderArbitrary,
        fc.integer({ min: 1, max: 7 }),
        async (rows, order, size) => {
          await client.query('TRUNCATE playground')
          await insert(rows)
          const clause = order
            .map((term) => `${term.expression.text} ${term.direction} NULLS ${term.nulls}`)
            .join(', ')
          const { rows: expected } = await client.query(
            `SELECT id::text FROM playground t ORDER BY ${clause}`,
          )
          const whole = expected.map((row: { id: string }) => row.id)
          expect(await walk(order, size, false)).toEqual(whole)
          expect(await walk(order, size, true)).toEqual(whole.toReversed())
        },
      ),
      { numRuns: 150 },
    )
  })

  it('between two cursors holds exactly the rows between them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(rowArbitrary, { minLength: 3, maxLength: 25 }),
        orderArbitrary,
        fc.nat(),
        fc.nat(),
        fc.boolean(),
        async (rows, order, left, right, backward) => {
          await client.query('TRUNCATE playground')
          await insert(rows)
          const whole = await read({ order, limit: 100, backward: false })
          const [from, to] = [left % whole.length, right % whole.length]
          const between = await read({ order, limit: 100, backward, after: whole[from], before: whole[to] })
          const expected = whole.slice(from + 1, Math.max(from + 1, to)).map(key)
          expect(between.map(key)).toEqual(backward ? expected.toReversed() : expected)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('repeat no row and leave none out that stands throughout, while another program inserts and deletes', async () => {
    await fc.assert(
      fc.asyncProperty(
        orderArbitrary,
        fc.boolean(),
        fc.array(
          fc.record({
            insert: fc.array(rowArbitrary, { maxLength: 4 }),
            remove: fc.array(fc.nat(), { maxLength: 4 }),
          }),
          {
            minLength: 20,
            maxLength: 20,
          },
        ),
        async (order, backward, writes) => {
          await client.query('TRUNCATE playground')
          await insert(writes.flatMap((write) => write.insert))
          const { rows: before } = await client.query('SELECT id::text FROM playground ORDER BY id')
          const ids = before.map((row: { id: string }) => row.id)
          const removed = new Set<string>()
          const seen: string[] = []
          let cursor: KeysetPosition | undefined
          for (let page = 0; ; page++) {
            const rows = await read({
              order,
              limit: 3,
              backward,
              ...(backward ? { before: cursor } : { after: cursor }),
            })
            seen.push(...rows.map(key))
            if (rows.length < 3) break
            cursor = rows.at(-1)
            const write = writes[page % writes.length]
            if (!write || page > 60) continue
            await insert(write.insert)
            // The row that the cursor names may be among them: it need not exist any more.
            const gone = [
              ...write.remove.map((index) => ids[index % ids.length]),
              ...(page % 3 === 0 ? [key(cursor as KeysetPosition)] : []),
            ]
            for (const id of gone) if (id) removed.add(id)
            await client.query('DELETE FROM playground WHERE id = ANY($1::integer[])', [gone.filter(Boolean)])
          }
          expect(new Set(seen).size).toBe(seen.length)
          const stood = ids.filter((id: string) => !removed.has(id))
          expect(seen).toEqual(expect.arrayContaining(stood))
        },
      ),
      { numRuns: 60 },
    )
  })
})
