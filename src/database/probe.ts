import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import type { Client } from 'pg'
import type { ConnectionPlan, Encryption } from './connection-options.ts'
import type { ExpectedDatabase } from './expected.ts'
import type { FoundDatabase } from './found.ts'
import { inspectDatabase } from './inspect.ts'
import { openClient } from './open-client.ts'

/** How long a connection may take to say goodbye, in milliseconds. */
const goodbyeMs = 200

export interface ProbeOptions {
  /** For connecting, all ways of encrypting together. */
  readonly timeoutMs: number
  /** Gives up connecting. */
  readonly signal: AbortSignal
}

/** How long to wait for an answer. */
export interface Patience {
  readonly timeoutMs: number
  /** Asked when that is over: whether to wait as long again. */
  readonly isExtended: () => boolean
}

/**
 * A connection of its own on which a source's database is looked at: whether it answers, and what is in it. The pool
 * would not do: it may be full of slow statements, or of dead sockets.
 */
export class Probe implements AsyncDisposable {
  /** How the server was willing to talk. */
  readonly encryption: Encryption
  /** Aborted, with the reason, once the connection is lost. */
  readonly lost: AbortSignal
  readonly #client: Client
  readonly #losing: AbortController

  private constructor(client: Client, encryption: Encryption, losing: AbortController) {
    this.#client = client
    this.encryption = encryption
    this.#losing = losing
    this.lost = losing.signal
  }

  /** Connects, trying the plan's ways of encrypting in their order. */
  static async connect(plan: ConnectionPlan, { timeoutMs, signal }: ProbeOptions): Promise<Probe> {
    const config = { application_name: 'tributary watch' }
    const { client, encryption } = await openClient(plan, { timeoutMs, signal, config })
    const losing = new AbortController()
    client.on('error', (error) => losing.abort(error))
    client.on('end', () => losing.abort(new Error('Connection terminated')))
    return new Probe(client, encryption, losing)
  }

  /** @throws Error when the database does not answer in time. */
  async ping(patience: Patience): Promise<void> {
    await this.#within(patience, this.#client.query('SELECT 1'))
  }

  /** @throws Error when the database does not answer in time. */
  inspect(expected: ExpectedDatabase, patience: Patience): Promise<FoundDatabase> {
    return this.#within(patience, inspectDatabase(this.#client, expected))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { stream } = this.#client.connection
    if (this.lost.aborted) stream.destroy()
    else await Promise.race([this.#client.end(), pause(goodbyeMs)])
    stream.destroy()
  }

  async #within<T>({ timeoutMs, isExtended }: Patience, answer: Promise<T>): Promise<T> {
    const { promise: silence, reject } = Promise.withResolvers<never>()
    const expire = async () => {
      // A process that was busy for so long has an answer unread: timers come before sockets.
      await turn()
      if (isExtended()) return timer.refresh()
      const error = new Error(`timeout of ${timeoutMs} ms`)
      this.#losing.abort(error)
      return reject(error)
    }
    const timer = setTimeout(expire, timeoutMs)
    try {
      return await Promise.race([answer, silence])
    } finally {
      clearTimeout(timer)
      silence.catch(() => {})
      answer.catch(() => {})
    }
  }
}
