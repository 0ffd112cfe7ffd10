import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { Capture } from './changes/capture.ts'
import { Cursors } from './changes/cursor.ts'
import { Feed } from './changes/feed.ts'
import type { ChangeLog } from './changes/log/change-log.ts'
import { openChangeLog } from './changes/log/open-log.ts'
import { capturedTables } from './changes/postgres/captured-table.ts'
import { Signing } from './changes/signing.ts'
import { type Watching, watchingOf } from './changes/watching.ts'
import type { Config } from './config/config.ts'
import { TributaryError } from './errors/tributary-error.ts'
import { expectedDatabase } from './sources/expected.ts'
import { rememberedColumns } from './sources/remembered.ts'

/** The change log, the captures that this process runs into it, and the feeds that it reads out of it. */
export interface Capturing extends AsyncDisposable {
  readonly captures: readonly Capture[]
  /** Of each configured source; empty where no log is named, or it cannot be used. */
  readonly feeds: ReadonlyMap<string, Feed>
  /** Those of the log; without one no stream can be taken up again, whatever its cursor is signed with. */
  readonly cursors: Cursors
  /** How the changes of a source come here. */
  watching(source: string): Watching
  /** Resolves when the feeds have begun, which wait a little for the captures to take their slots. */
  settled(): Promise<void>
}

export interface CapturingOptions {
  readonly config: Config
  readonly log: Logger
}

/** How long the feeds wait for the captures to take their slots, in milliseconds. */
const settlingMs = 2_000

/** Opens the log and begins to capture. Never fails for a log or a database that cannot be used: that is told by source. */
export async function startCapturing({ config, log }: CapturingOptions): Promise<Capturing> {
  await using cleanup = new AsyncDisposableStack()
  const { changes, obstacle } = await opened(config, log)
  if (changes) cleanup.use(changes)
  const captures = changes && config.changes.capturesHere ? capturesOf(config, changes, log) : []
  for (const capture of captures) cleanup.use(capture).start()
  const feeds = new Map(changes ? feedsOf(config, changes, log) : [])
  for (const feed of feeds.values()) cleanup.use(feed)
  const signing = changes && cleanup.use(new Signing(changes))
  // A log that has lost everything may have another secret.
  for (const feed of feeds.values()) feed.attach({ transaction: () => {}, lost: () => void signing?.ask() })
  const late = AbortSignal.timeout(settlingMs)
  const settling = Promise.all([
    signing?.ask(),
    ...config.sources.map(async ({ name }) => {
      const capture = captures.find(({ source }) => source === name)
      if (capture) await decided(capture, late)
      await feeds.get(name)?.start()
    }),
  ]).then(() => {})
  const owned = cleanup.move()
  return {
    captures,
    feeds,
    cursors: signing?.cursors ?? new Cursors(randomBytes(32)),
    watching: (name) =>
      watchingOf({
        capture: captures.find(({ source }) => source === name)?.status,
        feed: signing?.isKnown ? feeds.get(name)?.capture : undefined,
        obstacle,
      }),
    settled: () => settling,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function opened(config: Config, log: Logger): Promise<{ changes?: ChangeLog; obstacle?: string }> {
  try {
    const changes = await openChangeLog(config.changes, log)
    return changes
      ? { changes }
      : { obstacle: 'no changes are captured here (CAPTURE, CHANGE_LOG_DIR, REDIS_URL)' }
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error
    log.warn({ err: error }, error.message)
    return { obstacle: error.message }
  }
}

const capturesOf = ({ sources }: Config, changes: ChangeLog, log: Logger): Capture[] =>
  sources.flatMap((config) =>
    config.capture
      ? [
          new Capture({
            config,
            tables: capturedTables(expectedDatabase(config.name)),
            remembered: rememberedColumns(config.name),
            changes,
            log,
          }),
        ]
      : [],
  )

const feedsOf = ({ sources }: Config, changes: ChangeLog, logger: Logger) =>
  sources.map(({ name }) => [name, new Feed({ source: name, log: changes, logger })] as const)

/** Resolves when a capture has left its start behind, well or not, or it is late. */
function decided(capture: Capture, late: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (capture.status.state === 'STARTING' && !late.aborted) return
      stop()
      late.removeEventListener('abort', look)
      resolve()
    }
    const stop = capture.onChange(look)
    late.addEventListener('abort', look)
    look()
  })
}
