import { GraphQLJSON } from 'graphql-scalars'
import { builder } from './builder.ts'
import { uuidText } from './column-kind.ts'
import { parseDate, parseDateTime } from './date-time.ts'
import './number-scalars.ts'

/** Types of the scalars: what a resolver returns and what an argument holds. */
export type Scalars = {
  BigInt: { Input: string; Output: string }
  Date: { Input: string; Output: string }
  DateTime: { Input: string; Output: string }
  Decimal: { Input: string; Output: string }
  JSON: { Input: NonNullable<unknown>; Output: unknown }
  UUID: { Input: string; Output: string }
}

builder.scalarType('DateTime', {
  description:
    'A moment in UTC with microseconds, as `2026-11-21T08:00:00.123456Z`. Any offset is taken in an argument; digits past microseconds are cut off.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
  serialize: (value) => value,
  parseValue: (value) => {
    if (typeof value !== 'string') throw new RangeError('A DateTime is written as a string.')
    return parseDateTime(value)
  },
})

builder.scalarType('Date', {
  description: 'A day, as `2026-11-21`.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339#section-5.6',
  serialize: (value) => value,
  parseValue: (value) => {
    if (typeof value !== 'string') throw new RangeError('A Date is written as a string.')
    return parseDate(value)
  },
})

builder.scalarType('UUID', {
  description: 'A universally unique identifier, as `550e8400-e29b-41d4-a716-446655440000`.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc9562',
  serialize: (value) => value,
  parseValue: (value) => {
    const text = typeof value === 'string' ? uuidText(value) : undefined
    if (text === undefined) throw new RangeError('A UUID is written as 550e8400-e29b-41d4-a716-446655440000.')
    return text
  },
})

builder.addScalarType('JSON', GraphQLJSON, {
  description: 'Any JSON value: an object, a list, a string, a number, a boolean or null.',
})
