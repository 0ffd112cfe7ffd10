import { demand } from './rejection.ts'
import type { JsonObject } from './strict-json.ts'

/** The largest value of an int4 column, which user ids are. */
const maxUserId = 2 ** 31 - 1

export interface TimeRules {
  /** Seconds since 1970. */
  readonly now: number
  /** Seconds by which clocks may differ. */
  readonly tolerance: number
  /** Seconds that a token may be good for altogether. */
  readonly maxLifetime: number
}

export interface TokenTimes {
  readonly issuedAt: Date | null
  readonly expiresAt: Date
}

const isSeconds = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 && value < 2 ** 40

/**
 * When a token was issued and expires, after the checks that a signature library leaves open: real seconds, not
 * issued in the future, not good for longer than any honest token is.
 */
export function timesOf(
  { iat, nbf, exp }: JsonObject,
  { now, tolerance, maxLifetime }: TimeRules,
): TokenTimes {
  demand(isSeconds(exp), 'its exp is no time')
  demand(iat === undefined || isSeconds(iat), 'its iat is no time')
  demand(nbf === undefined || isSeconds(nbf), 'its nbf is no time')
  demand(exp > now - tolerance, 'it has expired')
  demand((nbf ?? 0) <= now + tolerance, 'it is not good yet')
  demand((iat ?? 0) <= now + tolerance, 'it was issued in the future')
  demand((iat ?? 0) < exp && (nbf ?? 0) < exp, 'it expires before it is good')
  demand(exp - (iat ?? now) <= maxLifetime + tolerance, 'it is good for too long')
  return { issuedAt: iat === undefined ? null : new Date(iat * 1000), expiresAt: new Date(exp * 1000) }
}

/** A text that names somebody: neither empty, nor long, nor with characters that do not show. */
export const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^[^\p{C}\p{Z}](?:[^\p{C}]{0,253}[^\p{C}\p{Z}])?$/u.test(value)

/** The id of a person, from the one way of writing it. */
export function userIdOf(sub: unknown): number {
  demand(typeof sub === 'string' && /^[1-9]\d{0,9}$/.test(sub), 'its sub is no id of a person')
  const id = Number(sub)
  demand(id <= maxUserId, 'its sub is no id of a person')
  return id
}

/** The audiences that a token names. */
export function audiencesOf({ aud }: JsonObject): readonly string[] {
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  demand(audiences.length > 0 && audiences.every(isName), 'its aud names nobody')
  return audiences
}
