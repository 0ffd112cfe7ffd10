import type { Phase, Task } from '../../../src/embedded/cluster-trace/tasks.ts'
import type { Machine } from './machines.ts'
import { traceTimestamp } from './moment.ts'
import { uuidOf } from './uuid.ts'

const statuses: Readonly<Record<Phase, string>> = {
  Succeeded: 'expired',
  Running: 'active',
  Failed: 'failed',
  Pending: 'queued',
}

/** What machines without GPUs are called as a kind. */
const cpuKind = 'cpu'

const instant = (seconds: number | null) => (seconds === null ? null : `${traceTimestamp(seconds)}Z`)
const kindOfMachine = ({ gpuModel }: Machine) => gpuModel?.toLowerCase() ?? cpuKind

/** The kind that a task asks for: the first of those that it would take, none where any would do. */
const kindOfTask = ({ gpus, wantedModels }: Task) =>
  gpus === 0 ? cpuKind : (wantedModels[0]?.toLowerCase() ?? null)

/** A kind for each model of GPU, with what the cluster has of it. */
function gpuTypes(machines: readonly Machine[]) {
  const kinds = Map.groupBy(machines, kindOfMachine)
  return [...kinds].map(([kind, of]) => ({
    gpu_type: kind,
    instance_type: `openb.${kind}`,
    max_gpus: Math.max(...of.map(({ gpus }) => gpus)),
    cpus: Math.max(...of.map(({ milliCpus }) => Math.floor(milliCpus / 1000))),
    memory_gb: Math.max(...of.map(({ mebibytes }) => Math.floor(mebibytes / 1024))),
    total_cluster_gpus: of.reduce((sum, { gpus }) => sum + gpus, 0),
    running_instances: of.length,
  }))
}

const reservation = (task: Task) => ({
  reservation_id: uuidOf('reservation', task.name),
  user_id: task.qos.toLowerCase(),
  status: statuses[task.phase],
  gpu_type: kindOfTask(task),
  gpu_count: task.gpus,
  duration_hours: task.scheduled === null || task.ended === null ? 0 : (task.ended - task.scheduled) / 3600,
  created_at: instant(task.created),
  launched_at: instant(task.scheduled),
  name: task.name,
  failed_at: task.phase === 'Failed' ? instant(task.ended) : null,
  reservation_ended: task.phase === 'Running' ? null : instant(task.ended),
})

/** Rows of the gpudev database by table; a quality of service is a user. */
export function reservationRows(tasks: readonly Task[], machines: readonly Machine[]) {
  const users = [...new Set(tasks.map(({ qos }) => qos.toLowerCase()))].toSorted()
  return {
    api_users: users.map((username, index) => ({ user_id: index + 1, username })),
    gpu_types: gpuTypes(machines),
    reservations: tasks.map(reservation),
  }
}
