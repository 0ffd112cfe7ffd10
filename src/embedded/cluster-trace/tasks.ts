import { readCsv } from './csv.ts'

const phases = ['Succeeded', 'Running', 'Failed', 'Pending'] as const

/** How a task was last seen. */
export type Phase = (typeof phases)[number]

/** A task given to the cluster. Moments are seconds from the trace's start. */
export interface Task {
  /** 1 for the first line. */
  readonly number: number
  readonly name: string
  readonly milliCpus: number
  readonly mebibytes: number
  readonly gpus: number
  /** Thousandths of a GPU that it asks of each. */
  readonly milliGpus: number
  /** Quality of service: LS, BE, Burstable, Guaranteed. */
  readonly qos: string
  /** Models of GPU that would do; any, where there is none. */
  readonly wantedModels: readonly string[]
  readonly phase: Phase
  readonly created: number
  /** Null where no node was found for it. */
  readonly scheduled: number | null
  /** Null where the recording stopped before the task did: every task then left is marked as deleted at once. */
  readonly ended: number | null
}

function phaseOf(text: string): Phase {
  const phase = phases.find((one) => one === text)
  if (!phase) throw new Error(`tasks.csv: the phase ${text} is not known`)
  return phase
}

/** The tasks in the order of the file. */
export async function readTasks(folder: string): Promise<Task[]> {
  const records = await readCsv({
    folder,
    file: 'tasks.csv',
    columns: [
      'name',
      'cpu_milli',
      'memory_mib',
      'num_gpu',
      'gpu_milli',
      'gpu_spec',
      'qos',
      'pod_phase',
      'creation_time',
      'deletion_time',
      'scheduled_time',
    ],
  })
  const lastSecond = records.reduce((latest, record) => Math.max(latest, Number(record.deletion_time)), 0)
  return records.map((record, index) => {
    const deleted = record.deletion_time === '' ? null : Number(record.deletion_time)
    const phase = phaseOf(record.pod_phase)
    return {
      number: index + 1,
      name: record.name,
      milliCpus: Number(record.cpu_milli),
      mebibytes: Number(record.memory_mib),
      gpus: Number(record.num_gpu),
      milliGpus: Number(record.gpu_milli),
      qos: record.qos,
      wantedModels: record.gpu_spec.split('|').filter(Boolean),
      phase,
      created: Number(record.creation_time),
      scheduled: record.scheduled_time === '' ? null : Number(record.scheduled_time),
      ended: phase === 'Running' && deleted === lastSecond ? null : deleted,
    }
  })
}
