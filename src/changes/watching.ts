import type { CaptureStatus } from './capture.ts'
import type { CaptureState } from './feed.ts'

/** How the changes of a source come to those who watch it here. */
export interface Watching {
  readonly state: WatchingState
  /** Why they do not come as they are committed, for people. */
  readonly reason?: string
  /** Bytes of the write-ahead log between the database's end and what the change log holds. */
  readonly lagBytes?: number
  /** Tables whose changes do not come even so, and why. */
  readonly unwatched: Readonly<Record<string, string>>
}

export type WatchingState =
  /** As they are committed, by way of the change log. */
  | 'STREAMING'
  /** It is being found out. */
  | 'STARTING'
  /** Another process captures, into a log that is not read here: who would be served from here would miss everything. */
  | 'ELSEWHERE'
  /** Nobody captures: rows that are watched have to be asked for. */
  | 'NOT_CAPTURED'

export interface Observed {
  /** Of the capture in this process, if there is one. */
  readonly capture: CaptureStatus | undefined
  /** What the log says of it. */
  readonly feed: CaptureState | undefined
  /** Why there is no log. */
  readonly obstacle: string | undefined
}

/** What follows from what is known: the log's word goes before the capture's, since it is the log that is read. */
export function watchingOf({ capture, feed, obstacle }: Observed): Watching {
  if (feed?.isCaptured) {
    const { lagBytes, unwatched = {} } = feed.report ?? {}
    return { state: 'STREAMING', unwatched, ...(lagBytes !== undefined && { lagBytes }) }
  }
  if (obstacle !== undefined) return { state: 'NOT_CAPTURED', reason: obstacle, unwatched: {} }
  switch (capture?.state) {
    case 'STARTING':
    case 'STREAMING':
      return { state: 'STARTING', unwatched: {} }
    case 'STANDING_BY':
      return {
        state: 'ELSEWHERE',
        reason: `${capture.reason}, and its log is not the one that is read here: give both the same REDIS_URL, or stop one`,
        unwatched: {},
      }
  }
  const reason = capture?.reason ?? feed?.reason
  return { state: 'NOT_CAPTURED', unwatched: {}, ...(reason !== undefined && { reason }) }
}
