/*
 * Random writers, views and viewers against an oracle: whatever is written, and whoever's rights change meanwhile, what
 * a client makes of its stream is what a query answers it.
 */
import fc from 'fast-check'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SystemRole } from '../../src/auth/principal.ts'
import { user } from '../support/graph.ts'
import { insertJob } from './job-rows.ts'
import { type Listener, type LiveWorld, openLiveWorld } from './live-kit.ts'

const [people, projects, jobs] = [4, 3, 8]

let world: LiveWorld
let platform: Client
let users: Client

beforeAll(async () => {
  world = await openLiveWorld({ captured: ['platform', 'users'] })
  platform = await world.databases.client('platform')
  users = await world.databases.client('users')
})

afterAll(async () => {
  await world[Symbol.asyncDispose]()
})

const person = fc.integer({ min: 1, max: people })
const project = fc.integer({ min: 1, max: projects })
const job = fc.integer({ min: 1, max: jobs })
const status = fc.constantFrom('pending', 'running', 'completed', 'odd')
const model = fc.constantFrom('resnet', 'ResNet-50', 'vit', 'effi_cient')

type Write = () => Promise<unknown>

/** Something that a program does to the databases. */
const write: fc.Arbitrary<Write> = fc.oneof(
  fc.record({ job, status }).map((one) => () => set(one.job, 'status', one.status)),
  fc.record({ job, model }).map((one) => () => set(one.job, 'model_name', one.model)),
  fc.record({ job, project: fc.option(project) }).map((one) => () => set(one.job, 'project_id', one.project)),
  fc.record({ job, person: fc.option(person) }).map((one) => () => set(one.job, 'created_by', one.person)),
  fc.record({ job, project, status, model }).map((one) => async () => {
    await platform.query('DELETE FROM training_jobs WHERE id = $1', [one.job])
    await insertJob(platform, {
      id: one.job,
      project_id: one.project,
      status: one.status,
      model_name: one.model,
    })
  }),
  job.map((id) => () => platform.query('DELETE FROM training_jobs WHERE id = $1', [id])),
  fc
    .record({ project, person })
    .map(
      (one) => () =>
        platform.query('UPDATE projects SET user_id = $2 WHERE id = $1', [one.project, one.person]),
    ),
  fc
    .record({ project, person })
    .map(
      (one) => () =>
        users.query(
          'INSERT INTO project_members (project_id, user_id, role, joined_at) VALUES ($1, $2, $3, now()) ON CONFLICT DO NOTHING',
          [one.project, one.person, 'guest'],
        ),
    ),
  fc
    .record({ project, person })
    .map(
      (one) => () =>
        users.query('DELETE FROM project_members WHERE project_id = $1 AND user_id = $2', [
          one.project,
          one.person,
        ]),
    ),
  fc
    .record({ person, role: fc.constantFrom('guest', 'admin') })
    .map(
      (one) => () =>
        users.query('UPDATE users SET system_role = $2::userrole WHERE id = $1', [one.person, one.role]),
    ),
)

const set = (id: number, column: string, value: unknown) =>
  platform.query(`UPDATE training_jobs SET ${column} = $2 WHERE id = $1`, [id, value])

const condition: fc.Arbitrary<object> = fc.oneof(
  fc.constant({}),
  fc
    .uniqueArray(fc.constantFrom('PENDING', 'RUNNING', 'COMPLETED', 'UNKNOWN'))
    .map((labels) => ({ status: { in: labels } })),
  model.map((name) => ({ modelName: { ne: name } })),
  fc.constant({ modelName: { startsWith: 'res', ignoreCase: true } }),
  fc.constant({ modelName: { contains: '_' } }),
  project.map((id) => ({ projectId: { eq: id } })),
  fc.boolean().map((isNull) => ({ createdBy: { isNull } })),
)
const filter = fc.oneof(
  condition,
  fc.array(condition, { minLength: 1, maxLength: 3 }).map((or) => ({ or })),
  fc.tuple(condition, condition).map(([left, right]) => ({ and: [left, { not: right }] })),
)
const view = fc.record({ person, filter, maxRate: fc.option(fc.constant(50), { nil: undefined }) })

const fields = 'databaseId status modelName projectId notes'
const subscription = `subscription ($filter: TrainingJobFilter, $maxRate: Float) {
  trainingJobsChanged(filter: $filter, maxRate: $maxRate, first: 1000) {
    kind cursor id removed node { ${fields} } nodes { id ${fields} } } }`
const query = `query ($filter: TrainingJobFilter) { trainingJobs(filter: $filter, first: 200) { nodes { id ${fields} } } }`

/** Who somebody is by now. */
async function viewerOf(id: number) {
  const { rows } = await users.query('SELECT system_role::text AS role FROM users WHERE id = $1', [id])
  world.graph.scopes.drop(id)
  return world.graph.viewer(user({ id, role: rows[0].role as SystemRole }))
}

type Rows = Record<string, unknown>

const sorted = (entries: readonly (readonly [string, unknown])[]): Rows =>
  Object.fromEntries(entries.toSorted(([left], [right]) => (left < right ? -1 : 1)))

/** What a client makes of what it was told. */
function rowsOf(listener: Listener): Rows {
  const rows = new Map<string, unknown>()
  for (const { kind, nodes, removed } of listener.changes) {
    if (kind === 'SNAPSHOT' || kind === 'RESYNC') rows.clear()
    for (const node of nodes) rows.set(node.id as string, node)
    for (const id of removed) rows.delete(id)
  }
  return sorted([...rows])
}

async function expected(id: number, wanted: object): Promise<Rows> {
  const { data } = await world.graph.ask<{ trainingJobs: { nodes: { id: string }[] } }>(
    await viewerOf(id),
    query,
    {
      filter: wanted,
    },
  )
  return sorted((data?.trainingJobs.nodes ?? []).map((node) => [node.id, node]))
}

async function begin(): Promise<void> {
  await users.query('TRUNCATE users, project_members CASCADE')
  await users.query(
    `INSERT INTO users (id, email, full_name, system_role, hashed_password, is_active, created_at, updated_at)
      SELECT id, 'user' || id || '@example.com', 'U', 'guest', 'x', true, now(), now() FROM generate_series(1, ${people}) id`,
  )
  await platform.query('TRUNCATE projects CASCADE')
  await platform.query(
    `INSERT INTO projects (id, name, user_id) SELECT id, 'p' || id, id FROM generate_series(1, ${projects}) id`,
  )
  for (let id = 1; id <= jobs; id += 2) await insertJob(platform, { id, project_id: 1 + (id % projects) })
}

const isSame = (left: Rows, right: Rows) => JSON.stringify(left) === JSON.stringify(right)

describe('what a client makes of its stream', () => {
  it('is what a query answers it, whatever was written', async () => {
    let told = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(view, { minLength: 1, maxLength: 4 }),
        fc.array(fc.array(write, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 3 }),
        async (views, batches) => {
          await begin()
          await Promise.all([world.settled('platform'), world.settled('users')])
          const opened: Listener[] = []
          for (const { person: id, ...variables } of views)
            opened.push(await world.subscribe(subscription, variables, { viewer: await viewerOf(id) }))
          for (const batch of batches) {
            for (const one of batch) await one()
            for (const [index, listener] of opened.entries()) {
              const { person: id, filter: wanted } = views[index] as (typeof views)[number]
              const answer = await expected(id, wanted)
              const isThere = () => listener.results.length > 0 && isSame(rowsOf(listener), answer)
              await Promise.race([listener.until(isThere), timeLimit()])
              expect(rowsOf(listener)).toEqual(answer)
            }
          }
          for (const listener of opened) {
            told += listener.results.length
            listener.stream?.stop()
          }
        },
      ),
      { numRuns: 40 },
    )
    expect(told).toBeGreaterThan(80)
  }, 180_000)
})

/** Not a wait for something to happen: the end of waiting for what should have. */
const timeLimit = () => new Promise<void>((resolve) => setTimeout(resolve, 3_000).unref())
