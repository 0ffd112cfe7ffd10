import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDateTime, timestampToDateTime } from '../../src/graph/date-time.ts'

describe('a timestamp of the database', () => {
  it('keeps its microseconds', () => {
    expect(timestampToDateTime('2026-01-02 03:04:05.000001', { local: true })).toBe(
      '2026-01-02T03:04:05.000001Z',
    )
    expect(timestampToDateTime('2026-01-02T03:04:05.12+00:00', { local: true })).toBe(
      '2026-01-02T03:04:05.120000Z',
    )
  })

  it('is moved to UTC by its own offset, unless the column has no zone', () => {
    expect(timestampToDateTime('2026-01-02 03:04:05+02', { local: false })).toBe(
      '2026-01-02T01:04:05.000000Z',
    )
    expect(timestampToDateTime('2026-01-02 03:04:05-03:30', { local: false })).toBe(
      '2026-01-02T06:34:05.000000Z',
    )
    expect(timestampToDateTime('2026-01-02T03:04:05+00:00', { local: true, zone: 'Asia/Jerusalem' })).toBe(
      '2026-01-02T01:04:05.000000Z',
    )
  })

  it('follows summer time', () => {
    const zone = 'Asia/Jerusalem'
    expect(timestampToDateTime('2026-07-02 03:04:05.5', { local: true, zone })).toBe(
      '2026-07-02T00:04:05.500000Z',
    )
    expect(timestampToDateTime('2026-10-24 12:00:00', { local: true, zone })).toBe(
      '2026-10-24T09:00:00.000000Z',
    )
    expect(timestampToDateTime('2026-10-25 12:00:00', { local: true, zone })).toBe(
      '2026-10-25T10:00:00.000000Z',
    )
  })

  it('is null where no date-time can say it', () => {
    for (const value of [
      'infinity',
      '-infinity',
      'infinity+00:00',
      '0044-03-15 00:00:00 BC',
      '12026-01-01 00:00:00',
    ])
      expect(timestampToDateTime(value, { local: true })).toBeNull()
  })
})

describe('a date-time of a caller', () => {
  it('is taken with any offset and comes out in UTC with microseconds', () => {
    expect(parseDateTime('2026-01-02T03:04:05Z')).toBe('2026-01-02T03:04:05.000000Z')
    expect(parseDateTime('2026-01-02T03:04:05.1234567+05:30')).toBe('2026-01-01T21:34:05.123456Z')
  })

  it('is refused when the day does not exist or the form is another', () => {
    for (const value of [
      '2026-02-30T00:00:00Z',
      '2026-13-01T00:00:00Z',
      '2026-01-01',
      '2026-01-01T25:00:00Z',
      '2026-01-01T00:00:00+24:00',
      '2026-01-01T00:00:00+01:60',
      'now',
      '',
      '2026-01-01T00:00:00',
    ])
      expect(() => parseDateTime(value), value).toThrow(RangeError)
  })

  it('agrees with JavaScript’s dates to the millisecond', () => {
    const dates = fc.date({
      min: new Date('0001-01-02T00:00:00Z'),
      max: new Date('9999-12-30T00:00:00Z'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(dates, (date) => {
        expect(parseDateTime(date.toISOString())).toBe(date.toISOString().replace('Z', '000Z'))
      }),
    )
  })
})
