import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kinds } from '../../src/graph/column-kind.ts'

describe('a value of the database', () => {
  it.each([
    ['a bigint past 2^53', kinds.bigint, 9007199254740993n, '9007199254740993'],
    ['no bigint', kinds.bigint, null, null],
    [
      'a numeric of any length',
      kinds.decimal,
      '12345678901234567.123456789000',
      '12345678901234567.123456789000',
    ],
    ['a numeric that is no number', kinds.decimal, 'NaN', null],
    ['an infinite numeric', kinds.decimal, '-Infinity', null],
    [
      'a moment with its zone',
      kinds.timestamptz,
      '2026-01-02T03:04:05.000001+00:00',
      '2026-01-02T03:04:05.000001Z',
    ],
    [
      'a moment in another zone',
      kinds.timestamptz,
      '2026-01-02 03:04:05+05:30',
      '2026-01-01T21:34:05.000000Z',
    ],
    ['a moment without end', kinds.timestamptz, 'infinity', null],
    ['seconds since 1970', kinds.unixSeconds, 1_763_712_000n, '2025-11-21T08:00:00.000000Z'],
    ['seconds before 1970', kinds.unixSeconds, -1, '1969-12-31T23:59:59.000000Z'],
    ['seconds past the year 9999', kinds.unixSeconds, 9_000_000_000_000_000n, null],
    ['a day', kinds.date, '2026-02-03', '2026-02-03'],
    ['a day without end', kinds.date, 'infinity', null],
    ['a list', kinds.textList, ['a', 'b c'], ['a', 'b c']],
    ['no list', kinds.textList, null, []],
  ])('%s keeps its meaning', (_what, kind, value, expected) => {
    expect(kind.decode(value, 'UTC')).toEqual(expected)
  })

  it('of seconds is the moment that JavaScript says', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }), (seconds) => {
        const expected = new Date(seconds * 1000).toISOString().replace('.000Z', '.000000Z')
        expect(kinds.unixSeconds.decode(seconds, 'UTC')).toBe(expected)
      }),
    )
  })
})

describe('a value as the log tells it', () => {
  it.each([
    ['a bigint past 2^53', kinds.bigint, '9007199254740993', '9007199254740993'],
    ['a moment with its zone', kinds.timestamptz, '2026-01-02 03:04:05.5+00', '2026-01-02T03:04:05.500000Z'],
    ['seconds since 1970', kinds.unixSeconds, '1763712000', '2025-11-21T08:00:00.000000Z'],
    ['a list', kinds.textList, '{a,"b c",NULL,"{"}', ['a', 'b c', '{']],
  ])('keeps its meaning: %s', (_what, kind, text, expected) => {
    expect(kind.decode(kind.parse(text), 'UTC')).toEqual(expected)
  })
})

describe('a key', () => {
  it.each([
    ['an integer', kinds.integer, '42', 42],
    ['an integer past 32 bits', kinds.integer, '99999999999', null],
    ['no integer', kinds.integer, '4 2', undefined],
    ['a UUID', kinds.uuid, '550e8400-E29B-41d4-a716-446655440000', '550e8400-e29b-41d4-a716-446655440000'],
    ['half a UUID', kinds.uuid, '550e8400-e29b', undefined],
    ['a text', kinds.text, '4 2', '4 2'],
  ])('is read as %s', (_what, kind, text, expected) => {
    expect(kind.key(text)).toBe(expected)
  })
})
