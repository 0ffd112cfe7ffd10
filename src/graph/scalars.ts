import { GraphQLJSON } from 'graphql-scalars'
import { builder } from './builder.ts'
import { parseDateTime } from './date-time.ts'

/** Types of the scalars: what a resolver returns and what an argument holds. */
export type Scalars = {
  DateTime: { Input: string; Output: string }
  JSON: { Input: NonNullable<unknown>; Output: unknown }
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

builder.addScalarType('JSON', GraphQLJSON, {
  description: 'Any JSON value: an object, a list, a string, a number, a boolean or null.',
})
