/*
 * Small random worlds with everything odd that writers leave behind: keys that lead nowhere, members with made-up
 * roles, memberships twice over, addresses that differ in case or hold wildcards.
 */
import fc from 'fast-check'
import { withViews } from './mlops-views.ts'
import { randomTenants } from './random-tenants.ts'
import type { Row, Tables, World } from './worlds.ts'

/** Six numbers of which a row's odd parts are made. */
const draw = fc.array(fc.nat({ max: 11 }), { minLength: 6, maxLength: 6 })
type Draw = readonly number[]

const draws = (maxLength: number) => fc.array(draw, { maxLength })

const emails = ['a_b@x.io', 'axb@x.io', 'A_B@x.io', 'a%b@x.io', 'Bob@x.io', 'bob@x.io', 'BOB@X.IO']
const memberRoles = ['owner', 'member', 'viewer', 'guest', 'Admin', 'made up']
/** The last is no label of the platform's: a later release might add it. */
export const storedRoles = ['guest', 'standard_engineer', 'advanced_engineer', 'manager', 'admin', 'auditor']
const invitationTypes = ['ORGANIZATION', 'PROJECT', 'DATASET']

const at = '2026-03-01 10:11:12.000001'
const pick = <T>(list: readonly T[], number: number) => list[number % list.length] as T

/** A key of one of so many rows, or none. */
const perhaps = (count: number, number: number) => (number > 8 || count === 0 ? null : (number % count) + 1)
/** The same where nothing holds the key to be there: now and then of a row that is not. */
const loose = (count: number, number: number) => (number > 9 ? null : (number % (count + 2)) + 1)
const sure = (count: number, number: number) => (number % count) + 1

const rows = (list: readonly Draw[], make: (draw: number[], id: number) => Row | null): Row[] =>
  list.map((one, index) => make([...one], index + 1)).filter((row) => row !== null)

export const randomWorld: fc.Arbitrary<World> = fc
  .record({
    organizations: draws(3),
    users: fc.array(draw, { minLength: 1, maxLength: emails.length }),
    members: draws(7),
    invitations: draws(6),
    projects: draws(4),
    experiments: draws(3),
    snapshots: draws(3),
    sessions: draws(3),
    messages: draws(3),
    jobs: draws(7),
    under: fc.array(draws(3), { minLength: 7, maxLength: 7 }),
    slurm: draws(2),
    tenants: draws(3),
    gpuUsers: draws(4),
    reservations: draws(6),
    disks: draws(4),
  })
  .map((given) => {
    const [users, projects, sessions] = [given.users.length, given.projects.length, given.sessions.length]
    const organizations = given.organizations.length
    const jobs = given.jobs.length
    const belowJob = (list: readonly Draw[] | undefined, column: string, rest: (draw: number[]) => Row) =>
      rows(jobs === 0 ? [] : (list ?? []), (draw, id) => ({
        id,
        [column]: sure(jobs, draw[0] ?? 0),
        ...rest(draw),
      }))
    const [metrics, logs, validations, tests, inferences, exports, deployments] = given.under
    const exported = belowJob(exports, 'training_job_id', () => ({
      export_format: 'ONNX',
      checkpoint_path: 'c',
      version: 1,
      is_default: false,
      framework: 'timm',
      task_type: 't',
      model_name: 'm',
      status: 'PENDING',
      created_at: at,
    }))
    return {
      users: {
        organizations: rows(given.organizations, (_, id) => ({
          id,
          name: `organization ${id}`,
          company: 'c',
          created_at: at,
          updated_at: at,
        })),
        users: rows(given.users, ([role = 0, organization = 0, active = 0], id) => ({
          id,
          email: emails[id - 1],
          organization_id: perhaps(organizations, organization),
          system_role: pick(storedRoles, role),
          is_active: active % 4 > 0,
          created_at: at,
          updated_at: at,
        })),
        project_members: rows(given.members, ([project = 0, member = 0, role = 0, inviter = 0], id) => ({
          id,
          project_id: sure(projects + 2, project),
          user_id: sure(users, member),
          role: pick(memberRoles, role),
          invited_by: perhaps(users, inviter),
          joined_at: at,
        })),
        invitations: rows(
          given.invitations,
          ([type = 0, organization = 0, project = 0, inviter = 0, invitee = 0, email = 0], id) => ({
            id,
            token: `token ${id}`,
            invitation_type: pick(invitationTypes, type),
            status: 'PENDING',
            organization_id: perhaps(organizations, organization),
            project_id: loose(projects, project),
            inviter_id: sure(users, inviter),
            invitee_id: perhaps(users, invitee),
            invitee_email: pick(emails, email),
            invitee_role: 'guest',
            expires_at: at,
            created_at: at,
          }),
        ),
      },
      platform: {
        projects: rows(given.projects, ([owner = 0, organization = 0], id) => ({
          id,
          name: `project ${id}`,
          user_id: loose(users, owner),
          organization_id: loose(organizations, organization),
        })),
        experiments: rows(given.experiments, ([project = 0], id) =>
          projects === 0
            ? null
            : {
                id,
                project_id: sure(projects, project),
                name: 'e',
                num_runs: 0,
                num_completed_runs: 0,
                created_at: at,
                updated_at: at,
              },
        ),
        dataset_snapshots: rows(given.snapshots, ([creator = 0], id) => ({
          id: `snap_${id}`,
          dataset_id: 'd',
          storage_path: 's',
          created_by_user_id: loose(users, creator),
          created_at: at,
        })),
        sessions: rows(given.sessions, ([person = 0], id) => ({
          id,
          user_id: loose(users, person),
          state: 'idle',
          temp_data: {},
        })),
        messages: rows(given.messages, ([session = 0], id) =>
          sessions === 0 ? null : { id, session_id: sure(sessions, session), role: 'user', content: 'c' },
        ),
        training_jobs: rows(
          given.jobs,
          ([session = 0, project = 0, experiment = 0, creator = 0, snapshot = 0], id) => {
            const snapshotId = perhaps(given.snapshots.length, snapshot)
            return {
              id,
              session_id: perhaps(sessions, session),
              project_id: project % 2 ? perhaps(projects, project) : null,
              experiment_id: projects === 0 ? null : perhaps(given.experiments.length, experiment),
              created_by: loose(users, creator),
              dataset_snapshot_id: snapshotId && `snap_${snapshotId}`,
              observability_backends: 'mlflow',
              framework: 'timm',
              model_name: 'm',
              task_type: 't',
              dataset_format: 'coco',
              output_dir: 'o',
              epochs: 10,
              batch_size: 8,
              learning_rate: 0.1,
              status: 'running',
            }
          },
        ),
        metrics: belowJob(metrics, 'job_id', () => ({ epoch: 1 })),
        logs: belowJob(logs, 'job_id', () => ({ log_type: 'INFO', content: 'c' })),
        validation_results: belowJob(validations, 'job_id', () => ({ epoch: 1, task_type: 't' })),
        test_runs: belowJob(tests, 'training_job_id', () => ({
          checkpoint_path: 'c',
          dataset_path: 'd',
          status: 'pending',
          task_type: 't',
        })),
        inference_jobs: belowJob(inferences, 'training_job_id', () => ({
          checkpoint_path: 'c',
          inference_type: 'single',
          status: 'pending',
          task_type: 't',
        })),
        export_jobs: exported,
        // The job of a deployment need not be the one of its export: no key holds them together.
        deployments:
          exported.length === 0
            ? []
            : belowJob(deployments, 'training_job_id', ([, exportJob = 0]) => ({
                export_job_id: sure(exported.length, exportJob),
                deployment_type: 'DOWNLOAD',
                deployment_name: 'd',
                status: 'PENDING',
                request_count: 0,
                total_inference_time_ms: 0,
                gpu_enabled: false,
                created_at: at,
              })),
      },
      inference: pic(given.slurm),
      ...randomTenants(given.tenants),
      gpudev: gpuDev(given),
      mlops: withViews(pipeline(given.slurm)),
    }
  })

/** A version, a decision about it or about none, and a measurement. */
function pipeline(slurm: readonly Draw[]): Tables {
  return {
    model_versions: rows(slurm, ([status = 0], id) => ({
      id,
      mlflow_run_id: `run ${id}`,
      model_version: `${id}`,
      status: pick(['staging', 'production', 'archived', null], status),
      promoted_at: null,
      created_at: at,
      f1_score: null,
      brier_score: null,
    })),
    retraining_decisions: rows(slurm, ([run = 0], id) => ({
      id,
      candidate_mlflow_run_id: run > 9 ? null : `run ${loose(slurm.length, run)}`,
      action: 'pending',
      gate_results: null,
      reasoning: null,
      decision_timestamp: at,
      created_at: at,
    })),
    monitoring_metrics: rows(slurm, (_, id) => ({
      id,
      metric_type: 'drift',
      metric_name: 'psi',
      metric_value: 0.1,
      metadata: null,
      timestamp: at,
      created_at: at,
    })),
  }
}

/** One of each kind below each SLURM job. */
function pic(slurm: readonly Draw[]): World['inference'] {
  const each = (make: (id: string) => Row) => rows(slurm, (_, id) => make(String(id)))
  return {
    jobs: each((id) => ({ id, sbatch_id: id, fold_index: 0, job_type: 'TRAINING', status: 'PENDING' })),
    training: each((id) => ({ id, name: 't', job_id: id, status: 'TRAINING' })),
    model: each((id) => ({ id, training_id: id, model_name: 'm' })),
    inference: each((id) => ({
      predict_id: id,
      model_id: id,
      job_id: id,
      input_data: {},
      status: 'PENDING',
    })),
  }
}

/** The numbers of users are names of users too. */
const gpuUsernames = ['gina', '1', 'hal', '2']
const gpuOwners = [...gpuUsernames, '3', 'ghost']
const guestLists = [null, [], ['gina'], ['hal', '1'], ['GINA'], 'gina', { gina: true }, [['gina']], [1, 2]]
const gpuKinds = ['h100', 't4']

type GpuDraws = Readonly<Record<'gpuUsers' | 'reservations' | 'disks', readonly Draw[]>>

function gpuDev({ gpuUsers, reservations, disks }: GpuDraws): World['gpudev'] {
  const count = reservations.length
  const reservation = (number: number) => {
    const id = perhaps(count, number)
    return id && `r${id}`
  }
  const of = (more: Row, which: (id: number) => boolean) =>
    rows(reservations, (_, id) =>
      which(id) ? { reservation_id: `r${id}`, domain_name: `d${id}`, expires_at: at, ...more } : null,
    )
  return {
    api_users: rows(gpuUsers, (_, id) => ({ user_id: id, username: gpuUsernames[id - 1] })),
    api_keys: rows(gpuUsers, ([user = 0], id) => ({
      key_id: id,
      user_id: perhaps(gpuUsers.length, user),
      key_hash: `hash ${id}`,
      key_prefix: 'p',
    })),
    gpu_types: gpuKinds.map((gpu_type) => ({
      gpu_type,
      instance_type: 'i',
      max_gpus: 8,
      cpus: 1,
      memory_gb: 1,
    })),
    reservations: rows(
      reservations,
      ([owner = 0, guests = 0, kind = 0, master = 0, disk = 0, status = 0], id) => ({
        reservation_id: `r${id}`,
        user_id: pick(gpuOwners, owner),
        secondary_users: pick(guestLists, guests),
        gpu_type: pick([...gpuKinds, 'v100', null], kind),
        master_reservation_id: pick([null, `r${id}`, reservation(master), 'r99'], master),
        disk_name: pick(['home', 'data', null], disk),
        status: pick(['active', 'queued', 'failed'], status),
        duration_hours: 1,
        created_at: at,
      }),
    ),
    disks: rows(disks, ([owner = 0, used = 0], id) => ({
      disk_id: `00000000-0000-4000-8000-00000000000${id}`,
      // A name is once among a user's disks.
      disk_name: pick(['home', 'data'], id),
      user_id: pick(gpuOwners, owner + (id > 2 ? 0 : 1)),
      reservation_id: reservation(used),
    })).filter((disk, place, all) => {
      const same = (one: Row) => one.user_id === disk.user_id && one.disk_name === disk.disk_name
      return all.findIndex(same) === place
    }),
    domain_mappings: of({ node_ip: '10.0.0.1', node_port: 1 }, (id) => id % 2 === 0),
    alb_target_groups: of({}, (id) => id % 3 === 0),
  }
}
