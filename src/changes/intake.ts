/*
 * Takes what a slot tells into the log.
 *
 * The log is durable before the slot is acknowledged: a slot that is ahead of its log has lost something. What comes in
 * while one batch is being made durable is the next batch, so the log's slowness makes batches longer, not the way from
 * the commit to the reader; past a bound nothing more is taken from the network, and Postgres waits, which costs its
 * writers nothing.
 *
 * Where nobody writes to the tables of the graph the slot has to be acknowledged too, or the server keeps all that is
 * written to others. The log says durably that it reaches so far, now and then, and at once when the server asks: one
 * that shuts down waits for that.
 */
import type { Transaction } from './change.ts'
import type { LogWriter } from './log/change-log.ts'
import type { StreamReceiver } from './postgres/replication-stream.ts'
import type { ReadTransaction, TransactionReader } from './postgres/transaction-reader.ts'

/** What the intake asks of its stream. */
export interface Acknowledged {
  readonly isPaused: boolean
  confirm(lsn: bigint): void
  flush(): void
  pause(): void
  resume(): void
}

export interface IntakeOptions {
  readonly reader: TransactionReader
  /** Between two advances over what nobody is interested in, in milliseconds. */
  readonly advanceMs: number
  /** Bytes that may wait for the log; half of it and reading goes on. Default 8 MB. */
  readonly maxWaitingBytes?: number
}

/** A batch ends where it has so many bytes: the log's transaction should stay short. */
const maxBatchBytes = 1 << 20

/** Past so many bytes of foreign WAL an advance does not wait for its time. */
const maxUnconfirmedBytes = 16n << 20n

export class Intake implements StreamReceiver, AsyncDisposable {
  /** Rejects when the log refuses, or the stream tells what cannot be read. */
  readonly failed: Promise<never>
  readonly #options: Required<IntakeOptions>
  readonly #failure = Promise.withResolvers<never>()
  #waiting: ReadTransaction[] = []
  #waitingBytes = 0
  #writer: LogWriter | undefined
  #stream: Acknowledged | undefined
  /** All that was committed up to here has been received. */
  #received = 0n
  #durable = 0n
  #advancedAt = 0
  #isReplyWanted = false
  #working: Promise<void> | undefined
  #later: NodeJS.Timeout | undefined
  #isOver = false

  constructor(options: IntakeOptions) {
    this.#options = { maxWaitingBytes: 8 << 20, ...options }
    this.failed = this.#failure.promise
    this.failed.catch(() => {})
    options.reader.reset()
  }

  /** Up to where the log holds everything. */
  get durable(): bigint {
    return this.#durable
  }

  /** What came so far has waited for this. */
  begin(writer: LogWriter, stream: Acknowledged): void {
    this.#writer = writer
    this.#stream = stream
    this.#settle(writer.last)
    this.#work()
  }

  data(message: Buffer): void {
    const transaction = this.#options.reader.read(message)
    if (!transaction) return
    this.#received = transaction.lsn
    if (transaction.changes.length > 0) {
      this.#waiting.push(transaction)
      this.#waitingBytes += transaction.bytes
      if (this.#waitingBytes > this.#options.maxWaitingBytes) this.#stream?.pause()
    }
    this.#work()
  }

  keepalive(walEnd: bigint, isReplyWanted: boolean): void {
    if (!this.#options.reader.isOpen && walEnd > this.#received) this.#received = walEnd
    if (isReplyWanted) this.#isReplyWanted = true
    this.#work()
  }

  /** Waits for what is being written; what waits behind it comes again. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    clearTimeout(this.#later)
    await this.#working
  }

  #work(): void {
    const [writer, stream] = [this.#writer, this.#stream]
    if (this.#working || !writer || !stream || this.#isOver) return
    if (this.#waiting.length === 0 && !this.#isAdvanceDue()) {
      this.#rest(stream)
      return
    }
    this.#working = this.#write(writer).then(
      () => {
        this.#working = undefined
        if (stream.isPaused && this.#waitingBytes <= this.#options.maxWaitingBytes / 2) stream.resume()
        this.#work()
      },
      (error: unknown) => {
        this.#working = undefined
        this.#isOver = true
        this.#failure.reject(error)
      },
    )
  }

  /** One batch, or one advance. */
  async #write(writer: LogWriter): Promise<void> {
    if (this.#waiting.length > 0) {
      const { batch, lsn, bytes } = this.#nextBatch()
      await writer.append(batch)
      this.#waitingBytes -= bytes
      this.#settle(lsn)
      return
    }
    const lsn = this.#received
    await writer.advance(lsn)
    this.#advancedAt = performance.now()
    this.#settle(lsn)
  }

  #nextBatch() {
    let bytes = 0
    const end = this.#waiting.findIndex((transaction) => {
      bytes += transaction.bytes
      return bytes >= maxBatchBytes
    })
    const taken = end < 0 ? this.#waiting.splice(0) : this.#waiting.splice(0, end + 1)
    const batch = taken.map(
      ({ lsn, xid, committedAt, changes }): Transaction => ({ lsn, xid, committedAt, changes }),
    )
    return { batch, lsn: taken.at(-1)?.lsn ?? 0n, bytes }
  }

  #settle(lsn: bigint): void {
    if (lsn <= this.#durable) return
    this.#durable = lsn
    this.#stream?.confirm(lsn)
  }

  #isAdvanceDue(): boolean {
    const ahead = this.#received - this.#durable
    if (ahead <= 0n) return false
    const isTime = performance.now() - this.#advancedAt >= this.#options.advanceMs
    return this.#isReplyWanted || isTime || ahead > maxUnconfirmedBytes
  }

  /** Nothing is to be done now. */
  #rest(stream: Acknowledged): void {
    if (this.#isReplyWanted) {
      this.#isReplyWanted = false
      stream.flush()
    }
    if (this.#received <= this.#durable || this.#later) return
    this.#later = setTimeout(() => {
      this.#later = undefined
      this.#work()
    }, this.#options.advanceMs)
  }
}
