/*
 * What a row is as a job, worked out here from the row alone.
 */
import { expect } from 'vitest'
import type { Row } from '../support/worlds.ts'
import type { Oracle, Who } from './oracle.ts'

export const jobTypes = ['TrainingJob', 'ExportJob', 'TestRun', 'InferenceJob', 'SlurmJob', 'Inference']

/** Fields of every job, and how to ask for them. */
const fields: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    'state nativeStatus progress queuedAt startedAt finishedAt duration error source queuePosition pendingReason isStale'
      .split(' ')
      .map((name) => [name, name]),
  ),
  owner: 'owner { ... on User { databaseId } }',
}

/** Fields that are worked out, as documents ask for them, by `Type.field`. */
export const jobFields: Readonly<Record<string, string>> = Object.fromEntries(
  jobTypes.flatMap((type) => Object.entries(fields).map(([name, asked]) => [`${type}.${name}`, asked])),
)

const states: Readonly<Record<string, string>> = {
  pending: 'QUEUED',
  running: 'RUNNING',
  processing: 'RUNNING',
  completed: 'SUCCEEDED',
  failed: 'FAILED',
  cancelled: 'CANCELLED',
  stopped: 'CANCELLED',
}

const moment = (value: unknown) => (value == null ? null : `${String(value).replace(' ', 'T')}Z`)

/** The training job that a row of the platform is, or belongs to. */
const trainingOf = (oracle: Oracle, type: string, row: Row): Row | undefined =>
  type === 'TrainingJob' ? row : oracle.row('TrainingJob', row.training_job_id)

/** Checks a field of a job against its row. */
export function checkJobField(
  oracle: Oracle,
  who: Who,
  type: string,
  { field, value, row, here }: { field: string; value: unknown; row: Row; here: string },
): void {
  const message = `${who.name} reads ${here}.${field}`
  const isPic = type === 'SlurmJob' || type === 'Inference'
  const state = states[String(row.status).toLowerCase()] ?? 'UNKNOWN'
  const expected: Readonly<Record<string, unknown>> = {
    state,
    nativeStatus: row.status,
    queuedAt: moment(row.created_at),
    startedAt: moment(isPic ? row.start_time : row.started_at),
    finishedAt: moment(isPic ? row.end_time : row.completed_at),
    error: row.error_message ?? null,
    source: isPic ? 'inference' : 'platform',
    pendingReason: null,
  }
  if (field in expected) expect(value, message).toBe(expected[field])
  else if (field === 'owner') {
    const training = isPic ? undefined : trainingOf(oracle, type, row)
    const owner = training?.created_by ?? oracle.row('Project', training?.project_id)?.user_id
    const account = oracle.row('User', owner)
    const isSeen = account !== undefined && oracle.sees(who, 'User', account)
    expect(value, message).toEqual(isSeen ? { databaseId: owner } : null)
  } else if (field === 'isStale') {
    if (['SUCCEEDED', 'FAILED', 'CANCELLED', 'UNKNOWN'].includes(state)) expect(value, message).toBe(false)
    else expect([true, false, null], message).toContain(value)
  } else expect(value === null || typeof value === 'number', message).toBe(true)
}
