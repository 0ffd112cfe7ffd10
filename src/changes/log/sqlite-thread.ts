import { Worker } from 'node:worker_threads'
import { TributaryError } from '../../errors/tributary-error.ts'
import type { Order, Reply, Request, Result, WriterSettings } from './sqlite-writer.ts'

/** The writing thread's file: TypeScript beside this one, or in a bundle what was built of it. */
const program = new URL(
  import.meta.url.endsWith('.ts') ? './sqlite-writer.ts' : './sqlite-writer.mjs',
  import.meta.url,
)

const unusable = (why: string) =>
  new TributaryError('CHANGE_LOG_UNUSABLE', `The change log cannot be used: ${why}.`)

interface Pending {
  resolve(result: Result): void
  reject(error: Error): void
}

/** The thread that writes the SQLite log, as those who ask it see it. */
export class SqliteThread implements AsyncDisposable {
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  readonly #onReplaced: (why: string) => void
  #nextId = 1
  #failure: TributaryError | undefined

  private constructor(worker: Worker, onReplaced: (why: string) => void) {
    this.#worker = worker
    this.#onReplaced = onReplaced
    worker.on('message', (reply: Reply) => this.#receive(reply))
    worker.on('error', (error) => this.#fail(unusable(error.message)))
    worker.on('exit', () => this.#fail(unusable('its thread has ended')))
  }

  /**
   * Starts the thread and opens the file.
   *
   * @param onReplaced Called when the file turned out to be damaged and another was begun, with the reason.
   * @throws TributaryError CHANGE_LOG_UNUSABLE
   */
  static async start(settings: WriterSettings, onReplaced: (why: string) => void): Promise<SqliteThread> {
    const worker = new Worker(program, { workerData: settings, name: 'change log' })
    const first = await new Promise<Reply>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', (error: Error) => reject(unusable(error.message)))
    })
    if ('unusable' in first) throw unusable(`${settings.path}: ${first.unusable}`)
    const thread = new SqliteThread(worker, onReplaced)
    if ('replaced' in first && first.replaced) onReplaced(first.replaced)
    return thread
  }

  /** Whether it has ended: what is asked of it is refused. */
  get isOver(): boolean {
    return this.#failure !== undefined
  }

  /** @throws TributaryError CHANGE_LOG_UNUSABLE when it could not be done: a full disk, damage. */
  ask(order: Order): Promise<Result> {
    if (this.#failure) return Promise.reject(this.#failure)
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
      this.#worker.postMessage({ id, order } satisfies Request)
    })
  }

  /** After what was asked before. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#failure) return
    await this.ask({ kind: 'close' }).catch(() => {})
    this.#failure ??= unusable('it is closed')
    await this.#worker.terminate()
  }

  #receive(reply: Reply): void {
    if ('replaced' in reply && reply.replaced) this.#onReplaced(reply.replaced)
    if (!('id' in reply)) return
    const pending = this.#pending.get(reply.id)
    this.#pending.delete(reply.id)
    if ('failure' in reply) pending?.reject(unusable(reply.failure))
    else pending?.resolve(reply.result)
  }

  #fail(error: TributaryError): void {
    this.#failure ??= error
    for (const { reject } of this.#pending.values()) reject(this.#failure)
    this.#pending.clear()
  }
}
