import { Client } from 'pg'
import { type BySource, bySource } from '../config/source-names.ts'
import { gatewayState, migrate } from '../database/migrate.ts'
import { startEmbeddedPostgres } from './cluster.ts'
import { createQueues } from './message-queue.ts'
import { seed } from './seed/seed.ts'

/** The databases of `npm start`: real ones, of the embedded Postgres. */
export interface DevelopmentDatabases extends AsyncDisposable {
  readonly urls: BySource<string>
}

/**
 * Starts the embedded Postgres and brings its databases up to date: created, migrated and, at the first start, filled.
 *
 * @param home folder that keeps the data.
 * @param signal breaks the start off between its steps, with its reason; Postgres is stopped again.
 */
export async function startDevelopmentDatabases(
  home: string,
  log: (line: string) => void,
  signal?: AbortSignal,
): Promise<DevelopmentDatabases> {
  const postgres = await startEmbeddedPostgres({ home, log, restarts: {} })
  try {
    signal?.throwIfAborted()
    const urls = bySource((source) => postgres.url(source))
    await createMissing(postgres.url(), Object.keys(urls))
    await Promise.all(Object.entries(urls).map(([source, url]) => migrate({ source, url, log })))
    await migrate({ ...gatewayState, url: urls.platform, log })
    await withClient(urls.gpudev, createQueues)
    signal?.throwIfAborted()
    await seed({ urls, log })
    return { urls, [Symbol.asyncDispose]: () => postgres.stop() }
  } catch (error) {
    await postgres.stop()
    throw error
  }
}

const createMissing = (url: string, names: readonly string[]) =>
  withClient(url, async (client) => {
    const { rows } = await client.query<{ datname: string }>('SELECT datname FROM pg_database')
    const there = new Set(rows.map((row) => row.datname))
    for (const name of names) if (!there.has(name)) await client.query(`CREATE DATABASE "${name}"`)
  })

async function withClient(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
