import type { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkpointWorker } from '../../../src/embedded/replayer/platform/checkpoint-worker.ts'
import { cloneDatabases, type TestDatabases } from '../../support/databases.ts'
import { playWriter } from './stage.ts'

let databases: TestDatabases
let client: Client

beforeAll(async () => {
  databases = await cloneDatabases()
  client = await databases.client('platform')
  await client.query(
    `INSERT INTO training_jobs (observability_backends, framework, model_name, task_type, dataset_format, output_dir,
       epochs, batch_size, learning_rate, status, workflow_id)
     SELECT 'database', 'timm', 'resnet50', 'image_classification', 'imagefolder', '/data', 3, 8, 0.1, 'completed',
       'replay-' || n FROM generate_series(1, 30) n`,
  )
})
afterAll(() => databases[Symbol.asyncDispose]())

const rowsOf = async (sql: string) => (await client.query(sql)).rows

test('takes up the export that a person asked for', async () => {
  const [{ id }] = await rowsOf(
    `INSERT INTO export_jobs (training_job_id, export_format, checkpoint_path, version, is_default, framework, task_type,
       model_name, status, created_at)
     SELECT min(id), 'ONNX', 'best.pt', 3, false, 'timm', 'image_classification', 'resnet50', 'PENDING', now()
     FROM training_jobs RETURNING id`,
  )
  const seen = new Set<string>()
  await playWriter(checkpointWorker, { client }).playUntil(async () => {
    const [{ status }] = await rowsOf(`SELECT status FROM export_jobs WHERE id = ${id}`)
    seen.add(status)
    return status === 'COMPLETED' || status === 'FAILED'
  })
  expect([...seen].slice(0, -1)).toEqual(['RUNNING'])
})

test('makes exports, tests and predictions of trainings that ended well, one of each', async () => {
  await playWriter(checkpointWorker, { client }).play(1800)
  for (const table of ['export_jobs', 'test_runs', 'inference_jobs']) {
    const rows = await rowsOf(`SELECT lower(status::text) AS status, training_job_id AS job FROM ${table}`)
    expect(rows.length).toBeGreaterThan(20)
    expect(rows.filter(({ status }) => status === 'completed').length).toBeGreaterThan(15)
    expect(new Set(rows.map(({ job }) => job)).size).toBe(rows.length)
    const untimely = await rowsOf(
      `SELECT id FROM ${table} WHERE lower(status::text) IN ('completed', 'failed') AND completed_at IS NULL OR started_at < created_at`,
    )
    expect(untimely).toEqual([])
  }
  const [{ count }] = await rowsOf(
    "SELECT count(*)::int FROM test_runs WHERE status = 'completed' AND (metrics IS NULL OR confusion_matrix IS NULL)",
  )
  expect(count).toBe(0)
})
