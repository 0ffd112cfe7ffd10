import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** What is written, how often, and for how long. */
export interface WriteOrder {
  readonly url: string
  /** One job at a time, or twenty metrics of a job in one statement. */
  readonly what: 'jobs' | 'metrics'
  /** The jobs, one after the other and round again. */
  readonly ids: readonly number[]
  /** Commits a second. */
  readonly rate: number
  readonly seconds: number
}

export interface Written {
  readonly type: 'written'
  readonly commits: number
  /** Commits a second that it came to. */
  readonly rate: number
  /** Commits that were sent a second too late, or more. */
  readonly late: number
}

/** A writer in a process of its own. */
export class Writer implements AsyncDisposable {
  readonly #process: ChildProcess = fork(new URL('writer-process.ts', import.meta.url))

  /** Writes; resolves when all is committed. */
  async write(order: WriteOrder): Promise<Written> {
    const answer = once(this.#process, 'message')
    this.#process.send(order)
    const [written] = await answer
    return written
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await gone
  }
}
