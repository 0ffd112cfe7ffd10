/*
 * One world with somebody of every kind, and in every column of every row a value that occurs nowhere else: where
 * such a value turns up in an answer, it is known whence it came.
 */
import { withViews } from '../support/mlops-views.ts'
import {
  type Row,
  type Source,
  sources,
  type TableColumn,
  type Tables,
  type World,
} from '../support/worlds.ts'
import { tenants, tenantTables, uuid } from './hand-made-tenants.ts'
import type { Who } from './oracle.ts'

const people = {
  admin: { id: 1, role: 'admin', organization: null },
  manager: { id: 2, role: 'manager', organization: 2 },
  guest: { id: 3, role: 'guest', organization: 1 },
  standardEngineer: { id: 4, role: 'standard_engineer', organization: null },
  advancedEngineer: { id: 5, role: 'advanced_engineer', organization: null },
  unknownRole: { id: 6, role: 'auditor', organization: null },
  owner: { id: 7, role: 'guest', organization: 1 },
  member: { id: 8, role: 'guest', organization: null },
  viewer: { id: 9, role: 'guest', organization: null },
  inviter: { id: 10, role: 'guest', organization: null },
  inviteeById: { id: 11, role: 'guest', organization: null },
  inviteeByEmail: { id: 12, role: 'guest', organization: null, email: 'Ida.Case@example.com' },
  stranger: { id: 13, role: 'guest', organization: 2 },
  otherManager: { id: 14, role: 'manager', organization: 2 },
  otherAdmin: { id: 15, role: 'admin', organization: 1 },
  locked: { id: 16, role: 'guest', organization: 1 },
  namesake: { id: 17, role: 'guest', organization: null, email: 'ida_case@example.com' },
} as const

/** Everybody whose view is held against the graph's answers. */
export const everyone = (world: World): readonly Who[] => {
  const emails = new Map(world.users.users?.map(({ id, email }) => [id, String(email)]))
  const accounts = Object.entries(people).map(([name, { id, role, organization }]) => ({
    name,
    id,
    role,
    organization,
    email: emails.get(id) as string,
  }))
  const [admin, , guest] = accounts as [Who, Who, Who]
  return [
    { name: 'anonymous' },
    ...accounts,
    { ...admin, name: 'adminByLabelerToken', labeler: true },
    { ...guest, name: 'guestByLabelerToken', labeler: true },
    { name: 'labelerService', labeler: true },
    { name: 'tenantKey', tenant: tenants.one },
    { name: 'gpuKey', gpuUser: { id: 1, name: 'gina', isNumberTaken: true } },
    { name: 'gpuKeyOfFormerNumber', gpuUser: { id: 2, name: 'hal' } },
    { name: 'gpuKeyOfNumericName', gpuUser: { id: 3, name: '1' } },
    { name: 'gpuKeyWithoutRows', gpuUser: { id: 9, name: 'nobody' } },
  ]
}

const jobs: readonly Row[] = [
  { project_id: 1, experiment_id: 1, session_id: 1, dataset_snapshot_id: 'snap_1', created_by: 7 },
  // Of one project by key, of another's experiment, and made by nobody of either.
  { project_id: 1, experiment_id: 2, session_id: null, dataset_snapshot_id: 'snap_3', created_by: 17 },
  { project_id: 2, experiment_id: 2, session_id: 2, dataset_snapshot_id: 'snap_3', created_by: 13 },
  { project_id: null, experiment_id: 1, session_id: 1, dataset_snapshot_id: null, created_by: null },
  { project_id: null, experiment_id: null, session_id: null, dataset_snapshot_id: 'snap_5', created_by: 12 },
  { project_id: null, experiment_id: null, session_id: 3, dataset_snapshot_id: null, created_by: null },
  { project_id: 3, experiment_id: 3, session_id: 4, dataset_snapshot_id: 'snap_4', created_by: null },
  { project_id: 4, experiment_id: null, session_id: null, dataset_snapshot_id: null, created_by: 999 },
  { project_id: null, experiment_id: null, session_id: 5, dataset_snapshot_id: null, created_by: 999 },
].map((job, index) => ({ id: index + 1, ...job }))

const belowJobs = (column: string, more: (id: number) => Row = () => ({})): Row[] =>
  jobs.map(({ id }) => ({ id, [column]: id, ...more(id as number) }))

/** Reservations: whose, of which kind, what state, with whom, on which disk, a node of which. */
const reservations: readonly Row[] = [
  ['gina', 'h100', 'active', [], 'home', null],
  ['hal', 'h100', 'preparing', ['octocat', 'gina'], 'home', null],
  // Of the user who is called 1, not of the user with that number.
  ['1', 't4', 'queued', ['hal'], 'data', null],
  // Of old: of the user with the number 2.
  ['2', 't4', 'pending', null, 'home', null],
  // Not a list, though its text is a name; of somebody who is gone, and a kind that is gone.
  ['ghost', 'v100', 'expired', 'gina', 'data', null],
  ['ghost', null, 'reticulating', { gina: 'gina' }, null, null],
  ['gina', 'h100', 'active', [['hal']], 'none', 'r7'],
  ['gina', 'h100', 'active', ['GINA', 'hal'], 'home', 'r7'],
  ['hal', 'h100', 'failed', [], null, 'r99'],
].map(([user_id, gpu_type, status, secondary_users, disk_name, master_reservation_id], index) => ({
  reservation_id: `r${index + 1}`,
  user_id,
  gpu_type,
  status,
  secondary_users,
  disk_name,
  master_reservation_id,
  gpu_count: index + 1,
  duration_hours: 2,
  last_warning_time: 1_790_000_000 + index,
}))

const invitation = (id: number, given: Row): Row => ({
  id,
  organization_id: null,
  project_id: null,
  inviter_id: 10,
  invitee_id: null,
  ...given,
})

/** What matters of each row; the rest is filled in. */
const skeleton: Readonly<Record<Source, Tables>> = {
  users: {
    organizations: [{ id: 1 }, { id: 2 }, { id: 3 }],
    users: Object.values(people).map(({ id, role, organization, ...rest }) => ({
      id,
      system_role: role,
      organization_id: organization,
      is_active: id !== people.locked.id,
      ...rest,
    })),
    project_members: [
      { id: 1, project_id: 1, user_id: 8, role: 'member', invited_by: 7 },
      { id: 2, project_id: 1, user_id: 9, role: 'viewer', invited_by: null },
      { id: 3, project_id: 1, user_id: 15, role: 'admin', invited_by: 2 },
      { id: 4, project_id: 3, user_id: 5, role: 'made up', invited_by: null },
      // Of a project that is gone.
      { id: 5, project_id: 777, user_id: 6, role: 'owner', invited_by: 4 },
      { id: 6, project_id: 777, user_id: 4, role: 'guest', invited_by: null },
      { id: 7, project_id: 2, user_id: 14, role: 'advanced_engineer', invited_by: 13 },
    ],
    invitations: [
      invitation(1, { project_id: 1, invitee_id: 11 }),
      invitation(2, { organization_id: 1, invitee_email: 'ida.case@example.com' }),
      invitation(3, { organization_id: 2, inviter_id: 13, invitee_email: 'Ida.Case@example.com' }),
      invitation(4, { project_id: 1, inviter_id: 7, invitee_id: 999 }),
      invitation(5, { project_id: 777, inviter_id: 13, invitee_email: 'ida%case@example.com' }),
    ].map((row) => (row.invitee_id === 999 ? { ...row, invitee_id: null } : row)),
  },
  platform: {
    projects: [
      { id: 1, user_id: 7, organization_id: 1 },
      { id: 2, user_id: 13, organization_id: 2 },
      { id: 3, user_id: null, organization_id: null },
      { id: 4, user_id: 999, organization_id: 999 },
    ],
    experiments: [1, 2, 3].map((id) => ({ id, project_id: id })),
    dataset_snapshots: [7, 13, null, null, 17].map((creator, index) => ({
      id: `snap_${index + 1}`,
      created_by_user_id: creator,
    })),
    sessions: [8, 13, null, 999, 1].map((person, index) => ({ id: index + 1, user_id: person })),
    messages: [1, 1, 2, 3, 4, 5].map((session, index) => ({ id: index + 1, session_id: session })),
    training_jobs: jobs.map((job) => ({ ...job, epochs: 10 })),
    metrics: belowJobs('job_id', () => ({ epoch: 5 })),
    logs: belowJobs('job_id'),
    validation_results: belowJobs('job_id'),
    test_runs: belowJobs('training_job_id'),
    inference_jobs: belowJobs('training_job_id'),
    export_jobs: belowJobs('training_job_id'),
    // The second is of one job and of another's export.
    deployments: belowJobs('training_job_id', (id) => ({ export_job_id: id === 2 ? 3 : id })),
  },
  inference: {
    jobs: ['s1', 's2'].map((id) => ({ id, job_type: 'TRAINING', status: 'FAILED' })),
    training: ['t1', 't2'].map((id, index) => ({ id, job_id: `s${index + 1}`, status: 'FAILED' })),
    model: ['m1', 'm2'].map((id, index) => ({ id, training_id: `t${index + 1}` })),
    inference: [
      { predict_id: 'i1', model_id: 'm1', job_id: 's1', status: 'FAILED' },
      { predict_id: 'i2', model_id: 'm2', job_id: null, status: 'FAILED' },
    ],
  },
  ...tenantTables,
  mlops: {
    model_versions: ['staging', 'production', 'on ice'].map((status, index) => ({
      id: index + 1,
      mlflow_run_id: `run ${index + 1}`,
      status,
    })),
    monitoring_metrics: ['drift', 'drift', 'mood'].map((metric_type, index) => ({
      id: index + 1,
      metric_type,
    })),
    // About two that are there, one that never was registered, and none.
    retraining_decisions: ['run 1', 'run 1', 'run 9', null].map((run, index) => ({
      id: index + 1,
      candidate_mlflow_run_id: run,
      action: ['promote', 'reject', 'pending', 'shrug'][index],
    })),
  },
  gpudev: {
    // The third is called by the number of the first.
    api_users: ['gina', 'hal', '1', 'ivy'].map((username, index) => ({
      user_id: index + 1,
      username,
      is_active: username !== 'ivy',
    })),
    api_keys: [1, 1, 2, 3, null].map((user, index) => ({ key_id: index + 1, user_id: user })),
    gpu_types: [{ gpu_type: 'h100' }, { gpu_type: 't4' }],
    reservations,
    disks: [
      ['gina', 'home', 'r1'],
      ['hal', 'home', null],
      ['1', 'data', 'r3'],
      ['2', 'data', null],
      ['ghost', 'data', null],
    ].map(([user, name, reservation], index) => ({
      disk_id: `00000000-0000-4000-8000-00000000000${index}`,
      user_id: user,
      disk_name: name,
      reservation_id: reservation,
      operation_id: null,
      delete_date: null,
    })),
    domain_mappings: ['r1', 'r2', 'r3'].map((reservation_id) => ({ reservation_id })),
    alb_target_groups: ['r1', 'r4', 'r5'].map((reservation_id) => ({ reservation_id })),
  },
}

const pad = (number: number, width: number) => String(number).padStart(width, '0')

/** A value of a column's type that no other cell has; booleans, enums and small numbers cannot be so many. */
function cellValue(column: TableColumn, number: number): unknown {
  const { table, name, type, labels, length, scale } = column
  if (labels.length > 0) return labels[number % labels.length]
  switch (type) {
    case 'bool':
      return number % 2 === 0
    case 'int4':
      return 100_000 + number
    case 'float8':
      return number + 0.5
    case 'int8':
      return String(2n ** 53n + BigInt(number))
    case 'numeric':
      return scale ? ((number % 100) + 0.5).toFixed(scale) : number % 1000
    case 'uuid':
      return uuid(number)
    case '_text':
      return [`~${number}~ ${table}.${name}`]
    case 'timestamptz':
      return `${cellValue({ ...column, type: 'timestamp' }, number)}Z`
    case 'timestamp':
      return `2026-01-01 00:${pad(Math.floor(number / 60) % 60, 2)}:${pad(number % 60, 2)}.${pad(number * 10 + 1, 6)}`
    case 'json':
    case 'jsonb':
      return { said: `~${number}~` }
    default:
      return `~${number}~ ${table}.${name}`.slice(0, length ?? undefined)
  }
}

/** The world, whole: every column that a row leaves open filled in. */
export function handMadeWorld(columns: Readonly<Record<Source, readonly TableColumn[]>>): World {
  let cells = 0
  const filled = (source: Source) =>
    Object.fromEntries(
      Object.entries(skeleton[source]).map(([table, rows]) => {
        const ofTable = columns[source].filter((column) => column.table === table)
        return [
          table,
          rows.map((row) =>
            Object.fromEntries(
              ofTable.map((column) => {
                cells++
                return [column.name, column.name in row ? row[column.name] : cellValue(column, cells)]
              }),
            ),
          ),
        ]
      }),
    )
  const world = Object.fromEntries(sources.map((source) => [source, filled(source)])) as unknown as World
  return { ...world, mlops: withViews(world.mlops) }
}

/** What betrays a cell in any text: undefined where its value is too common. */
export const tokenOf = (value: unknown): string | undefined =>
  /~\d+~|(?<=:\d\d)\.\d{6}(?=Z?$)/.exec(typeof value === 'string' ? value : JSON.stringify(value ?? ''))?.[0]
