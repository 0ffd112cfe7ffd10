import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { slurmService } from '../../../src/embedded/replayer/inference/slurm-service.ts'
import { type Plan, seededPlan } from '../../../src/embedded/replayer/plan.ts'
import { cloneDatabases, type TestDatabases } from '../../support/databases.ts'
import { playWriter } from './stage.ts'

let databases: TestDatabases
let client: Client

beforeAll(async () => {
  databases = await cloneDatabases()
  client = await databases.client('inference')
})
afterAll(() => databases[Symbol.asyncDispose]())

const rowsOf = async (sql: string, ...values: unknown[]) => (await client.query(sql, values)).rows
const counts = async () =>
  Object.fromEntries(
    (await rowsOf('SELECT job_type, status, count(*)::int FROM jobs GROUP BY 1, 2')).map(
      ({ job_type, status, count }) => [`${job_type} ${status}`, count],
    ),
  )

/** Every job waits a little over 3 s and runs so long. */
const running = (runSeconds: number, fails = false): Plan => ({
  ...seededPlan,
  submission: () => ({ waitSeconds: 3.2, runSeconds, fails }),
  prediction: () => ({ waitSeconds: 3.2, runSeconds, fails }),
})

describe('the slurm service', () => {
  test('leaves what ran between two polls pending for ever', async () => {
    const writer = playWriter(slurmService, { client, plan: running(0.5) })
    await writer.play(30)
    expect(await counts()).toEqual({ 'TRAINING PENDING': expect.any(Number) })
    await rowsOf('DELETE FROM training')
    await rowsOf('DELETE FROM jobs')
  })

  test('fails a training in its job alone, a prediction in both rows', async () => {
    await playWriter(slurmService, { client, plan: running(20) }).play(60)
    const models = (await rowsOf('SELECT count(*)::int AS count FROM model'))[0].count
    const writer = playWriter(slurmService, { client, plan: running(10, true) })
    await writer.playUntil(async () => (await counts())['INFERENCE FAILED'] > 0)
    await writer.playUntil(async () => (await counts())['TRAINING FAILED'] > 0)
    const trainings = await rowsOf(
      "SELECT DISTINCT t.status FROM training t JOIN jobs j ON j.id = t.job_id WHERE j.status = 'FAILED'",
    )
    expect(trainings).toEqual([{ status: 'TRAINING' }])
    const predictions = await rowsOf(
      `SELECT i.status, i.error_message = j.error_message AS copied FROM inference i JOIN jobs j ON j.id = i.job_id
       WHERE j.status = 'FAILED'`,
    )
    for (const row of predictions) expect(row).toEqual({ status: 'FAILED', copied: true })
    expect((await rowsOf('SELECT count(*)::int AS count FROM model'))[0].count).toBeGreaterThanOrEqual(models)
  })

  test('completes a training, its model and its job at once, and moves rows at its polls alone', async () => {
    const writer = playWriter(slurmService, { client, plan: running(20) })
    await writer.play(300)
    const incomplete = await rowsOf(
      `SELECT j.id FROM jobs j JOIN training t ON t.job_id = j.id LEFT JOIN model m ON m.training_id = t.id
       WHERE (j.status = 'COMPLETED') <> (t.status = 'TRAINED' AND m.id IS NOT NULL AND t.progress = 100)`,
    )
    expect(incomplete).toEqual([])
    const { 'TRAINING COMPLETED': trained = 0, 'INFERENCE COMPLETED': predicted = 0 } = await counts()
    expect(trained).toBeGreaterThan(20)
    expect(predicted).toBeGreaterThan(20)
    const alive = await rowsOf(
      "SELECT count(*)::int AS count FROM jobs WHERE status IN ('PENDING', 'RUNNING')",
    )
    expect(alive[0].count).toBeGreaterThanOrEqual(8)
  })

  test('takes over what waits when it begins, and numbers its submissions on', async () => {
    const last = async () =>
      (await rowsOf("SELECT max(substring(sbatch_content FROM 'replay-(\\d+)')::int) AS number FROM jobs"))[0]
        .number
    const before = await last()
    const open = await rowsOf("SELECT id FROM jobs WHERE status = 'RUNNING'")
    expect(open.length).toBeGreaterThan(0)
    const writer = playWriter(slurmService, { client, plan: running(20) })
    await writer.playUntil(async () => {
      const [row] = await rowsOf(
        "SELECT count(*)::int AS count FROM jobs WHERE id = ANY($1) AND status = 'RUNNING'",
        open.map(({ id }) => id),
      )
      return row.count === 0
    })
    await writer.play(60)
    expect(await last()).toBeGreaterThan(before)
    const twice = await rowsOf('SELECT job_type, sbatch_content FROM jobs GROUP BY 1, 2 HAVING count(*) > 1')
    expect(twice).toEqual([])
  })

  test('clears away its oldest past some hundreds, and nothing of anybody else', async () => {
    await rowsOf(
      `INSERT INTO jobs (id, sbatch_id, fold_index, job_type, status)
       VALUES ('someone-s', '7', 0, 'TRAINING', 'COMPLETED')`,
    )
    await rowsOf(
      `INSERT INTO jobs (id, sbatch_id, fold_index, job_type, status, sbatch_content)
       SELECT 'old-' || n, n::text, 0, 'TRAINING', 'FAILED', '#SBATCH --comment=replay-1' FROM generate_series(1, 600) n`,
    )
    const writer = playWriter(slurmService, { client, plan: running(20) })
    await writer.play(300)
    const left = await rowsOf('SELECT id FROM jobs')
    expect(left.length).toBeLessThan(600)
    expect(left).toContainEqual({ id: 'someone-s' })
  })
})
