import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sourceNames } from '../../src/config/source-names.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/embedded/cluster.ts'
import { root, TributaryProcess, tributary } from '../cli/tributary-process.ts'
import { temporaryFolder } from '../embedded/start-owner.ts'

const read = (name: string) => readFileSync(join(root, name), 'utf8')

/** Runs a script as psql does: each statement by itself, `\connect` changing the database. */
async function runScript(postgres: EmbeddedPostgres, script: string): Promise<void> {
  const [first = '', ...others] = script.split(/^\\connect (?=\w+$)/m)
  for (const part of [`platform\n${first}`, ...others]) {
    const [database = '', ...lines] = part.split('\n')
    const client = new Client({ connectionString: postgres.url(database) })
    await client.connect()
    for (const statement of lines.join('\n').split(/;$/m)) await client.query(statement)
    await client.end()
  }
}

describe('the container files', { timeout: 60_000 }, () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let postgres: EmbeddedPostgres
  let env: Record<string, string>
  beforeAll(async () => {
    folder = await temporaryFolder()
    postgres = await startEmbeddedPostgres({ home: folder.path, settings: { fsync: 'off' }, log: () => {} })
    const admin = new Client({ connectionString: postgres.url() })
    await admin.connect()
    await admin.query('CREATE DATABASE platform')
    await admin.end()
    await runScript(postgres, read('deploy/postgres/init-databases.sql'))
    const urls = read('docker-compose.yml').matchAll(/^ +(\w+_URL): (postgresql:\S+)$/gm)
    env = Object.fromEntries(
      [...urls].map(([, name = '', url = '']) => [
        name,
        url.replace('@postgres:5432', `@127.0.0.1:${postgres.port}`),
      ]),
    )
  })
  afterAll(async () => {
    await postgres.stop('immediate')
    await folder[Symbol.asyncDispose]()
  })

  const as = async (login: string, database: string, sql: string) => {
    const client = new Client({
      connectionString: `postgresql://${login}@127.0.0.1:${postgres.port}/${database}`,
    })
    try {
      await client.connect()
      return (await client.query(sql)).rows
    } finally {
      await client.end()
    }
  }

  it('give each owner a database of its own, with the password of the compose file', async () => {
    const { ADMIN_DATABASE_URL, ...urls } = env
    const variables = [
      ...sourceNames.map(({ variable }) => variable),
      ...sourceNames.map(({ prefix }) => `${prefix}_CAPTURE_URL`),
    ]
    expect(Object.keys(urls)).toEqual(variables)
    expect(ADMIN_DATABASE_URL).toMatch(/^postgresql:\/\/admin:devpass@/)
    const asAdmin = { ...urls, ADMIN_DATABASE_URL: postgres.url('platform'), LABELER_PASSWORD: 'labeler_dev' }
    expect(await tributary(['db', 'init'], { env: asAdmin })).toMatchObject({ status: 0, stderr: '' })
    expect(await tributary(['db', 'verify'], { env })).toMatchObject({ status: 0, stderr: '' })
  })

  it('let the gateway’s capture read what happens, by a role that may do nothing else', async () => {
    const { ADMIN_DATABASE_URL: _, ...urls } = env
    const [, command = ''] = /command: (\["capture".*\])$/m.exec(read('docker-compose.yml')) ?? []
    const args = (JSON.parse(command) as string[]).map((word) =>
      word.startsWith('postgresql:') ? postgres.url('platform') : word,
    )
    const lines = (await tributary(args, { env: urls })).stdout
    expect(lines).toMatch(/^platform: made the role tributary_capture, which may replicate$/m)
    const states = (await tributary(['capture', 'status'], { env: urls })).stdout
    for (const { name } of sourceNames)
      expect(states).toMatch(new RegExp(`^${name}: the slot tributary_\\w+ is read by nobody`, 'm'))
    await expect(as('tributary_capture:capture_dev', 'users', 'SELECT FROM users')).rejects.toThrow(
      'permission denied',
    )
  })

  it('let the Labeler read the users and nothing else', async () => {
    const labeler = 'labeler_user:labeler_dev'
    expect(await as(labeler, 'users', 'SELECT count(*) FROM users')).toEqual([{ count: '0' }])
    await expect(as(labeler, 'users', 'DELETE FROM users')).rejects.toThrow('permission denied')
    await expect(as(labeler, 'platform', 'SELECT')).rejects.toThrow('permission denied for database')
    await expect(as('pic_user:pic_password', 'users', 'SELECT')).rejects.toThrow('permission denied')
  })

  it('tell whether the gateway is ready', async () => {
    const [, command = '[]'] = /^HEALTHCHECK .* CMD (\[.*\])$/m.exec(read('Dockerfile')) ?? []
    const [, ...args] = JSON.parse(command) as string[]
    await using gateway = new TributaryProcess(['serve'], { env })
    const { port } = new URL(await gateway.url())
    const check = () => tributary(args, { program: [process.execPath], env: { PORT: port } })
    expect(await check()).toMatchObject({ status: 0, stderr: '' })
    await gateway.end('SIGTERM')
    expect(await check()).toMatchObject({ status: 1, stderr: '' })
  })
})
