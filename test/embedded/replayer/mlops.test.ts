import type { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mlopsPipeline } from '../../../src/embedded/replayer/mlops/pipeline.ts'
import { cloneDatabases, type TestDatabases } from '../../support/databases.ts'
import { playWriter } from './stage.ts'

let databases: TestDatabases
let client: Client
beforeAll(async () => {
  databases = await cloneDatabases({ seeded: true })
  client = await databases.client('mlops')
})
afterAll(() => databases[Symbol.asyncDispose]())

const rowsOf = async (sql: string) => (await client.query(sql)).rows
const countOf = async (from: string): Promise<number> =>
  (await rowsOf(`SELECT count(*)::int AS n FROM ${from}`))[0].n

test('measures, trains and decides; one version is in production at any time', async () => {
  const before = {
    versions: await countOf('model_versions'),
    decisions: await countOf('retraining_decisions'),
    metrics: await countOf('monitoring_metrics'),
  }
  const writer = playWriter(mlopsPipeline, { client })
  const promotions = new Set<number>()
  for (let minute = 0; minute < 16; minute++) {
    await writer.play(60)
    const serving = await rowsOf("SELECT id FROM model_versions WHERE status = 'production'")
    expect(serving).toHaveLength(1)
    promotions.add(serving[0].id)
  }
  expect(promotions.size).toBeGreaterThan(1)
  const trained = (await countOf('model_versions')) - before.versions
  expect(trained).toBeGreaterThan(13)
  const decided = (await countOf('retraining_decisions')) - before.decisions
  expect(decided).toBeGreaterThanOrEqual(trained - 1)
  expect(await countOf('monitoring_metrics')).toBeGreaterThan(before.metrics + 16 * 12 * 6)
  const wrong = await rowsOf(`SELECT d.action, m.status FROM retraining_decisions d
    JOIN model_versions m ON m.mlflow_run_id = d.candidate_mlflow_run_id
    WHERE d.candidate_mlflow_run_id LIKE 'feed0000%' AND (d.action = 'promote') <> (m.promoted_at IS NOT NULL)`)
  expect(wrong).toEqual([])
})

test('leaves a candidate to whom has decided on it first, and goes on when it is begun anew', async () => {
  const writer = playWriter(mlopsPipeline, { client })
  const staging = "model_versions WHERE status = 'staging' AND mlflow_run_id LIKE 'feed0000%'"
  await writer.playUntil(async () => (await countOf(staging)) === 1)
  writer.beginAnew()
  await client.query(`UPDATE model_versions SET status = 'archived' WHERE id IN (SELECT id FROM ${staging})`)
  const decisions = await countOf('retraining_decisions')
  await writer.play(40)
  expect(await countOf('retraining_decisions')).toBe(decisions)
})

test('clears away its own past a hundred versions, and nobody else’s', async () => {
  await client.query(`INSERT INTO model_versions (mlflow_run_id, model_version, status)
    SELECT 'feed0000' || n, '1', 'archived' FROM generate_series(1, 150) n`)
  const others = "model_versions WHERE mlflow_run_id NOT LIKE 'feed0000%'"
  const kept = await countOf(others)
  const writer = playWriter(mlopsPipeline, { client })
  await writer.play(120)
  expect(await countOf("model_versions WHERE mlflow_run_id LIKE 'feed0000%'")).toBeLessThanOrEqual(105)
  expect(await countOf(others)).toBe(kept)
})
