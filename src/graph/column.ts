import { TributaryError } from '../errors/tributary-error.ts'
import { type ColumnKind, columnKind, kinds } from './column-kind.ts'
import type { Enumeration } from './enumeration.ts'
import { jsonText } from './json-text.ts'

export interface ColumnOptions {
  /** The graph's name of the field; default the column's name in camelCase. */
  readonly name?: string
  /** Not for ordinary users (paths, addresses, process numbers). */
  readonly internal?: boolean
}

/** A column as declared: kind, meaning and its enumeration, if it has one. */
export interface Column extends ColumnOptions {
  readonly kind: ColumnKind
  readonly description: string
  readonly enumeration?: Enumeration
  /** Name of the Postgres enum type, where the column has one. */
  readonly enumType?: string
}

const column =
  (columnKind: ColumnKind) =>
  (description: string, options: ColumnOptions = {}): Column => ({
    kind: columnKind,
    description,
    ...options,
  })

/** `integer`: Int. */
export const integer = column(kinds.integer)
/** `numeric` without decimals that fits 32 bits: Int. */
export const wholeNumeric = column(kinds.wholeNumeric)
/** `double precision`: Float; NaN and the infinities read as null. */
export const float = column(kinds.float)
/** `boolean`: Boolean. */
export const boolean = column(kinds.boolean)
/** `text` or `varchar`: String. */
export const text = column(kinds.text)
/** `json` or `jsonb`: JSON. */
export const json = column(kinds.json)
/** `timestamp` without zone: DateTime; the wall clock is the source's zone, UTC unless configured. */
export const timestamp = column(kinds.timestamp)
/** `timestamp` with zone: DateTime. In Prisma's schema a `String`. */
export const timestamptz = column(kinds.timestamptz)
/** Whole seconds since 1970 in an `integer` or `bigint`: DateTime. In Prisma's schema a `BigInt`. */
export const unixSeconds = column(kinds.unixSeconds)
/** `date`: Date. In Prisma's schema a `String`. */
export const date = column(kinds.date)
/** `bigint`: BigInt, exact. In Prisma's schema a `BigInt`. */
export const bigint = column(kinds.bigint)
/** `numeric`: Decimal, exact to the last digit. In Prisma's schema a `String`. */
export const decimal = column(kinds.decimal)
/** `uuid`: UUID. In Prisma's schema a `String @db.Uuid`. */
export const uuid = column(kinds.uuid)
/** `text[]`: a list of String, empty where there is none. In Prisma's schema a `String[]`. */
export const textList = column(kinds.textList)

/** A text or enum column with known values: the enumeration, and a `Raw` twin with the text itself. */
export function oneOf(
  enumeration: Enumeration,
  description: string,
  options: ColumnOptions & { readonly enumType?: string } = {},
): Column {
  const textual = options.enumType === undefined
  return {
    kind: columnKind(
      'String',
      textual ? 'text' : 'enum',
      options.enumType === undefined ? 'text' : `"${options.enumType}"`,
      { decode: (value) => (typeof value === 'string' ? enumeration.label(value) : null) },
    ),
    description,
    enumeration,
    ...options,
  }
}

/**
 * Text that Postgres can hold.
 *
 * @throws TributaryError BAD_INPUT for a NUL character.
 */
export function storableText(value: string, what: string): string {
  if (value.includes('\u0000'))
    throw new TributaryError(
      'BAD_INPUT',
      `${what} contains a NUL character, which no text in a database does.`,
    )
  return value
}

/**
 * A JSON value as text that Postgres can make jsonb of.
 *
 * @throws TributaryError BAD_INPUT for a NUL character in any string of it, and where it nests too deep.
 */
export const storableJson = (value: unknown, what: string): string =>
  jsonText(value, {
    what,
    storable: (text) => storableText(text, what),
    failure: (message) => new TributaryError('BAD_INPUT', message),
  })
