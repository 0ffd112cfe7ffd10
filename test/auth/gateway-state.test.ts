import { runner } from 'node-pg-migrate'
import { expect, it } from 'vitest'
import { gatewayState, migrate, migrationsFolder } from '../../src/database/migrate.ts'
import { cloneDatabases } from '../support/databases.ts'

it('the gateway’s state is beside the platform’s tables, shares no name with them, and can be taken down', async () => {
  await using databases = await cloneDatabases()
  const client = await databases.client('platform')
  const tablesIn = async (schema: string) => {
    const { rows } = await client.query<{ name: string }>(
      'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 ORDER BY 1',
      [schema],
    )
    return rows.map(({ name }) => name).filter((name) => name !== 'tributary_migrations')
  }
  const [own, platform] = [await tablesIn('tributary'), await tablesIn('public')]
  expect(own).toContain('user_sessions')
  expect(own.filter((name) => platform.includes(name))).toEqual([])
  expect(await migrate({ ...gatewayState, url: databases.url('platform') })).toEqual({ applied: [] })
  await runner({
    dbClient: client,
    dir: migrationsFolder('gateway'),
    direction: 'down',
    count: Number.POSITIVE_INFINITY,
    schema: 'tributary',
    migrationsTable: 'tributary_migrations',
    log: () => {},
  })
  expect(await tablesIn('tributary')).toEqual([])
  expect(await tablesIn('public')).toEqual(platform)
})
