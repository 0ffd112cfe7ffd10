import { execFile } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { runner } from 'node-pg-migrate'
import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { type SourceKey, sourceNames } from '../../src/config/source-names.ts'
import { migrate, migrationsFolder } from '../../src/database/migrate.ts'
import { createEmptyDatabase } from '../support/databases.ts'
import { descriptionOf } from '../support/lookalikes.ts'

const sources = sourceNames.map(({ name }) => name)
const lookAlikes = fileURLToPath(new URL('../../../shared/databases', import.meta.url))

async function connect(url: string) {
  const client = new Client({ connectionString: url })
  // Its database may be dropped while it is still saying goodbye.
  client.on('error', () => {})
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}

async function relations(url: string): Promise<string[]> {
  await using connection = await connect(url)
  const { rows } = await connection.client.query<{ relname: string }>(
    `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace UNION ALL
     SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace`,
  )
  return rows.map(({ relname }) => relname)
}

/** A folder of migrations that is gone afterwards. */
async function folderOf(files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'migrations-'))
  for (const [name, sql] of Object.entries(files)) await writeFile(join(folder, name), sql)
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

describe.each(sources)('%s', (source) => {
  test('is made once, and then is as it should be', async () => {
    await using database = await createEmptyDatabase()
    const lines: string[] = []
    const { applied } = await migrate({ source, url: database.url, log: (line) => lines.push(line) })
    expect(applied.length).toBeGreaterThan(1)
    expect(applied[0]).toMatch(/^0001_/)
    expect(lines).toEqual(applied.map((file) => `${source}: applied ${file}`))
    expect(await migrate({ source, url: database.url })).toEqual({ applied: [] })
  })

  test('is made by one of two who begin at the same time', async () => {
    await using database = await createEmptyDatabase()
    const runs = await Promise.all([1, 2].map(() => migrate({ source, url: database.url })))
    const [none, all] = runs.map(({ applied }) => applied.length).toSorted((a, b) => a - b)
    expect(none).toBe(0)
    expect(all).toBeGreaterThan(1)
  })

  test('can be taken down again', async () => {
    await using database = await createEmptyDatabase()
    await migrate({ source, url: database.url })
    await using connection = await connect(database.url)
    await runner({
      dbClient: connection.client,
      dir: migrationsFolder(source),
      direction: 'down',
      count: Number.POSITIVE_INFINITY,
      migrationsTable: 'tributary_migrations',
      log: () => {},
    })
    expect((await relations(database.url)).filter((name) => !name.includes('tributary_migrations'))).toEqual(
      [],
    )
  })

  test.skipIf(!existsSync(lookAlikes))(
    'equals the original but for further indexes (skipped where ../shared is absent)',
    async () => {
      await using original = await createEmptyDatabase()
      await using migrated = await createEmptyDatabase()
      await migrate({ source, url: migrated.url })
      await using connection = await connect(original.url)
      await connection.client.query(await statementsOf(source))

      const expected = await definitions(original.url)
      const found = await definitions(migrated.url)
      expect(expected.length).toBeGreaterThan(20)
      expect(expected.filter((line) => !found.includes(line))).toEqual([])
      const added = found.filter((line) => !expected.includes(line) && !isAside.test(line))
      expect(added.length).toBeGreaterThan(0)
      expect(added.filter((line) => !line.startsWith('CREATE INDEX '))).toEqual([])
    },
  )
})

/** Tables of ours, and those that an owner may do without, which the descriptions of the originals leave out. */
const isAside = /tributary_migrations|domain_mappings|alb_target_groups/

describe('a migration that fails', () => {
  test('is told with source, file and reason, and leaves nothing behind', async () => {
    await using database = await createEmptyDatabase()
    await using files = await folderOf({
      '0001_good.sql': '-- Up Migration\nCREATE TABLE good (id integer);\n',
      '0002_broken.sql': '-- Up Migration\nCREATE TABLE broken (id integre);\n',
    })
    await expect(
      migrate({ source: 'platform', url: database.url, folder: files.folder }),
    ).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: 'platform: 0002_broken.sql: type "integre" does not exist',
      extensions: { source: 'platform', file: '0002_broken.sql' },
    })
    expect(await relations(database.url)).toEqual([])

    await writeFile(
      join(files.folder, '0002_broken.sql'),
      '-- Up Migration\nCREATE TABLE mended (id integer);\n',
    )
    const { applied } = await migrate({ source: 'platform', url: database.url, folder: files.folder })
    expect(applied).toEqual(['0001_good.sql', '0002_broken.sql'])
  })

  test('over tables that somebody else made leaves them alone', async () => {
    await using database = await createEmptyDatabase()
    await using connection = await connect(database.url)
    await connection.client.query('CREATE TABLE projects (id integer)')
    await expect(migrate({ source: 'platform', url: database.url })).rejects.toThrow(
      'platform: 0001_projects.sql: relation "projects" already exists',
    )
    expect((await relations(database.url)).toSorted()).toEqual(['_projects', 'projects', 'projects'])
  })

  test('where nobody listens names the source', async () => {
    const url = 'postgres://nobody@127.0.0.1:1/nowhere'
    await expect(migrate({ source: 'users', url })).rejects.toThrow(/^users: connect ECONNREFUSED/)
  })

  test('for want of a folder names the source', () => {
    expect(() => migrationsFolder('elsewhere')).toThrow('elsewhere: it has no migrations')
  })
})

/** The statements that build the original database, as the maker of look-alikes prints them. */
async function statementsOf(source: SourceKey): Promise<string> {
  // The script runs only where it is called by its real path.
  const maker = realpathSync(join(lookAlikes, 'create.mjs'))
  const { stdout } = await promisify(execFile)(process.execPath, [
    maker,
    '--print',
    '--only',
    descriptionOf(source),
  ])
  return stdout
}

/** One line for each column in its place, constraint, index and enumeration. */
async function definitions(url: string): Promise<string[]> {
  await using connection = await connect(url)
  const { rows } = await connection.client.query<{ line: string }>(`
    WITH tables AS (SELECT oid, relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace)
    SELECT concat_ws(' ', relname, attnum, attname, format_type(atttypid, atttypmod),
      CASE WHEN attnotnull THEN 'NOT NULL' END, pg_get_expr(adbin, adrelid)) AS line
    FROM tables JOIN pg_attribute ON attrelid = oid AND attnum > 0 AND NOT attisdropped
      LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    UNION ALL SELECT concat_ws(' ', relname, conname, pg_get_constraintdef(c.oid))
    FROM tables JOIN pg_constraint c ON conrelid = tables.oid
    UNION ALL SELECT pg_get_indexdef(indexrelid) FROM tables JOIN pg_index ON indrelid = oid
    UNION ALL SELECT concat_ws(' ', typname, string_agg(enumlabel, ',' ORDER BY enumsortorder))
    FROM pg_type JOIN pg_enum ON enumtypid = pg_type.oid GROUP BY typname`)
  return rows.map(({ line }) => line)
}
