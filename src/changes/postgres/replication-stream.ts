/*
 * The stream of a logical replication slot, over a connection of `pg` in replication mode: CopyBoth, whose data are the
 * write-ahead log's messages and keepalives one way and our status the other.
 *
 * The server keeps what is not confirmed, on its owner's disk, so what is confirmed is never more than the log holds
 * durably (who calls `confirm` knows), and never much less. It also counts on hearing of us: our status goes out by the
 * clock, whether or not anything comes, and asks for an answer now and then, since a connection whose other end is gone
 * is otherwise silent like one on which nobody writes.
 */
import { once } from 'node:events'
import { type Client, type DatabaseError, escapeIdentifier, escapeLiteral } from 'pg'
import { formatLsn } from './lsn.ts'
import { postgresTime } from './postgres-time.ts'

/** In milliseconds. */
export interface StreamTiming {
  /** Between two confirmations. */
  readonly statusMs: number
  /** Between two questions whether the server is there. */
  readonly pingMs: number
  /** After which a silent server is taken for gone. */
  readonly silenceMs: number
}

/** What comes out of a slot. It is called while the connection reads, and must not wait. */
export interface StreamReceiver {
  /** A message of the output plugin; the buffer is the connection's own and is written over afterwards. */
  data(message: Buffer): void
  /** All that was committed up to here has been sent before. */
  keepalive(walEnd: bigint, isReplyWanted: boolean): void
}

export interface StreamOptions {
  readonly slot: string
  readonly publication: string
  readonly receiver: StreamReceiver
  readonly timing: StreamTiming
}

const xLogData = 'w'.charCodeAt(0)
const keepalive = 'k'.charCodeAt(0)
const headerBytes = 25

/** How long a server may take to see us off, in milliseconds. */
const goodbyeMs = 1_000

export class ReplicationStream implements AsyncDisposable {
  /** Rejects when the stream breaks; resolves when it is closed from here. */
  readonly ended: Promise<void>
  readonly #client: Client
  readonly #options: StreamOptions
  readonly #end = Promise.withResolvers<void>()
  #confirmed = 0n
  #heardAt = performance.now()
  #confirmedAt = 0
  #askedAt = performance.now()
  #isPaused = false
  #clock: NodeJS.Timeout | undefined

  private constructor(client: Client, options: StreamOptions) {
    this.#client = client
    this.#options = options
    this.ended = this.#end.promise
    // Who started the stream waits for it, but perhaps not yet.
    this.ended.catch(() => {})
  }

  /**
   * Takes the slot, from where it stands. The client is the stream's from here on.
   *
   * @throws DatabaseError 55006 while another has the slot; 42704 where there is none; 55000 where it is lost.
   */
  static async start(client: Client, options: StreamOptions): Promise<ReplicationStream> {
    const stream = new ReplicationStream(client, options)
    try {
      await stream.#start()
      return stream
    } catch (error) {
      client.connection.stream.destroy()
      throw error
    }
  }

  /** Everything up to here is durable, and need never be sent again. */
  confirm(lsn: bigint): void {
    this.#confirmed = lsn
  }

  /** Sends what is confirmed at once, as a server that shuts down wants it. */
  flush(isReplyWanted = false): void {
    const message = Buffer.alloc(39)
    message.write('d')
    message.writeInt32BE(38, 1)
    message.write('r', 5)
    for (const at of [6, 14, 22]) message.writeBigInt64BE(this.#confirmed, at)
    message.writeBigInt64BE(postgresTime(Date.now()), 30)
    message.writeUInt8(isReplyWanted ? 1 : 0, 38)
    const { stream } = this.#client.connection
    if (stream.writable) stream.write(message)
    this.#confirmedAt = performance.now()
  }

  /** Takes nothing more from the network for a while; what has arrived already still comes. */
  pause(): void {
    this.#isPaused = true
    this.#client.connection.stream.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#heardAt = performance.now()
    this.#client.connection.stream.resume()
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Confirms, and gives the slot back. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { stream } = this.#client.connection
    clearInterval(this.#clock)
    if (!stream.destroyed) {
      if (this.#confirmed > 0n) this.flush()
      const closed = once(stream, 'close')
      const late = setTimeout(() => stream.destroy(), goodbyeMs)
      stream.resume()
      // Not the client's own end, which cuts off a command that is not over.
      this.#client.connection.end()
      await closed
      clearTimeout(late)
    }
    this.#end.resolve()
  }

  async #start(): Promise<void> {
    const { slot, publication, timing } = this.#options
    const { connection } = this.#client
    const started = Promise.withResolvers<void>()
    connection.once('replicationStart', () => started.resolve())
    connection.on('copyData', ({ chunk }: { chunk: Buffer }) => this.#take(chunk))
    const options = [
      `proto_version '1'`,
      `publication_names ${escapeLiteral(escapeIdentifier(publication))}`,
      `messages 'true'`,
    ]
    const command = `START_REPLICATION SLOT ${escapeIdentifier(slot)} LOGICAL ${formatLsn(0n)} (${options.join(', ')})`
    this.#client.query(command).then(
      () => this.#fail(new Error('Connection terminated: the server ended the stream')),
      (error: DatabaseError) => {
        started.reject(error)
        this.#fail(error)
      },
    )
    await started.promise
    this.#heardAt = performance.now()
    this.#clock = setInterval(() => this.#tick(), Math.min(timing.statusMs, timing.pingMs))
  }

  #take(chunk: Buffer): void {
    this.#heardAt = performance.now()
    try {
      const { receiver } = this.#options
      if (chunk[0] === xLogData) receiver.data(chunk.subarray(headerBytes))
      else if (chunk[0] === keepalive) receiver.keepalive(chunk.readBigInt64BE(1), chunk[17] === 1)
    } catch (error) {
      this.#fail(error)
    }
  }

  #tick(): void {
    const { statusMs, pingMs, silenceMs } = this.#options.timing
    const now = performance.now()
    if (!this.#isPaused && now - this.#heardAt > silenceMs) {
      this.#fail(new Error(`timeout: the server was silent for ${silenceMs} ms`))
      return
    }
    const isPing = now - this.#askedAt >= pingMs
    if (isPing) this.#askedAt = now
    if (isPing || now - this.#confirmedAt >= statusMs) this.flush(isPing)
  }

  #fail(error: unknown): void {
    clearInterval(this.#clock)
    this.#end.reject(error)
    this.#client.connection.stream.destroy()
  }
}
