import { types } from 'pg'
import sql, { raw, type Sql } from 'sql-template-tag'
import type { ExpectedColumn } from '../database/expected.ts'
import { secondsToDateTime, timestampToDateTime } from './date-time.ts'
import type { RowKey } from './entity.ts'

/** How a column's values look in the graph, in filters and in SQL. */
export interface ColumnKind {
  readonly graphType:
    | 'Int'
    | 'Float'
    | 'Boolean'
    | 'String'
    | 'DateTime'
    | 'JSON'
    | 'BigInt'
    | 'Decimal'
    | 'UUID'
    | 'Date'
  /** Whether a value is a list of those. */
  readonly isList: boolean
  /** What the start-up check accepts. */
  readonly expected: ExpectedColumn['type']
  /** SQL type that values in filters and cursors are cast to. */
  readonly cast: string
  readonly orderable: boolean
  /** Whether a join by Prisma, which reads rows as JSON, would round the value. */
  readonly isRoundedByJoin: boolean
  /** A value as Prisma gives it, in the graph's form; null for what the graph cannot say. */
  decode(value: unknown, zone: string): unknown
  /** A value as Prisma gives it, from Postgres's text. Default the text itself. */
  parse(text: string): unknown
  /** A filter's operand where a cast alone does not make it comparable with the column. */
  readonly operand?: (value: unknown, zone: string) => Sql
  /** The key that a text stands for: null where no row can have it, undefined where it is not of this form. */
  key(text: string): RowKey | null | undefined
}

const maximumInt = 2_147_483_647

function integerKey(text: string): number | null | undefined {
  if (!/^-?\d{1,15}$/.test(text)) return undefined
  const number = Number(text)
  return Math.abs(number) <= maximumInt ? number : null
}

const uuidForm = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/

/** A UUID as Postgres writes it; undefined for any other text. */
export function uuidText(text: string): string | undefined {
  const lower = text.toLowerCase()
  return uuidForm.test(lower) ? lower : undefined
}

const same = (value: unknown) => value
const isTrue = (text: string) => text === 't' || text === 'true'
const textArray: number = 1009
const list: (text: string) => unknown = types.getTypeParser(textArray)
const finite = (value: unknown) => (Number.isFinite(value) ? value : null)
const finiteText = (value: unknown) =>
  typeof value === 'string' && !/^(NaN|-?Infinity)$/.test(value) ? value : null
const texts = (value: unknown) => (Array.isArray(value) ? value.filter((text) => text !== null) : [])
const wholeText = (value: unknown) => (value == null ? null : String(value))
const dayText = (value: unknown) =>
  typeof value === 'string' ? (/^\d{4}-\d\d-\d\d/.exec(value)?.[0] ?? null) : null

/** A kind of column, as most are: comparable by a cast, a key as the text itself, exact in a join. */
export const columnKind = (
  graphType: ColumnKind['graphType'],
  expected: ColumnKind['expected'],
  cast: string,
  rest: Partial<ColumnKind> = {},
): ColumnKind => ({
  graphType,
  isList: false,
  expected,
  cast,
  orderable: true,
  isRoundedByJoin: false,
  decode: same,
  parse: same,
  key: (text) => text,
  ...rest,
})

export const kinds = {
  integer: columnKind('Int', 'integer', 'integer', { key: integerKey, parse: Number }),
  wholeNumeric: columnKind('Int', 'numeric', 'numeric', {
    decode: (value) => (value === null ? null : Number(value)),
  }),
  float: columnKind('Float', 'float', 'double precision', { decode: finite, parse: Number }),
  boolean: columnKind('Boolean', 'boolean', 'boolean', { parse: isTrue }),
  text: columnKind('String', 'text', 'text'),
  json: columnKind('JSON', 'json', 'jsonb', { orderable: false, parse: JSON.parse }),
  timestamp: columnKind('DateTime', 'timestamp', 'timestamp', {
    decode: (value, zone) =>
      typeof value === 'string' ? timestampToDateTime(value, { local: true, zone }) : null,
    operand: (value, zone) => sql`(${value}::timestamptz AT TIME ZONE ${zone})`,
  }),
  // Sessions are in UTC: the driver calls whatever offset it reads +00:00, without moving the clock by it.
  timestamptz: columnKind('DateTime', 'timestamptz', 'timestamptz', {
    decode: (value) => (typeof value === 'string' ? timestampToDateTime(value, { local: false }) : null),
  }),
  unixSeconds: columnKind('DateTime', 'bigint', 'bigint', {
    decode: (value) => (value == null ? null : secondsToDateTime(Number(value))),
    parse: BigInt,
    operand: (value) => sql`extract(epoch FROM ${value}::timestamptz)`,
  }),
  date: columnKind('Date', 'date', 'date', { decode: dayText }),
  bigint: columnKind('BigInt', 'bigint', 'bigint', { decode: wholeText, parse: BigInt }),
  decimal: columnKind('Decimal', 'numeric', 'numeric', { decode: finiteText, isRoundedByJoin: true }),
  uuid: columnKind('UUID', 'uuid', 'uuid', { key: uuidText }),
  textList: columnKind('String', 'text[]', 'text[]', {
    isList: true,
    orderable: false,
    decode: texts,
    parse: list,
  }),
} as const

/** A filter's operand as SQL that compares with a column of the kind. */
export const operandSql = (kind: ColumnKind, value: unknown, zone: string): Sql =>
  kind.operand?.(value, zone) ?? sql`${value}::${raw(kind.cast)}`
