/*
 * Databases that the project did not create: built from descriptions of the real ones, with their tables, keys,
 * checks and enum types, under the names and with the roles that their owners would give them.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { inject } from 'vitest'
import { type BySource, bySource, type SourceKey, sourceNames } from '../../src/config/source-names.ts'
import { migrate } from '../../src/database/migrate.ts'

const run = promisify(execFile)
const described = fileURLToPath(new URL('../../../shared/databases', import.meta.url))
const modules = fileURLToPath(new URL('../../node_modules', import.meta.url))

const optionalTables = new URL('../../prisma/gpudev/migrations/0002_domains.sql', import.meta.url)

/** Whether the descriptions lie beside the checkout; the project ships none of them. */
export const hasLookalikes = existsSync(join(described, 'create.mjs'))

/** Whether the descriptions tell of a source: a database that joined the graph since is as our own migrations make it. */
const isDescribed = (source: SourceKey) =>
  existsSync(join(described, 'catalog', `${descriptionOf(source)}.json`))

/** Names that databases bear at home, by source. */
const databaseNames = Object.fromEntries(
  sourceNames.map(({ name, database }) => [name, database]),
) as BySource<string>

/** What a source's description is called: as the source, or as its database. */
export const descriptionOf = (source: SourceKey) =>
  existsSync(join(described, 'catalog', `${source}.json`)) ? source : databaseNames[source]

export interface LookalikeOptions {
  /** URL of a server's database `postgres`, as superuser. Default: the server of the run. */
  readonly server?: string
  /** Whether tables bear the names of the original system where those differ. */
  readonly originalNames?: boolean
}

export interface Lookalikes extends AsyncDisposable {
  /** As a role that may SELECT, and no more. */
  readonly urls: BySource<string>
  /** As superuser. */
  readonly ownerUrls: BySource<string>
  /**
   * URLs where one source's database is a copy that differs by these statements; dropped with the others. Nobody may
   * be connected to the one that is copied.
   */
  altered(source: SourceKey, ...statements: readonly string[]): Promise<BySource<string>>
}

const at = (server: string, database: string, login?: { role: string; password: string }) => {
  const url = new URL(server)
  url.pathname = `/${database}`
  if (login) {
    url.username = login.role
    url.password = login.password
  }
  return url.href
}

/** Runs statements one by one on a connection of their own. */
export async function execute(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url })
  // Its database may be dropped while it is still saying goodbye.
  client.on('error', () => {})
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

async function create(server: string, options: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lookalikes-'))
  try {
    // The script looks for the package pg where it lies itself.
    await copyFile(join(described, 'create.mjs'), join(folder, 'create.mjs'))
    await symlink(modules, join(folder, 'node_modules'))
    const catalog = ['--catalog', join(described, 'catalog')]
    await run(process.execPath, [join(folder, 'create.mjs'), server, ...catalog, ...options])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Tables that the descriptions leave out, since an owner may do without them. */
async function addOptionalTables(url: string, reader: string): Promise<void> {
  const [up] = (await readFile(optionalTables, 'utf8')).split('-- Down Migration')
  await execute(url, up ?? '', `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${reader}`)
}

/** Builds every source's database as its owner has it. */
export async function createLookalikes(options: LookalikeOptions = {}): Promise<Lookalikes> {
  const { server = inject('postgresUrl'), originalNames = false } = options
  const prefix = `${inject('databasePrefix')}${randomBytes(3).toString('hex')}_`
  const names = bySource((source) => `${prefix}${databaseNames[source]}`)
  const made = Object.values(names)
  const roleOf = (source: SourceKey) => ({ role: `${names[source]}_ro`, password: 'readonly' })
  await using undo = new AsyncDisposableStack()
  undo.defer(() =>
    execute(
      server,
      ...made.map((name) => `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
      ...sourceNames.map(({ name }) => `DROP ROLE IF EXISTS ${roleOf(name).role}`),
    ),
  )
  await create(server, [
    ...[
      '--only',
      Object.values(bySource(descriptionOf)).join(','),
      '--prefix',
      prefix,
      '--seed-db-names',
      '--roles',
    ],
    ...(originalNames ? ['--original-names'] : []),
  ])
  await addOptionalTables(at(server, names.gpudev), roleOf('gpudev').role)
  for (const { name } of sourceNames.filter((source) => !isDescribed(source.name))) {
    const { role, password } = roleOf(name)
    await execute(
      server,
      `CREATE DATABASE ${names[name]}`,
      `CREATE ROLE ${role} LOGIN PASSWORD '${password}'`,
    )
    await migrate({ source: name, url: at(server, names[name]) })
    await execute(at(server, names[name]), `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`)
  }
  const urls = bySource((source) => at(server, names[source], roleOf(source)))
  const owned = undo.move()
  return {
    urls,
    ownerUrls: bySource((source) => at(server, names[source])),
    async altered(source, ...statements) {
      const name = `${names[source]}_${made.length}`
      made.push(name)
      await execute(server, `CREATE DATABASE ${name} TEMPLATE ${names[source]}`)
      await execute(at(server, name), ...statements)
      return { ...urls, [source]: at(server, name, roleOf(source)) }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
