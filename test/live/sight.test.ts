import type { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { UserPrincipal } from '../../src/auth/principal.ts'
import { encodeId } from '../../src/graph/global-id.ts'
import { TrainingJob } from '../../src/sources/platform/training-job.ts'
import { user } from '../support/graph.ts'
import { type Listener, type LiveWorld, openLiveWorld } from './live-kit.ts'

let world: LiveWorld
let platform: Client
let users: Client

const admin = user({ id: 1, role: 'admin' })
const owner = user({ id: 2 })
const member = user({ id: 3 })
const stranger = user({ id: 4 })

beforeAll(async () => {
  world = await openLiveWorld({ captured: ['platform', 'users'] })
  platform = await world.databases.client('platform')
  users = await world.databases.client('users')
})

afterAll(async () => {
  await world[Symbol.asyncDispose]()
})

beforeEach(async () => {
  await users.query('TRUNCATE users, project_members CASCADE')
  await users.query(
    `INSERT INTO users (id, email, full_name, system_role, hashed_password, is_active, created_at, updated_at)
      SELECT id, 'user' || id || '@example.com', 'User ' || id,
        (CASE id WHEN 1 THEN 'admin' ELSE 'guest' END)::text::userrole, 'x', true, now(), now()
      FROM generate_series(1, 4) id`,
  )
  await users.query(
    "INSERT INTO project_members (project_id, user_id, role, joined_at) VALUES (1, 3, 'guest', now())",
  )
  await platform.query('TRUNCATE projects CASCADE')
  await platform.query("INSERT INTO projects (id, name, user_id) VALUES (1, 'one', 2), (2, 'two', 4)")
  await platform.query(
    `INSERT INTO training_jobs (id, project_id, observability_backends, framework, model_name, task_type, dataset_format,
        output_dir, epochs, batch_size, learning_rate, status)
      VALUES (7, 1, 'mlflow', 'timm', 'm', 't', 'f', '/secret', 10, 8, 0.1, 'running')`,
  )
  await world.settled('platform')
  await world.settled('users')
  world.graph.scopes.drop()
})

const note = (notes: string) => platform.query('UPDATE training_jobs SET notes = $1 WHERE id = 7', [notes])
const id = encodeId(TrainingJob, 7)
const one = `subscription { trainingJobChanged(id: "${id}") { kind cursor id removed node { databaseId notes } nodes { databaseId } } }`
const many =
  'subscription { trainingJobsChanged { kind cursor id removed node { databaseId notes } nodes { databaseId } } }'
const metrics =
  'subscription { metricsAppended(jobId: 7) { kind cursor id removed node { epoch } nodes { epoch } } }'
const measure = (epoch: number) =>
  platform.query('INSERT INTO metrics (job_id, epoch) VALUES (7, $1)', [epoch])

const watching: Listener[] = []

/** Watches until the test is over. */
async function watch(document: string, principal: UserPrincipal): Promise<Listener> {
  const listener = await world.subscribe(document, {}, { viewer: await world.graph.viewer(principal) })
  watching.push(listener)
  return listener
}

afterEach(() => {
  for (const listener of watching.splice(0)) listener.stream?.stop()
})

describe('one row', () => {
  it('is told to those who see it, and to nobody else', async () => {
    const [boss, own, joined, other] = await Promise.all(
      [admin, owner, member, stranger].map((principal) => watch(one, principal)),
    )
    for (const listener of [boss, own, joined])
      expect((await listener?.nth(1))?.node).toMatchObject({ databaseId: 7 })
    expect(await other?.nth(1)).toMatchObject({ kind: 'SNAPSHOT', node: null, nodes: [] })
    await note('for those who may')
    for (const listener of [boss, own, joined])
      expect((await listener?.nth(2))?.node).toMatchObject({ notes: 'for those who may' })
    await world.settled('platform')
    expect(other?.results).toHaveLength(1)
  })

  it('shares its execution among all who see it, whoever they are', async () => {
    const listeners = await Promise.all([admin, owner, member].map((principal) => watch(one, principal)))
    await Promise.all(listeners.map((listener) => listener.nth(1)))
    const { executions } = world.engine.counters
    await note('once')
    await Promise.all(listeners.map((listener) => listener.nth(2)))
    expect(world.engine.counters.executions - executions).toBe(1)
    expect(new Set(listeners.map(({ shared }) => shared[1]?.json)).size).toBe(1)
  })

  it('goes out of sight as its project does, and comes in sight', async () => {
    const [own, other] = [await watch(one, owner), await watch(one, stranger)]
    await Promise.all([own.nth(1), other.nth(1)])
    await platform.query('UPDATE training_jobs SET project_id = 2 WHERE id = 7')
    expect(await own.nth(2)).toMatchObject({ kind: 'REMOVED', id, node: null })
    expect(await other.nth(2)).toMatchObject({ kind: 'UPDATED', node: { databaseId: 7 } })
    await platform.query('UPDATE projects SET user_id = 2 WHERE id = 2')
    expect(await other.nth(3)).toMatchObject({ kind: 'REMOVED', id })
    expect((await own.nth(3)).node).toMatchObject({ databaseId: 7 })
  })

  it('keeps an internal column to those who may read it', async () => {
    const document = one.replace('notes', 'notes outputDir')
    const [boss, own] = [await watch(document, admin), await watch(document, owner)]
    expect((await boss.nth(1)).node).toMatchObject({ outputDir: '/secret' })
    expect((await own.nth(1)).node).toMatchObject({ outputDir: null })
    await note('again')
    expect((await boss.nth(2)).node).toMatchObject({ outputDir: '/secret' })
    expect((await own.nth(2)).node).toMatchObject({ outputDir: null })
  })
})

describe('what a row leads to', () => {
  const progress = `subscription { trainingProgress(jobId: 7) { kind cursor metrics { epoch job { databaseId } } } }`
  const rows = 'subscription { metricsAppended(jobId: 7) { kind cursor nodes { epoch job { databaseId } } } }'
  const job = { databaseId: 7 }

  it('is told to whoever sees it, also where somebody watched before who does not', async () => {
    await measure(1)
    await world.settled('platform')
    const others = [await watch(progress, stranger), await watch(rows, stranger)]
    for (const other of others) await other.nth(1)
    const [latest, appended] = [await watch(progress, owner), await watch(rows, owner)]
    expect(await latest.nth(1)).toMatchObject({ metrics: { epoch: 1, job } })
    expect(await appended.nth(1)).toMatchObject({ nodes: [{ epoch: 1, job }] })
    await measure(2)
    expect(await latest.nth(2)).toMatchObject({ metrics: { epoch: 2, job } })
    expect(await appended.nth(2)).toMatchObject({ nodes: [{ epoch: 2, job }] })
    for (const other of others) expect(other.results).toHaveLength(1)
  })
})

describe('a filter that only the database can decide', () => {
  it('is asked of the rows that the viewer sees, and of no other', async () => {
    const document =
      'subscription { trainingJobsChanged(filter: { notes: { contains: "told" } }) { kind nodes { databaseId } } }'
    const asked = vi.spyOn(world.graph.source('platform').pool, 'query')
    const timesAsked = () =>
      asked.mock.calls.filter(([statement]) => JSON.stringify(statement).includes('jsonb_populate_record'))
        .length
    const other = await watch(document, stranger)
    await other.nth(1)
    await note('told to nobody')
    await world.settled('platform')
    expect(timesAsked()).toBe(0)
    const own = await watch(document, owner)
    await own.nth(1)
    await note('told to its owner')
    expect((await own.nth(2)).nodes).toEqual([{ databaseId: 7 }])
    expect(timesAsked()).toBeGreaterThan(0)
    expect(other.results).toHaveLength(1)
    asked.mockRestore()
  })

  it('decides nothing any more of rows that have gone out of sight meanwhile', async () => {
    const document =
      'subscription { trainingJobsChanged(filter: { notes: { contains: "told" } }) { kind nodes { databaseId } } }'
    const own = await watch(document, owner)
    await own.nth(1)
    const { pool } = world.graph.source('platform')
    const ask = pool.query.bind(pool)
    const isAsked = Promise.withResolvers<void>()
    const mayAnswer = Promise.withResolvers<void>()
    const asked = vi.spyOn(pool, 'query').mockImplementation((async (statement: never) => {
      const answer = await ask(statement)
      if (JSON.stringify(statement).includes('jsonb_populate_record')) {
        isAsked.resolve()
        await mayAnswer.promise
      }
      return answer
    }) as never)
    await note('told to its owner')
    await isAsked.promise
    await platform.query('UPDATE projects SET user_id = 4 WHERE id = 1')
    await world.settled('platform')
    mayAnswer.resolve()
    expect(await own.nth(2)).toMatchObject({ kind: 'RESYNC', nodes: [] })
    await platform.query("INSERT INTO projects (id, name, user_id) VALUES (3, 'three', 2)")
    await platform.query('UPDATE training_jobs SET project_id = 3 WHERE id = 7')
    expect(await own.nth(3)).toMatchObject({ nodes: [{ databaseId: 7 }] })
    expect(own.changes.map(({ kind, nodes }) => [kind, nodes.length])).toEqual([
      ['SNAPSHOT', 0],
      ['RESYNC', 0],
      ['UPDATED', 1],
    ])
    asked.mockRestore()
  })
})

describe('a list of rows that others decide about', () => {
  const exported =
    'subscription { exportJobsChanged { kind id removed node { databaseId } nodes { databaseId } } }'
  const jobs = 'subscription { jobsChanged { kind id removed node { id } nodes { id } } }'

  beforeEach(async () => {
    await platform.query(
      `INSERT INTO training_jobs (id, project_id, observability_backends, framework, model_name, task_type,
          dataset_format, output_dir, epochs, batch_size, learning_rate, status)
        SELECT id, 1 + id % 2, 'mlflow', 'timm', 'm', 't', 'f', '/x', 10, 8, 0.1, 'running' FROM generate_series(10, 29) id`,
    )
    await platform.query(
      `INSERT INTO export_jobs (id, training_job_id, export_format, checkpoint_path, version, is_default, framework,
          task_type, model_name, status, created_at)
        SELECT id, id, 'ONNX', 'c', 1, true, 'timm', 't', 'm', 'RUNNING', now() FROM generate_series(10, 29) id`,
    )
    await world.settled('platform')
  })

  it.each([
    ['an administrator', admin],
    ['the owner of their project', owner],
  ])('goes on for %s while what decides about them changes in other ways', async (_, principal) => {
    const [exports, all] = [await watch(exported, principal), await watch(jobs, principal)]
    await Promise.all([exports.nth(1), all.nth(1)])
    await platform.query("UPDATE training_jobs SET notes = 'n' || id")
    await platform.query("UPDATE projects SET description = 'changed'")
    await platform.query("UPDATE export_jobs SET status = 'COMPLETED' WHERE id = 12")
    expect(await exports.nth(2)).toMatchObject({ kind: 'UPDATED', node: { databaseId: 12 } })
    await world.settled('platform')
    for (const listener of [exports, all])
      expect(listener.results.filter(({ data }) => Object.values(data ?? {})[0]?.kind === 'RESYNC')).toEqual(
        [],
      )
  })

  it('begins anew when a row that decides moves, in sight or out of it', async () => {
    const listener = await watch(exported, owner)
    const keys = ({ nodes }: { nodes: readonly Record<string, unknown>[] }) =>
      nodes.map(({ databaseId }) => databaseId).toSorted()
    const before = keys(await listener.nth(1))
    await platform.query('UPDATE training_jobs SET project_id = 2 WHERE id = 10')
    const gone = await listener.nth(2)
    expect(gone.kind).toBe('RESYNC')
    expect(keys(gone)).toEqual(before.filter((key) => key !== 10))
    await platform.query('UPDATE training_jobs SET project_id = 1 WHERE id = 11')
    expect(keys(await listener.nth(3))).toEqual([...before.filter((key) => key !== 10), 11].toSorted())
  })
})

describe('a membership that is taken away', () => {
  it.each([
    ['one row', one],
    ['rows of a filter', many],
    ['appended rows', metrics],
  ])('ends the sight of %s within a second', async (_, document) => {
    const listener = await watch(document, member)
    await listener.nth(1)
    const began = performance.now()
    await users.query('DELETE FROM project_members WHERE user_id = 3')
    const next = await listener.nth(2)
    expect(performance.now() - began).toBeLessThan(1_000)
    expect(next).toMatchObject({ nodes: [] })
    expect(next.kind).toBe(document === one ? 'REMOVED' : 'RESYNC')
    await note('unheard')
    await measure(1)
    await world.settled('platform')
    expect(listener.results).toHaveLength(2)
    await users.query(
      "INSERT INTO project_members (project_id, user_id, role, joined_at) VALUES (1, 3, 'guest', now())",
    )
    await listener.until(() => listener.changes.at(-1)?.nodes.length === 1)
    expect(listener.changes[2]?.kind).toBe('RESYNC')
  })
})

describe('a project that is given away to one’s team', () => {
  it.each([
    ['one row', one],
    ['rows of a filter', many],
    ['appended rows', metrics],
  ])('stays in sight, with %s', async (_, document) => {
    await measure(1)
    const listener = await watch(document, owner)
    expect((await listener.nth(1)).nodes).toHaveLength(1)
    await platform.query('UPDATE projects SET user_id = 4 WHERE id = 1')
    await users.query(
      "INSERT INTO project_members (project_id, user_id, role, joined_at) VALUES (1, 2, 'guest', now())",
    )
    await Promise.all([world.settled('platform'), world.settled('users')])
    await listener.until(() => listener.results.length > 1 && listener.changes.at(-1)?.nodes.length === 1)
  })
})

describe('an account', () => {
  it('that gets another role sees by that', async () => {
    const listener = await watch(many, stranger)
    expect((await listener.nth(1)).nodes).toEqual([])
    await users.query("UPDATE users SET system_role = 'admin' WHERE id = 4")
    expect(await listener.nth(2)).toMatchObject({ kind: 'RESYNC', nodes: [{ databaseId: 7 }] })
  })

  it('that is locked is told nothing more', async () => {
    const listener = await watch(one, owner)
    await listener.nth(1)
    await users.query('UPDATE users SET is_active = false WHERE id = 2')
    await listener.ended()
    expect(listener.errors[0]).toMatchObject({ message: expect.stringMatching(/locked/) })
  })
})
