import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import type { TestProject } from 'vitest/node'
import { startTestServer } from './postgres-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the server's database `postgres`, as superuser. */
    postgresUrl: string
    /** How the names of this run's databases begin. */
    databasePrefix: string
  }
}

/** Of the whole run's databases; it matters on a server that outlives the run. */
async function dropDatabases(url: string, prefix: string): Promise<void> {
  const admin = new Client({ connectionString: url })
  await admin.connect()
  try {
    const { rows } = await admin.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
      [prefix],
    )
    for (const { datname } of rows) {
      await admin.query(`ALTER DATABASE ${datname} IS_TEMPLATE false`)
      await admin.query(`DROP DATABASE ${datname} WITH (FORCE)`)
    }
  } finally {
    await admin.end()
  }
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestServer()
  const prefix = `test_${randomBytes(4).toString('hex')}_`
  project.provide('postgresUrl', server.url)
  project.provide('databasePrefix', prefix)
  return async () => {
    if (process.env.TEST_POSTGRES_URL) await dropDatabases(server.url, prefix)
    await server[Symbol.asyncDispose]()
  }
}
