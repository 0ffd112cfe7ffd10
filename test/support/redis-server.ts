import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../../src/embedded/free-port.ts'

const program = '/usr/bin/redis-server'

/** Whether the machine has a Redis, as Debian brings it. */
export const hasRedis: boolean = (() => {
  try {
    execFileSync(program, ['--version'])
    return true
  } catch {
    return false
  }
})()

/** A Redis in a temporary folder that goes with it. */
export interface TestRedis extends AsyncDisposable {
  readonly url: string
  /** SIGKILL, as by the kernel. */
  kill(): Promise<void>
  /** Starts it again, over the same folder and port. */
  restart(): Promise<void>
}

export interface TestRedisOptions {
  /** Settings other than those that the change log asks for. */
  readonly settings?: Readonly<Record<string, string>>
}

export async function startRedis({ settings = {} }: TestRedisOptions = {}): Promise<TestRedis> {
  await using undo = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'tributary-redis-'))
  undo.defer(() => rm(folder, { recursive: true, force: true }))
  const port = await freePort()
  const all = {
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'yes',
    appendfsync: 'always',
    'maxmemory-policy': 'noeviction',
    ...settings,
  }
  const start = async () => {
    const child = spawn(
      program,
      Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]),
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const exited = once(child, 'exit')
    for await (const line of createInterface(child.stdout)) if (line.includes('Ready to accept')) break
    child.stdout.resume()
    return { child, exited }
  }
  let running = await start()
  const kill = async () => {
    running.child.kill('SIGKILL')
    await running.exited
  }
  undo.defer(kill)
  const owned = undo.move()
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    restart: async () => {
      running = await start()
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
