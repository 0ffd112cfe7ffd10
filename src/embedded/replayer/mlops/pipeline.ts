/*
 * Airflow's MLOps jobs: the monitoring job measures the model in service, now and then the pipeline trains a candidate,
 * and some time later the evaluation gate decides about it: promoted, it goes into production and the one before is
 * archived, in one transaction; rejected, it is archived at once.
 */
import type { Client } from 'pg'
import { round } from '../../seed/course.ts'
import { evaluate, type Scores } from '../../seed/gates.ts'
import { monitored } from '../../seed/mlops.ts'
import { Random } from '../../seed/random.ts'
import { inTransaction } from '../in-transaction.ts'
import { insertRow } from '../insert-row.ts'
import type { Writer } from '../writer.ts'

/** Played seconds between two candidates, and until one is decided on; the original's are a week and some minutes. */
const candidateSeconds = 60
const decisionSeconds = 15
const versionsKept = 100
const measurementsKept = 5_000

/** How the runs that are played begin, and what is noted beside played measurements: others are never cleared away. */
const runPrefix = 'feed0000'
const noted = { source: 'replay' }

interface Version {
  readonly id: number
  readonly mlflow_run_id: string
  readonly f1_score: number | null
  readonly brier_score: number | null
  readonly promoted_at: Date | null
}

export const mlopsPipeline: Writer = {
  name: 'mlops pipeline',
  source: 'mlops',
  rhythm: 5,
  begin: ({ client, clock }) => {
    let trained = clock()
    /** When the candidates were first seen. */
    const seen = new Map<number, number>()
    return async () => {
      await measure(client, new Random(`measurement ${crypto.randomUUID()}`))
      if (clock() - trained >= candidateSeconds) {
        trained = clock()
        await train(client)
        await clearAway(client)
      }
      for (const candidate of await candidates(client)) {
        const since = seen.get(candidate.id) ?? clock()
        seen.set(candidate.id, since)
        if (clock() - since < decisionSeconds) continue
        await decide(client, candidate)
        seen.delete(candidate.id)
      }
    }
  },
}

/** What one run of the monitoring job writes, in one statement. */
async function measure(client: Client, random: Random): Promise<void> {
  const measured = Object.entries(monitored).flatMap(([type, names]) =>
    Object.entries(names).map(([name, [usual, sway]]) => ({
      type,
      name,
      value: round(Math.max(0, usual + sway * random.normal()), 5),
    })),
  )
  await client.query(
    `INSERT INTO monitoring_metrics (timestamp, metric_type, metric_name, metric_value, metadata, created_at)
     SELECT now() AT TIME ZONE 'UTC', type, name, value, $2, clock_timestamp() AT TIME ZONE 'UTC'
     FROM json_to_recordset($1) AS m (type text, name text, value float8)`,
    [JSON.stringify(measured), JSON.stringify(noted)],
  )
}

async function serving(client: Client): Promise<Version | undefined> {
  const { rows } = await client.query<Version>(
    `SELECT id, mlflow_run_id, f1_score, brier_score, promoted_at FROM model_versions WHERE status = 'production'
     ORDER BY promoted_at DESC NULLS LAST, id DESC LIMIT 1 FOR UPDATE`,
  )
  return rows[0]
}

/** Newest first: what somebody has left in staging long ago is not decided on anew. */
async function candidates(client: Client): Promise<Version[]> {
  const { rows } = await client.query<Version>(
    `SELECT id, mlflow_run_id, f1_score, brier_score, promoted_at FROM model_versions m
     WHERE status = 'staging' AND mlflow_run_id LIKE '${runPrefix}%' ORDER BY id DESC LIMIT 5`,
  )
  return rows
}

async function train(client: Client): Promise<void> {
  const { rows } = await client.query('SELECT coalesce(max(id), 0)::int + 1 AS next FROM model_versions')
  const random = new Random(`candidate ${rows[0]?.next}`)
  const now = await serving(client)
  // Better now and then, and never so good that none could be better.
  const f1 = Math.min(0.97, Math.max(0.5, (now?.f1_score ?? 0.7) + random.between(-0.03, 0.035)))
  await insertRow(
    client,
    'model_versions',
    {
      mlflow_run_id: `${runPrefix}${crypto.randomUUID().replaceAll('-', '').slice(0, 24)}`,
      model_version: `${10 + Math.floor(rows[0]?.next / 10)}.${rows[0]?.next % 10}.0`,
      status: 'staging',
      f1_score: round(f1 > 0.96 ? 0.6 : f1, 4),
      brier_score: round(0.32 - f1 / 5 + 0.006 * random.normal(), 4),
    },
    ['created_at'],
  )
}

const scoresOf = ({ f1_score, brier_score }: Version): Scores => ({
  f1: f1_score ?? 0,
  brier: brier_score ?? 1,
})

function decide(client: Client, candidate: Version): Promise<void> {
  return inTransaction(client, async () => {
    const now = await serving(client)
    const { action, gate_results, reasoning } = evaluate({
      candidate: scoresOf(candidate),
      serving: now && scoresOf(now),
      // A week passes here in a minute.
      daysSincePromotion: 8,
      random: new Random(`decision ${candidate.id}`),
    })
    const status = action === 'promote' ? 'production' : 'archived'
    const { rowCount } = await client.query(
      `UPDATE model_versions SET status = $2::varchar,
         promoted_at = CASE WHEN $2::varchar = 'production' THEN now() AT TIME ZONE 'UTC' END
       WHERE id = $1 AND status = 'staging'`,
      [candidate.id, status],
    )
    if (rowCount !== 1) return
    if (action === 'promote' && now)
      await client.query("UPDATE model_versions SET status = 'archived' WHERE id = $1", [now.id])
    await insertRow(
      client,
      'retraining_decisions',
      { action, candidate_mlflow_run_id: candidate.mlflow_run_id, gate_results, reasoning },
      ['decision_timestamp', 'created_at'],
    )
  })
}

async function clearAway(client: Client): Promise<void> {
  const { rows } = await client.query<{ mlflow_run_id: string }>(
    `DELETE FROM model_versions WHERE id IN (
       SELECT id FROM model_versions WHERE mlflow_run_id LIKE '${runPrefix}%' AND status = 'archived'
       ORDER BY id DESC OFFSET ${versionsKept})
     RETURNING mlflow_run_id`,
  )
  await client.query('DELETE FROM retraining_decisions WHERE candidate_mlflow_run_id = ANY($1)', [
    rows.map(({ mlflow_run_id: run }) => run),
  ])
  await client.query(
    `DELETE FROM monitoring_metrics WHERE id IN (
       SELECT id FROM monitoring_metrics WHERE metadata @> $1 ORDER BY id DESC OFFSET ${measurementsKept})`,
    [JSON.stringify(noted)],
  )
}
