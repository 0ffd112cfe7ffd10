/**
 * The thread that writes the SQLite log. SQLite's calls wait for the disk, some milliseconds each on a slow one, and the
 * gateway's own thread answers thousands of clients meanwhile. What has gathered while one transaction was written goes
 * into the next together: the busier, the fewer waits a commit.
 *
 * Damage is answered by setting the file aside and beginning another: readers then find that their positions are lost,
 * and begin anew, which is right; a damaged log that goes on would miss changes.
 */
import { renameSync, rmSync } from 'node:fs'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { CaptureReport, LogIdentity } from './change-log.ts'
import { isDamaged } from './sqlite-failure.ts'
import { type Addition, type Limits, type Opened, SqliteStore, type Tenure } from './sqlite-store.ts'

/** What the thread is asked to do. */
export type Order =
  | { readonly kind: 'open'; readonly source: string; readonly identity: LogIdentity }
  | ({ readonly kind: 'append'; readonly tenure: Tenure } & Addition)
  | { readonly kind: 'notes'; readonly tenure: Tenure }
  | { readonly kind: 'advance'; readonly tenure: Tenure; readonly to: bigint }
  | { readonly kind: 'report'; readonly tenure: Tenure; readonly report: CaptureReport }
  /** The reader has met damage, in the file that came after so many replacements. */
  | { readonly kind: 'renew'; readonly replacements: number }
  | { readonly kind: 'close' }

export type Result = Opened | ReadonlyMap<string, string> | bigint | boolean | undefined

export interface Request {
  readonly id: number
  readonly order: Order
}

/** What the thread says. `replaced` tells that the file is another from here on, and why. */
export type Reply =
  | { readonly id: number; readonly result: Result }
  | { readonly id: number; readonly failure: string }
  | { readonly opened: true; readonly replaced?: string }
  | { readonly unusable: string }
  | { readonly replaced: string }

export interface WriterSettings extends Limits {
  readonly path: string
}

const trimEveryMs = 1_000

class Writer {
  readonly #port: MessagePort
  readonly #settings: WriterSettings
  #store: SqliteStore
  #trimming: NodeJS.Immediate | undefined
  #trimmedAt = 0
  #replacements = 0

  constructor(port: MessagePort, settings: WriterSettings) {
    this.#port = port
    this.#settings = settings
    const opened = this.#openStore()
    this.#store = opened.store
    if (opened.replaced) this.#replacements = 1
    port.postMessage({ opened: true, ...(opened.replaced && { replaced: opened.replaced }) } satisfies Reply)
    port.on('message', (request: Request) => this.#perform([request, ...this.#waiting()]))
    const timer = setInterval(() => this.#trimSoon(), trimEveryMs)
    port.on('close', () => clearInterval(timer))
  }

  #openStore(): { store: SqliteStore; replaced?: string } {
    const { path } = this.#settings
    try {
      return { store: new SqliteStore(path, this.#settings) }
    } catch (error) {
      if (!isDamaged(error)) throw error
      this.#setAside()
      return { store: new SqliteStore(path, this.#settings), replaced: (error as Error).message }
    }
  }

  /** Keeps the damaged file for whoever wants to look at it; only the last one. */
  #setAside(): void {
    const { path } = this.#settings
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
    renameSync(path, `${path}.damaged`)
  }

  #renew(why: string): void {
    this.#store[Symbol.dispose]()
    this.#setAside()
    this.#store = this.#openStore().store
    this.#replacements += 1
    this.#port.postMessage({ replaced: why } satisfies Reply)
  }

  #waiting(): Request[] {
    const requests: Request[] = []
    for (;;) {
      const received = receiveMessageOnPort(this.#port)
      if (!received) return requests
      requests.push(received.message as Request)
    }
  }

  #perform(requests: readonly Request[]): void {
    const closing = requests.find(({ order }) => order.kind === 'close')
    const isAsked = ({ order }: Request) =>
      order.kind === 'renew' && order.replacements === this.#replacements
    if (requests.some(isAsked)) this.#renew('the file is damaged')
    const orders = requests.filter(({ order }) => order.kind !== 'close')
    const replies = this.#replies(orders)
    for (const reply of replies) this.#port.postMessage(reply)
    if (closing) {
      this.#store[Symbol.dispose]()
      this.#port.postMessage({ id: closing.id, result: undefined } satisfies Reply)
      this.#port.close()
    } else if (Date.now() - this.#trimmedAt >= trimEveryMs) this.#trimSoon()
  }

  #replies(requests: readonly Request[]): Reply[] {
    if (requests.length === 0) return []
    try {
      const results = this.#store.atomically(() => requests.map(({ order }) => this.#execute(order)))
      return requests.map(({ id }, index) => ({ id, result: results[index] }))
    } catch (error) {
      const failure = (error as Error).message
      if (isDamaged(error)) this.#renew(failure)
      return requests.map(({ id }) => ({ id, failure }))
    }
  }

  #execute(order: Order): Result {
    switch (order.kind) {
      case 'open':
        return this.#store.open(order.source, order.identity)
      case 'append':
        return this.#store.append(order.tenure, order, Date.now())
      case 'notes':
        return this.#store.notes(order.tenure)
      case 'advance':
        return this.#store.advance(order.tenure, order.to)
      case 'report':
        return this.#store.report(order.tenure, order.report)
      default:
        return undefined
    }
  }

  /** After what waits already: each step is short, and gives way to the next append. */
  #trimSoon(): void {
    this.#trimming ??= setImmediate(() => {
      this.#trimming = undefined
      try {
        if (this.#store.trim(Date.now())) this.#trimSoon()
        else this.#trimmedAt = Date.now()
      } catch (error) {
        // A full or busy disk: tried again at the next tick of the timer.
        this.#trimmedAt = Date.now()
        if (isDamaged(error)) this.#renew((error as Error).message)
      }
    })
  }
}

if (parentPort) {
  try {
    new Writer(parentPort, workerData as WriterSettings)
  } catch (error) {
    parentPort.postMessage({ unusable: (error as Error).message } satisfies Reply)
    parentPort.close()
  }
}
