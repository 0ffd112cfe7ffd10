import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sourceNames } from '../../src/config/source-names.ts'
import { createEmptyDatabase, type TestDatabase } from '../support/databases.ts'
import { tributary } from './tributary-process.ts'

describe('tributary db', { timeout: 60_000 }, () => {
  const variables = sourceNames.map(({ variable }) => variable)
  let databases: TestDatabase[]
  let env: Record<string, string>
  beforeAll(async () => {
    databases = await Promise.all(variables.map(createEmptyDatabase))
    env = Object.fromEntries(variables.map((name, index) => [name, databases[index]?.url ?? '']))
  })
  afterAll(() => Promise.all(databases.map((database) => database[Symbol.asyncDispose]())))

  async function inPlatform(sql: string) {
    const client = new Client({ connectionString: env.DATABASE_URL })
    // Its database may be dropped while it is still saying goodbye.
    client.on('error', () => {})
    await client.connect()
    const { rows } = await client.query(sql)
    await client.end()
    return rows
  }

  it('verify tells what is missing, one line a database', async () => {
    const { status, stdout } = await tributary(['db', 'verify'], { env })
    expect(status).toBe(1)
    const lines = stdout.trim().split('\n')
    expect(lines).toHaveLength(sourceNames.length)
    for (const line of lines) expect(line).toContain('found a database without tables')
    expect(await inPlatform("SELECT FROM pg_tables WHERE schemaname = 'public'")).toEqual([])
  })

  it('migrate makes the tables, once', async () => {
    const { status, stdout } = await tributary(['db', 'migrate'], { env })
    expect(status).toBe(0)
    for (const { name } of sourceNames) expect(stdout).toMatch(new RegExp(`^${name}: applied 0001_`, 'm'))
    const again = await tributary(['db', 'migrate'], { env })
    expect(again.status).toBe(0)
    expect(again.stdout).toMatch(/^platform: up to date$/m)
    expect(again.stdout).not.toContain('applied')
  })

  it('verify is then content', async () => {
    const { status, stdout } = await tributary(['db', 'verify'], { env })
    expect(stdout).toBe(sourceNames.map(({ name }) => `${name}: as expected\n`).join(''))
    expect(status).toBe(0)
  })

  it('seed fills what is empty, and nothing else', async () => {
    const { status, stdout } = await tributary(['db', 'seed'], { env })
    expect(status).toBe(0)
    expect(stdout).toMatch(/^platform: \d+ rows$/m)
    const [before] = await inPlatform('SELECT count(*) FROM training_jobs')
    expect(Number(before?.count)).toBeGreaterThan(2000)
    expect(await tributary(['db', 'seed'], { env })).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('nothing was seeded'),
    })
    expect(await inPlatform('SELECT count(*) FROM training_jobs')).toEqual([before])
  })

  it('verify names the column that is missing', async () => {
    await inPlatform('ALTER TABLE training_jobs DROP COLUMN epochs')
    const { status, stdout } = await tributary(['db', 'verify'], { env })
    expect(status).toBe(1)
    expect(stdout).toMatch(
      /^platform \(database \w+\), training_jobs\.epochs: expected a column of type integer/m,
    )
  })

  it.each(['migrate', 'seed', 'verify'])(
    '%s says what it lacks when nothing is configured',
    async (command) => {
      expect(await tributary(['db', command])).toMatchObject({
        status: 1,
        stderr: `tributary db ${command}: no database is configured; set DATABASE_URL or another.\n`,
      })
    },
  )
})
