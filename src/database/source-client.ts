import { Client, type ClientConfig } from 'pg'
import { sendCancelRequest } from './cancel-request.ts'
import type { Encryption } from './connection-options.ts'
import type { Gate } from './gate.ts'
import { currentRequest } from './request-scope.ts'
import { withoutRow } from './without-row.ts'

export interface SourceClientConfig extends ClientConfig {
  readonly ssl?: Encryption
  readonly gate: Gate
  /** Every client of the pool that has a socket. */
  readonly connections: Set<SourceClient>
}

type Answer = (error: Error | null, result?: unknown) => void

/** How long the server may take over a cancel request, in milliseconds. */
const cancelTimeoutMs = 2_000

/**
 * A connection of a source's pool. Every statement passes here, Prisma's and those of transactions included: it is
 * counted for its request, cancelled in the server when the request is aborted, and its failure told to the gate, without
 * what Postgres quotes of rows.
 */
export class SourceClient extends Client {
  declare readonly processID: number | null
  declare readonly secretKey: number | null
  readonly #gate: Gate
  readonly #connections: Set<SourceClient>
  readonly #encryption: Encryption
  #underWay = 0

  constructor(config?: SourceClientConfig) {
    if (config === undefined) throw new TypeError('A client of a source is made by its pool')
    super(config)
    this.#gate = config.gate
    this.#connections = config.connections
    this.#encryption = config.ssl ?? false
    // A pool listens to the clients that idle in it, not to those it has lent: their statements fail with the same
    // error, which tells the gate; without a listener the event would end the process.
    this.on('error', () => {})
  }

  override connect(): Promise<Client>
  override connect(callback: ((error: Error) => void) | ((error: null, client: Client) => void)): void
  override connect(callback?: ((error: Error) => void) | ((error: null, client: Client) => void)) {
    if (callback === undefined)
      return new Promise<Client>((resolve, reject) => {
        this.connect((error: Error | null) => (error ? reject(error) : resolve(this)))
      })
    const done = callback as Answer
    const refusal = this.#gate.refusal()
    if (refusal) return process.nextTick(done, refusal)
    this.#connections.add(this)
    this.once('end', () => this.#connections.delete(this))
    return super.connect((error: Error | null) => {
      if (error) done(this.#gate.unreachable(error))
      else done(null, this)
    })
  }

  // Of pg's overloads each ends in a statement, its values and a callback.
  override query(...args: never[]): never {
    const [statement, second, third] = args as unknown[]
    const [values, callback] = typeof second === 'function' ? [undefined, second] : [second, third]
    const send = (answer: Answer) => this.#send(statement, values, answer)
    if (typeof callback === 'function') return send(callback as Answer) as never
    return new Promise((resolve, reject) => {
      send((error, result) => (error ? reject(error) : resolve(result)))
    }) as never
  }

  /**
   * The answer to a statement that is being cancelled is held back until the server has dealt with the cancel
   * request: a connection given back before that would lose its next statement, another request's, to it.
   *
   * A statement of an aborted request is still sent: it may be the ROLLBACK without which the connection goes back
   * to the pool inside a transaction. The pool refuses such a request a connection.
   */
  #send(statement: unknown, values: unknown, answer: Answer): void {
    const request = currentRequest()
    let cancelled: Promise<void> | undefined
    const cancel = () => {
      cancelled = this.#cancel()
    }
    if (request) {
      const { source } = this.#gate
      request.statements.set(source, (request.statements.get(source) ?? 0) + 1)
      request.signal.addEventListener('abort', cancel, { once: true })
    }
    this.#underWay++
    const submit = super.query as unknown as (statement: unknown, values: unknown, answer: Answer) => void
    submit.call(this, statement, values, (error, result) => {
      this.#underWay--
      request?.signal.removeEventListener('abort', cancel)
      if (cancelled) void cancelled.then(() => answer(error && request?.signal.reason, result))
      else if (error) answer(this.#gate.failed(withoutRow(error)))
      else {
        this.#gate.answered()
        answer(null, result)
      }
    })
  }

  /** Whether a statement is under way. */
  get isBusy(): boolean {
    return this.#underWay > 0
  }

  /** Ends the connection, with whatever it is doing: closing the socket alone would leave the server at work. */
  async cut(): Promise<void> {
    const cancelled = this.isBusy && this.#requestCancel()
    this.connection.stream.destroy()
    await cancelled
  }

  async #cancel(): Promise<void> {
    if (!(await this.#requestCancel())) this.connection.stream.destroy()
  }

  /** Whether the server has dealt with the request. */
  async #requestCancel(): Promise<boolean> {
    const { host, port, processID, secretKey } = this
    if (processID === null || secretKey === null) return false
    const target = { host, port, encryption: this.#encryption, processID, secretKey }
    return sendCancelRequest(target, cancelTimeoutMs)
  }
}
