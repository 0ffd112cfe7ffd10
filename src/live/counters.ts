import type { LiveCounters } from './stream.ts'

/** What the engine counts. */
export interface Counting {
  executions: number
  deliveries: number
  readonly drops: Record<string, number>
}

export const newCounting = (): Counting => ({ executions: 0, deliveries: 0, drops: {} })

type Sized = { readonly size: number }

/** The counters as others read them: always as they are. */
export const countersOf = (counting: Counting, streams: Sized, groups: Sized): LiveCounters => ({
  get streams() {
    return streams.size
  },
  get groups() {
    return groups.size
  },
  get executions() {
    return counting.executions
  },
  get deliveries() {
    return counting.deliveries
  },
  drops: counting.drops,
})
