/*
 * What a row is as a job, worked out here from the row alone.
 */
import { expect } from 'vitest'
import type { Row } from '../support/worlds.ts'
import type { Oracle, Who } from './oracle.ts'

export const jobTypes = [
  'TrainingJob',
  'ExportJob',
  'TestRun',
  'InferenceJob',
  'SlurmJob',
  'Inference',
  'GpuReservation',
]

/** Fields of every job, and how to ask for them. */
const fields: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    'state nativeStatus progress queuedAt startedAt finishedAt duration error source queuePosition pendingReason isStale'
      .split(' ')
      .map((name) => [name, name]),
  ),
  owner: 'owner { ... on User { databaseId } ... on GpuUser { user: databaseId } }',
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
  queued: 'QUEUED',
  preparing: 'PREPARING',
  creating_server: 'PREPARING',
  active: 'RUNNING',
  expired: 'SUCCEEDED',
}

const moment = (value: unknown) =>
  value == null
    ? null
    : `${String(value)
        .replace(' ', 'T')
        .replace(/([+]00|Z)$/, '')}Z`

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
  const isGpu = type === 'GpuReservation'
  const state = states[String(row.status).toLowerCase()] ?? 'UNKNOWN'
  const expected: Readonly<Record<string, unknown>> = {
    state,
    nativeStatus: row.status,
    queuedAt: moment(row.created_at),
    startedAt: moment(isPic ? row.start_time : isGpu ? row.launched_at : row.started_at),
    finishedAt: moment(
      isPic
        ? row.end_time
        : isGpu
          ? (row.reservation_ended ?? row.cancelled_at ?? row.failed_at)
          : row.completed_at,
    ),
    error: (isGpu ? row.failure_reason : row.error_message) ?? null,
    source: isPic ? 'inference' : isGpu ? 'gpudev' : 'platform',
  }
  if (field in expected) expect(value, message).toBe(expected[field])
  else if (field === 'pendingReason') {
    if (state === 'QUEUED' && isGpu) expect([null, 'string'], message).toContain(value && typeof value)
    else expect(value, message).toBeNull()
  } else if (field === 'owner' && isGpu) {
    const users = oracle.rows('GpuUser')
    const user =
      users.find(({ username }) => username === row.user_id) ??
      users.find(({ user_id }) => String(user_id) === row.user_id)
    const isSeen = user !== undefined && oracle.sees(who, 'GpuUser', user)
    expect(value, message).toEqual(isSeen ? { user: user.user_id } : null)
  } else if (field === 'owner') {
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
