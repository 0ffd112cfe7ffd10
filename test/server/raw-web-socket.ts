import { once } from 'node:events'
import { type ClientOptions, WebSocket } from 'ws'

export interface ReceivedMessage {
  readonly type: string
  readonly id?: string
  readonly payload?: unknown
}

export interface Closed {
  readonly code: number
  readonly reason: string
}

/** A client that says what it is told to, in protocol or not, and keeps what it hears until it is asked for. */
export class RawWebSocket implements Disposable {
  readonly socket: WebSocket
  readonly closed: Promise<Closed>
  readonly #received: ReceivedMessage[] = []
  readonly #arrivals = new EventTarget()

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('message', (data) => {
      this.#received.push(JSON.parse(String(data)))
      this.#arrivals.dispatchEvent(new Event('message'))
    })
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        resolve({ code, reason: String(reason) })
        this.#arrivals.dispatchEvent(new Event('message'))
      })
    })
  }

  /** Opens a socket; rejects with the answer's status where it is refused. */
  static async open(
    url: string,
    options: ClientOptions = {},
    protocols: string[] = ['graphql-transport-ws'],
  ): Promise<RawWebSocket> {
    const socket = new WebSocket(url.replace('http', 'ws'), protocols, options)
    const raw = new RawWebSocket(socket)
    const refused = new Promise<never>((_, reject) => {
      socket.once('error', reject)
    })
    await Promise.race([once(socket, 'open'), refused])
    return raw
  }

  /** Opens a socket and has it acknowledged. */
  static async connect(url: string, payload?: object, options?: ClientOptions): Promise<RawWebSocket> {
    const raw = await RawWebSocket.open(url, options)
    raw.send({ type: 'connection_init', payload })
    const { type } = await raw.next()
    if (type !== 'connection_ack') throw new Error(`The server answered ${type}.`)
    return raw
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  subscribe(id: string, query: string, variables?: object): void {
    this.send({ id, type: 'subscribe', payload: { query, variables } })
  }

  /** The next message. */
  async next(): Promise<ReceivedMessage> {
    for (;;) {
      const message = this.#received.shift()
      if (message) return message
      if (this.socket.readyState === this.socket.CLOSED) {
        const { code, reason } = await this.closed
        throw new Error(`The server closed: ${code} ${reason}`)
      }
      await once(this.#arrivals, 'message')
    }
  }

  /** Everything that was heard and not asked for. */
  get unread(): readonly ReceivedMessage[] {
    return this.#received
  }

  [Symbol.dispose](): void {
    this.socket.terminate()
  }
}
