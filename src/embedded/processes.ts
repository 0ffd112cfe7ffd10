import { readdir, readFile, readlink } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'

/** A process, told apart from a later one that was given the same pid. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks between boot and the start of the process. */
  readonly startTime: number
}

/** Who has this pid now; undefined when nobody does, or only a zombie that waits to be reaped. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (stat === undefined) return undefined
  // The second field is the program's name in parentheses and may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const isDead = fields[0] === 'Z' || fields[0] === 'X'
  return isDead ? undefined : { pid, startTime: Number(fields[19]) }
}

export async function isAlive(process: ProcessIdentity): Promise<boolean> {
  return (await identify(process.pid))?.startTime === process.startTime
}

/** The Postgres processes that work in a data folder: each of them stays in it from start to end. */
export async function postgresIn(dataDir: string): Promise<ProcessIdentity[]> {
  const found: ProcessIdentity[] = []
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    if ((await readlink(`/proc/${entry}/cwd`).catch(() => undefined)) !== dataDir) continue
    if ((await readFile(`/proc/${entry}/comm`, 'utf8').catch(() => '')) !== 'postgres\n') continue
    const process = await identify(Number(entry))
    if (process) found.push(process)
  }
  return found
}

/** Waits until all are gone, at most so many milliseconds; tells which are still there. */
export async function awaitGone(processes: ProcessIdentity[], patience: number): Promise<ProcessIdentity[]> {
  const deadline = performance.now() + patience
  for (;;) {
    const alive = await Promise.all(processes.map(isAlive))
    const left = processes.filter((_, index) => alive[index])
    if (left.length === 0 || performance.now() > deadline) return left
    await pause(15)
  }
}

/** Sends a signal; a process that has just gone is no error. */
export function signal({ pid }: ProcessIdentity, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
