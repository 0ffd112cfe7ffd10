import { Client } from 'pg'
import { describe, expect, inject, test } from 'vitest'
import { cloneDatabases, createEmptyDatabase } from './databases.ts'

const countTables = "SELECT count(*)::int AS n FROM information_schema.tables WHERE table_schema = 'public'"

const exists = async (url: string) => {
  const admin = new Client({ connectionString: inject('postgresUrl') })
  await admin.connect()
  const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [
    new URL(url).pathname.slice(1),
  ])
  await admin.end()
  return rowCount === 1
}

describe('databases for tests', () => {
  test('are migrated clones that do not see each other and go away', async () => {
    let urls: string[]
    {
      const [one, other] = await Promise.all([cloneDatabases(), cloneDatabases()])
      await using _one = one
      await using _other = other
      urls = Object.values(one.urls)
      const platform = await one.client('platform')
      expect((await platform.query(countTables)).rows[0].n).toBeGreaterThan(5)
      await platform.query('CREATE TABLE mark ()')
      await expect((await other.client('platform')).query('SELECT FROM mark')).rejects.toThrow(/mark/)
      expect(await Promise.all(urls.map(exists))).toEqual(urls.map(() => true))
    }
    expect(await Promise.all(urls.map(exists))).toEqual(urls.map(() => false))
  })

  test('hold the seed’s data when asked to', async () => {
    await using databases = await cloneDatabases({ seeded: true })
    const users = await databases.client('users')
    expect((await users.query('SELECT count(*)::int AS n FROM users')).rows[0].n).toBeGreaterThan(10)
  })

  test('are dropped with a replication slot in them', async () => {
    let url: string
    {
      await using databases = await cloneDatabases()
      url = databases.url('users')
      const users = await databases.client('users')
      await users.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [
        new URL(url).pathname.slice(1),
      ])
    }
    expect(await exists(url)).toBe(false)
  })

  test('are empty when an empty one is asked for', async () => {
    await using database = await createEmptyDatabase()
    const client = new Client({ connectionString: database.url })
    // Its database may be dropped while it is still saying goodbye.
    client.on('error', () => {})
    await client.connect()
    expect((await client.query(countTables)).rows[0].n).toBe(0)
    await client.end()
  })
})
