/**
 * Backups of the databases that Tributary makes.
 *
 * Each database is dumped from one exported snapshot, so that it is consistent in itself, and its rows are counted in
 * that very snapshot; the manifest says where the write-ahead log stood. A dump is read back from end to end before it
 * counts: one that cannot be read is found out when it can still be made again. Databases of other owners are theirs to
 * back up, and are refused.
 */
import { mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SourceConfig } from '../../config/source-config.ts'
import { TributaryError } from '../../errors/tributary-error.ts'
import { connectAsOperator } from '../operator-client.ts'
import { countRows, isOurs } from './contents.ts'
import { type BackedUpDatabase, digestOf, type Manifest, manifestFile } from './manifest.ts'
import { findPgTool, libpqEnvironment, runPgTool } from './pg-tools.ts'

export interface BackupPlan {
  /** A folder that is not there yet, or is empty. */
  readonly folder: string
  readonly databases: readonly SourceConfig[]
  /** Where to look for pg_dump and pg_restore, as PATH has it. */
  readonly path: string
  /** Takes one line for each database. */
  readonly print: (line: string) => void
  readonly now?: () => Date
}

/** @throws TributaryError BACKUP_FAILED, NOT_AVAILABLE or SOURCE_UNAVAILABLE; a folder without a manifest is no backup. */
export async function backup({
  folder,
  databases,
  path,
  print,
  now = () => new Date(),
}: BackupPlan): Promise<Manifest> {
  await takeFolder(folder)
  const createdAt = now().toISOString()
  const done: BackedUpDatabase[] = []
  for (const config of databases) {
    const entry = await backupDatabase(config, folder, path)
    const rows = Object.values(entry.rows).reduce((sum, count) => sum + BigInt(count), 0n)
    print(
      `${entry.source}: ${entry.file}, ${entry.bytes} bytes, ${Object.keys(entry.rows).length} tables, ${rows} rows, at ${entry.lsn}; read back`,
    )
    done.push(entry)
  }
  const manifest: Manifest = { format: 1, createdAt, databases: done }
  // Written last and in one piece: whoever finds it finds all that it names.
  const unfinished = join(folder, `${manifestFile}.part`)
  await writeFile(unfinished, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 })
  await rename(unfinished, join(folder, manifestFile))
  return manifest
}

async function takeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if ((await readdir(folder)).length > 0)
    throw new TributaryError(
      'BACKUP_FAILED',
      `${folder} is not empty; a backup is never written over another. Name a new folder.`,
    )
}

async function backupDatabase(config: SourceConfig, folder: string, path: string): Promise<BackedUpDatabase> {
  const source = config.name
  await using client = await connectAsOperator(config)
  if (!(await isOurs(client)))
    throw new TributaryError(
      'BACKUP_FAILED',
      `${source}: the tables of its database were not made here; its owner backs it up. Leave it out with --only.`,
    )
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  const [server] = await client.query<{
    snapshot: string
    lsn: string
    version: string
    number: number
    database: string
    system: string
  }>(
    `SELECT pg_export_snapshot() AS snapshot, (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END)::text AS lsn, current_database() AS database,
       current_setting('server_version') AS version, current_setting('server_version_num')::integer AS number,
       (SELECT system_identifier::text FROM pg_control_system()) AS system`,
  )
  if (!server) throw new Error('The server says nothing of itself.')
  const major = Math.floor(server.number / 10_000)
  const [dump, restore] = [
    await findPgTool('pg_dump', path, major),
    await findPgTool('pg_restore', path, major),
  ]
  const file = `${source}.dump`
  const target = join(folder, file)
  await runPgTool(dump, {
    args: ['--format=custom', `--snapshot=${server.snapshot}`, `--file=${target}`],
    env: libpqEnvironment(config),
  })
  const rows = await countRows(client)
  await client.query('COMMIT')
  await runPgTool(restore, { args: ['--file=/dev/null', target] })
  return {
    source,
    database: server.database,
    file,
    bytes: (await stat(target)).size,
    sha256: await digestOf(target),
    lsn: server.lsn,
    systemIdentifier: server.system,
    serverVersion: server.version,
    rows,
  }
}
