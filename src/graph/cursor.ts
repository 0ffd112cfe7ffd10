import { createHash } from 'node:crypto'
import { TributaryError } from '../errors/tributary-error.ts'
import type { KeysetPosition, OrderTerm } from './keyset.ts'

type Terms = readonly (OrderTerm & { readonly column: string })[]

const signatures = new WeakMap<Terms, string>()

/** Whose rows a cursor is a place among: an entity, or a feed of several. */
interface Named {
  readonly name: string
}

/** Names an entity and an order, so that a cursor of another connection is recognised. */
function signature(entity: Named, order: Terms): string {
  const known = signatures.get(order)
  if (known) return known
  const terms = order.map((term) => `${term.column} ${term.direction} ${term.nulls}`)
  const made = createHash('sha256')
    .update(`${entity.name} ${terms.join(',')}`)
    .digest('base64url')
    .slice(0, 8)
  signatures.set(order, made)
  return made
}

/** A row's place in an order, opaque to callers. */
export const encodeCursor = (entity: Named, order: Terms, position: KeysetPosition): string =>
  Buffer.from(JSON.stringify([signature(entity, order), ...position])).toString('base64url')

const day = String.raw`\d{4,6}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])`
const clock = String.raw`([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?`

const shapes: Readonly<Record<string, RegExp>> = {
  integer: /^-?\d{1,10}$/,
  bigint: /^-?\d{1,19}$/,
  numeric: /^-?\d+(\.\d+)?$|^NaN$|^-?Infinity$/,
  'double precision': /^-?\d+(\.\d+)?(e[+-]?\d+)?$|^NaN$|^-?Infinity$/,
  boolean: /^(true|false)$/,
  timestamp: new RegExp(`^${day} ${clock}( BC)?$|^-?infinity$`),
  timestamptz: new RegExp(`^${day} ${clock}\\+00( BC)?$|^-?infinity$`),
  date: new RegExp(`^${day}( BC)?$|^-?infinity$`),
  uuid: /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/,
}

/** Bits of the whole numbers, of which a cursor's text may name more than there are. */
const widths: Readonly<Record<string, number>> = { integer: 32, bigint: 64 }

const fits = (text: unknown, term: OrderTerm) =>
  text === null
    ? term.nullable
    : typeof text === 'string' &&
      !text.includes('\u0000') &&
      (shapes[term.cast]?.test(text) ?? true) &&
      (!(term.cast in widths) || BigInt.asIntN(widths[term.cast] as number, BigInt(text)) === BigInt(text))

/**
 * The place that a cursor names.
 *
 * @throws TributaryError BAD_CURSOR when it was not made for this entity and order.
 */
export function decodeCursor(entity: Named, order: Terms, cursor: string, argument: string): KeysetPosition {
  const refuse = (why: string) =>
    new TributaryError(
      'BAD_CURSOR',
      `${argument}: ${why} Use a cursor that this connection gave for the same orderBy.`,
    )
  let parts: unknown
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    throw refuse('this is not a cursor.')
  }
  if (!Array.isArray(parts) || parts.length === 0) throw refuse('this is not a cursor.')
  const [signed, ...position] = parts
  if (signed !== signature(entity, order))
    throw refuse('the cursor belongs to another connection or another order.')
  if (position.length !== order.length || !order.every((term, index) => fits(position[index], term)))
    throw refuse('the cursor is damaged.')
  return position as KeysetPosition
}
