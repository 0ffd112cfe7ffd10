/*
 * One owner a folder.
 *
 * A single lock file does not do: after kill -9 somebody has to replace the stale one, and two starts that
 * find it stale at once both replace it. Here the file's name is its owner's pid and start time. Such a name
 * never comes back, so anyone may delete the file of a dead process at any moment.
 *
 * Each start writes its own file first and looks for others afterwards, so of two at once at least one sees
 * the other. It gives way at once to an older process. A younger one that started at the same moment sees
 * the elder's file and withdraws within moments; one that does not withdraw is the owner.
 */
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { TributaryError } from '../errors/tributary-error.ts'
import { identify, isAlive, type ProcessIdentity } from './processes.ts'

/** Milliseconds in which a younger start at the same moment is expected to withdraw. */
const withdrawal = 400

export interface OwnerLock extends AsyncDisposable {
  /** Whether an earlier owner died without giving its lock back. */
  readonly wasAbandoned: boolean
}

const fileName = ({ pid, startTime }: ProcessIdentity) => `owner-${pid}-${startTime}.lock`

/** Whoever claims a folder, dead or alive. */
export const ownersIn = async (folder: string): Promise<ProcessIdentity[]> =>
  (await readdir(folder)).flatMap((name) => {
    const [, pid, startTime] = /^owner-(\d+)-(\d+)\.lock$/.exec(name) ?? []
    return pid && startTime ? [{ pid: Number(pid), startTime: Number(startTime) }] : []
  })

const isOlder = (one: ProcessIdentity, other: ProcessIdentity) =>
  one.startTime < other.startTime || (one.startTime === other.startTime && one.pid < other.pid)

const inUse = (folder: string, owner: ProcessIdentity) =>
  new TributaryError(
    'EMBEDDED_UNAVAILABLE',
    `Process ${owner.pid} already runs the embedded Postgres of ${folder}. Stop that process first.`,
  )

/**
 * Makes this process the owner of a folder until the lock is disposed of.
 *
 * @throws TributaryError EMBEDDED_UNAVAILABLE while another process, or this one already, owns it.
 */
export async function takeOwnership(folder: string): Promise<OwnerLock> {
  const self = await identify(process.pid)
  if (!self) throw new TributaryError('EMBEDDED_UNAVAILABLE', 'The embedded Postgres needs /proc.')
  const file = join(folder, fileName(self))
  await writeFile(file, '', { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST' ? inUse(folder, self) : error
  })

  let wasAbandoned = false
  const deadline = performance.now() + withdrawal
  for (;;) {
    let rival: ProcessIdentity | undefined
    for (const owner of await ownersIn(folder)) {
      if (fileName(owner) === fileName(self)) continue
      if (await isAlive(owner)) rival = owner
      else {
        wasAbandoned = true
        await rm(join(folder, fileName(owner)), { force: true })
      }
    }
    if (!rival) break
    if (isOlder(rival, self) || performance.now() > deadline) {
      await rm(file, { force: true })
      throw inUse(folder, rival)
    }
    await pause(20)
  }
  return { wasAbandoned, [Symbol.asyncDispose]: () => rm(file, { force: true }) }
}
