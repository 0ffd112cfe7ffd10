import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { TributaryError } from '../errors/tributary-error.ts'
import { type Account, runAs } from './accounts.ts'

/** Milliseconds until a server that keeps recovering is given up. */
const startLimit = 120_000
/** Milliseconds after which a stop becomes less gentle; a hanging reader of a replication slot can block one. */
const stopPatience = 10_000

export type StopMode = 'fast' | 'immediate'

export interface PostmasterOptions {
  readonly binaries: string
  readonly dataDir: string
  readonly account: Account | undefined
  readonly settings: Readonly<Record<string, string | number>>
  /** Begun anew at each start. */
  readonly logFile: string
  readonly log: (line: string) => void
  /** Told when it has ended without having been stopped. */
  readonly onEnd?: () => void
}

export interface Postmaster {
  readonly pid: number
  stop(mode: StopMode): Promise<void>
}

/** The last lines of a log that carry news, on one line. */
const lastLines = async (logFile: string): Promise<string> => {
  const text = await readFile(logFile, 'utf8').catch(() => '')
  const lines = text.split('\n').filter((line) => /could not|FATAL|PANIC|ERROR|HINT|DETAIL/.test(line))
  return (
    lines
      .slice(-4)
      .join(' ')
      .replaceAll(/\S+ \S+ UTC \[\d+\] /g, '') || `see ${logFile}`
  )
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

/** The postmaster writes its state into the eighth line of this file, as `pg_ctl` also reads it. */
const isReady = async (child: ChildProcess, dataDir: string): Promise<boolean> => {
  const lines = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  return Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready'
}

async function stop(child: ChildProcess, mode: StopMode): Promise<void> {
  if (hasEnded(child)) return
  const ended = once(child, 'exit')
  const ways: NodeJS.Signals[] = mode === 'fast' ? ['SIGINT', 'SIGQUIT', 'SIGKILL'] : ['SIGQUIT', 'SIGKILL']
  for (const way of ways) {
    child.kill(way)
    const patience = new AbortController()
    const timedOut = pause(stopPatience, true, { signal: patience.signal }).catch(() => false)
    const isOver = await Promise.race([ended.then(() => true), timedOut.then(() => false)])
    patience.abort()
    if (isOver) return
  }
  await ended
}

/**
 * Starts a server in a session of its own, so that a terminal's Ctrl-C does not reach it before those who use it
 * have ended, and waits until it takes connections.
 *
 * @throws TributaryError EMBEDDED_UNAVAILABLE with the last lines of its log when it does not come up.
 */
export async function startPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  const { binaries, dataDir, account, settings, logFile, log } = options
  await rm(logFile, { force: true })
  const output = await open(logFile, 'wx', 0o644)
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn(join(binaries, 'postgres'), ['-D', dataDir, ...args], {
    ...runAs(account),
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
  })
  // A process that ends without stopping its server, by an error or process.exit(), still takes it along.
  const onOwnersExit = () => void child.kill('SIGINT')
  process.once('exit', onOwnersExit)
  child.once('exit', () => process.off('exit', onOwnersExit))
  try {
    await once(child, 'spawn')
  } finally {
    await output.close()
  }

  const deadline = performance.now() + startLimit
  while (!(await isReady(child, dataDir))) {
    if (hasEnded(child) || performance.now() > deadline) {
      await stop(child, 'immediate')
      const reason = await lastLines(logFile)
      throw new TributaryError('EMBEDDED_UNAVAILABLE', `The embedded Postgres did not start: ${reason}`)
    }
    await pause(10)
  }

  const onEnd = async () => {
    const how = child.signalCode === null ? '' : ` by ${child.signalCode}`
    log(`Postgres ended unexpectedly${how}: ${await lastLines(logFile)}`)
    options.onEnd?.()
  }
  child.once('exit', onEnd)
  return {
    pid: child.pid ?? 0,
    async stop(mode) {
      child.off('exit', onEnd)
      await stop(child, mode)
    },
  }
}
