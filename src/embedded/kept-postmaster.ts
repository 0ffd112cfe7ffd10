import { setTimeout as pause } from 'node:timers/promises'
import { stopOrphans } from './orphans.ts'
import { type Postmaster, type PostmasterOptions, startPostmaster } from './postmaster.ts'

/** How a server that ends is started again. */
export interface Restarts {
  /** Times at most, until it has stayed up for a while. Default 5. */
  readonly most?: number
  /** Before a time after the first, by how many there were, in milliseconds. Default 1,000. */
  readonly pauseMs?: number
  /** How long it has to stay up for the count to begin anew, in milliseconds. Default 60,000. */
  readonly settledMs?: number
}

/** A server that is started again, on the same port and folder, where it ends without having been stopped. */
export async function startKeptPostmaster(
  options: PostmasterOptions,
  { most = 5, pauseMs = 1_000, settledMs = 60_000 }: Restarts,
): Promise<Postmaster> {
  const { dataDir, log } = options
  const stopping = new AbortController()
  let times = 0
  let startedAt = 0
  let restarting: Promise<void> = Promise.resolve()

  const start = async () => {
    const onEnd = () => {
      restarting = again()
    }
    const started = await startPostmaster({ ...options, onEnd })
    startedAt = performance.now()
    return started
  }

  async function again(): Promise<void> {
    if (performance.now() - startedAt > settledMs) times = 0
    while (!stopping.signal.aborted) {
      if (times === most) {
        log(
          `Postgres is not started again after ${most} times. Stop Tributary, and see why in ${options.logFile}.`,
        )
        return
      }
      try {
        await pause(pauseMs * times++, undefined, { signal: stopping.signal })
        // Of one that was killed, children may hold its memory and its port.
        await stopOrphans(dataDir)
        current = await start()
        log(`Postgres is up again, on the same port and data (${times} of ${most} times).`)
        return
      } catch (error) {
        if (!stopping.signal.aborted) log(error instanceof Error ? error.message : String(error))
      }
    }
  }

  let current = await start()
  return {
    get pid() {
      return current.pid
    },
    async stop(mode) {
      stopping.abort()
      await restarting
      await current.stop(mode)
      // Of one that was killed a moment ago.
      await stopOrphans(dataDir)
    },
  }
}
