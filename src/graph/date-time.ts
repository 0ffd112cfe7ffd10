/**
 * Postgres's timestamps as RFC 3339 text in UTC with microseconds. A JavaScript Date holds milliseconds only, so text
 * goes in and text comes out, and a Date serves for nothing but the offset of a named zone.
 */

const stored =
  /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d(?::?\d\d)?(?::?\d\d)?)?$/
const rfc3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/

const micros = (fraction = '') => fraction.padEnd(6, '0').slice(0, 6)

function offsetMinutes(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)?/.exec(zone) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes ?? 0))
}

function text(instant: number, fraction: string): string | null {
  const date = new Date(instant)
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999 || date.getUTCFullYear() < 1) return null
  return `${date.toISOString().slice(0, 19)}.${fraction}Z`
}

const formats = new Map<string, Intl.DateTimeFormat>()

function zoneFormat(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known) return known
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
  formats.set(timeZone, format)
  return format
}

/** Milliseconds by which the zone's wall clock is ahead of UTC at an instant. */
function zoneOffset(instant: number, timeZone: string): number {
  const part: Record<string, number> = {}
  for (const { type, value } of zoneFormat(timeZone).formatToParts(instant)) part[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
  return Date.UTC(year, month - 1, day, hour, minute, second) - instant
}

/** The instant of a wall-clock time in a zone; of two (clocks set back) Postgres's choice, the later, standard one. */
function wallToInstant(wall: number, timeZone: string): number {
  const before = wall - zoneOffset(wall - 86_400_000, timeZone)
  const after = wall - zoneOffset(wall + 86_400_000, timeZone)
  const candidates = [before, after].filter((instant) => zoneOffset(instant, timeZone) === wall - instant)
  return candidates.length > 0 ? Math.max(...candidates) : before
}

/**
 * A `timestamp` or `timestamptz` as the database's text, in UTC.
 *
 * @param zone where a value without an offset was written; default UTC. An offset in the value is ignored when
 * `local` says that the column has no zone (drivers append +00:00 to those).
 * @returns null for what RFC 3339 cannot say: infinity, years before 1 or after 9999.
 */
export function timestampToDateTime(
  value: string,
  { local, zone = 'UTC' }: { local: boolean; zone?: string },
): string | null {
  const match = stored.exec(value)
  if (!match) return null
  const [, year, month, day, hour, minute, second, fraction, offset] = match
  const wall = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (local && zone !== 'UTC') return text(wallToInstant(wall, zone), micros(fraction))
  return text(wall - (local || !offset ? 0 : offsetMinutes(offset) * 60_000), micros(fraction))
}

/** Seconds since 1970 as a date-time in UTC; null where RFC 3339 cannot say it. */
export const secondsToDateTime = (seconds: number): string | null => text(seconds * 1000, micros())

/**
 * A date-time that a caller wrote, in UTC with microseconds (further digits are cut off).
 *
 * @see RFC 3339, section 5.6
 * @throws RangeError when it is not one, or the day does not exist.
 */
export function parseDateTime(value: string): string {
  const match = rfc3339.exec(value)
  if (!match)
    throw new RangeError(
      `"${value.slice(0, 40)}" is not a date-time like 2026-11-21T08:00:00.123456Z (RFC 3339).`,
    )
  const [, year, month, day, hour, minute, second, fraction, offset = 'Z'] = match
  const wall = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  const exists =
    Number.isFinite(wall) &&
    new Date(wall).toISOString().slice(0, 19) === `${year}-${month}-${day}T${hour}:${minute}:${second}`
  const result = exists ? text(wall - offsetMinutes(offset) * 60_000, micros(fraction)) : null
  if (!result) throw new RangeError(`"${value.slice(0, 40)}" names a moment that does not exist.`)
  return result
}

/**
 * A day that a caller wrote.
 *
 * @see RFC 3339, section 5.6, full-date
 * @throws RangeError when it is not one, or does not exist.
 */
export function parseDate(value: string): string {
  const shown = `"${value.slice(0, 40)}"`
  if (!/^\d{4}-\d\d-\d\d$/.test(value))
    throw new RangeError(`${shown} is not a day like 2026-11-21 (RFC 3339).`)
  const date = new Date(`${value}T00:00:00Z`)
  if (value.startsWith('0000') || Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== value)
    throw new RangeError(`${shown} names a day that does not exist.`)
  return value
}
