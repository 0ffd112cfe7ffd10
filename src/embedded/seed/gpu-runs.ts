import { type GpuKind, gpusOf } from './gpu-types.ts'
import { Random } from './random.ts'
import { day, hour, type Moment, minute, now, second } from './time.ts'

export type GpuRunStatus = 'pending' | 'queued' | 'preparing' | 'active' | 'expired' | 'failed' | 'cancelled'

/** One node's reservation, from being asked for to its end. */
export interface GpuRun {
  readonly id: string
  readonly username: string
  readonly kind: GpuKind
  readonly gpus: number
  readonly hours: number
  readonly status: GpuRunStatus
  readonly asked: Moment
  readonly launched: Moment | null
  /** When it ended, in whatever way. */
  readonly ended: Moment | null
  readonly diskName: string | null
  /** Of several nodes: the reservation that stands for all, and its place among them. */
  readonly node: { readonly master: string; readonly index: number; readonly total: number } | null
}

const runCount = 240
const oldCount = 214

const wanted = {
  t4: 6,
  l4: 4,
  a10g: 4,
  't4-small': 2,
  a100: 5,
  h100: 8,
  h200: 4,
  b200: 3,
  'cpu-x86': 2,
  'cpu-arm': 1,
} as const

/** What is under way at the seed's moment: the newest come last. */
const live: readonly GpuRunStatus[] = [
  ...Array.from({ length: 16 }, () => 'active' as const),
  'preparing',
  'preparing',
  'preparing',
  'queued',
  'queued',
  'queued',
  'queued',
  'pending',
  'pending',
  'pending',
]

function courseOf(status: GpuRunStatus, asked: Moment, hours: number, random: Random) {
  const launched = asked + random.integer(40 * second, 12 * minute)
  switch (status) {
    case 'active':
      return { launched: Math.min(launched, now - second), ended: null }
    case 'expired':
      return { launched, ended: launched + hours * hour + 120 * second }
    case 'cancelled':
    case 'failed': {
      const began = random.chance(0.6)
      return {
        launched: began ? launched : null,
        ended: launched + (began ? random.integer(minute, hours * hour) : random.integer(second, minute)),
      }
    }
    default:
      return { launched: null, ended: null }
  }
}

/** Reservations of two months in the order in which they were asked for; a few span several nodes. */
export function gpuRuns(usernames: readonly string[], diskNames: readonly string[]): GpuRun[] {
  const random = new Random('gpu runs')
  const runs: GpuRun[] = []
  for (let place = 0; place < runCount; place++) {
    const status =
      live[place - oldCount] ?? random.weighted({ expired: 60, cancelled: 22, failed: 18 } as const)
    const isLive = place >= oldCount
    const kind = random.weighted(wanted)
    const size = gpusOf(kind)
    const hours = random.pick([1, 2, 4, 8, 8, 12, 24, 48])
    const asked = isLive
      ? now - (runCount - place) * 7 * minute - random.integer(0, 6 * minute)
      : Math.floor(now - 60 * day + ((place + random.next()) / oldCount) * 56 * day)
    const nodes = !isLive && size === 8 && random.chance(0.12) ? random.integer(2, 4) : 1
    // The last account is gone; before it had a name in these rows it was known by its number.
    const username = place < 12 ? String(1 + (place % 3)) : random.pick(usernames.slice(0, -1))
    const shared = {
      username,
      kind,
      hours,
      status,
      asked,
      ...courseOf(status, asked, hours, random),
      diskName: random.chance(0.55) ? random.pick(diskNames) : null,
    }
    const ids = Array.from({ length: nodes }, () => random.uuid())
    for (const [index, id] of ids.entries())
      runs.push({
        ...shared,
        id,
        gpus: nodes > 1 ? size : size === 0 ? 0 : Math.min(size, random.pick([1, 1, 2, 4, 8])),
        node: nodes > 1 ? { master: ids[0] as string, index, total: nodes } : null,
      })
  }
  return runs
}
