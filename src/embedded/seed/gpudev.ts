import { createHash } from 'node:crypto'
import { type GpuRun, gpuRuns } from './gpu-runs.ts'
import { gpuTypeRows } from './gpu-types.ts'
import type { Row } from './insert.ts'
import { Random } from './random.ts'
import { domainRows, reservationRow, targetGroupRows } from './reservations.ts'
import { day, hour, instant, instantOrNull, type Moment, minute, now, timestamp } from './time.ts'

/** Accounts of the GPU Dev service, in the order of their numbers. */
export const gpuUsernames = [
  'ada.okafor',
  'bruno.keller',
  'chiara',
  'daan_v',
  'eun-ji.park',
  'farid',
  'grace.lin',
  'hugo',
  'ines.moreau',
  'jonas',
  'kenta',
  'left.long.ago',
] as const

/** The key that the first of them may be tried with: it does not expire. */
export const gpuDevelopmentKey = `gpu-dev-tributary-${'0123456789'.repeat(7)}`.slice(0, 86)

const prefixLength = 8
const keyLife = 2 * hour

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

function userRows(random: Random): Row[] {
  return gpuUsernames.map((username, index) => ({
    user_id: index + 1,
    username,
    email: random.chance(0.2) ? `${username.replace(/\W/g, '.')}@tributary.test` : null,
    created_at: timestamp(now - (240 - index * 17) * day),
    is_active: username !== 'left.long.ago',
  }))
}

/** Of each account some keys, the newest still good at the seed's own moment; the first is the one to try. */
function keyRows(random: Random): Row[] {
  const rows: Row[] = [
    {
      key_id: 1,
      user_id: 1,
      key_hash: sha256(gpuDevelopmentKey),
      key_prefix: gpuDevelopmentKey.slice(0, prefixLength),
      created_at: instant(now - 3 * day),
      expires_at: null,
      last_used_at: null,
      is_active: true,
      description: null,
    },
  ]
  for (const [index, username] of gpuUsernames.entries())
    for (let left = random.integer(1, 4); left > 0; left--) {
      const key = random.hex(86)
      const created = now - (left - 1) * random.integer(2 * hour, 9 * day) - random.integer(minute, keyLife)
      rows.push({
        key_id: rows.length + 1,
        user_id: index + 1,
        key_hash: sha256(key),
        key_prefix: key.slice(0, prefixLength),
        created_at: instant(created),
        expires_at: instant(created + keyLife),
        last_used_at: instantOrNull(random.chance(0.8) ? created + random.integer(minute, keyLife) : null),
        is_active: random.chance(0.9),
        description: `arn:aws:sts::123456789012:assumed-role/SSOCloudDevGpuReservation/${username}`,
      })
    }
  return rows
}

const diskNames = ['default', 'datasets', 'checkpoints', 'conda-envs', 'triton_cache'] as const

/** Disks of each account, those that its runs name among them. */
function diskRows(random: Random, runs: readonly GpuRun[]): Row[] {
  return gpuUsernames.flatMap((username) =>
    random.sample(diskNames, random.integer(1, 3)).map((name) => {
      const using = runs.filter((run) => run.username === username && run.diskName === name)
      const attached = using.find((run) => run.status === 'active')
      const isDeleted = !attached && random.chance(0.12)
      const deleted = now - random.integer(day, 20 * day)
      const created: Moment = now - random.integer(60 * day, 200 * day)
      const gigabytes = random.pick([100, 200, 500, 1000])
      return {
        disk_id: random.uuid(),
        disk_name: name,
        user_id: username,
        size_gb: random.chance(0.9) ? gigabytes : null,
        disk_size: random.chance(0.7) ? `${random.integer(1, gigabytes)}G` : null,
        created_at: instant(created),
        last_used: instantOrNull(using[0]?.asked ?? null),
        in_use: attached !== undefined,
        reservation_id: attached?.id ?? null,
        is_backing_up: !attached && !isDeleted && random.chance(0.1),
        is_deleted: isDeleted,
        delete_date: isDeleted ? timestamp(deleted + 30 * day).slice(0, 10) : null,
        snapshot_count: random.integer(0, 14),
        pending_snapshot_count: random.chance(0.1) ? 1 : 0,
        ebs_volume_id: random.chance(0.9) ? `vol-0${random.hex(16)}` : null,
        last_snapshot_at: instant(now - random.integer(hour, 9 * day)),
        operation_id: random.chance(0.4) ? random.uuid() : null,
        operation_status: random.pick(['completed', 'completed', 'failed', null]),
        operation_error: null,
        latest_snapshot_content_s3: `s3://gpu-dev-disk-contents/${username}/${name}/latest.txt`,
        last_updated: instant(now - random.integer(minute, day)),
        marked_deleted_at: instantOrNull(isDeleted ? deleted : null),
      }
    }),
  )
}

/** Rows of the gpudev database. */
export function gpudev() {
  const random = new Random('gpudev')
  const runs = gpuRuns(gpuUsernames, diskNames)
  return {
    api_users: userRows(random),
    api_keys: keyRows(random),
    gpu_types: gpuTypeRows(runs),
    reservations: runs.map(reservationRow),
    disks: diskRows(random, runs),
    domain_mappings: domainRows(runs),
    alb_target_groups: targetGroupRows(runs),
  }
}
