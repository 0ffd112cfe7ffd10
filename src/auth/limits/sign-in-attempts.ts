import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { Queryable } from '../queryable.ts'

/** Who is about to try a password. */
export interface Attempt {
  /** As it was typed; there need be no such account. */
  readonly email: string
  /** Where the request comes from. */
  readonly address: string
}

/** Whether an attempt may go on. */
export type Admission =
  | {
      readonly kind: 'admitted'
      /** When, by the gateway database's clock, as its text: a Date drops microseconds. */
      readonly at: string
    }
  | {
      readonly kind: 'limited'
      /** Whole seconds until one may be admitted again. */
      readonly retryAfter: number
    }

export interface AttemptLimits {
  /** Attempts that fail on one account in a window. Default 10. */
  readonly perAccount: number
  /** Attempts that fail from one address in a window. Default 50. */
  readonly perAddress: number
  /** Length of a window in seconds. Default 900. */
  readonly windowSeconds: number
}

export const defaultLimits: AttemptLimits = { perAccount: 10, perAddress: 50, windowSeconds: 900 }

type Kind = 'account' | 'address'

/** An account that exists and one that does not are counted alike, and the table names neither. */
const accountSubject = (email: string) => createHash('sha256').update(email.toLowerCase()).digest('hex')

/** An IPv6 client has a whole /64 to try from. */
function addressSubject(address: string): string {
  const [plain = ''] = address.split('%')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1]
  if (mapped) return mapped
  if (!isIPv6(plain)) return plain.slice(0, 64)
  const [head = '', tail] = plain.toLowerCase().split('::')
  const groups = head.split(':').filter(Boolean)
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(':').filter(Boolean).length
  const all = [...groups, ...Array<string>(missing).fill('0'), ...(tail ?? '').split(':').filter(Boolean)]
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

/**
 * The limits of guessing, kept in the database so that all replicas share them.
 *
 * An attempt is counted before the password is looked at, and given back if it was right: many at once would else all
 * pass before the first of them has failed. The address comes first, so that one that is at its limit counts no further
 * against other people's accounts.
 */
export class SignInAttempts {
  readonly #state: Queryable
  readonly #limits: AttemptLimits

  constructor(state: Queryable, limits: AttemptLimits = defaultLimits) {
    this.#state = state
    this.#limits = limits
  }

  /** Counts an attempt, unless there have been too many. */
  async admit({ email, address }: Attempt): Promise<Admission> {
    const { perAccount, perAddress } = this.#limits
    const admission = await this.#count('address', addressSubject(address), perAddress)
    return admission.kind === 'limited'
      ? admission
      : this.#count('account', accountSubject(email), perAccount)
  }

  /** Takes an attempt back that was right, and forgets what failed on the account before. */
  async succeeded({ email, address }: Attempt): Promise<void> {
    await this.#state.query(
      `WITH account AS (DELETE FROM tributary.sign_in_attempts WHERE kind = 'account' AND subject = $1)
       UPDATE tributary.sign_in_attempts SET attempts = greatest(attempts - 1, 0)
       WHERE kind = 'address' AND subject = $2`,
      [accountSubject(email), addressSubject(address)],
    )
  }

  async #count(kind: Kind, subject: string, limit: number): Promise<Admission> {
    const [row] = await this.#state.query<{ attempts: number; retryAfter: number; at: string }>(
      `INSERT INTO tributary.sign_in_attempts AS counted (kind, subject, window_started_at, attempts)
       VALUES ($1, $2, now(), 1)
       ON CONFLICT (kind, subject) DO UPDATE SET
         attempts = CASE WHEN counted.window_started_at + make_interval(secs => $3) <= now() THEN 1
           ELSE least(counted.attempts, 1000000) + 1 END,
         window_started_at = CASE WHEN counted.window_started_at + make_interval(secs => $3) <= now() THEN now()
           ELSE counted.window_started_at END
       RETURNING attempts, now()::text AS at,
         ceil(extract(epoch FROM window_started_at + make_interval(secs => $3) - now()))::integer AS "retryAfter"`,
      [kind, subject, this.#limits.windowSeconds],
    )
    if (!row) throw new Error('An attempt was counted and not answered.')
    if (row.attempts > limit) return { kind: 'limited', retryAfter: Math.max(1, row.retryAfter) }
    return { kind: 'admitted', at: row.at }
  }
}
