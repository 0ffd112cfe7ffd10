import type { Queryable } from './queryable.ts'

/** What somebody is about to do. */
export interface AuditIntent {
  /** `user:12`, `service:labeler`, `anonymous`. */
  readonly actor: string
  readonly action: string
  readonly address: string
  readonly requestId: string
}

/** What became of it. Never a secret: the log is read by many and kept for long. */
export interface AuditOutcome {
  /** SUCCESS, or the code of the error. */
  readonly outcome: string
  /** What it was done to, as `user:12`. */
  readonly target?: string | undefined
  readonly detail?: Readonly<Record<string, unknown>> | undefined
}

/** Who did what: a row is written before anything is done, and completed afterwards. */
export class AuditLog {
  readonly #state: Queryable

  constructor(state: Queryable) {
    this.#state = state
  }

  /** @returns the row's key. */
  async begin({ actor, action, address, requestId }: AuditIntent): Promise<string> {
    const [row] = await this.#state.query<{ id: string }>(
      'INSERT INTO tributary.audit_log (actor, action, address, request_id) VALUES ($1, $2, $3, $4) RETURNING id',
      [actor, action, address, requestId],
    )
    if (!row) throw new Error('An intent was written and not answered.')
    return row.id
  }

  async end(id: string, { outcome, target = undefined, detail }: AuditOutcome): Promise<void> {
    await this.#state.query(
      'UPDATE tributary.audit_log SET outcome = $2, finished_at = now(), target = $3, detail = $4 WHERE id = $1',
      [id, outcome, target ?? null, detail === undefined ? null : JSON.stringify(detail)],
    )
  }
}
