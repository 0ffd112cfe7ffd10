import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TributaryError } from '../errors/tributary-error.ts'
import { findPackage, runnableBinaries } from './binaries.ts'
import { freePort } from './free-port.ts'
import { initialise, superuser } from './initialise.ts'
import { type Restarts, startKeptPostmaster } from './kept-postmaster.ts'
import { stopOrphans } from './orphans.ts'
import { takeOwnership } from './owner-lock.ts'
import { choosePlace, clusterFolder, type Place } from './place.ts'
import { type Postmaster, type PostmasterOptions, type StopMode, startPostmaster } from './postmaster.ts'

export interface EmbeddedPostgres extends AsyncDisposable {
  readonly port: number
  /** Process id of the postmaster, as it is now. */
  readonly pid: number
  /** The folder that really holds the cluster, its log and its lock: the one asked for, unless Postgres cannot enter it. */
  readonly home: string
  readonly dataDir: string
  /** `recovered`: its previous owner was killed; the data is kept. */
  readonly start: 'created' | 'reused' | 'recovered'
  /** URL of a database, with the superuser's name and password; default `postgres`. */
  url(database?: string): string
  /** Ends the server and gives the folder free; default `fast`. A second call waits for the first. */
  stop(mode?: StopMode): Promise<void>
}

export interface EmbeddedPostgresOptions {
  /** Folder of the cluster, such as `<project>/.tributary`; made when missing. */
  readonly home: string
  /** Settings of postgresql.conf, over the defaults: logical decoding with 16 slots, pg_stat_statements. */
  readonly settings?: Readonly<Record<string, string | number>>
  /** Default: a free one between 20000 and 32000. */
  readonly port?: number
  readonly log: (line: string) => void
  /** How it is started again where it ends unexpectedly; default: it is not. */
  readonly restarts?: Restarts
  /** The npm package that holds the binaries; default: the one installed for this platform. */
  readonly packageDir?: string
}

const defaultSettings = {
  wal_level: 'logical',
  max_replication_slots: 16,
  max_wal_senders: 16,
  max_slot_wal_keep_size: '1GB',
  shared_preload_libraries: 'pg_stat_statements',
  log_checkpoints: 'off',
}

/** Brings the folder to where a server can be started in it. The caller owns it. */
async function prepareData(place: Place, options: EmbeddedPostgresOptions, wasAbandoned: boolean) {
  const { home, account } = place
  const packageDir = options.packageDir ?? findPackage()
  const binaries = await runnableBinaries({
    packageDir,
    account,
    copiesIn: place.elsewhere,
    log: options.log,
  })
  const dataDir = join(home, clusterFolder, 'data')
  if (!existsSync(dataDir)) {
    const sync = options.settings?.fsync !== 'off'
    await initialise({ home, binaries, account, sync })
    return { binaries, dataDir, start: 'created' as const }
  }
  const foundOrphans = await stopOrphans(dataDir)
  return {
    binaries,
    dataDir,
    start: foundOrphans || wasAbandoned ? ('recovered' as const) : ('reused' as const),
  }
}

/** An error of the file system, said in the words of whoever asked for a Postgres. */
const explained = (error: unknown, home: string): unknown => {
  if (error instanceof TributaryError || !(error instanceof Error)) return error
  const message = `The embedded Postgres cannot use ${home}: ${error.message}`
  return new TributaryError('EMBEDDED_UNAVAILABLE', message, { cause: error })
}

/**
 * Starts a real Postgres on 127.0.0.1, of which this process is the owner until it is stopped: one that exists in
 * the folder, with its data, or a new one. A server that a killed owner left running is stopped first.
 *
 * @throws TributaryError EMBEDDED_UNAVAILABLE: no binaries for the platform, another process owns the folder, or
 * the server does not come up.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await start(options)
  } catch (error) {
    throw explained(error, options.home)
  }
}

/** A free port may be taken by another program before the server binds it; then it is worth another try. */
async function listenSomewhere(wanted: number | undefined, startOn: (port: number) => Promise<Postmaster>) {
  for (let triesLeft = 3; ; triesLeft--) {
    const port = wanted ?? (await freePort())
    try {
      return { port, postmaster: await startOn(port) }
    } catch (error) {
      const isTaken = /Address already in use/.test(String(error))
      if (!isTaken || wanted !== undefined || triesLeft === 0) throw error
    }
  }
}

async function start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const place = await choosePlace(options.home, options.log)
  await using undo = new AsyncDisposableStack()
  const lock = undo.use(await takeOwnership(place.home))
  const { binaries, dataDir, start } = await prepareData(place, options, lock.wasAbandoned)
  const password = await readFile(join(place.home, clusterFolder, 'password'), 'utf8')
  const { restarts } = options
  const startServer = (server: PostmasterOptions) =>
    restarts ? startKeptPostmaster(server, restarts) : startPostmaster(server)
  const { port, postmaster } = await listenSomewhere(options.port, (port) =>
    startServer({
      binaries,
      dataDir,
      account: place.account,
      settings: {
        ...defaultSettings,
        ...options.settings,
        listen_addresses: '127.0.0.1',
        port,
        unix_socket_directories: '',
      },
      logFile: join(place.home, 'postgres.log'),
      log: options.log,
    }),
  )
  const owned = undo.move()
  let stopping: Promise<void> | undefined
  const stop = (mode: StopMode = 'fast') => {
    stopping ??= postmaster.stop(mode).then(() => owned.disposeAsync())
    return stopping
  }
  return {
    port,
    get pid() {
      return postmaster.pid
    },
    home: place.home,
    dataDir,
    start,
    url: (database = 'postgres') =>
      `postgres://${superuser}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
    stop,
    [Symbol.asyncDispose]: () => stop(),
  }
}
