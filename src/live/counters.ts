/** What the engine counts; see `LiveCounters`, which reads it. */
export interface Counting {
  executions: number
  deliveries: number
  readonly drops: Record<string, number>
}

export const newCounting = (): Counting => ({ executions: 0, deliveries: 0, drops: {} })
