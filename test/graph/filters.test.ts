import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'

/** A training job as SQL reads it, for an evaluation that shares nothing with the graph's. */
interface Row {
  readonly id: number
  readonly status: string
  readonly model_name: string
  readonly epochs: number
  readonly final_accuracy: number | null
  readonly notes: string | null
  /** Microseconds since 1970. */
  readonly created: number | null
}

let databases: TestDatabases
let gateway: TestGateway
let rows: Row[]

beforeAll(async () => {
  databases = await cloneDatabases({ seeded: true })
  gateway = await startGateway({ urls: databases.urls })
  const client = await databases.client('platform')
  await client.query(`UPDATE training_jobs SET status = 'archived' WHERE id % 97 = 0`)
  await client.query(`UPDATE training_jobs SET notes = 'it''s 100% \\ done_' WHERE id % 50 = 1`)
  await client.query(`UPDATE training_jobs SET final_accuracy = 'NaN' WHERE id % 60 = 2`)
  await client.query('DELETE FROM metrics WHERE job_id > 150')
  const read = await client.query(
    `SELECT id, status, model_name, epochs, final_accuracy, notes,
       (extract(epoch FROM created_at) * 1000000)::float8 AS created FROM training_jobs WHERE id <= 150 ORDER BY id`,
  )
  rows = read.rows as Row[]
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await databases[Symbol.asyncDispose]()
})

type Filter = Record<string, unknown>
type Predicate = (row: Row) => boolean

interface Case {
  readonly filter: Filter
  readonly holds: Predicate
}

const dateTime = (micros: number) => {
  const seconds = Math.floor(micros / 1e6)
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(micros - seconds * 1e6).padStart(6, '0')}Z`
}

/** Postgres sorts NaN above all numbers. */
const rank = (value: number) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value)

/** Comparisons of a number-like column; NULL meets only `ne`, `notIn` and `isNull: true`. */
function compared(
  name: string,
  read: (row: Row) => number | null,
  operand: (value: number) => unknown,
): fc.Arbitrary<Case> {
  const value = fc.nat().map((index) => {
    const present = rows.map(read).filter((one): one is number => one !== null && !Number.isNaN(one))
    return present[index % present.length] as number
  })
  const simple = (operator: string, test: (left: number, right: number) => boolean, whenNull = false) =>
    value.map(
      (right): Case => ({
        filter: { [name]: { [operator]: operand(right) } },
        holds: (row) => {
          const left = read(row)
          return left === null ? whenNull : test(rank(left), right)
        },
      }),
    )
  return fc.oneof(
    simple('eq', (left, right) => left === right),
    simple('ne', (left, right) => left !== right, true),
    simple('lt', (left, right) => left < right),
    simple('lte', (left, right) => left <= right),
    simple('gt', (left, right) => left > right),
    simple('gte', (left, right) => left >= right),
    fc.array(value, { maxLength: 5 }).map(
      (values): Case => ({
        filter: { [name]: { in: values.map(operand) } },
        holds: (row) => values.includes(read(row) as number),
      }),
    ),
    fc.array(value, { maxLength: 5 }).map(
      (values): Case => ({
        filter: { [name]: { notIn: values.map(operand) } },
        holds: (row) => !values.includes(read(row) as number),
      }),
    ),
    fc.boolean().map(
      (isNull): Case => ({
        filter: { [name]: { isNull } },
        holds: (row) => (read(row) === null) === isNull,
      }),
    ),
  )
}

const statuses = ['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED', 'STOPPED']
const label = (row: Row) =>
  statuses.includes(row.status.toUpperCase()) ? row.status.toUpperCase() : 'UNKNOWN'

const enumerated: fc.Arbitrary<Case> = fc
  .record({
    labels: fc.array(fc.constantFrom(...statuses, 'UNKNOWN'), { minLength: 1, maxLength: 3 }),
    operator: fc.constantFrom('eq', 'ne', 'in', 'notIn'),
  })
  .map(({ labels, operator }) => {
    const wanted = operator === 'eq' || operator === 'ne' ? labels.slice(0, 1) : labels
    const among: Predicate = (row) => wanted.includes(label(row))
    return {
      filter: { status: { [operator]: operator === 'eq' || operator === 'ne' ? wanted[0] : wanted } },
      holds: operator === 'eq' || operator === 'in' ? among : (row) => !among(row),
    }
  })

const texts = ['%', '_', '\\', "'", 'done_', '100%', 'it', 'IT', 'resnet', 'YOLO', 'yolo', 'e', '']
const textual: fc.Arbitrary<Case> = fc
  .record({
    text: fc.constantFrom(...texts),
    operator: fc.constantFrom('contains', 'startsWith', 'endsWith'),
    ignoreCase: fc.boolean(),
    name: fc.constantFrom('notes' as const, 'modelName' as const),
  })
  .map(({ text, operator, ignoreCase, name }) => {
    const fold = (value: string) => (ignoreCase ? value.toLowerCase() : value)
    return {
      filter: { [name]: { [operator]: text, ignoreCase } },
      holds: (row) => {
        const value = name === 'notes' ? row.notes : row.model_name
        if (value === null) return false
        if (operator === 'contains') return fold(value).includes(fold(text))
        return operator === 'startsWith'
          ? fold(value).startsWith(fold(text))
          : fold(value).endsWith(fold(text))
      },
    }
  })

const condition: fc.Arbitrary<Case> = fc.letrec<{ case: Case; leaf: Case }>((tie) => ({
  leaf: fc.oneof(
    compared('databaseId', (row) => row.id, Number),
    compared('epochs', (row) => row.epochs, Number),
    compared('finalAccuracy', (row) => row.final_accuracy, Number),
    compared('createdAt', (row) => row.created, dateTime),
    enumerated,
    textual,
  ),
  case: fc.oneof(
    { maxDepth: 3 },
    tie('leaf'),
    fc.array(tie('case'), { maxLength: 3 }).map((parts) => ({
      filter: { and: parts.map(({ filter }) => filter) },
      holds: (row: Row) => parts.every(({ holds }) => holds(row)),
    })),
    fc.array(tie('case'), { maxLength: 3 }).map((parts) => ({
      filter: { or: parts.map(({ filter }) => filter) },
      holds: (row: Row) => parts.some(({ holds }) => holds(row)),
    })),
    tie('case').map((part) => ({ filter: { not: part.filter }, holds: (row: Row) => !part.holds(row) })),
  ),
})).case

interface Jobs {
  readonly trainingJobs: {
    readonly totalCount: number
    readonly nodes: readonly { readonly databaseId: number }[]
  }
}

const document = `query ($filter: TrainingJobFilter!) {
  trainingJobs(first: 200, filter: { and: [{ databaseId: { lte: 150 } }, $filter] }, orderBy: { field: DATABASE_ID }) {
    totalCount nodes { databaseId }
  }
}`

describe('filters', () => {
  it('choose the rows that the same conditions choose in JavaScript', async () => {
    await fc.assert(
      fc.asyncProperty(condition, async ({ filter, holds }) => {
        const { trainingJobs } = await gateway.query<Jobs>(document, { filter })
        const expected = rows.filter(holds).map(({ id }) => id)
        expect(trainingJobs.nodes.map(({ databaseId }) => databaseId)).toEqual(expected)
        expect(trainingJobs.totalCount).toBe(expected.length)
      }),
      { numRuns: 250 },
    )
  })

  it('reach over a relation to one', async () => {
    const { trainingJobs } = await gateway.query<{
      trainingJobs: { nodes: { project: { name: string } }[] }
    }>(
      '{ trainingJobs(filter: { project: { name: { startsWith: "Pallet" } } }) { nodes { project { name } } } }',
    )
    expect(trainingJobs.nodes.length).toBeGreaterThan(0)
    for (const { project } of trainingJobs.nodes) expect(project.name).toMatch(/^Pallet/)
  })

  it('look into JSON', async () => {
    const client = await databases.client('platform')
    await client.query(
      `UPDATE training_jobs SET advanced_config = '{"optimizer": {"name": "lion", "beta": [0.9, 0.99]}}' WHERE id IN (3, 5)`,
    )
    const { trainingJobs } = await gateway.query<Jobs>(
      '{ trainingJobs(filter: { advancedConfig: { contains: { optimizer: { name: "lion" } } } }) { totalCount nodes { databaseId } } }',
    )
    expect(trainingJobs.nodes.map(({ databaseId }) => databaseId)).toEqual([5, 3])
  })
})

describe('input that cannot be used', () => {
  const refused = [
    [
      'a NUL character',
      '{ trainingJobs(filter: { notes: { eq: "a\\u0000b" } }) { totalCount } }',
      'BAD_INPUT',
      'NUL',
    ],
    [
      'a NUL character in JSON',
      '{ trainingJobs(filter: { tags: { contains: "\\u0000" } }) { totalCount } }',
      'BAD_INPUT',
      'NUL',
    ],
    [
      'a null operand',
      '{ trainingJobs(filter: { notes: { eq: null } }) { totalCount } }',
      'BAD_INPUT',
      'isNull',
    ],
    [
      'a null in a list',
      '{ trainingJobs(filter: { epochs: { in: [1, null] } }) { totalCount } }',
      undefined,
      'null',
    ],
    [
      'a day that does not exist',
      '{ trainingJobs(filter: { createdAt: { gt: "2026-02-30T00:00:00Z" } }) { totalCount } }',
      undefined,
      'does not exist',
    ],
    [
      'a date without a time',
      '{ trainingJobs(filter: { createdAt: { gt: "2026-02-03" } }) { totalCount } }',
      undefined,
      'RFC 3339',
    ],
    [
      'an integer past 32 bits',
      '{ trainingJob(databaseId: 99999999999) { databaseId } }',
      undefined,
      '32-bit',
    ],
    [
      'a page that is too long',
      '{ trainingJobs(first: 201) { totalCount nodes { databaseId } } }',
      'PAGE_SIZE',
      '0 to 200',
    ],
    [
      'a page of negative length',
      '{ trainingJobs(last: -1) { nodes { databaseId } } }',
      'PAGE_SIZE',
      '0 to 200',
    ],
    [
      'both ends at once',
      '{ trainingJobs(first: 1, last: 1) { nodes { databaseId } } }',
      'BAD_INPUT',
      'exclude',
    ],
    [
      'a cursor of nonsense',
      '{ trainingJobs(after: "nonsense") { nodes { databaseId } } }',
      'BAD_CURSOR',
      'after',
    ],
    ['an id of nonsense', '{ node(id: "nonsense") { id } }', 'BAD_ID', 'nonsense'],
    ['an id of another entity', '{ trainingJob(id: "VXNlcjox") { id } }', 'BAD_ID', 'User'],
    ['a lookup by nothing', '{ trainingJob { id } }', 'BAD_INPUT', 'either'],
    ['a lookup by a NUL character', '{ slurmJob(databaseId: "\\u0000") { id } }', 'BAD_INPUT', 'NUL'],
    [
      'a series of too few points',
      '{ trainingJob(databaseId: 1) { metricSeries(name: "loss", maxPoints: 1) { totalPoints } } }',
      'BAD_INPUT',
      'maxPoints',
    ],
  ] as const

  it.each(refused)('%s is a clear error', async (_what, document, code, words) => {
    const { errors } = await gateway.execute(document)
    expect(errors?.[0]?.message).toContain(words)
    if (code) expect(errors?.[0]?.extensions?.code).toBe(code)
    expect(JSON.stringify(errors)).not.toMatch(/stack|\.ts:|INTERNAL/)
  })

  it('a cursor of another order, or one that was damaged, is refused', async () => {
    const page = '{ trainingJobs(first: 1, orderBy: { field: CREATED_AT }) { pageInfo { endCursor } } }'
    const { trainingJobs } = await gateway.query<{ trainingJobs: { pageInfo: { endCursor: string } } }>(page)
    const cursor = trainingJobs.pageInfo.endCursor
    const use = (after: string, order: string) =>
      gateway.execute(
        `query ($after: String) { trainingJobs(first: 1, after: $after, orderBy: { field: ${order} }) { nodes { databaseId } } }`,
        { after },
      )
    expect((await use(cursor, 'CREATED_AT')).errors).toBeUndefined()
    expect((await use(cursor, 'STARTED_AT')).errors?.[0]?.extensions?.code).toBe('BAD_CURSOR')
    const [signature] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as string[]
    const forged = Buffer.from(JSON.stringify([signature, "' OR 1=1", '1'])).toString('base64url')
    expect((await use(forged, 'CREATED_AT')).errors?.[0]?.extensions?.code).toBe('BAD_CURSOR')
    const impossible = Buffer.from(JSON.stringify([signature, '2026-99-99 00:00:00', '1'])).toString(
      'base64url',
    )
    expect((await use(impossible, 'CREATED_AT')).errors?.[0]?.extensions?.code).toBe('BAD_CURSOR')
    const tooLarge = Buffer.from(JSON.stringify([signature, null, '9999999999'])).toString('base64url')
    expect((await use(tooLarge, 'CREATED_AT')).errors?.[0]?.extensions?.code).toBe('BAD_CURSOR')
  })

  it('a filter of two hundred and one conditions, or one nested eleven deep, is refused', async () => {
    const ask = (filter: object) =>
      gateway.execute('query ($filter: TrainingJobFilter) { trainingJobs(filter: $filter) { totalCount } }', {
        filter,
      })
    const wide = await ask({ or: Array.from({ length: 201 }, (_, index) => ({ epochs: { eq: index } })) })
    expect(wide.errors?.[0]?.message).toContain('200 conditions')
    const deep = Array.from({ length: 11 }).reduce<object>((inner) => ({ not: inner }), { epochs: { eq: 1 } })
    expect((await ask(deep)).errors?.[0]?.message).toContain('10 levels')
  })

  it('JSON that nests deeper than parsers go is refused', async () => {
    const json = `${'{"a":'.repeat(64)}1${'}'.repeat(64)}`
    const { errors } = await gateway.execute(
      'query ($json: JSON) { trainingJobs(filter: { advancedConfig: { contains: $json } }) { totalCount } }',
      { json: JSON.parse(json) },
    )
    expect(errors).toMatchObject([
      { message: 'advancedConfig.contains nests deeper than 64.', extensions: { code: 'BAD_INPUT' } },
    ])
  })
})
