import { readCsv } from '../../../src/embedded/cluster-trace/csv.ts'

/** A machine of the cluster. */
export interface Machine {
  readonly name: string
  readonly milliCpus: number
  readonly mebibytes: number
  readonly gpus: number
  /** Null for those without GPUs. */
  readonly gpuModel: string | null
}

export async function readMachines(folder: string): Promise<Machine[]> {
  const records = await readCsv({
    folder,
    file: 'nodes.csv',
    columns: ['sn', 'cpu_milli', 'memory_mib', 'gpu', 'model'],
  })
  return records.map(({ sn, cpu_milli, memory_mib, gpu, model }) => ({
    name: sn,
    milliCpus: Number(cpu_milli),
    mebibytes: Number(memory_mib),
    gpus: Number(gpu),
    gpuModel: model || null,
  }))
}
