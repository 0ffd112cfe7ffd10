import type { Logger } from 'pino'
import { Capture } from './changes/capture.ts'
import type { CaptureReport, ChangeLog } from './changes/log/change-log.ts'
import { openChangeLog } from './changes/log/open-log.ts'
import { capturedTables } from './changes/postgres/captured-table.ts'
import { type Watching, watchingOf } from './changes/watching.ts'
import type { Config } from './config/config.ts'
import { TributaryError } from './errors/tributary-error.ts'
import { expectedDatabase } from './sources/expected.ts'

/** The change log, and the captures that this process runs into it. */
export interface Capturing extends AsyncDisposable {
  /** Undefined where no log is named, or it cannot be used. */
  readonly log: ChangeLog | undefined
  readonly captures: readonly Capture[]
  /** How the changes of a source come here. */
  watching(source: string): Watching
  /** Resolves when it is known of every source whether it can be captured, or after a while. */
  settled(): Promise<void>
}

export interface CapturingOptions {
  readonly config: Config
  readonly log: Logger
  /** Default: as the settings say. */
  readonly capturesHere?: boolean
}

/** Between two looks at what others report to the log, in milliseconds. */
const lookEveryMs = 1_000

/** How long a start waits for the captures to take their slots, in milliseconds. */
const settlingMs = 2_000

/** Opens the log and begins to capture. Never fails for a log or a database that cannot be used: that is told by source. */
export async function startCapturing({
  config,
  log,
  capturesHere = config.changes.capturesHere,
}: CapturingOptions): Promise<Capturing> {
  await using cleanup = new AsyncDisposableStack()
  const reports = new Map<string, CaptureReport>()
  const { changes, obstacle } = await opened(config, log)
  if (changes) cleanup.use(changes)
  const captures = changes && capturesHere ? capturesOf(config, changes, log) : []
  for (const capture of captures) cleanup.use(capture).start()
  const look = async () => {
    for (const { name } of config.sources) {
      const report = await changes?.status(name).catch(() => undefined)
      if (report) reports.set(name, report)
    }
  }
  await look()
  const looking = setInterval(() => void look(), lookEveryMs)
  cleanup.defer(() => clearInterval(looking))
  const owned = cleanup.move()
  return {
    log: changes,
    captures,
    watching: (source) =>
      watchingOf({
        capture: captures.find((capture) => capture.source === source)?.status,
        report: reports.get(source),
        obstacle,
        now: Date.now(),
      }),
    settled: async () => {
      await Promise.race([
        Promise.all(captures.map(decided)),
        new Promise((done) => setTimeout(done, settlingMs).unref()),
      ])
      await look()
    },
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
      ? [new Capture({ config, tables: capturedTables(expectedDatabase(config.name)), changes, log })]
      : [],
  )

/** Resolves when a capture has left its start behind, well or not. */
function decided(capture: Capture): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (capture.status.state === 'STARTING') return
      stop()
      resolve()
    }
    const stop = capture.onChange(look)
    look()
  })
}
