import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Client } from 'pg'
import type { Account } from '../../src/embedded/accounts.ts'
import type { EmbeddedPostgresOptions } from '../../src/embedded/cluster.ts'

/** What the program `owner.ts` says of its start; the error alone when it failed. */
export interface OwnerReport {
  readonly error?: string
  readonly lines: string[]
  readonly port: number
  readonly pid: number
  readonly home: string
  readonly dataDir: string
  readonly start: string
  readonly url: string
  /** Milliseconds. */
  readonly took: number
}

export interface Owner extends AsyncDisposable {
  readonly report: OwnerReport
  /** SIGKILL, as by an operator or the kernel. */
  kill(): Promise<void>
  /** SIGTERM, upon which it stops its Postgres. */
  stop(): Promise<void>
}

/** Runs a process that owns an embedded Postgres, under an account if one is given. */
export async function startOwner(
  options: Omit<EmbeddedPostgresOptions, 'log'>,
  account?: Account,
): Promise<Owner> {
  const program = join(import.meta.dirname, 'owner.ts')
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(account && { uid: account.uid, gid: account.gid }),
  })
  const exited = once(child, 'exit')
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await exited
  }
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), exited])
  return {
    report: JSON.parse(String(line)),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    [Symbol.asyncDispose]: () => end('SIGTERM'),
  }
}

/** A temporary folder that every account can enter; deleted with what is in it. */
export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'tributary-embedded-'))
  await chmod(path, 0o755)
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Asks one thing over a connection of its own; the first column of the first row. */
export async function ask(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url })
  // Its database may be dropped while it is still saying goodbye.
  client.on('error', () => {})
  await client.connect()
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql)
    return Object.values(rows[0] ?? {})[0]
  } finally {
    await client.end()
  }
}
