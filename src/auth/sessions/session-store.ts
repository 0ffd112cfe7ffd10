/*
 * Sessions and their refresh tokens in the gateway's own schema. Replicas race on the same rows, so every decision is
 * one statement, and the row's lock makes one of two the first:
 *
 * - Of several that use one refresh token, one rotates it: `rotate` locks the session, then takes the token only if it
 *   is unused, both as they are once the lock is held.
 * - A session that begins while its user is signed out everywhere does not survive that: `begin` locks the user's epoch
 *   and inserts nothing if it was moved since the password was looked at; `endAll` moves the epoch first, and by then
 *   every session that got by is there to be ended.
 */
import type { Audience } from '../principal.ts'
import type { Queryable } from '../queryable.ts'

/** Why a session ended. */
export type EndReason = 'sign-out' | 'sign-out-everywhere' | 'password-changed' | 'reuse' | 'account-closed'

export interface SessionBeginning {
  readonly id: string
  readonly user: number
  readonly audience: Audience
  readonly address: string
  readonly userAgent: string | undefined
  readonly tokenHash: Buffer
  /** When the person's password was about to be looked at, by the database's clock and as its text. */
  readonly admittedAt: string
}

/** A refresh token, as the database has it now. */
export interface FoundToken {
  readonly session: string
  readonly user: number
  readonly audience: Audience
  readonly isUsed: boolean
  /** Whether it or its session is over. */
  readonly isOver: boolean
}

export class SessionStore {
  readonly #state: Queryable
  readonly #refreshLifetime: number

  /** @param refreshLifetime of each refresh token, in seconds. */
  constructor(state: Queryable, refreshLifetime: number) {
    this.#state = state
    this.#refreshLifetime = refreshLifetime
  }

  /** @returns when the refresh token expires; undefined when the user was signed out everywhere meanwhile. */
  async begin(session: SessionBeginning): Promise<Date | undefined> {
    const { id, user, audience, address, userAgent = null, tokenHash, admittedAt } = session
    const [row] = await this.#state.query<{ expiresAt: Date }>(
      `WITH epoch AS (
         INSERT INTO tributary.user_epochs AS known (user_id) VALUES ($2)
         ON CONFLICT (user_id) DO UPDATE SET valid_after = known.valid_after RETURNING valid_after),
       begun AS (
         INSERT INTO tributary.user_sessions (id, user_id, audience, address, user_agent)
         SELECT $1::uuid, $2, $3, $4, $5 FROM epoch WHERE valid_after < $6::timestamptz RETURNING id)
       INSERT INTO tributary.refresh_tokens (hash, session, expires_at)
       SELECT $7, id, now() + make_interval(secs => $8) FROM begun RETURNING expires_at AS "expiresAt"`,
      [id, user, audience, address, userAgent, admittedAt, tokenHash, this.#refreshLifetime],
    )
    return row?.expiresAt
  }

  async find(tokenHash: Buffer): Promise<FoundToken | undefined> {
    const [row] = await this.#state.query<FoundToken>(
      `SELECT user_sessions.id AS session, user_id AS user, audience, used_at IS NOT NULL AS "isUsed",
         expires_at <= now() OR ended_at IS NOT NULL AS "isOver"
       FROM tributary.refresh_tokens JOIN tributary.user_sessions ON user_sessions.id = session WHERE hash = $1`,
      [tokenHash],
    )
    return row
  }

  /** @returns when the new token expires; undefined when the old one is used or over. */
  async rotate(oldHash: Buffer, newHash: Buffer): Promise<Date | undefined> {
    const [row] = await this.#state.query<{ expiresAt: Date }>(
      `WITH live AS (
         UPDATE tributary.user_sessions SET last_used_at = now()
         WHERE id = (SELECT session FROM tributary.refresh_tokens WHERE hash = $1) AND ended_at IS NULL
         RETURNING id),
       used AS (
         UPDATE tributary.refresh_tokens SET used_at = now() FROM live
         WHERE hash = $1 AND session = live.id AND used_at IS NULL AND expires_at > now() RETURNING session)
       INSERT INTO tributary.refresh_tokens (hash, session, expires_at)
       SELECT $2, session, now() + make_interval(secs => $3) FROM used RETURNING expires_at AS "expiresAt"`,
      [oldHash, newHash, this.#refreshLifetime],
    )
    return row?.expiresAt
  }

  /** @returns whether it was not over before. */
  async end(session: string, reason: EndReason): Promise<boolean> {
    const rows = await this.#state.query(
      `UPDATE tributary.user_sessions SET ended_at = now(), end_reason = $2
       WHERE id = $1 AND ended_at IS NULL RETURNING id`,
      [session, reason],
    )
    return rows.length > 0
  }

  /**
   * Ends a user's sessions, and voids whatever else was issued to the user before now.
   *
   * @param except a session that goes on.
   * @returns the sessions ended, and the epoch.
   */
  async endAll(
    user: number,
    reason: EndReason,
    except: string | null = null,
  ): Promise<{ sessions: string[]; epoch: Date }> {
    const [moved] = await this.#state.query<{ epoch: Date }>(
      `INSERT INTO tributary.user_epochs (user_id, valid_after) VALUES ($1, clock_timestamp())
       ON CONFLICT (user_id) DO UPDATE SET valid_after = clock_timestamp() RETURNING valid_after AS epoch`,
      [user],
    )
    if (!moved) throw new Error('The epoch of a user was not moved.')
    const ended = await this.#state.query<{ id: string }>(
      `UPDATE tributary.user_sessions SET ended_at = now(), end_reason = $2
       WHERE user_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $3::uuid RETURNING id`,
      [user, reason, except],
    )
    return { sessions: ended.map(({ id }) => id), epoch: moved.epoch }
  }
}
