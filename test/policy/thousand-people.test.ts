import { afterAll, beforeAll, expect, it } from 'vitest'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { openGraph, type TestGraph, user } from '../support/graph.ts'

const people = 1000
/** A person is a member of the projects of these distances from their own number. */
const memberships = [0, 7, 131]

let databases: TestDatabases
let graph: TestGraph

beforeAll(async () => {
  databases = await cloneDatabases()
  const [platform, users] = await Promise.all([databases.client('platform'), databases.client('users')])
  await platform.query(`
    INSERT INTO public.projects (id, name) SELECT i, 'project ' || i FROM generate_series(0, ${people - 1}) i;
    INSERT INTO public.training_jobs (id, project_id, observability_backends, framework, model_name, task_type,
        dataset_format, output_dir, epochs, batch_size, learning_rate, status)
      SELECT i, i % ${people}, 'mlflow', 'timm', 'm', 't', 'coco', 'o', 10, 8, 0.1, 'running'
      FROM generate_series(0, ${2 * people - 1}) i;
    ANALYZE`)
  await users.query(`
    INSERT INTO public.users (id, email, system_role, is_active, created_at, updated_at)
      SELECT i, i || '@x.io', 'guest', true, now(), now() FROM generate_series(1, ${people}) i;
    INSERT INTO public.project_members (project_id, user_id, role, joined_at)
      SELECT (i + distance) % ${people}, i, 'member', now()
      FROM generate_series(1, ${people}) i, unnest('{${memberships}}'::int[]) distance;
    ANALYZE`)
  graph = await openGraph(databases.urls)
})

afterAll(async () => {
  await graph[Symbol.asyncDispose]()
  await databases[Symbol.asyncDispose]()
})

interface Jobs {
  readonly trainingJobs: { readonly totalCount: number; readonly nodes: { readonly databaseId: number }[] }
}

const document = '{ trainingJobs(first: 20) { totalCount nodes { databaseId project { name } } } }'

/** What a person is shown, and the statements that it took. */
async function askAs(id: number) {
  const viewer = await graph.viewer(user({ id }))
  const { data, errors, statements } = await graph.ask<Jobs>(viewer, document)
  expect(errors).toBeUndefined()
  return { jobs: (data as Jobs).trainingJobs, statements }
}

it('a thousand people of a thousand different memberships see each their own, in as many statements as one', async () => {
  const ids = Array.from({ length: people }, (_, index) => index + 1)
  const told = new Set<string>()
  const next = ids.values()
  // Eight clients at once, as a pool of connections has it.
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (const id of next) {
        const { jobs, statements } = await askAs(id)
        const own = memberships.map((distance) => (id + distance) % people)
        const expected = own.flatMap((project) => [project, project + people])
        expect(jobs.nodes.map(({ databaseId }) => databaseId).toSorted((a, b) => a - b)).toEqual(
          expected.toSorted((a, b) => a - b),
        )
        expect(jobs.totalCount).toBe(expected.length)
        told.add(JSON.stringify(statements))
      }
    }),
  )
  // Keys, rows, count; who belongs to what is known by then.
  expect([...told]).toEqual([JSON.stringify({ platform: 3 })])
}, 120_000)
