import { readFileSync } from 'node:fs'

const clockTicks = 100

/** What a process has used, and holds. */
export interface Usage {
  /** Milliseconds of CPU since its start, its threads' and the kernel's for it among them. */
  readonly cpuMs: number
  /** Bytes of memory that are its own. */
  readonly memory: number
}

/** What a process has used so far, as Linux tells it. */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const memory = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
  return {
    cpuMs: ((Number(fields[11]) + Number(fields[12])) * 1000) / clockTicks,
    memory: Number(memory ?? 0) * 1024,
  }
}
