import { timestampToDateTime } from '../../graph/date-time.ts'
import type { JobKind } from '../job-kind.ts'

const minute = 60
const hour = 60 * minute

/** How often the job runs that ends what is overdue, in seconds. */
const expiryRhythm = 5 * minute

/**
 * The service ends what is overdue by itself: what is used two minutes past its time, what is being prepared after an
 * hour, what waits after two days. What is still there when that job has run twice since, nobody looks after.
 */
export const deadlineOfReservation: NonNullable<JobKind['movement']> = {
  columns: ['status', 'created_at', 'updated_at', 'expires_at'],
  resolve: (row) => {
    const after = (since: unknown, seconds: number) => {
      const at = typeof since === 'string' ? timestampToDateTime(since, { local: false }) : null
      return at ? { at, staleAfter: seconds + 2 * expiryRhythm } : null
    }
    switch (row.status) {
      case 'active':
      case 'running':
        return after(row.expires_at, 2 * minute)
      case 'preparing':
      case 'creating_server':
        return after(row.updated_at ?? row.created_at, hour)
      case 'pending':
      case 'queued':
        return after(row.created_at, 48 * hour)
      default:
        return null
    }
  },
}
