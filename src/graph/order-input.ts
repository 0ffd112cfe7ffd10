import type { InputRef } from '@pothos/core'
import sql from 'sql-template-tag'
import { TributaryError } from '../errors/tributary-error.ts'
import { builder } from './builder.ts'
import type { Column } from './column.ts'
import { type Direction, type Entity, fieldName, type Nulls, type OrderBy, upperCase } from './entity.ts'
import type { OrderTerm } from './keyset.ts'
import { columnOf } from './statement.ts'

export interface OrderValue {
  /** Name of the column. */
  readonly field: string
  readonly direction: Direction
  readonly nulls?: Nulls | null | undefined
}

const direction = builder.enumType('OrderDirection', {
  description: 'Which way an order goes.',
  values: {
    ASC: { description: 'Smallest, earliest, first in the alphabet first.' },
    DESC: { description: 'Largest, latest, last in the alphabet first.' },
  } as const,
})

const nulls = builder.enumType('NullsOrder', {
  description: 'Where rows without a value come.',
  values: {
    FIRST: { description: 'Before all others.' },
    LAST: { description: 'After all others.' },
  } as const,
})

/** The order input of an entity: one of its comparable columns, a direction, and where NULLs go. */
export function orderInput(entity: Entity): InputRef<OrderValue> {
  const comparable = [...entity.columns].filter(([, column]) => column.kind.orderable)
  const field = builder.enumType(`${entity.name}OrderField`, {
    description: `What ${entity.name} rows can be ordered by.`,
    values: Object.fromEntries(
      comparable.map(([name, column]) => [
        upperCase(fieldName(entity, name)),
        { value: name, description: column.description },
      ]),
    ),
  })
  return builder.inputRef<OrderValue>(`${entity.name}Order`).implement({
    description: `One term of an order of ${entity.name} rows; a further term decides where the ones before are equal.`,
    fields: (t) => ({
      field: t.field({ type: field, required: true, description: 'What to order by.' }),
      direction: t.field({ type: direction, required: true, defaultValue: 'ASC', description: 'Which way.' }),
      nulls: t.field({
        type: nulls,
        description: 'Where rows without a value come; by default last ascending and first descending.',
      }),
    }),
  })
}

/**
 * A total order: the terms asked for (else the entity's own), each column once, the key last.
 *
 * @param readable whether the viewer reads a column on every row that it sees. An order would tell the others.
 * @throws TributaryError BAD_INPUT for a term that is not readable; the entity's own are left out instead.
 */
export function totalOrder(
  entity: Entity,
  orderBy: readonly OrderValue[] | null | undefined,
  readable: (column: string) => boolean,
): (OrderTerm & { column: string })[] {
  for (const { field } of orderBy ?? [])
    if (!readable(field))
      throw new TributaryError(
        'BAD_INPUT',
        `orderBy: ${upperCase(fieldName(entity, field))} is not shown to you on every row.`,
      )
  const asked: readonly OrderBy[] = orderBy?.length
    ? orderBy.map((order) => ({
        column: order.field as never,
        direction: order.direction,
        ...(order.nulls ? { nulls: order.nulls } : {}),
      }))
    : entity.defaultOrder.filter(({ column }) => readable(column))
  const terms = new Map<string, OrderTerm & { column: string }>()
  for (const term of [
    ...asked,
    { column: entity.key, direction: asked.at(-1)?.direction ?? 'ASC' } as OrderBy,
  ]) {
    if (terms.has(term.column)) continue
    const column = entity.columns.get(term.column) as Column
    terms.set(term.column, {
      column: term.column,
      expression: sql`${columnOf('t', term.column)}`,
      cast: column.kind.cast,
      direction: term.direction,
      nulls: term.nulls ?? (term.direction === 'ASC' ? 'LAST' : 'FIRST'),
      nullable: term.column !== entity.key,
    })
    if (term.column === entity.key) break
  }
  return [...terms.values()]
}
