import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runner } from 'node-pg-migrate'
import { Client } from 'pg'
import { TributaryError } from '../errors/tributary-error.ts'

export interface MigrateOptions {
  /** The source's name: platform, users, inference; or gateway. Names the folder and stands in every message. */
  readonly source: string
  /** postgres:// URL of its database, as a role that may create tables in the schema. */
  readonly url: string
  /** The schema that the tables are in; made where it is missing. Default: public. */
  readonly schema?: string
  /** Folder of the .sql files. Default: the project's own for the source. */
  readonly folder?: string
  /** Takes one line for each migration applied. Default: silence. */
  readonly log?: (line: string) => void
}

/** What to migrate for the gateway's own state: a schema of its own, beside whatever else the database holds. */
export const gatewayState = { source: 'gateway', schema: 'tributary' } as const

/** Connecting takes no longer than this, in milliseconds. */
const connectionTimeoutMs = 10_000

/**
 * The folder of a source's migrations: in the project's tree, or beside the bundle that was built from it.
 *
 * @throws TributaryError MIGRATION_FAILED when the source has none.
 */
export function migrationsFolder(source: string): string {
  const candidates = [`../../prisma/${source}/migrations`, `./migrations/${source}`]
  const folder = candidates.map((path) => fileURLToPath(new URL(path, import.meta.url))).find(existsSync)
  if (folder === undefined) throw new TributaryError('MIGRATION_FAILED', `${source}: it has no migrations`)
  return folder
}

/**
 * Brings a source's database to the newest migration and answers the files applied, none when it was there already.
 * All of a run stands or falls together, and a second run at the same time waits for the first.
 *
 * The runner commits its table of migrations before the first of them, so that a failed run would leave a mark in a
 * database that belongs to somebody else. The transaction opened around it is therefore the one that counts: the
 * runner's own BEGIN inside it does nothing, its COMMIT or ROLLBACK ends both.
 *
 * @throws TributaryError MIGRATION_FAILED naming the source, the file and the reason; nothing was changed then.
 */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  const { source, url, schema = 'public', folder = migrationsFolder(source), log = () => {} } = options
  const progress = new Progress()
  const client = new Client({
    connectionString: url,
    application_name: 'tributary migrate',
    connectionTimeoutMillis: connectionTimeoutMs,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED')
    const migrations = await runner({
      dbClient: client,
      dir: folder,
      direction: 'up',
      schema,
      createSchema: schema !== 'public',
      migrationsTable: 'tributary_migrations',
      singleTransaction: true,
      advisoryLockMode: 'wait',
      ignorePattern: '(?!.*\\.sql$).*',
      logger: progress,
    })
    await client.query('COMMIT')
    const applied = migrations.map(({ name }) => `${name}.sql`)
    for (const file of applied) log(`${source}: applied ${file}`)
    return { applied }
  } catch (error) {
    const where = progress.file === undefined ? source : `${source}: ${progress.file}`
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n', 1)
    throw new TributaryError('MIGRATION_FAILED', `${where}: ${reason}`, {
      cause: error,
      extensions: { source, file: progress.file },
    })
  } finally {
    await client.end()
  }
}

/** Listens to the runner, which tells the migration at work in its log alone. */
class Progress {
  file: string | undefined

  info(line: string): void {
    const name = /^### MIGRATION (.+) \(UP\) ###$/.exec(line)?.[1]
    if (name !== undefined) this.file = `${name}.sql`
  }
  warn(): void {}
  error(): void {}
}
