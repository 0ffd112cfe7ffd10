import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A bare connection, for what an HTTP client would not send. */
export class RawConnection implements Disposable {
  readonly socket: Socket
  readonly #closed: Promise<unknown>
  #received = ''

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      this.#received += chunk
    })
    socket.on('error', () => {})
    this.#closed = once(socket, 'close')
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new RawConnection(socket)
  }

  write(text: string): void {
    this.socket.write(text)
  }

  /** Everything received, once it holds the text. */
  async until(text: string): Promise<string> {
    while (!this.#received.includes(text)) await once(this.socket, 'data')
    return this.#received
  }

  /** Everything received until the server closed the connection. */
  async untilClosed(): Promise<string> {
    await this.#closed
    return this.#received
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

/** Sends a request as it stands on a connection of its own, and reads until the server closes it. */
export async function rawRequest(port: number, lines: readonly string[], body = ''): Promise<string> {
  using connection = await RawConnection.open(port)
  connection.write(`${[...lines, 'connection: close'].join('\r\n')}\r\n\r\n${body}`)
  return await connection.untilClosed()
}
