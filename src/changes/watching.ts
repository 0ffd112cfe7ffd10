import type { CaptureStatus } from './capture.ts'
import { type CaptureReport, reportStaleMs } from './log/change-log.ts'

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
  /** The last that the log was told. */
  readonly report: CaptureReport | undefined
  /** Why there is no log. */
  readonly obstacle: string | undefined
  /** In milliseconds since 1970. */
  readonly now: number
}

/** What follows from what is known: the log's word goes before the capture's, since it is the log that is read. */
export function watchingOf({ capture, report, obstacle, now }: Observed): Watching {
  const isFresh = report !== undefined && now - report.at <= reportStaleMs
  if (isFresh && report.status === 'streaming') {
    const { lagBytes, unwatched = {} } = report
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
    default:
      return { state: 'NOT_CAPTURED', reason: reasonOf(capture, report, isFresh), unwatched: {} }
  }
}

function reasonOf(
  capture: CaptureStatus | undefined,
  report: CaptureReport | undefined,
  isFresh: boolean,
): string {
  if (capture?.reason !== undefined) return capture.reason
  if (report === undefined) return 'nobody ever captured it into this log; run `tributary capture`'
  if (isFresh && report.reason !== undefined) return report.reason
  return `nobody captures it since ${new Date(report.at).toISOString()}; run \`tributary capture\``
}
