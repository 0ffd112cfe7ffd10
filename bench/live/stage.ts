import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startDevelopmentDatabases } from '../../src/embedded/development-databases.ts'
import { GatewayProcess, homeIn } from './gateway-process.ts'
import { jwtSecret, makeJobs, type WatchedJob } from './world.ts'

const main = new URL('../../src/main.ts', import.meta.url).pathname

/** Databases with jobs, and what a gateway over them is told. */
export interface Stage extends AsyncDisposable {
  readonly platformUrl: string
  readonly jobs: readonly WatchedJob[]
  readonly env: Record<string, string>
  /** The folder of Postgres. */
  readonly postgresHome: string
  /** Stops Postgres, for somebody else to start it. */
  releasePostgres(): Promise<void>
  /** Starts a gateway. */
  start(env?: Record<string, string>): Promise<GatewayProcess>
}

/** Node's flags for the gateway: BENCH_PROFILE names a folder to leave CPU profiles in. */
const profiling = (folder: string | undefined) =>
  folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]

/** An embedded Postgres with the usual data and so many jobs beside it, and capture set up. */
export async function setStage(jobs: number): Promise<Stage> {
  await using cleanup = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'tributary-bench-'))
  // Postgres runs as another user where this is root's.
  await chmod(folder, 0o755)
  cleanup.defer(() => rm(folder, { recursive: true, force: true }))
  const postgresHome = join(folder, 'postgres')
  const databases = await startDevelopmentDatabases(postgresHome, () => {})
  const { urls } = databases
  let isReleased = false
  const releasePostgres = async () => {
    if (isReleased) return
    isReleased = true
    await databases[Symbol.asyncDispose]()
  }
  cleanup.defer(releasePostgres)
  const env = {
    DATABASE_URL: urls.platform,
    USER_DATABASE_URL: urls.users,
    JWT_SECRET: jwtSecret,
    TRIBUTARY_HOME: homeIn(folder),
    MAX_SOCKETS_PER_ADDRESS: '100000',
    MAX_QUEUED_OPERATIONS: '100000',
  }
  await promisify(execFile)(process.execPath, [main, 'capture', 'setup'], {
    env: { ...process.env, ...env },
  })
  const watched = await makeJobs(urls, jobs)
  const owned = cleanup.move()
  return {
    platformUrl: urls.platform,
    jobs: watched,
    env,
    postgresHome,
    releasePostgres,
    start: (further = {}) =>
      GatewayProcess.start({ ...env, ...further }, profiling(process.env.BENCH_PROFILE)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
