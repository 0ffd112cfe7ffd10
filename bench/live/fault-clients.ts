import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** Who follows which job, and where. */
export interface FaultClient {
  readonly job: number
  readonly authorization: string
  /** Of the gateways that it goes to, one after the other. */
  readonly ports: readonly number[]
}

/** What a client was told. */
export interface Account extends FaultClient {
  /** Different rows. */
  seen: number
  /** Rows again. */
  doubled: number
  /** Rows after later ones. */
  disordered: number
  /** Times at which it was told that what happened cannot be told. */
  resyncs: number
  /** Times at which it was told how things are; the first is as it must be. */
  snapshots: number
  connections: number
  /** Why streams ended, and how often. */
  endings: Record<string, number>
}

/** The clients, in a process of their own. */
export class FaultClients implements AsyncDisposable {
  readonly #process: ChildProcess = fork(new URL('fault-client-process.ts', import.meta.url))

  start(clients: readonly FaultClient[]): void {
    this.#process.send(clients)
  }

  async accounts(): Promise<readonly Account[]> {
    const answer = once(this.#process, 'message')
    this.#process.send('account')
    const [accounts] = await answer
    return accounts
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await gone
  }
}
