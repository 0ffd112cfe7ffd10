import type { Logger } from 'pino'
import type { Queryable } from '../queryable.ts'
import type { Revocations, TokenIdentity } from '../tokens/revocations.ts'

export interface SessionRevocationsOptions {
  readonly state: Queryable
  /** How long an access token is good, in seconds: that long after its end a session is remembered. */
  readonly tokenLifetime: number
  readonly log: Logger
  /** Milliseconds between two looks. Default 500. */
  readonly pollMs?: number
}

/** Statements that were under way at the last look may have committed since; none takes longer than this. */
const overlapSeconds = 30

/** Milliseconds between two looks while there is nothing to look at. */
const absentMs = 2_000

interface Ended {
  readonly session: string
  readonly at: number
}

/**
 * What signing out has taken back, as every replica sees it within a second: the ends of sessions and the users' epochs
 * are read from the database again and again, and this replica's own take effect at once. While the database is away
 * what is known goes on to hold; before anything is known, no session is.
 *
 * A token with a session is void when that has ended. Of the others those issued before the user's epoch are; one that
 * does not say when it was issued is taken for older for as long as such a token lives.
 */
export class SessionRevocations implements Revocations, AsyncDisposable {
  readonly #options: SessionRevocationsOptions
  readonly #ended = new Map<string, number>()
  readonly #epochs = new Map<number, number>()
  readonly #listeners = new Set<() => void>()
  #since: string | null = null
  #timer: NodeJS.Timeout | undefined
  #look: Promise<void> = Promise.resolve()
  #isOut = false
  #isOver = false

  constructor(options: SessionRevocationsOptions) {
    this.#options = options
  }

  /** Reads the state for the first time and then again and again. Never rejects. */
  start(): Promise<void> {
    this.#look = this.#lookOut()
    return this.#look
  }

  isRevoked({ session, userId, issuedAt }: TokenIdentity): boolean {
    if (session !== null) return this.#since === null || this.#ended.has(session)
    const epoch = userId === null ? undefined : this.#epochs.get(userId)
    if (epoch === undefined) return false
    return issuedAt === null
      ? Date.now() - epoch < this.#options.tokenLifetime * 1000
      : issuedAt.getTime() < epoch
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes note of what this replica has done. */
  add({ sessions, user, epoch }: { sessions: readonly string[]; user?: number; epoch?: Date }): void {
    this.#note(
      sessions.map((session) => ({ session, at: Date.now() })),
      user === undefined || epoch === undefined ? [] : [{ user, at: epoch.getTime() }],
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    clearTimeout(this.#timer)
    await this.#look
  }

  async #lookOut(): Promise<void> {
    let reason: string | undefined
    try {
      if (this.#since !== null || (await this.#isThere())) await this.#read()
      else reason = 'there is no schema tributary; run `tributary db migrate gateway`'
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error)
    }
    if (this.#isOver) return
    if (reason !== undefined && !this.#isOut)
      this.#options.log.warn(
        { reason },
        'sessions cannot be seen: nobody signs in, or is seen to sign out elsewhere',
      )
    this.#isOut = reason !== undefined
    const delay = this.#since === null ? absentMs : (this.#options.pollMs ?? 500)
    this.#timer = setTimeout(() => {
      this.#look = this.#lookOut()
    }, delay)
    this.#timer.unref()
  }

  /** Asked so that a database of other people's, which has no such schema, does not log an error at every look. */
  async #isThere(): Promise<boolean> {
    const [row] = await this.#options.state.query<{ there: boolean }>(
      "SELECT to_regclass('tributary.user_sessions') IS NOT NULL AS there",
    )
    return row?.there === true
  }

  async #read(): Promise<void> {
    const { state, tokenLifetime } = this.#options
    const rows = await state.query<{
      session: string | null
      user: number | null
      at: Date
      now: string | null
    }>(
      `WITH since AS (
         SELECT coalesce($1::timestamptz - make_interval(secs => $2), '-infinity') AS known,
           greatest($1::timestamptz - make_interval(secs => $2), now() - make_interval(secs => $3)) AS useful)
       SELECT id AS session, NULL::integer AS user, ended_at AS at, NULL AS now FROM tributary.user_sessions, since
       WHERE ended_at >= useful
       UNION ALL SELECT NULL, user_id, valid_after, NULL FROM tributary.user_epochs, since
       WHERE valid_after >= known AND isfinite(valid_after)
       UNION ALL SELECT NULL, NULL, NULL, now()::text`,
      [this.#since, overlapSeconds, tokenLifetime],
    )
    this.#since = rows.find(({ now }) => now !== null)?.now ?? null
    this.#forget()
    this.#note(
      rows.flatMap(({ session, at }) => (session === null ? [] : [{ session, at: at.getTime() }])),
      rows.flatMap(({ user, at }) => (user === null ? [] : [{ user, at: at.getTime() }])),
    )
  }

  #note(ended: readonly Ended[], epochs: readonly { readonly user: number; readonly at: number }[]): void {
    let isNews = false
    for (const { session, at } of ended) {
      isNews ||= !this.#ended.has(session)
      this.#ended.set(session, at)
    }
    for (const { user, at } of epochs) {
      isNews ||= (this.#epochs.get(user) ?? 0) < at
      this.#epochs.set(user, Math.max(at, this.#epochs.get(user) ?? 0))
    }
    if (isNews) for (const listener of this.#listeners) listener()
  }

  /** Sessions whose last access token has expired; twice its lifetime, since clocks differ. */
  #forget(): void {
    const before = Date.now() - 2000 * this.#options.tokenLifetime
    for (const [session, at] of this.#ended) if (at < before) this.#ended.delete(session)
  }
}
