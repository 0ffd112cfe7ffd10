import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Plan, seededPlan } from '../../../src/embedded/replayer/plan.ts'
import { trainer } from '../../../src/embedded/replayer/platform/trainer.ts'
import { trainingDesk } from '../../../src/embedded/replayer/platform/training-desk.ts'
import { cloneDatabases, type TestDatabases } from '../../support/databases.ts'
import { playWriter } from './stage.ts'

let databases: TestDatabases
let client: Client

beforeAll(async () => {
  databases = await cloneDatabases()
  client = await databases.client('platform')
})
afterAll(() => databases[Symbol.asyncDispose]())

const rowsOf = async (sql: string, ...values: unknown[]) => (await client.query(sql, values)).rows

/** A job as a person asks for one. */
async function ask(columns: Readonly<Record<string, unknown>> = {}): Promise<number> {
  const values = {
    observability_backends: 'database',
    framework: 'timm',
    model_name: 'resnet50',
    task_type: 'image_classification',
    dataset_format: 'imagefolder',
    output_dir: '/data/outputs',
    epochs: 10,
    batch_size: 16,
    learning_rate: 0.001,
    status: 'pending',
    ...columns,
  }
  const names = Object.keys(values)
  const [row] = await rowsOf(
    `INSERT INTO training_jobs (${names}) VALUES (${names.map((_, index) => `$${index + 1}`)}) RETURNING id`,
    ...Object.values(values),
  )
  return row.id
}

const jobOf = async (id: number) => (await rowsOf('SELECT * FROM training_jobs WHERE id = $1', id))[0]
const epochsOf = async (id: number): Promise<number[]> =>
  (await rowsOf('SELECT epoch FROM metrics WHERE job_id = $1 ORDER BY id', id)).map(({ epoch }) => epoch)
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

/** The seeded plan, but for how its trainings end. */
const endingWith = (failure?: ReturnType<Plan['training']>['pace']['failure']): Plan => ({
  ...seededPlan,
  training: (number) => ({
    ...seededPlan.training(number),
    pace: { waitSeconds: 1, epochSeconds: 2, ...(failure && { failure }) },
  }),
})

describe('a trainer', () => {
  test('takes a job that waits through its epochs to its end', async () => {
    const id = await ask({ workflow_id: 'replay-1' })
    const writer = playWriter(trainer, { client, plan: endingWith() })
    const seen = new Set<string>()
    await writer.playUntil(async () => {
      const { status } = await jobOf(id)
      seen.add(status)
      return status !== 'pending' && status !== 'running'
    })
    expect([...seen]).toEqual(['pending', 'running', 'completed'])
    expect(await epochsOf(id)).toEqual(numbers(10))
    const job = await jobOf(id)
    expect(job).toMatchObject({ error_message: null, process_id: expect.any(Number) })
    expect(job.final_accuracy).toBeGreaterThan(0.5)
    expect(job.completed_at.getTime()).toBeGreaterThan(job.started_at.getTime())
    const lines = await rowsOf('SELECT content FROM logs WHERE job_id = $1 ORDER BY id', id)
    expect(lines[0].content).toContain('resnet50')
    expect(lines.at(-1).content).toBe('[INFO] Training finished, exit code 0')
  })

  test('tells of a failure at once, and of a loss that was lost', async () => {
    const id = await ask({ workflow_id: 'replay-1' })
    const writer = playWriter(trainer, { client, plan: endingWith({ epoch: 5, cause: 'diverged' }) })
    await writer.playUntil(async () => (await jobOf(id)).status === 'failed')
    expect(await epochsOf(id)).toEqual(numbers(4))
    expect(await jobOf(id)).toMatchObject({
      final_accuracy: Number.NaN,
      error_message: 'Training diverged: stopped in epoch 5, the loss was not finite',
    })
    const [{ loss }] = await rowsOf('SELECT loss FROM metrics WHERE job_id = $1 AND epoch = 4', id)
    expect(Number.isFinite(loss)).toBe(false)
    const [line] = await rowsOf('SELECT log_type FROM logs WHERE job_id = $1 ORDER BY id DESC LIMIT 1', id)
    expect(line.log_type).toBe('ERROR')
  })

  test.each(['cancelled', 'stopped'])('leaves a job that a person has %s', async (status) => {
    const id = await ask()
    const writer = playWriter(trainer, { client })
    await writer.playUntil(async () => (await epochsOf(id)).length === 1)
    await rowsOf('UPDATE training_jobs SET status = $2 WHERE id = $1', id, status)
    const before = await rowsOf('SELECT count(*) FROM logs WHERE job_id = $1', id)
    await writer.play(120)
    expect(await epochsOf(id)).toEqual([1])
    expect(await rowsOf('SELECT count(*) FROM logs WHERE job_id = $1', id)).toEqual(before)
    expect(await jobOf(id)).toMatchObject({ status })
  })

  test('begins again with a job that a person has restarted', async () => {
    const id = await ask({ workflow_id: 'replay-1' })
    const writer = playWriter(trainer, { client, plan: endingWith() })
    await writer.playUntil(async () => (await epochsOf(id)).length === 3)
    await rowsOf("UPDATE training_jobs SET status = 'cancelled' WHERE id = $1", id)
    await rowsOf("UPDATE training_jobs SET status = 'pending', started_at = NULL WHERE id = $1", id)
    await rowsOf('DELETE FROM metrics WHERE job_id = $1', id)
    await writer.playUntil(async () => (await jobOf(id)).status === 'completed')
    expect(await epochsOf(id)).toEqual(numbers(10))
  })

  test('goes on where it was when its process ended', async () => {
    const id = await ask({ workflow_id: 'replay-1' })
    const writer = playWriter(trainer, { client, plan: endingWith() })
    await writer.playUntil(async () => (await epochsOf(id)).length === 4)
    writer.beginAnew()
    await writer.playUntil(async () => (await jobOf(id)).status === 'completed')
    expect(await epochsOf(id)).toEqual(numbers(10))
  })

  test('validates an epoch once, however often it is trained', async () => {
    const ids: number[] = []
    for (const _ of numbers(6)) ids.push(await ask({ workflow_id: 'replay-1', epochs: 3 }))
    const writer = playWriter(trainer, { client, plan: endingWith() })
    const done = async () => {
      const open = await rowsOf(
        "SELECT FROM training_jobs WHERE id = ANY($1) AND status IN ('pending', 'running')",
        ids,
      )
      return open.length === 0
    }
    await writer.playUntil(done)
    await rowsOf("UPDATE training_jobs SET status = 'pending' WHERE id = ANY($1)", ids)
    await writer.playUntil(done)
    const results = await rowsOf(
      'SELECT job_id, epoch, count(*)::int AS count FROM validation_results WHERE job_id = ANY($1) GROUP BY 1, 2',
      ids,
    )
    expect(results.length).toBeGreaterThanOrEqual(3)
    expect(new Set(results.map(({ count }) => count))).toEqual(new Set([1]))
  })

  test('rotates its log: the oldest 1,900 lines stay', async () => {
    const id = await ask({ workflow_id: 'replay-1', status: 'running' })
    await rowsOf(
      `INSERT INTO logs (job_id, log_type, content) SELECT $1, 'stdout', n::text FROM generate_series(1, 1999) n`,
      id,
    )
    const writer = playWriter(trainer, { client, plan: endingWith() })
    await writer.playUntil(async () => (await jobOf(id)).status === 'completed')
    const lines = await rowsOf('SELECT content FROM logs WHERE job_id = $1 ORDER BY id', id)
    expect(lines.length).toBeLessThan(2000)
    expect(lines.slice(0, 1900).map(({ content }) => content)).toEqual(numbers(1900).map(String))
  })
})

describe('the training desk', () => {
  test('keeps something alive, asks for the same on every run, and clears away what it asked for itself', async () => {
    await using others = await cloneDatabases({ seeded: true })
    const platform = await others.client('platform')
    const seeded = (await platform.query('SELECT count(*)::int AS count FROM training_jobs')).rows[0].count
    const desk = playWriter(trainingDesk, { client: platform })
    await desk.play(40)
    const own = "FROM training_jobs WHERE workflow_id LIKE 'replay-%'"
    const asked = await platform.query(`SELECT * ${own} ORDER BY id`)
    expect(asked.rows.map(({ workflow_id }) => workflow_id)).toEqual(numbers(20).map((n) => `replay-${n}`))
    expect(asked.rows.filter(({ project_id }) => project_id !== null).length).toBeGreaterThan(10)
    const planned = numbers(20).map((number) => seededPlan.training(number))
    expect(asked.rows.map(({ model_name }) => model_name)).toEqual(planned.map(({ model }) => model))

    for (const _ of numbers(13)) {
      await platform.query(`UPDATE training_jobs SET status = 'completed' WHERE id IN (SELECT id ${own})`)
      desk.beginAnew()
      await desk.play(21)
    }
    const { rows } = await platform.query(`SELECT count(*)::int AS count ${own}`)
    expect(rows[0].count).toBeGreaterThanOrEqual(200)
    expect(rows[0].count).toBeLessThanOrEqual(221)
    const all = await platform.query('SELECT count(*)::int AS count FROM training_jobs')
    expect(all.rows[0].count).toBe(seeded + rows[0].count)
  })
})
