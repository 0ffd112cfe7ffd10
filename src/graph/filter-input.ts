import type { InputRef } from '@pothos/core'
import { builder } from './builder.ts'
import type { Column } from './column.ts'
import type { ColumnKind } from './column-kind.ts'
import { type Entity, fieldName } from './entity.ts'
import type { Enumeration } from './enumeration.ts'
import { linksOf } from './filter-links.ts'

/** A filter as GraphQL hands it over, already of the input's shape. */
export type FilterValue = Readonly<Record<string, NonNullable<unknown> | null | undefined>>

const inputs = new Map<string, InputRef<FilterValue>>()

function input(
  name: string,
  make: (ref: ReturnType<typeof builder.inputRef<FilterValue>>) => void,
): InputRef<FilterValue> {
  const known = inputs.get(name)
  if (known) return known
  const ref = builder.inputRef<FilterValue>(name)
  inputs.set(name, ref)
  make(ref)
  return ref
}

type Operand = Exclude<ColumnKind['graphType'], 'JSON'>

const compared = {
  lt: 'Less than.',
  lte: 'Less than or equal.',
  gt: 'Greater than.',
  gte: 'Greater than or equal.',
} as const

const textual = {
  contains: 'Contains this text.',
  startsWith: 'Starts with this text.',
  endsWith: 'Ends with this text.',
} as const

export function scalarFilter(operand: Operand): InputRef<FilterValue> {
  return input(`${operand}Filter`, (ref) => {
    ref.implement({
      description: `Conditions on a ${operand}; all that are given must hold.`,
      fields: (t) => ({
        eq: t.field({ type: operand, description: 'Equal to.' }),
        ne: t.field({ type: operand, description: 'Not equal to; rows without a value count.' }),
        isNull: t.boolean({ description: 'Whether there is no value.' }),
        ...(operand === 'Boolean'
          ? {}
          : {
              in: t.field({ type: [operand], description: 'Equal to one of these.' }),
              notIn: t.field({
                type: [operand],
                description: 'Equal to none of these; rows without a value count.',
              }),
              ...mapValues(compared, (description) => t.field({ type: operand, description })),
            }),
        ...(operand === 'String'
          ? {
              ...mapValues(textual, (description) => t.string({ description })),
              ignoreCase: t.boolean({
                defaultValue: false,
                description:
                  'Whether `contains`, `startsWith` and `endsWith` take upper and lower case as one.',
              }),
            }
          : {}),
      }),
    })
  })
}

const jsonFilter = () =>
  input('JSONFilter', (ref) => {
    ref.implement({
      description: 'Conditions on a JSON value; all that are given must hold.',
      fields: (t) => ({
        contains: t.field({
          type: 'JSON',
          description: 'Contains this value: its members, recursively (`@>` of jsonb).',
        }),
        isNull: t.boolean({ description: 'Whether there is no value.' }),
      }),
    })
  })

const textsFilter = () =>
  input('StringListFilter', (ref) => {
    ref.implement({
      description: 'Conditions on a list of String; all that are given must hold.',
      fields: (t) => ({
        has: t.string({ description: 'Has this one.' }),
        hasEvery: t.stringList({ description: 'Has every one of these.' }),
        hasSome: t.stringList({ description: 'Has at least one of these.' }),
        isNull: t.boolean({ description: 'Whether there is no list.' }),
      }),
    })
  })

export const enumerationFilter = (enumeration: Enumeration) =>
  input(`${enumeration.name}Filter`, (ref) => {
    const type = enumeration.ref
    ref.implement({
      description: `Conditions on a ${enumeration.name}; all that are given must hold.`,
      fields: (t) => ({
        eq: t.field({ type, description: 'Equal to.' }),
        ne: t.field({ type, description: 'Not equal to; rows without a value count.' }),
        in: t.field({ type: [type], description: 'Equal to one of these.' }),
        notIn: t.field({ type: [type], description: 'Equal to none of these; rows without a value count.' }),
        isNull: t.boolean({ description: 'Whether there is no value.' }),
      }),
    })
  })

function columnFilter(column: Column): InputRef<FilterValue> {
  if (column.enumeration) return enumerationFilter(column.enumeration)
  if (column.kind.isList) return textsFilter()
  return column.kind.graphType === 'JSON' ? jsonFilter() : scalarFilter(column.kind.graphType)
}

const listFilter = (entity: Entity) =>
  input(`${entity.name}ListFilter`, (ref) => {
    ref.implement({
      description: `Conditions on several rows of ${entity.name}; all that are given must hold.`,
      fields: (t) => ({
        some: t.field({ type: filterInput(entity), description: 'There is one for which this holds.' }),
        none: t.field({ type: filterInput(entity), description: 'There is none for which this holds.' }),
      }),
    })
  })

/** The filter input of an entity: its columns, what it leads to in any database, and `and`, `or`, `not`. */
export function filterInput(entity: Entity): InputRef<FilterValue> {
  return input(`${entity.name}Filter`, (ref) => {
    ref.implement({
      description: `Which rows of ${entity.name}; all conditions that are given must hold.`,
      fields: (t) => ({
        ...Object.fromEntries(
          [...entity.columns].map(([name, column]) => [
            fieldName(entity, name),
            t.field({ type: columnFilter(column), description: column.description }),
          ]),
        ),
        ...Object.fromEntries(
          [...linksOf(entity)].map(([name, { far, many, description }]) => [
            name,
            many
              ? t.field({ type: listFilter(far), description: `By the rows that it has. ${description}` })
              : t.field({
                  type: filterInput(far),
                  description: `It has one, for which this holds. ${description}`,
                }),
          ]),
        ),
        and: t.field({ type: [ref], description: 'All of these hold.' }),
        or: t.field({ type: [ref], description: 'At least one of these holds.' }),
        not: t.field({ type: ref, description: 'This does not hold.' }),
      }),
    })
  })
}

const mapValues = <K extends string, V, R>(record: Readonly<Record<K, V>>, map: (value: V) => R) =>
  Object.fromEntries(Object.entries<V>(record).map(([key, value]) => [key, map(value)])) as Record<K, R>
