/*
 * Subscriptions as they are served: over both transports, of databases that are captured, and of those that are not.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { capturedTables } from '../../src/changes/postgres/captured-table.ts'
import { expectedDatabase } from '../../src/sources/expected.ts'
import { publishTables } from '../changes/capture-kit.ts'
import { overEvents, overWebSocket, type StreamClient, type Subscribe } from '../server/stream-client.ts'
import { signIn } from '../support/client.ts'
import { cloneDatabases } from '../support/databases.ts'
import { startGateway } from '../support/gateway.ts'

const query = `subscription ($id: ID!) { jobChanged(id: $id) {
  kind cursor committedAt node { id state nativeStatus ... on TrainingJob { databaseId notes } } } }`

interface Change {
  readonly kind: string
  readonly node: { readonly notes: string | null; readonly state: string } | null
}

async function heard(client: StreamClient): Promise<Change> {
  const { type, payload } = await client.next()
  const { data } = payload as { data?: { jobChanged: Change } }
  if (type !== 'next' || !data) throw new Error(JSON.stringify({ type, payload }))
  return data.jobChanged
}

async function served(env: (folder: string) => Record<string, string>, isPublished: boolean) {
  const folder = await mkdtemp(join(tmpdir(), 'served-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const databases = await cloneDatabases({ seeded: true })
  onTestFinished(() => databases[Symbol.asyncDispose]())
  const platform = await databases.client('platform')
  if (isPublished)
    await publishTables(platform, databases.url('platform'), capturedTables(expectedDatabase('platform')))
  const gateway = await startGateway({ urls: databases.urls, env: env(folder) })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  const { rows } = await platform.query(
    "SELECT id FROM training_jobs WHERE status = 'running' ORDER BY id LIMIT 1",
  )
  const id = rows[0].id as number
  return {
    gateway,
    id: Buffer.from(`TrainingJob:${id}`).toString('base64'),
    note: (notes: string) => platform.query('UPDATE training_jobs SET notes = $2 WHERE id = $1', [id, notes]),
  }
}

const ways: [string, Subscribe][] = [
  ['a WebSocket', overWebSocket],
  ['server-sent events', overEvents],
]

describe.each(ways)('over %s', (_, subscribe) => {
  it('a job is watched that is captured', async () => {
    const { gateway, id, note } = await served((folder) => ({ CAPTURE: 'on', CHANGE_LOG_DIR: folder }), true)
    using client = await subscribe(gateway.url, { query, variables: { id } })
    expect(await heard(client)).toMatchObject({ kind: 'SNAPSHOT', node: { state: 'RUNNING' } })
    for (const notes of ['one', 'two']) {
      await note(notes)
      expect(await heard(client)).toMatchObject({ kind: 'UPDATED', node: { notes } })
    }
  })

  it('a job is watched that nobody captures', async () => {
    const { gateway, id, note } = await served(() => ({}), false)
    using client = await subscribe(gateway.url, { query, variables: { id } })
    expect(await heard(client)).toMatchObject({ kind: 'SNAPSHOT', node: { state: 'RUNNING' } })
    await note('asked for')
    expect(await heard(client)).toMatchObject({ kind: 'UPDATED', node: { notes: 'asked for' } })
  })
})

it('a stream of events that its token ends goes on with another, where it was', async () => {
  const { gateway, id, note } = await served(
    (folder) => ({ CAPTURE: 'on', CHANGE_LOG_DIR: folder, ACCESS_TOKEN_LIFETIME: '2' }),
    true,
  )
  const open = async (headers = {}) =>
    overEvents(gateway.url, {
      query,
      variables: { id },
      authorization: `Bearer ${await signIn(gateway.url)}`,
      headers,
    })
  using client = await open()
  expect(await heard(client)).toMatchObject({ kind: 'SNAPSHOT' })
  const last = (await client.next()).payload as {
    errors: { message: string; extensions: { cursor: string } }[]
  }
  expect(last.errors).toMatchObject([{ message: 'Token expired.', extensions: { code: 'UNAUTHENTICATED' } }])
  expect(await client.next()).toEqual({ type: 'complete' })
  await note('while nobody looked')
  using again = await open({ 'last-event-id': last.errors[0]?.extensions.cursor })
  expect(await heard(again)).toMatchObject({ kind: 'UPDATED', node: { notes: 'while nobody looked' } })
})
