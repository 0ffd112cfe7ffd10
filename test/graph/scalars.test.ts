import { GraphQLScalarType, parseConstValue } from 'graphql'
import { describe, expect, it } from 'vitest'
import { createSchema } from '../../src/schema.ts'

const schema = createSchema()

function scalar(name: string): GraphQLScalarType {
  const type = schema.getType(name)
  if (!(type instanceof GraphQLScalarType)) throw new Error(`${name} is no scalar.`)
  return type
}

const literal = (name: string, text: string) => scalar(name).coerceInputLiteral?.(parseConstValue(text))

describe('an argument', () => {
  it.each([
    ['BigInt', '9007199254740993', '9007199254740993'],
    ['BigInt', '"-9223372036854775808"', '-9223372036854775808'],
    ['BigInt', '"+007"', '7'],
    ['Decimal', '0.10000000000000000000000001', '0.10000000000000000000000001'],
    ['Decimal', '"12345678901234567.123456789"', '12345678901234567.123456789'],
    ['Decimal', '-1.5e-3', '-1.5e-3'],
  ])('%s %s in a document keeps its digits', (name, text, expected) => {
    expect(literal(name, text)).toBe(expected)
  })

  it.each([
    ['BigInt', '9223372036854775808', '64 bits'],
    ['BigInt', '1.5', 'whole number'],
    ['BigInt', '"ten"', 'whole number'],
    ['BigInt', 'true', 'number or a string'],
    ['Decimal', '"NaN"', 'number'],
    ['Decimal', '"1; DROP TABLE regions"', 'number'],
    ['Decimal', '"1e99999"', 'number'],
  ])('%s %s in a document is refused', (name, text, words) => {
    expect(() => literal(name, text)).toThrow(words)
  })

  it.each([
    ['BigInt', 42, '42'],
    ['BigInt', '9007199254740993', '9007199254740993'],
    ['Decimal', 0.25, '0.25'],
    ['UUID', '550E8400-e29b-41d4-a716-446655440000', '550e8400-e29b-41d4-a716-446655440000'],
    ['Date', '2024-02-29', '2024-02-29'],
  ])('%s %j in variables is taken', (name, value, expected) => {
    expect(scalar(name).coerceInputValue(value)).toBe(expected)
  })

  it.each([
    ['BigInt', 2 ** 53, 'lost'],
    ['BigInt', 0.5, 'lost'],
    ['BigInt', true, 'lost'],
    ['Decimal', Number.NaN, 'lost'],
    ['Decimal', 2 ** 60, 'lost'],
    ['UUID', '550e8400', 'UUID'],
    ['UUID', 42, 'UUID'],
    ['Date', '2026-02-30', 'does not exist'],
    ['Date', '2026-2-3', 'RFC 3339'],
    ['Date', 20260203, 'string'],
  ])('%s %j in variables is refused', (name, value, words) => {
    expect(() => scalar(name).coerceInputValue(value)).toThrow(words)
  })
})
