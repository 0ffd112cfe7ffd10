import type { Logger } from 'pino'
import type { Queryable } from '../queryable.ts'

/** What nobody asks for any more: tokens and limits a day after their time, sessions a month after their end. */
const statements = [
  "DELETE FROM tributary.refresh_tokens WHERE expires_at < now() - interval '1 day'",
  `DELETE FROM tributary.user_sessions WHERE coalesce(ended_at, last_used_at) < now() - interval '30 days'
     AND NOT EXISTS (SELECT FROM tributary.refresh_tokens WHERE session = id)`,
  "DELETE FROM tributary.sign_in_attempts WHERE window_started_at < now() - interval '1 day'",
  "DELETE FROM tributary.idempotency_keys WHERE created_at < now() - interval '1 day'",
]

const hourMs = 3_600_000

/** Deletes what is over from the gateway's state. Replicas may do so at the same time. */
export async function sweep(state: Queryable): Promise<void> {
  for (const statement of statements) await state.query(statement)
}

/** Sweeps every hour. */
export function startHousekeeping(state: Queryable, log: Logger): Disposable {
  const timer = setInterval(() => {
    sweep(state).catch((error: unknown) => log.debug({ err: error }, 'old sessions could not be deleted'))
  }, hourMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
