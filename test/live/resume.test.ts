/*
 * Lists that are taken up again at a gateway that knows nothing of what was told before: of the rows that changed
 * meanwhile, those that left are told to be gone, and of those that the viewer could never see nothing is told.
 */
import { parse } from 'graphql'
import type { Client } from 'pg'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Cursors } from '../../src/changes/cursor.ts'
import { Feed } from '../../src/changes/feed.ts'
import { encodeId } from '../../src/graph/global-id.ts'
import { cursorCodec } from '../../src/live/cursors.ts'
import { Engine } from '../../src/live/engine.ts'
import { peopleReader } from '../../src/sources/people-reader.ts'
import { ExportJob } from '../../src/sources/platform/export-job.ts'
import { TrainingJob } from '../../src/sources/platform/training-job.ts'
import { user } from '../support/graph.ts'
import { insertJob } from './job-rows.ts'
import { Listener, type LiveWorld, openLiveWorld } from './live-kit.ts'

let world: LiveWorld
let platform: Client
const open = new AsyncDisposableStack()

/** Owns project 1; projects 2 and 3 are another's. */
const owner = user({ id: 2 })

beforeAll(async () => {
  world = open.use(await openLiveWorld())
  platform = await world.databases.client('platform')
  const users = await world.databases.client('users')
  await users.query(
    `INSERT INTO users (id, email, full_name, system_role, hashed_password, is_active, created_at, updated_at)
      VALUES (2, 'user2@example.com', 'Owner', 'guest', 'x', true, now(), now())`,
  )
})

afterAll(() => open.disposeAsync())

beforeEach(async () => {
  await platform.query('TRUNCATE projects CASCADE')
  await platform.query(
    "INSERT INTO projects (id, name, user_id) VALUES (1, 'own', 2), (2, 'other', 4), (3, 'third', 4)",
  )
  for (let id = 1; id <= 20; id++)
    await insertJob(platform, { id, project_id: 1 + (id % 2), status: 'running' })
  await platform.query(
    `INSERT INTO export_jobs (id, training_job_id, export_format, checkpoint_path, version, is_default, framework,
        task_type, model_name, status, created_at)
      SELECT id, id, 'ONNX', 'c', 1, true, 'timm', 't', 'm', 'RUNNING', now() FROM generate_series(1, 20) id`,
  )
  await world.settled('platform')
})

const listeners: Listener[] = []
afterEach(() => {
  for (const listener of listeners.splice(0)) listener.stream?.stop()
})

const trainings = `subscription ($after: String) { trainingJobsChanged(filter: { status: { eq: RUNNING } }, after: $after) {
  kind cursor id removed node { databaseId status } nodes { databaseId } } }`
const exported = `subscription ($after: String) { exportJobsChanged(after: $after) {
  kind cursor id removed node { databaseId } nodes { databaseId } } }`
const jobs = `subscription ($after: String) { jobsChanged(filter: { source: { eq: "platform" }, state: { eq: RUNNING } }, after: $after) {
  kind cursor id removed node { id } nodes { id } } }`

/** Waits until the log has what was written up to now; no job is touched for it. */
async function arrived(): Promise<void> {
  const seen = Promise.withResolvers<void>()
  const stop = world.feed('platform').attach({
    transaction: ({ changes }) => changes.some(({ table }) => table === 'projects') && seen.resolve(),
    lost: () => {},
  })
  await platform.query("UPDATE projects SET description = 'x' WHERE id = 3")
  await seen.promise
  stop()
}

/** Where a stream of the owner's was broken off. */
async function brokenOff(document: string): Promise<string> {
  const listener = await world.subscribe(document, {}, { viewer: await world.graph.viewer(owner) })
  const { cursor } = await listener.nth(1)
  listener.stream?.stop()
  return cursor
}

/** Goes on at a gateway that was started after all that has been written. */
async function resumed(document: string, after: string): Promise<Listener> {
  await arrived()
  const { graph, log } = world
  const feed = open.use(new Feed({ source: 'platform', log, logger: pino({ level: 'silent' }) }))
  await feed.start()
  const engine = open.use(
    new Engine({
      schema: graph.schema,
      sources: [{ name: 'platform', feed, watching: () => ({ state: 'STREAMING', unwatched: {} }) }],
      cursors: cursorCodec(new Cursors(await log.secret())),
      databases: graph,
      people: {
        scopes: graph.scopes,
        read: peopleReader({ users: graph.source('users'), platform: graph.source('platform') }),
      },
    }),
  )
  const stream = await engine.open({
    document: parse(document),
    operationName: undefined,
    variables: { after },
    context: graph.context(await graph.viewer(owner)),
    lastEventId: undefined,
    present: (error) => error as never,
  })
  const listener = new Listener()
  listener.stream = stream
  listeners.push(listener)
  stream.start(listener)
  return listener
}

/** What was told until a row of the owner's was inserted: what became of each row, in order. */
async function toldOf(listener: Listener): Promise<string[]> {
  await insertJob(platform, { id: 100, project_id: 1, status: 'running' })
  await platform.query(
    `INSERT INTO export_jobs (id, training_job_id, export_format, checkpoint_path, version, is_default, framework,
      task_type, model_name, status, created_at) VALUES (100, 100, 'ONNX', 'c', 1, true, 'timm', 't', 'm', 'RUNNING', now())`,
  )
  const marks = [encodeId(TrainingJob, 100), encodeId(ExportJob, 100)]
  await listener.until(() => marks.includes(listener.changes.at(-1)?.id ?? ''))
  return listener.changes
    .filter(({ id }) => !marks.includes(id ?? ''))
    .map(({ kind, id }) => `${kind} ${Buffer.from(id ?? '', 'base64').toString()}`)
}

const set = (id: number, column: string, value: unknown) =>
  platform.query(`UPDATE training_jobs SET ${column} = $2 WHERE id = $1`, [id, value])

describe('a list that is taken up after a restart', () => {
  it.each([
    { name: 'of one kind', document: trainings, moves: true },
    // Of all jobs, what is below one that comes into sight does so with it: that is told anew.
    { name: 'of all jobs', document: jobs, moves: false },
  ])('tells of what left, and nothing of what never was in sight ($name)', async ({ document, moves }) => {
    const cursor = await brokenOff(document)
    // Of the others': changed, ended, deleted, made, moved among them.
    await set(1, 'notes', 'for the first time')
    await set(1, 'notes', 'once more')
    await set(3, 'status', 'completed')
    await platform.query('DELETE FROM export_jobs WHERE id = 5')
    await platform.query('DELETE FROM training_jobs WHERE id = 5')
    await insertJob(platform, { id: 30, project_id: 2, status: 'running' })
    await set(7, 'project_id', 3)
    // The owner's: ended, deleted, made another's, changed. Another's became the owner's.
    await set(2, 'status', 'completed')
    await platform.query('DELETE FROM export_jobs WHERE id = 4')
    await platform.query('DELETE FROM training_jobs WHERE id = 4')
    await set(8, 'notes', 'changed')
    if (moves) {
      await set(6, 'project_id', 2)
      await set(6, 'notes', 'of another')
      await set(9, 'project_id', 1)
    }
    const listener = await resumed(document, cursor)
    const told = (await toldOf(listener)).filter((line) => line.includes('TrainingJob'))
    expect(told).toEqual([
      'REMOVED TrainingJob:2',
      'REMOVED TrainingJob:4',
      'UPDATED TrainingJob:8',
      ...(moves ? ['REMOVED TrainingJob:6', 'UPDATED TrainingJob:9'] : []),
    ])
    const ids = listener.results.map((result) => JSON.stringify(result)).join()
    for (const id of [1, 3, 5, 7, 30]) expect(ids).not.toContain(encodeId(TrainingJob, id))
  })

  it('tells of rows that others decide about in the same way', async () => {
    const cursor = await brokenOff(exported)
    await platform.query("UPDATE export_jobs SET status = 'COMPLETED' WHERE id IN (1, 2)")
    await platform.query('DELETE FROM export_jobs WHERE id IN (3, 4)')
    await platform.query('UPDATE export_jobs SET training_job_id = 7 WHERE id = 6')
    const listener = await resumed(exported, cursor)
    expect(await toldOf(listener)).toEqual([
      'UPDATED ExportJob:2',
      'REMOVED ExportJob:4',
      'REMOVED ExportJob:6',
    ])
  })

  it('tells of rows that are gone with all that decided about them', async () => {
    const cursor = await brokenOff(exported)
    await platform.query('DELETE FROM export_jobs WHERE id IN (1, 2)')
    await platform.query('DELETE FROM export_jobs WHERE training_job_id > 2')
    await platform.query('DELETE FROM training_jobs')
    await platform.query('DELETE FROM projects WHERE id < 3')
    await platform.query("INSERT INTO projects (id, name, user_id) VALUES (1, 'again', 2)")
    const listener = await resumed(exported, cursor)
    const even = Array.from({ length: 10 }, (_, index) => `REMOVED ExportJob:${2 * (index + 1)}`)
    expect((await toldOf(listener)).toSorted()).toEqual(even.toSorted())
  })

  it('goes on where projects went from one stranger to another', async () => {
    const cursor = await brokenOff(trainings)
    await set(1, 'notes', 'changed')
    await platform.query('UPDATE projects SET user_id = 5 WHERE id = 2')
    expect(await toldOf(await resumed(trainings, cursor))).toEqual([])
  })

  it.each([
    ['out of sight', 1, 4, 0],
    ['into sight', 2, 2, 20],
  ])('begins anew where a project went %s', async (_, project, to, rows) => {
    const cursor = await brokenOff(trainings)
    await platform.query('UPDATE projects SET user_id = $2 WHERE id = $1', [project, to])
    const listener = await resumed(trainings, cursor)
    const { kind, nodes } = await listener.nth(1)
    expect([kind, nodes.length]).toEqual(['RESYNC', rows])
  })
})
