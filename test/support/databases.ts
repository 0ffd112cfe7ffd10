/*
 * Databases for tests, cloned from templates that are made once a run by whoever needs them first.
 *
 * Test files run in processes of their own, so the making is guarded by an advisory lock of the server. A template
 * is marked as one when it is whole, and takes no connections from then on: Postgres copies no database that
 * somebody is connected to.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Client, DatabaseError } from 'pg'
import { inject } from 'vitest'
import { type BySource, bySource, type SourceKey, sourceNames } from '../../src/config/source-names.ts'
import { gatewayState, migrate } from '../../src/database/migrate.ts'
import { createQueues } from '../../src/embedded/message-queue.ts'

const sources = sourceNames.map(({ name }) => name)

/** One database a source; dropped at disposal, whoever is still connected. */
export interface TestDatabases extends AsyncDisposable {
  readonly urls: BySource<string>
  /** URL of the server's database `postgres`. */
  readonly adminUrl: string
  url(source: SourceKey): string
  /** Connected as superuser; closed at disposal. */
  client(source: SourceKey): Promise<Client>
}

export interface TestDatabase extends AsyncDisposable {
  readonly url: string
}

const urlOf = (database: string): string => {
  const url = new URL(inject('postgresUrl'))
  url.pathname = `/${database}`
  return url.href
}

const connect = async (url: string): Promise<Client> => {
  const client = new Client({ connectionString: url })
  // A database is dropped under those who are still connected.
  client.on('error', () => {})
  await client.connect()
  return client
}

async function asAdmin<T>(work: (admin: Client) => Promise<T>): Promise<T> {
  const admin = await connect(inject('postgresUrl'))
  try {
    return await work(admin)
  } finally {
    await admin.end()
  }
}

/** Repeats while the database is in use, as by an autovacuum worker or a replication connection that is ending. */
async function whenUnused(work: () => Promise<unknown>): Promise<void> {
  for (let triesLeft = 100; ; triesLeft--) {
    try {
      await work()
      return
    } catch (error) {
      const inUse = error instanceof DatabaseError && error.code === '55006'
      if (!inUse || triesLeft === 0) throw error
      await pause(50)
    }
  }
}

const create = (database: string, template: string) =>
  asAdmin((admin) => whenUnused(() => admin.query(`CREATE DATABASE ${database} TEMPLATE ${template}`)))

const drop = (database: string) =>
  asAdmin((admin) =>
    whenUnused(async () => {
      await admin.query(
        'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = $1',
        [database],
      )
      await admin.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
    }),
  )

const newName = (word: string) => `${inject('databasePrefix')}${word}_${randomBytes(5).toString('hex')}`
const templateName = (source: SourceKey, seeded: boolean) =>
  `${inject('databasePrefix')}template_${source}${seeded ? '_seeded' : ''}`

async function makeTemplates(admin: Client, seeded: boolean): Promise<void> {
  const templates = bySource((source) => templateName(source, seeded))
  const parents = bySource((source) => (seeded ? templateName(source, false) : 'template0'))
  await Promise.all(sources.map((source) => create(templates[source], parents[source])))
  const urls = bySource((source) => urlOf(templates[source]))
  if (seeded) {
    const { seed } = await import('../../src/embedded/seed/seed.ts')
    await seed({ urls })
  } else {
    await Promise.all(sources.map((source) => migrate({ source, url: urls[source] })))
    await migrate({ ...gatewayState, url: urls.platform })
    const gpudev = await connect(urls.gpudev)
    await createQueues(gpudev)
    await gpudev.end()
  }
  for (const name of Object.values(templates)) {
    await admin.query(`ALTER DATABASE ${name} IS_TEMPLATE true ALLOW_CONNECTIONS false`)
  }
}

async function ensureTemplates(admin: Client, seeded: boolean): Promise<void> {
  if (seeded) await ensureTemplates(admin, false)
  const names = sources.map((source) => templateName(source, seeded))
  const areThere = async () => {
    const { rowCount } = await admin.query(
      'SELECT FROM pg_database WHERE datistemplate AND datname = ANY($1)',
      [names],
    )
    return rowCount === names.length
  }
  if (await areThere()) return
  await admin.query('SELECT pg_advisory_lock(hashtext($1))', [names[0]])
  try {
    if (!(await areThere())) await makeTemplates(admin, seeded)
  } finally {
    await admin.query('SELECT pg_advisory_unlock(hashtext($1))', [names[0]])
  }
}

/** The three sources' databases, migrated, and filled with the seed's data if asked. */
export async function cloneDatabases({ seeded = false } = {}): Promise<TestDatabases> {
  await asAdmin((admin) => ensureTemplates(admin, seeded))
  const names = bySource((source) => newName(source))
  await Promise.all(sources.map((source) => create(names[source], templateName(source, seeded))))
  const urls = bySource((source) => urlOf(names[source]))
  const clients: Client[] = []
  return {
    urls,
    adminUrl: inject('postgresUrl'),
    url: (source) => urls[source],
    async client(source) {
      const client = await connect(urls[source])
      clients.push(client)
      return client
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.end()))
      await Promise.all(Object.values(names).map(drop))
    },
  }
}

/** A database with nothing in it. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  const name = newName('empty')
  await create(name, 'template0')
  return { url: urlOf(name), [Symbol.asyncDispose]: () => drop(name) }
}
