/*
 * Kills whatever takes part while an outside writer commits, and compares what the log holds with what the database
 * does: each committed row once, in the order of the commits, within one history.
 *
 * The writer numbers its rows and tries each again until it is told that it is there, as a program does whose
 * connection breaks: a commit whose answer was lost is found by its number.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import pino from 'pino'
import { openSqliteLog } from '../../src/changes/log/sqlite-log.ts'
import { setUpCapture } from '../../src/changes/postgres/set-up.ts'
import { migrate } from '../../src/database/migrate.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/embedded/cluster.ts'
import { askOver, configFor, tablesOf } from './capture-kit.ts'

export interface FaultRunOptions {
  /** A folder for the databases and the log. */
  readonly folder: string
  readonly commits: number
  readonly captureKills: number
  readonly postgresKills: number
  readonly postgresRestarts: number
  readonly writers?: number
  readonly say?: (line: string) => void
}

export interface FaultRun {
  readonly committed: number
  readonly lost: number
  readonly doubled: number
  readonly disordered: number
  readonly histories: number
  readonly seconds: number
}

const main = join(import.meta.dirname, '../../src/main.ts')

export async function runFaults(options: FaultRunOptions): Promise<FaultRun> {
  const { folder, commits, writers = 4, say = () => {} } = options
  const begun = performance.now()
  await using cleanup = new AsyncDisposableStack()
  const server = cleanup.use(await Server.start(join(folder, 'home')))
  const url = server.url
  await asClient(url, async (client) => {
    await migrate({ source: 'platform', url })
    const { capture } = configFor(url)
    if (!capture) throw new Error('No capture is configured.')
    await setUpCapture(askOver(client), { ...capture, tables: tablesOf('platform') })
  })
  const logFolder = join(folder, 'changes')
  const capture = cleanup.use(new CaptureProcess({ DATABASE_URL: url, CHANGE_LOG_DIR: logFolder }))
  await capture.start()
  const limits = { retentionMs: 3_600_000, maxBytes: 2 ** 32 }
  const log = cleanup.use(
    await openSqliteLog({ folder: logFolder, log: pino({ level: 'silent' }), ...limits }),
  )
  const origin = await log.head('platform')
  if (!origin) throw new Error('The capture wrote nothing.')

  const told: string[] = []
  const lsns: bigint[] = []
  const reading = new AbortController()
  const isComplete = Promise.withResolvers<void>()
  const reader = (async () => {
    for await (const batch of log.read('platform', origin, reading.signal))
      for (const { lsn, changes } of batch) {
        lsns.push(lsn)
        for (const change of changes)
          if (change.kind === 'insert' && change.table === 'projects') told.push(change.values.name ?? '')
        if (told.length >= commits) isComplete.resolve()
      }
  })()

  let committed = 0
  const write = async (writer: number) => {
    for (let n = writer; n < commits; n += writers) {
      await persist(url, n)
      committed++
    }
  }
  const writing = Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
  const faults = [
    ...Array<() => Promise<void>>(options.captureKills).fill(() => capture.kill()),
    ...Array<() => Promise<void>>(options.postgresKills).fill(() => server.kill()),
    ...Array<() => Promise<void>>(options.postgresRestarts).fill(() => server.restart()),
  ]
  // Spread over the run, of every kind in turn.
  const order = faults
    .map((fault, index) => ({ fault, at: (index * 7919) % faults.length }))
    .toSorted((a, b) => a.at - b.at)
  for (const [index, { fault }] of order.entries()) {
    const due = ((index + 1) * commits) / (order.length + 1)
    while (committed < due) await pause(5)
    await fault()
    say(`${committed} of ${commits} commits, ${told.length} told, fault ${index + 1} of ${order.length}`)
  }
  await writing
  await Promise.race([isComplete.promise, pause(60_000), reader])
  const head = await log.head('platform')
  reading.abort()
  await reader.catch(() => {})

  const expected = await asClient(url, async (client) => {
    const { rows } = await client.query<{ name: string }>('SELECT name FROM projects')
    return rows.map(({ name }) => name)
  })
  const seen = new Set(told)
  return {
    committed: expected.length,
    lost: expected.filter((name) => !seen.has(name)).length,
    doubled: told.length - seen.size,
    disordered: disorder(lsns, told, writers),
    histories: head?.epoch === origin.epoch ? 1 : 2,
    seconds: (performance.now() - begun) / 1000,
  }
}

/** Commits that come before one that was earlier, by the log's positions and by each writer's own numbers. */
function disorder(lsns: readonly bigint[], told: readonly string[], writers: number): number {
  const byPosition = lsns.filter((lsn, index) => index > 0 && lsn <= (lsns[index - 1] ?? 0n)).length
  const latest = new Map<number, number>()
  const byNumber = told.filter((name) => {
    const n = Number(name)
    const isLate = n <= (latest.get(n % writers) ?? -1)
    latest.set(n % writers, n)
    return isLate
  }).length
  return byPosition + byNumber
}

const clients = new Map<number, Client>()

/** Writes a numbered row until it is there. */
async function persist(url: string, n: number): Promise<void> {
  for (;;)
    try {
      const client = await clientOf(url, n % 4)
      const { rowCount } = await client.query('SELECT FROM projects WHERE name = $1', [String(n)])
      if (rowCount === 0)
        await client.query('INSERT INTO projects (name, user_id) VALUES ($1, 1)', [String(n)])
      return
    } catch {
      clients
        .get(n % 4)
        ?.end()
        .catch(() => {})
      clients.delete(n % 4)
      await pause(20)
    }
}

async function clientOf(url: string, place: number): Promise<Client> {
  const open = clients.get(place)
  if (open) return open
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  await client.connect()
  clients.set(place, client)
  return client
}

async function asClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** A Postgres that comes back where it was. */
class Server implements AsyncDisposable {
  readonly url: string
  readonly #home: string
  #postgres: EmbeddedPostgres

  private constructor(home: string, postgres: EmbeddedPostgres) {
    this.#home = home
    this.#postgres = postgres
    this.url = postgres.url()
  }

  static async start(home: string, port?: number): Promise<Server> {
    return new Server(home, await startEmbeddedPostgres({ home, log: () => {}, ...(port && { port }) }))
  }

  async kill(): Promise<void> {
    process.kill(this.#postgres.pid, 'SIGKILL')
    await this.#postgres.stop('immediate')
    await this.#again()
  }

  async restart(): Promise<void> {
    await this.#postgres.stop()
    await this.#again()
  }

  async #again(): Promise<void> {
    const { port } = this.#postgres
    this.#postgres = await startEmbeddedPostgres({ home: this.#home, port, log: () => {} })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#postgres.stop('immediate')
  }
}

/** A `tributary capture` that is started again whenever it was killed. */
class CaptureProcess implements AsyncDisposable {
  readonly #env: Readonly<Record<string, string>>
  #child: ChildProcess | undefined

  constructor(env: Readonly<Record<string, string>>) {
    this.#env = env
  }

  /** Resolves when it streams. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [main, 'capture'], {
      env: { PATH: process.env.PATH, ...this.#env },
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: '/',
    })
    this.#child = child
    for await (const line of createInterface(child.stdout)) if (line.includes('streaming')) break
    child.stdout.resume()
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
    await this.start()
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#end('SIGTERM')
  }
}
