import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { runAs, serverAccount } from '../../src/embedded/accounts.ts'
import { freePort } from '../../src/embedded/free-port.ts'
import { startPostmaster } from '../../src/embedded/postmaster.ts'
import type { TestServer } from './postgres-server.ts'

const run = promisify(execFile)
const binaries = '/usr/lib/postgresql/15/bin'
const password = 'for-tests'

/** Whether the machine has a Postgres 15, as Debian 12 brings it. */
export const hasPostgres15 = existsSync(join(binaries, 'postgres'))

/** A Postgres 15 in a temporary folder that goes with it; it asks for passwords, and autovacuum leaves it alone. */
export async function startPostgres15(
  settings: Readonly<Record<string, string | number>> = {},
): Promise<TestServer> {
  const silent = () => {}
  const account = process.getuid?.() === 0 ? await serverAccount(silent) : undefined
  await using undo = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'postgres-15-'))
  undo.defer(() => rm(folder, { recursive: true, force: true }))
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, password)
  if (account) for (const path of [folder, passwordFile]) await chown(path, account.uid, account.gid)
  const dataDir = join(folder, 'data')
  await run(
    join(binaries, 'initdb'),
    [
      ...['--pgdata', dataDir, '--no-sync', '--no-instructions', '--encoding', 'UTF8', '--locale', 'C'],
      ...['--username', 'postgres', '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
    ],
    runAs(account),
  )
  const port = await freePort()
  const postmaster = await startPostmaster({
    binaries,
    dataDir,
    account,
    settings: {
      listen_addresses: '127.0.0.1',
      port,
      unix_socket_directories: '',
      fsync: 'off',
      autovacuum: 'off',
      ...settings,
    },
    logFile: join(folder, 'postgres.log'),
    log: silent,
  })
  undo.defer(() => postmaster.stop('immediate'))
  const owned = undo.move()
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
