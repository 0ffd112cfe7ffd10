/** A moment in microseconds since 1970, as exact as Postgres keeps it. */
export type Moment = number

export const second = 1_000_000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour

/** The moment at which the seeded world stands still. */
export const now: Moment = Date.parse('2026-11-01T08:00:00Z') * 1000

/** The text of a `timestamp without time zone` in UTC, with its microseconds. */
export function timestamp(moment: Moment): string {
  const whole = Math.floor(moment / second)
  const fraction = String(Math.floor(moment) - whole * second).padStart(6, '0')
  return `${new Date(whole * 1000).toISOString().slice(0, 19).replace('T', ' ')}.${fraction}`
}

/** As {@link timestamp}, and null where there is no moment. */
export function timestampOrNull(moment: Moment | null): string | null {
  return moment === null ? null : timestamp(moment)
}

/** The text of a `timestamp with time zone`. */
export const instant = (moment: Moment): string => `${timestamp(moment)}Z`

/** As {@link instant}, and null where there is no moment. */
export const instantOrNull = (moment: Moment | null): string | null =>
  moment === null ? null : instant(moment)
