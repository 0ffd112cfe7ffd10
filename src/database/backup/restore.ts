import { join } from 'node:path'
import type { SourceConfig } from '../../config/source-config.ts'
import { TributaryError } from '../../errors/tributary-error.ts'
import { connectAsOperator, type OperatorClient } from '../operator-client.ts'
import { countRows, tablesOf } from './contents.ts'
import { restoreList } from './extensions.ts'
import { type BackedUpDatabase, digestOf, readManifest } from './manifest.ts'
import { findPgTool, libpqEnvironment, type PgTool, runPgTool } from './pg-tools.ts'

export interface RestorePlan {
  readonly folder: string
  /** Databases to fill, which must be there and empty; each from the backup's database of the same source. */
  readonly databases: readonly SourceConfig[]
  readonly path: string
  readonly print: (line: string) => void
}

/**
 * Fills empty databases from a backup, each in one transaction, owned by the role that its URL names; then counts the
 * rows and compares. Grants are not restored: `db init` gives the Labeler its own again.
 *
 * Everything is checked before anything is written: every dump against its digest, every database for being empty.
 *
 * @throws TributaryError BACKUP_FAILED, NOT_AVAILABLE, SOURCE_UNAVAILABLE.
 */
export async function restore({ folder, databases, path, print }: RestorePlan): Promise<void> {
  const manifest = await readManifest(folder)
  await using clients = new AsyncDisposableStack()
  const tasks: { config: SourceConfig; entry: BackedUpDatabase; client: OperatorClient; tool: PgTool }[] = []
  for (const config of databases) {
    const entry = manifest.databases.find(({ source }) => source === config.name)
    if (!entry)
      throw new TributaryError('BACKUP_FAILED', `${config.name}: ${folder} holds no database of it.`)
    const client = clients.use(await connectAsOperator(config))
    await requireEmpty(client, config)
    const file = join(folder, entry.file)
    if ((await digestOf(file).catch(() => '')) !== entry.sha256)
      throw new TributaryError(
        'BACKUP_FAILED',
        `${config.name}: ${file} is missing, or not as it was written.`,
      )
    const [server] = await client.query<{ major: number }>(
      `SELECT current_setting('server_version_num')::integer / 10000 AS major`,
    )
    tasks.push({ config, entry, client, tool: await findPgTool('pg_restore', path, server?.major ?? 0) })
  }
  for (const { config, entry, client, tool } of tasks) {
    const dump = join(folder, entry.file)
    await using list = await restoreList(client, tool, dump)
    for (const name of list.missing)
      print(`${config.name}: left out the extension ${name}, which an administrator of the server makes`)
    await runPgTool(tool, {
      args: [
        ...['--single-transaction', '--exit-on-error', '--no-owner', '--no-privileges'],
        ...['--use-list', list.file, '--dbname', '', dump],
      ],
      env: libpqEnvironment(config),
    })
    compare(config.name, entry.rows, await countRows(client))
    print(`${config.name}: restored ${Object.keys(entry.rows).length} tables; every row is there`)
  }
}

async function requireEmpty(client: OperatorClient, { name }: SourceConfig): Promise<void> {
  const [table] = await tablesOf(client)
  if (table)
    throw new TributaryError(
      'BACKUP_FAILED',
      `${name}: its database has tables already (${table.schema}.${table.table}); only an empty one is filled.`,
    )
}

function compare(
  source: string,
  expected: Readonly<Record<string, string>>,
  found: Readonly<Record<string, string>>,
): void {
  const wrong = Object.entries(expected).find(([table, count]) => found[table] !== count)
  if (wrong)
    throw new TributaryError(
      'BACKUP_FAILED',
      `${source}: ${wrong[0]} has ${found[wrong[0]] ?? 'no'} rows where the backup has ${wrong[1]}.`,
    )
}
