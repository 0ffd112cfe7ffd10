import { createHmac } from 'node:crypto'
import { Client } from 'pg'
import type { DevelopmentDatabases } from '../../src/embedded/development-databases.ts'

/** The key of the tokens that the clients come with. */
export const jwtSecret = 'a secret of the benchmarks, and of nobody else'

/** A job, and the only person beside administrators who may see it. */
export interface WatchedJob {
  readonly id: number
  readonly authorization: string
}

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token as the platform's own backend makes them. */
function tokenFor(userId: number, email: string): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = { sub: String(userId), email, role: 'guest', type: 'access', iat: now, exp: now + 8 * 3600 }
  const signed = `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url(claims)}`
  return `${signed}.${createHmac('sha256', jwtSecret).update(signed).digest('base64url')}`
}

async function idsOf(url: string, statement: string, values: readonly unknown[]): Promise<number[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ id: number }>(statement, [...values])
    return rows.map(({ id }) => id)
  } finally {
    await client.end()
  }
}

/** Makes running jobs, each in a project of its own with an owner of its own. */
export async function makeJobs(urls: DevelopmentDatabases['urls'], count: number): Promise<WatchedJob[]> {
  const owners = await idsOf(
    urls.users,
    `INSERT INTO users (email, full_name, system_role, is_active, created_at, updated_at)
     SELECT format('watcher%s@bench.test', n), format('Watcher %s', n), 'guest', true, now(), now()
     FROM generate_series(1, $1::int) n RETURNING id`,
    [count],
  )
  const projects = await idsOf(
    urls.platform,
    `INSERT INTO projects (name, user_id, created_at, updated_at)
     SELECT format('Bench %s', owner), owner, now(), now() FROM unnest($1::int[]) owner RETURNING id`,
    [owners],
  )
  const jobs = await idsOf(
    urls.platform,
    `INSERT INTO training_jobs (project_id, created_by, observability_backends, framework, model_name, task_type,
       dataset_format, output_dir, epochs, batch_size, learning_rate, status, created_at, started_at)
     SELECT project, owner, 'database', 'ultralytics', 'yolo11n', 'object_detection', 'yolo', '/outputs', 100, 16, 0.01,
       'running', now(), now()
     FROM unnest($1::int[], $2::int[]) AS row (project, owner) RETURNING id`,
    [projects, owners],
  )
  return jobs.map((id, index) => {
    const owner = owners[index] as number
    return { id, authorization: `Bearer ${tokenFor(owner, `watcher${index + 1}@bench.test`)}` }
  })
}
