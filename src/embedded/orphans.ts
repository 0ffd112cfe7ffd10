/*
 * Ending what a killed owner left behind.
 *
 * The pid in postmaster.pid alone cannot be trusted: it may have gone to another program, the folder may be a
 * copy of one whose server still runs, or the postmaster may be dead while its children hold the shared memory,
 * in which case a new one refuses to start. What counts is which Postgres processes work in the folder.
 */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { awaitGone, postgresIn, signal } from './processes.ts'

/** Milliseconds that each way of stopping is given. */
export interface StopPatience {
  readonly fast: number
  readonly immediate: number
}

export const defaultPatience: StopPatience = { fast: 10_000, immediate: 5_000 }

/**
 * Stops every Postgres process that works in a data folder, gently at first, and removes the traces that would
 * keep a new one from starting. The caller must own the folder.
 *
 * @returns whether there was anything left behind.
 */
export async function stopOrphans(dataDir: string, patience = defaultPatience): Promise<boolean> {
  const pidFile = join(dataDir, 'postmaster.pid')
  const text = await readFile(pidFile, 'utf8').catch(() => undefined)
  const pid = Number(text?.split('\n', 1)[0])

  let left = await postgresIn(dataDir)
  const foundAny = left.length > 0
  // Only the postmaster knows SIGINT as "shut down"; to the others it means something else.
  const postmaster = left.find((process) => process.pid === pid)
  if (postmaster) {
    signal(postmaster, 'SIGINT')
    left = await awaitGone(left, patience.fast)
  }
  for (const name of ['SIGQUIT', 'SIGKILL'] as const) {
    for (const process of left) signal(process, name)
    left = await awaitGone(left, patience.immediate)
  }
  await rm(pidFile, { force: true })
  return foundAny || text !== undefined
}
