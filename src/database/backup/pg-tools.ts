import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import type { SourceConfig } from '../../config/source-config.ts'
import { TributaryError } from '../../errors/tributary-error.ts'
import { planConnection } from '../connection-options.ts'

const run = promisify(execFile)

/** Where Debian and Red Hat keep the programs of each major version. */
const shelves = ['/usr/lib/postgresql', '/usr/pgsql']

/** pg_dump or pg_restore of some version. */
export interface PgTool {
  readonly path: string
  readonly major: number
}

export type PgToolName = 'pg_dump' | 'pg_restore'

function candidates(name: PgToolName, path: string): string[] {
  const shelved = shelves.flatMap((shelf) =>
    existsSync(shelf) ? readdirSync(shelf).map((version) => join(shelf, version, 'bin')) : [],
  )
  const folders = [...path.split(delimiter).filter(Boolean), ...shelved]
  return [...new Set(folders.map((folder) => join(folder, name)))].filter((file) => existsSync(file))
}

/**
 * The newest installed one.
 *
 * @param path the PATH to look along, before the usual places.
 * @param least the server's major version: an older tool misreads a newer server.
 * @throws TributaryError NOT_AVAILABLE when none is installed, or none that is new enough.
 */
export async function findPgTool(name: PgToolName, path: string, least: number): Promise<PgTool> {
  const found = await Promise.all(
    candidates(name, path).map(async (file) => {
      try {
        const { stdout } = await run(file, ['--version'])
        return { path: file, major: Number(/ (\d+)/.exec(stdout)?.[1] ?? 0) }
      } catch {
        return { path: file, major: 0 }
      }
    }),
  )
  const [newest] = found.toSorted((left, right) => right.major - left.major)
  if (!newest)
    throw new TributaryError(
      'NOT_AVAILABLE',
      `${name} is not installed; install PostgreSQL's client programs, version ${least} or newer.`,
    )
  if (newest.major < least)
    throw new TributaryError(
      'NOT_AVAILABLE',
      `the newest ${name} here (${newest.path}) is of version ${newest.major}, the server of ${least}; install version ${least} or newer.`,
    )
  return newest
}

/** How libpq connects to a database, as environment: a command line is for everybody to read. */
export function libpqEnvironment(config: SourceConfig): Record<string, string> {
  const url = new URL(config.url.reveal())
  const { host, port, database = '', user = '', password } = new Client(planConnection(config).client)
  const option = (name: string) => url.searchParams.get(name) ?? undefined
  const variables = {
    PGHOST: host,
    PGPORT: String(port),
    PGDATABASE: database,
    PGUSER: user,
    PGPASSWORD: password ?? undefined,
    PGSSLMODE: option('sslmode') ?? config.sslMode,
    PGSSLROOTCERT: option('sslrootcert'),
    PGSSLCERT: option('sslcert'),
    PGSSLKEY: option('sslkey'),
    PGAPPNAME: 'tributary operator',
  }
  return Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

/** A dump's table of contents, a line for each thing in it. */
export async function listDump({ path }: PgTool, dump: string): Promise<string> {
  const { stdout } = await run(path, ['--list', dump], { maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

export interface PgToolRun {
  readonly args: readonly string[]
  /** Further variables of its environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** @throws TributaryError BACKUP_FAILED with what the tool said last. */
export async function runPgTool({ path }: PgTool, { args, env = {} }: PgToolRun): Promise<void> {
  const child = spawn(path, args, { env: { LC_ALL: 'C', ...env }, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000)
  })
  const [status] = (await once(child, 'close')) as [number | null]
  if (status !== 0)
    throw new TributaryError(
      'BACKUP_FAILED',
      `${path} ended with ${status ?? 'a signal'}: ${said.trim().split('\n').slice(-3).join(' ')}`,
    )
}
