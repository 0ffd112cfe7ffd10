import type { ColumnType, ExpectedColumn } from './expected.ts'
import type { FoundColumn } from './found.ts'

/** The types of `pg_type` that a family takes: all that the graph reads, compares and casts alike. */
const families: Readonly<Record<Exclude<ColumnType, 'enum'>, readonly string[]>> = {
  integer: ['int4', 'int2'],
  bigint: ['int8', 'int4', 'int2'],
  float: ['float8', 'float4'],
  numeric: ['numeric'],
  boolean: ['bool'],
  text: ['text', 'varchar', 'bpchar', 'citext'],
  json: ['json', 'jsonb'],
  timestamp: ['timestamp'],
  timestamptz: ['timestamptz'],
  date: ['date'],
  uuid: ['uuid'],
  bytea: ['bytea'],
  'text[]': ['_text', '_varchar'],
}

const names: Partial<Record<ColumnType, string>> = {
  float: 'double precision',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
}

/** Whether the graph can read a column of the type that was found as the one that it expects. */
export const accepts = (expected: ExpectedColumn, found: FoundColumn): boolean =>
  expected.type === 'enum'
    ? found.isEnum && (expected.enumType === undefined || expected.enumType === found.baseType)
    : families[expected.type].includes(found.baseType)

/** The expected type as people write it. */
export const describeType = ({ type, enumType }: ExpectedColumn): string =>
  type === 'enum' && enumType !== undefined ? `enum ${enumType}` : (names[type] ?? type)
