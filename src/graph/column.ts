import type { ExpectedColumn } from '../database/expected.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import { timestampToDateTime } from './date-time.ts'
import type { Enumeration } from './enumeration.ts'

/** How a column's values look in the graph, in filters and in SQL. */
export interface ColumnKind {
  readonly graphType: 'Int' | 'Float' | 'Boolean' | 'String' | 'DateTime' | 'JSON'
  /** Name of the filter input; null where the values cannot be compared. */
  readonly filter: string | null
  /** What the start-up check accepts. */
  readonly expected: ExpectedColumn['type']
  /** SQL type that values in filters and cursors are cast to. */
  readonly cast: string
  readonly orderable: boolean
  /** A value as Prisma gives it, in the graph's form; null for what the graph cannot say. */
  decode(value: unknown, zone: string): unknown
  /** A value as Prisma gives it, from Postgres's text. Default the text itself. */
  parse(text: string): unknown
}

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

const same = (value: unknown) => value
const isTrue = (text: string) => text === 't' || text === 'true'
const finite = (value: unknown) => (Number.isFinite(value) ? value : null)

const kind = (
  graphType: ColumnKind['graphType'],
  expected: ColumnKind['expected'],
  cast: string,
  rest: Partial<ColumnKind> = {},
): ColumnKind => ({
  graphType,
  expected,
  cast,
  filter: `${graphType}Filter`,
  orderable: true,
  decode: same,
  parse: same,
  ...rest,
})

const kinds = {
  integer: kind('Int', 'integer', 'integer', { parse: Number }),
  wholeNumeric: kind('Int', 'numeric', 'numeric', {
    decode: (value) => (value === null ? null : Number(value)),
  }),
  float: kind('Float', 'float', 'double precision', { decode: finite, parse: Number }),
  boolean: kind('Boolean', 'boolean', 'boolean', { parse: isTrue }),
  text: kind('String', 'text', 'text'),
  json: kind('JSON', 'json', 'jsonb', { orderable: false, parse: JSON.parse }),
  timestamp: kind('DateTime', 'timestamp', 'timestamp', {
    decode: (value, zone) =>
      typeof value === 'string' ? timestampToDateTime(value, { local: true, zone }) : null,
  }),
} as const

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

/** A text or enum column with known values: the enumeration, and a `Raw` twin with the text itself. */
export function oneOf(
  enumeration: Enumeration,
  description: string,
  options: ColumnOptions & { readonly enumType?: string } = {},
): Column {
  const textual = options.enumType === undefined
  return {
    kind: kind(
      'String',
      textual ? 'text' : 'enum',
      options.enumType === undefined ? 'text' : `"${options.enumType}"`,
      {
        filter: `${enumeration.name}Filter`,
        decode: (value) => (typeof value === 'string' ? enumeration.label(value) : null),
      },
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
 * @throws TributaryError BAD_INPUT for a NUL character in any string of it.
 */
export const storableJson = (value: unknown, what: string): string =>
  JSON.stringify(value, (name, member: unknown) => {
    storableText(name, what)
    return typeof member === 'string' ? storableText(member, what) : member
  })
