import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Viewer } from '../../src/auth/viewer.ts'
import { runInRequest } from '../../src/database/request-scope.ts'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { openGraph, type TestGraph, user } from '../support/graph.ts'

let databases: TestDatabases
let graph: TestGraph

/** A member of 1,000 projects of 1,100, and of one alone. */
const memberOfMany = user({ id: 1, role: 'standard_engineer' })
const memberOfOne = user({ id: 2, role: 'standard_engineer' })
const admin = user({ id: 3, role: 'admin' })

const platformRows = `
  INSERT INTO public.projects (id, name, user_id)
    SELECT i, 'project ' || i, CASE WHEN i > 50 THEN 4 ELSE 100 + 3 * i END FROM generate_series(1, 1100) i;
  INSERT INTO public.training_jobs (id, project_id, observability_backends, framework, model_name, task_type,
      dataset_format, output_dir, epochs, batch_size, learning_rate, status)
    SELECT i, 1 + i % 1100, 'mlflow', 'timm', 'm', 't', 'coco', 'o', 10, 8, 0.1, 'running' FROM generate_series(1, 4400) i;
  INSERT INTO public.metrics (job_id, epoch) SELECT job, epoch FROM generate_series(1, 4400) job, generate_series(1, 20) epoch;
  INSERT INTO public.logs (job_id, log_type, content) SELECT job, 'INFO', 'c' FROM generate_series(1, 4400) job, generate_series(1, 20);
  ANALYZE`
const usersRows = `
  INSERT INTO public.users (id, email, system_role, is_active, created_at, updated_at)
    SELECT i, i || '@x.io', 'guest', true, now(), now() FROM generate_series(1, 500) i;
  INSERT INTO public.project_members (project_id, user_id, role, joined_at)
    SELECT i, 1, 'member', now() FROM generate_series(101, 1100) i;
  INSERT INTO public.project_members (project_id, user_id, role, joined_at)
    SELECT 550, i, 'member', now() FROM generate_series(2, 20) i;
  INSERT INTO public.project_members (project_id, user_id, role, joined_at)
    SELECT project, i, 'member', now() FROM generate_series(101, 300) i, generate_series(i, i * 3, 50) project;
  ANALYZE`

beforeAll(async () => {
  databases = await cloneDatabases()
  const [platform, users] = await Promise.all([databases.client('platform'), databases.client('users')])
  await Promise.all([platform.query(platformRows), users.query(usersRows)])
  graph = await openGraph(databases.urls)
})

afterEach(() => {
  vi.restoreAllMocks()
})

afterAll(async () => {
  await graph[Symbol.asyncDispose]()
  await databases[Symbol.asyncDispose]()
})

const documents = [
  '{ trainingJobs { totalCount nodes { databaseId project { name owner { fullName } } metrics(first: 2) { nodes { loss } } } } }',
  '{ trainingMetrics { nodes { databaseId job { databaseId project { name } } } } }',
  '{ projects { nodes { name members { totalCount nodes { user { email } } } experiments { totalCount } } } }',
  '{ users(orderBy: { field: DATABASE_ID, direction: ASC }) { totalCount nodes { fullName email memberships { nodes { role project { name } } } } } }',
  '{ trainingJob(databaseId: 548) { databaseId logs { nodes { content } } } project(databaseId: 549) { name } }',
]

describe('a request', () => {
  it('of a member of 1,000 projects takes the statements of an administrator’s', async () => {
    const [many, all] = await Promise.all([graph.viewer(memberOfMany), graph.viewer(admin)])
    expect(many.scope.keys('projects').length).toBe(1000)
    for (const document of documents) {
      const [asMember, asAdmin] = [await graph.ask(many, document), await graph.ask(all, document)]
      expect(asMember.errors ?? asAdmin.errors).toBeUndefined()
      expect(asMember.statements, document).toEqual(asAdmin.statements)
    }
  })

  it('reads a person’s scope once: three statements, then none', async () => {
    graph.scopes.drop()
    const statements = countStatements()
    await Promise.all([graph.viewer(memberOfMany), graph.viewer(memberOfMany)])
    await graph.viewer(memberOfMany)
    expect(statements()).toEqual({ users: 2, platform: 1 })
  })
})

describe('200 people of different memberships', () => {
  const ids = Array.from({ length: 200 }, (_, index) => 101 + index)
  const scopeOf = async (id: number) => {
    const { keys } = await graph.scopes.scopeOf(id)
    const sets = (['memberProjects', 'projects', 'people'] as const).map(keys)
    return sets.map((set) => [...set].sort((left, right) => left - right))
  }

  it('who come at once cost three statements, and each belongs to what one belongs to who comes alone', async () => {
    graph.scopes.drop()
    const statements = countStatements()
    const together = await Promise.all(ids.map(scopeOf))
    expect(statements()).toEqual({ users: 2, platform: 1 })
    expect(new Set(together.map(String)).size).toBeGreaterThan(190)
    graph.scopes.drop()
    for (const [index, id] of ids.entries()) expect(await scopeOf(id)).toEqual(together[index])
  })

  it('are not kept from their scopes by one of them who goes away', async () => {
    graph.scopes.drop()
    const gone = new AbortController()
    const scope = { id: 'a request', signal: gone.signal, statements: new Map() }
    const [first, second] = [runInRequest(scope, () => scopeOf(101)), scopeOf(101)]
    gone.abort(new Error('The client is gone.'))
    expect(await second).toEqual(await first)
  })
})

/** Counts the statements that are sent from now on, by source. */
function countStatements(): () => Record<string, number> {
  const spies = (['users', 'platform'] as const).map(
    (name) => [name, vi.spyOn(graph.source(name).pool, 'query')] as const,
  )
  return () => Object.fromEntries(spies.map(([name, spy]) => [name, spy.mock.calls.length]))
}

interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly Plans?: readonly Plan[]
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]

/** The tables that a document's statements read from end to end, as Postgres plans them. */
async function scanned(viewer: Viewer, document: string): Promise<string[]> {
  const { pool } = graph.source('platform')
  const sent: { text: string; values: unknown[] }[] = []
  const query = pool.query.bind(pool) as (...given: unknown[]) => unknown
  pool.query = ((...given: unknown[]) => {
    sent.push(given[0] as (typeof sent)[number])
    return query(...given)
  }) as typeof pool.query
  try {
    expect((await graph.ask(viewer, document)).errors).toBeUndefined()
  } finally {
    Reflect.deleteProperty(pool, 'query')
  }
  expect(sent.length).toBeGreaterThan(1)
  const client = await databases.client('platform')
  await client.query("SET search_path = 'public'")
  const tables: string[] = []
  for (const { text, values } of sent) {
    const { rows } = await client.query({ text: `EXPLAIN (FORMAT JSON) ${text}`, values })
    for (const node of nodesOf(rows[0]['QUERY PLAN'][0].Plan))
      if (node['Node Type'] === 'Seq Scan') tables.push(node['Relation Name'] as string)
  }
  return tables
}

describe('a first page', () => {
  it.each([
    '{ trainingJobs { nodes { databaseId } } }',
    '{ trainingMetrics { nodes { databaseId } } }',
    '{ trainingLogs { nodes { databaseId } } }',
    '{ trainingJobs { nodes { metrics(first: 3) { nodes { databaseId } } logs(first: 3) { nodes { databaseId } } } } }',
  ])('of a member goes by indexes: %s', async (document) => {
    for (const who of [memberOfMany, memberOfOne]) {
      const tables = await scanned(await graph.viewer(who), document)
      expect(tables.filter((table) => ['training_jobs', 'metrics', 'logs'].includes(table))).toEqual([])
    }
  })
})
