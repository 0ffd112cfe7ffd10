/** How a source is watched. Everything in milliseconds. */
export interface Timing {
  /** Between two looks at an available source; a statement that was answered meanwhile spares the look. */
  readonly heartbeatMs: number
  /** How long such a look may take: a source that is silent for longer is unavailable. */
  readonly heartbeatTimeoutMs: number
  /** How long the first try to connect may take; doubled with every failure. */
  readonly probeTimeoutMs: number
  readonly probeTimeoutMaxMs: number
  /** Between two tries; doubled with every failure. */
  readonly backoffMs: number
  readonly backoffMaxMs: number
  /** Between two checks of a database that has differences. */
  readonly recheckMs: number
}

export const defaultTiming: Timing = {
  heartbeatMs: 2_000,
  heartbeatTimeoutMs: 2_000,
  probeTimeoutMs: 2_000,
  probeTimeoutMaxMs: 8_000,
  backoffMs: 250,
  backoffMaxMs: 5_000,
  recheckMs: 30_000,
}
