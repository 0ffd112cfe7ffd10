import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../../src/embedded/cluster.ts'
import { stopOrphans } from '../../src/embedded/orphans.ts'
import { ownersIn } from '../../src/embedded/owner-lock.ts'
import { isAlive } from '../../src/embedded/processes.ts'

/** A server whose databases tests may make and drop. */
export interface TestServer extends AsyncDisposable {
  /** URL of its database `postgres`, as superuser. */
  readonly url: string
}

/** Many gateways at once, each with its slots and pools; and nothing that has to survive a crash. */
const settings = {
  max_replication_slots: 64,
  max_wal_senders: 64,
  max_connections: 400,
  max_prepared_transactions: 8,
  fsync: 'off',
  synchronous_commit: 'off',
  // Replication reads what is written out, which nobody's commit waits for.
  wal_writer_delay: '10ms',
  full_page_writes: 'off',
}

const folderPrefix = 'tributary-test-'

/** Ends the servers, and deletes the folders, of earlier runs that were killed. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(folderPrefix)) continue
    const folder = join(tmpdir(), name)
    const owners = await ownersIn(folder).catch(() => [])
    const areAlive = await Promise.all(owners.map(isAlive))
    // A folder without owners is one whose run has only just begun.
    if (owners.length === 0 || areAlive.includes(true)) continue
    await stopOrphans(join(folder, 'postgres', 'data'), { fast: 0, immediate: 5_000 })
    await rm(folder, { recursive: true, force: true })
  }
}

/** The server named by TEST_POSTGRES_URL, or an embedded one in a temporary folder that goes with it. */
export async function startTestServer(): Promise<TestServer> {
  const url = process.env.TEST_POSTGRES_URL
  if (url) return { url, [Symbol.asyncDispose]: async () => {} }

  await sweep()
  const asked = await mkdtemp(join(tmpdir(), folderPrefix))
  await chmod(asked, 0o755)
  const postgres = await startEmbeddedPostgres({ home: asked, settings, log: () => {} })
  return {
    url: postgres.url(),
    async [Symbol.asyncDispose]() {
      await postgres.stop('immediate')
      for (const folder of [asked, postgres.home]) await rm(folder, { recursive: true, force: true })
    },
  }
}
