/** How the GPU Dev service is asked for something. */
export interface GpuDevConfig {
  /** The pgmq queue that takes requests for reservations. */
  readonly reservationQueue: string
  /** The pgmq queue that takes requests for disks. */
  readonly diskQueue: string
  /** How long an API key is good for. */
  readonly apiKeyHours: number
}
