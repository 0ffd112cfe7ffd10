/*
 * Filters, orders and cursors tell nothing that a field would not tell: what somebody may not read of a row is empty
 * to his filters, and refused to his orders.
 */
import { type GraphQLEnumType, type GraphQLInputObjectType, getNamedType, isEnumType } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Row } from '../support/worlds.ts'
import {
  columnOf,
  keyColumn,
  label,
  labelOf,
  linkFrom,
  linkTo,
  literal,
  momentOf,
  plural,
  types,
} from './names.ts'
import { internalColumns, ownersColumns, type TypeTable, tables, type Who } from './oracle.ts'
import { openSeededGraph, type SeededGraph } from './seeded-graph.ts'

let seeded: SeededGraph

beforeAll(async () => {
  seeded = await openSeededGraph()
})

afterAll(() => seeded[Symbol.asyncDispose]())

/** A filter on one column: what GraphQL is asked, and what it means for a value. */
interface Condition {
  readonly filter: unknown
  readonly holds: (value: unknown) => boolean
}

const badge = ['databaseId', 'fullName', 'avatarName', 'badgeColor']

const filterFields = (type: string) =>
  Object.values((seeded.graph.schema.getType(`${type}Filter`) as GraphQLInputObjectType).getFields())

/** Fields of a type that not everybody who sees a row reads. */
const restricted = (type: string): string[] =>
  filterFields(type)
    .map(({ name }) => name)
    .filter((name) => !['and', 'or', 'not'].includes(name) && !linkFrom(type, name) && !linkTo(type, name))
    .filter((name) => {
      const { table } = tables[type] as TypeTable
      const internal = [...(internalColumns[table] ?? []), ...(ownersColumns[table] ?? [])]
      return (type === 'User' && !badge.includes(name)) || internal.includes(columnOf(type, name))
    })

const empty = (value: unknown) => value == null
const timeOf = (value: unknown) =>
  empty(value) ? Number.NaN : Date.parse(`${value}`.replace(' ', 'T').replace(/Z?$/, 'Z'))

/** Conditions on a field that would find a value out, were it not for the policy. */
function conditions(type: string, field: string, value: unknown): Condition[] {
  const input = filterFields(type).find(({ name }) => name === field)
  const operators = (getNamedType(input?.type) as GraphQLInputObjectType).getFields()
  const isNull = [
    { filter: { isNull: true }, holds: empty },
    { filter: { isNull: false }, holds: (one: unknown) => !empty(one) },
  ]
  if (empty(value)) return isNull
  const same = (one: unknown) => one === value
  if (operators.has) {
    const [first] = value as string[]
    return [
      ...isNull,
      { filter: { has: first }, holds: (one) => !empty(one) && (one as unknown[]).includes(first) },
    ]
  }
  if (!operators.eq)
    return [
      ...isNull,
      { filter: { contains: value }, holds: (one) => JSON.stringify(one) === JSON.stringify(value) },
    ]
  const equal = (operand: unknown, holds: Condition['holds'] = same): Condition[] => [
    { filter: { eq: operand }, holds },
    { filter: { ne: operand }, holds: (one) => !holds(one) },
  ]
  const among = (operand: unknown, holds: Condition['holds'] = same): Condition[] => [
    { filter: { in: [operand] }, holds },
    { filter: { notIn: [operand] }, holds: (one) => !holds(one) },
  ]
  const operand = getNamedType(operators.eq.type)
  if (['UUID', 'BigInt', 'Decimal'].includes(operand.name))
    return [...isNull, ...equal(value), ...among(value)]
  if (operand.name === 'DateTime' && typeof value === 'number')
    return [...isNull, ...equal(momentOf(type, field, value)), ...among(momentOf(type, field, value))]
  if (isEnumType(operand)) {
    const known = operand.getValues().map(({ name }) => name)
    const name = labelOf(value as string, known)
    const holds = (one: unknown) => !empty(one) && labelOf(one as string, known) === name
    return [...isNull, ...equal(label(name), holds), ...among(label(name), holds)]
  }
  const scalar = getNamedType(operators.eq.type).name
  if (scalar === 'UUID') return [...isNull, ...equal(value), ...among(value)]
  if (scalar === 'DateTime' && typeof value === 'number') {
    const moment = new Date(value * 1000).toISOString()
    return [...isNull, ...equal(moment), ...among(moment)]
  }
  if (typeof value === 'boolean') return [...isNull, ...equal(value)]
  if (typeof value === 'number')
    return [
      ...isNull,
      ...equal(value),
      ...among(value),
      { filter: { gte: value }, holds: (one) => !empty(one) && (one as number) >= value },
      { filter: { lt: value + 1 }, holds: (one) => !empty(one) && (one as number) < value + 1 },
    ]
  if (operators.startsWith) {
    const text = value as string
    const has = (test: (one: string) => boolean) => (one: unknown) => !empty(one) && test(one as string)
    return [
      ...isNull,
      ...equal(text),
      ...among(text),
      { filter: { startsWith: text.slice(0, 4) }, holds: has((one) => one.startsWith(text.slice(0, 4))) },
      { filter: { contains: text.slice(1, 4) }, holds: has((one) => one.includes(text.slice(1, 4))) },
      { filter: { endsWith: text.slice(-4) }, holds: has((one) => one.endsWith(text.slice(-4))) },
      {
        filter: { contains: text.toUpperCase(), ignoreCase: true },
        holds: has((one) => one.toUpperCase().includes(text.toUpperCase())),
      },
    ]
  }
  const moment = momentOf(type, field, value)
  return [
    ...isNull,
    ...equal(moment),
    ...among(moment),
    { filter: { lte: moment }, holds: (one) => timeOf(one) <= timeOf(value) && String(one) <= String(value) },
  ]
}

/** A connection with a filter, and the rows that are due. */
interface Probe {
  readonly type: string
  readonly filter: unknown
  readonly due: readonly Row[]
}

/** Asks all probes in few documents: how many rows there are, and of some which. */
async function hold(who: Who, probes: readonly Probe[]): Promise<void> {
  for (let start = 0; start < probes.length; start += 60) {
    const some = probes.slice(start, start + 60)
    const fields = some.map(
      ({ type, filter }, index) =>
        `p${index}: ${plural(type)}(first: 200, filter: ${literal(filter)}) { totalCount ${index % 8 === 0 ? 'nodes { databaseId }' : ''} }`,
    )
    const { data, errors } = await seeded.ask<
      Record<string, { totalCount: number; nodes?: { databaseId: unknown }[] }>
    >(who, `{ ${fields.join('\n')} }`)
    expect(errors).toBeUndefined()
    some.forEach(({ type, filter, due }, index) => {
      const page = data?.[`p${index}`]
      const message = `${who.name} asks ${plural(type)}(filter: ${literal(filter)})`
      const keys = due.map((row) => row[keyColumn(type)]).toSorted()
      expect(page?.totalCount, message).toBe(keys.length)
      const found = page?.nodes?.map(({ databaseId }) => databaseId).toSorted()
      if (index % 8 === 0) expect(found, message).toEqual(keys)
    })
  }
}

/** A value as a filter of somebody meets it. */
const met = (who: Who, type: string, row: Row, column: string) =>
  seeded.oracle.reads(who, type, row, column) ? row[column] : null

/** Values of a column worth asking for: of rows that are seen and not read, that are read, and that are not seen. */
function worthAsking(who: Who, type: string, column: string): unknown[] {
  const { oracle } = seeded
  const rows = oracle.rows(type)
  const seen = rows.filter((row) => oracle.sees(who, type, row))
  const samples = [
    seen.find((row) => !oracle.reads(who, type, row, column)),
    seen.find((row) => oracle.reads(who, type, row, column)),
    rows.find((row) => !oracle.sees(who, type, row)),
  ]
  return [...new Set(samples.filter((row) => row !== undefined).map((row) => row[column]))]
}

describe('a filter', () => {
  it('takes a column that is not read on a row as empty there', async () => {
    for (const who of seeded.everyone) {
      const probes = types.flatMap((type) =>
        restricted(type).flatMap((field) => {
          const column = columnOf(type, field)
          return worthAsking(who, type, column).flatMap((value) =>
            conditions(type, field, value).flatMap(({ filter, holds }) => {
              const visible = seeded.oracle.visible(who, type)
              const holdsOn = (row: Row) => holds(met(who, type, row, column))
              return [
                { type, filter: { [field]: filter }, due: visible.filter(holdsOn) },
                {
                  type,
                  filter: { not: { [field]: filter } },
                  due: visible.filter((row) => !holdsOn(row)),
                },
              ]
            }),
          )
        }),
      )
      expect(probes.length).toBeGreaterThan(100)
      await hold(who, probes)
    }
  }, 120_000)

  it('finds no row by a column, whatever its value, that is not there for whoever asks', async () => {
    const asking = ['anonymous', 'member', 'inviteeByEmail', 'otherManager', 'guestByLabelerToken']
    for (const who of seeded.everyone.filter(({ name }) => asking.includes(name))) {
      const probes = types.flatMap((type) => {
        const hidden = seeded.oracle.rows(type).find((row) => !seeded.oracle.sees(who, type, row))
        if (!hidden) return []
        return filterFields(type)
          .filter(({ name }) => !linkFrom(type, name) && columnOf(type, name) in hidden)
          .flatMap(({ name }) => {
            const column = columnOf(type, name)
            const [, , condition] = conditions(type, name, hidden[column])
            if (!condition) return []
            const due = seeded.oracle
              .visible(who, type)
              .filter((row) => condition.holds(met(who, type, row, column)))
            return [{ type, filter: { [name]: condition.filter }, due }]
          })
      })
      expect(probes.length).toBeGreaterThan(20)
      await hold(who, probes)
    }
  }, 120_000)

  it('through a relation meets only far rows that are seen, and of them what is read', async () => {
    for (const who of seeded.everyone) {
      const { oracle } = seeded
      const probes = types.flatMap((type) =>
        filterFields(type).flatMap(({ name }) => {
          const link = linkFrom(type, name)
          if (!link) return []
          const farOf = (row: Row) => {
            const far = oracle.far(link, row)
            const isMet = oracle.sees(who, link.to, far) && oracle.reads(who, type, row, link.column)
            return isMet ? far : undefined
          }
          const visible = oracle.visible(who, type)
          const there = { type, filter: { [name]: {} }, due: visible.filter((row) => farOf(row)) }
          const gone = {
            type,
            filter: { not: { [name]: { databaseId: { isNull: false } } } },
            due: visible.filter((row) => !farOf(row)),
          }
          const further = restricted(link.to).flatMap((field) => {
            const column = columnOf(link.to, field)
            return worthAsking(who, link.to, column).flatMap((value) =>
              conditions(link.to, field, value)
                .slice(0, 5)
                .map(({ filter, holds }) => ({
                  type,
                  filter: { [name]: { [field]: filter } },
                  due: visible.filter((row) => {
                    const far = farOf(row)
                    return far !== undefined && holds(met(who, link.to, far, column))
                  }),
                })),
            )
          })
          return [there, gone, ...further]
        }),
      )
      await hold(who, probes)
    }
  }, 120_000)
})

describe('a filter by rows that lead here', () => {
  it('meets only those that are seen, in this database and in another, and of them what is read', async () => {
    for (const who of seeded.everyone) {
      const { oracle } = seeded
      const probes = types.flatMap((type) =>
        filterFields(type).flatMap(({ name }) => {
          const link = linkTo(type, name)
          if (!link) return []
          const leading = (row: Row) =>
            oracle
              .rows(link.from)
              .filter((far) => oracle.far(link, far) === row && oracle.sees(who, link.from, far))
          const visible = oracle.visible(who, type)
          const column = keyColumn(link.from)
          const sample = visible.flatMap(leading)[0]?.[column] ?? oracle.rows(link.from)[0]?.[column]
          const isSample = (far: Row) => far[column] === sample
          return [
            { type, filter: { [name]: { some: {} } }, due: visible.filter((row) => leading(row).length > 0) },
            {
              type,
              filter: { [name]: { some: { databaseId: { eq: sample } } } },
              due: visible.filter((row) => leading(row).some(isSample)),
            },
            {
              type,
              filter: { [name]: { none: { databaseId: { eq: sample } } } },
              due: visible.filter((row) => !leading(row).some(isSample)),
            },
            {
              type,
              filter: {
                [name]: { some: { databaseId: { ne: sample } }, none: { databaseId: { eq: sample } } },
              },
              due: visible.filter((row) => leading(row).length > 0 && !leading(row).some(isSample)),
            },
          ]
        }),
      )
      expect(probes.length).toBeGreaterThan(80)
      await hold(who, probes)
    }
  }, 120_000)
})

describe('a value that Postgres cannot compare', () => {
  it('in a row that is not seen, spoils no filter', async () => {
    await using own = await openSeededGraph()
    const platform = await own.databases.client('platform')
    await platform.query(`UPDATE public.training_jobs SET tags = '{"a": "\\u0000"}' WHERE id = 8`)
    const member = own.everyone.find(({ name }) => name === 'member') as Who
    const { data, errors } = await own.ask(
      member,
      '{ trainingJobs(filter: { tags: { contains: 1 } }) { totalCount } }',
    )
    expect(errors).toBeUndefined()
    expect(data).toEqual({ trainingJobs: { totalCount: 0 } })
  })
})

const orderFields = (type: string) =>
  (seeded.graph.schema.getType(`${type}OrderField`) as GraphQLEnumType)
    .getValues()
    .map(({ name }) => name)
    .map((name) => ({
      name,
      field: name.toLowerCase().replace(/_(.)/g, (_, letter) => letter.toUpperCase()),
    }))

describe('an order', () => {
  it('goes by a column only for those who read it on every row, and hides no row from them', async () => {
    for (const who of seeded.everyone)
      for (const type of types) {
        const orders = orderFields(type)
        const { data, errors = [] } = await seeded.ask<
          Record<string, { nodes: { databaseId: unknown }[] } | null>
        >(
          who,
          `{ ${orders
            .map(
              ({ name }, index) =>
                `o${index}: ${plural(type)}(first: 200, orderBy: { field: ${name}, direction: DESC }) { nodes { databaseId } edges { cursor } }`,
            )
            .join('\n')} }`,
        )
        const keys = seeded.oracle.visible(who, type).map((row) => row[keyColumn(type)])
        orders.forEach(({ name, field }, index) => {
          const page = data?.[`o${index}`]
          const isRefused = errors.some(({ path }) => path?.[0] === `o${index}`)
          const message = `${who.name} orders ${plural(type)} by ${name}`
          const reads = seeded.oracle.readsThroughout(who, type, columnOf(type, field))
          // To those who see no row of a kind nothing is told either way.
          if (keys.length > 0) expect(isRefused, message).toBe(!reads)
          if (page)
            expect(page.nodes.map(({ databaseId }) => databaseId).toSorted(), message).toEqual(
              keys.toSorted(),
            )
        })
      }
  }, 120_000)
})

interface Page {
  readonly nodes: readonly { readonly databaseId: unknown }[]
  readonly pageInfo: { readonly endCursor: string | null; readonly startCursor: string | null }
}

describe('pages', () => {
  it('of two hold each row that is due once, forwards and backwards', async () => {
    for (const who of seeded.everyone)
      for (const type of types) {
        const keys = seeded.oracle.visible(who, type).map((row) => row[keyColumn(type)])
        for (const [size, from, cursor] of [
          ['first', 'after', 'endCursor'],
          ['last', 'before', 'startCursor'],
        ] as const) {
          const found: unknown[] = []
          for (let place: string | null = null; ; ) {
            const bound: string = place === null ? '' : `, ${from}: ${literal(place)}`
            const document = `{ page: ${plural(type)}(${size}: 2${bound}) { nodes { databaseId } pageInfo { startCursor endCursor } } }`
            const { data, errors } = await seeded.ask<{ page: Page }>(who, document)
            expect(errors).toBeUndefined()
            found.push(...(data?.page.nodes ?? []).map(({ databaseId }) => databaseId))
            place = data?.page.pageInfo[cursor] ?? null
            if (place === null || found.length > keys.length) break
          }
          expect(found.toSorted(), `${who.name} leafs through ${plural(type)}`).toEqual(keys.toSorted())
        }
      }
  }, 120_000)
})
