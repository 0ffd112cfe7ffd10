import { TributaryError } from '../errors/tributary-error.ts'
import type { GraphContext } from './context.ts'
import { decodeCursor } from './cursor.ts'
import { type Entity, fieldName } from './entity.ts'
import type { FilterValue } from './filter-input.ts'
import type { KeysetPosition } from './keyset.ts'
import { type OrderValue, totalOrder } from './order-input.ts'
import { fieldRuleOf } from './visibility.ts'

/** Rows of a page when a caller names no number. */
export const defaultPageSize = 20
/** Rows of a page at most. */
export const maximumPageSize = 200

export interface ConnectionArguments {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
  readonly last?: number | null | undefined
  readonly before?: string | null | undefined
  readonly filter?: FilterValue | null | undefined
  readonly orderBy?: readonly OrderValue[] | null | undefined
}

/** Connection arguments, checked: which page of which order. */
export interface PageRequest {
  readonly order: ReturnType<typeof totalOrder>
  readonly after: KeysetPosition | undefined
  readonly before: KeysetPosition | undefined
  readonly size: number
  readonly backward: boolean
}

/** @throws TributaryError PAGE_SIZE. */
export function pageSize(name: string, size: number): number {
  if (size < 0 || size > maximumPageSize)
    throw new TributaryError('PAGE_SIZE', `${name} is ${size}; a page has 0 to ${maximumPageSize} rows.`)
  return size
}

/**
 * How many rows, and from which end.
 *
 * @throws TributaryError BAD_INPUT for `first` beside `last`, PAGE_SIZE.
 */
export function pageBounds({ first, last }: Pick<ConnectionArguments, 'first' | 'last'>): {
  readonly size: number
  readonly backward: boolean
} {
  if (first != null && last != null)
    throw new TributaryError('BAD_INPUT', 'first and last exclude each other: a page is taken from one end.')
  return last != null
    ? { size: pageSize('last', last), backward: true }
    : { size: pageSize('first', first ?? defaultPageSize), backward: false }
}

/**
 * Reads the arguments of a connection.
 *
 * @see Relay's GraphQL Cursor Connections Specification, section 4
 * @throws TributaryError BAD_INPUT for `first` beside `last`, PAGE_SIZE, BAD_CURSOR.
 */
export function pageRequest(context: GraphContext, entity: Entity, args: ConnectionArguments): PageRequest {
  const bounds = pageBounds(args)
  const isShown = (column: string) =>
    fieldRuleOf(context, entity, fieldName(entity, column)).kind === 'always'
  // Rows that nobody asked for in an order are not withheld for a column of it that the database lacks.
  const isUsable = (column: string) =>
    isShown(column) && context.source(entity.source).usable(entity.table, column)
  const order = totalOrder(entity, args.orderBy, args.orderBy?.length ? isShown : isUsable)
  const position = (argument: 'after' | 'before') => {
    const cursor = args[argument]
    return cursor == null ? undefined : decodeCursor(entity, order, cursor, argument)
  }
  return { order, after: position('after'), before: position('before'), ...bounds }
}
