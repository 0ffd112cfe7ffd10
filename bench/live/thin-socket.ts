/**
 * A client of graphql-transport-ws that costs next to nothing, so that ten thousand of them fit beside the gateway that is
 * measured: it reads all sockets into one buffer, looks at a frame where it lies, and makes no object of a message.
 */
import { connect, type Socket } from 'node:net'

/** Told of each message, which is only there during the call. */
export type OnMessage = (payload: Buffer, socket: ThinSocket) => void

export interface ThinSocketOptions {
  readonly port: number
  /** The address to come from. */
  readonly from: string
  readonly path?: string
  readonly protocol?: string
  readonly onMessage: OnMessage
  readonly onClose?: (code: number, reason: string, socket: ThinSocket) => void
}

const shared = Buffer.allocUnsafe(256 * 1024)
const endOfHead = Buffer.from('\r\n\r\n')

/** A masked frame, by a key of zeros: masked, and as it was. */
function masked(opcode: number, payload: Buffer): Buffer {
  const extended = payload.length < 126 ? 0 : 2
  const frame = Buffer.alloc(6 + extended + payload.length)
  frame[0] = 0x80 | opcode
  frame[1] = 0x80 | (extended ? 126 : payload.length)
  if (extended) frame.writeUInt16BE(payload.length, 2)
  payload.copy(frame, 6 + extended)
  return frame
}

export class ThinSocket {
  readonly socket: Socket
  readonly #options: ThinSocketOptions
  #rest: Buffer | undefined
  #isOpen = false
  #isClosed = false

  constructor(options: ThinSocketOptions) {
    const { port, from, path = '/graphql', protocol = 'graphql-transport-ws' } = options
    this.#options = options
    this.socket = connect({
      host: '127.0.0.1',
      port,
      localAddress: from,
      onread: { buffer: shared, callback: (size: number) => this.#receive(size) },
    })
    this.socket.setNoDelay(true)
    this.socket.on('error', () => {})
    this.socket.once('close', () => this.#close(1006, ''))
    this.socket.write(
      [
        `GET ${path} HTTP/1.1`,
        'host: 127.0.0.1',
        'upgrade: websocket',
        'connection: Upgrade',
        'sec-websocket-version: 13',
        'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
        `sec-websocket-protocol: ${protocol}`,
        '\r\n',
      ].join('\r\n'),
    )
  }

  send(message: unknown): void {
    this.socket.write(masked(1, Buffer.from(JSON.stringify(message))))
  }

  /** Cuts the connection. */
  cut(): void {
    this.#isClosed = true
    this.socket.destroy()
  }

  #receive(size: number): boolean {
    let bytes = shared.subarray(0, size)
    if (this.#rest) {
      bytes = Buffer.concat([this.#rest, bytes])
      this.#rest = undefined
    }
    let at = 0
    if (!this.#isOpen) {
      const end = bytes.indexOf(endOfHead)
      if (end < 0) return this.#keep(bytes, 0)
      const status = bytes.toString('latin1', 9, 12)
      if (status !== '101') {
        this.#close(Number(status), bytes.toString('latin1', end + 4))
        this.socket.destroy()
        return true
      }
      this.#isOpen = true
      at = end + 4
    }
    for (;;) {
      const next = this.#frame(bytes, at)
      if (next === undefined) return this.#keep(bytes, at)
      at = next
    }
  }

  #keep(bytes: Buffer, at: number): true {
    if (at < bytes.length) this.#rest = Buffer.from(bytes.subarray(at))
    return true
  }

  /** Handles the frame that begins at a place; tells where the next one does, undefined where it is not all there. */
  #frame(bytes: Buffer, at: number): number | undefined {
    if (bytes.length < at + 2) return undefined
    const opcode = (bytes[at] ?? 0) & 0x0f
    let length = (bytes[at + 1] ?? 0) & 0x7f
    let begin = at + 2
    if (length === 126) {
      if (bytes.length < at + 4) return undefined
      length = bytes.readUInt16BE(at + 2)
      begin = at + 4
    } else if (length === 127) {
      if (bytes.length < at + 10) return undefined
      length = bytes.readUInt32BE(at + 6)
      begin = at + 10
    }
    if (bytes.length < begin + length) return undefined
    const payload = bytes.subarray(begin, begin + length)
    if (opcode === 1) this.#options.onMessage(payload, this)
    else if (opcode === 9) this.socket.write(masked(10, payload))
    else if (opcode === 8) {
      this.#close(length >= 2 ? payload.readUInt16BE(0) : 1005, payload.toString('utf8', 2))
      this.socket.end(masked(8, payload))
    }
    return begin + length
  }

  #close(code: number, reason: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#options.onClose?.(code, reason, this)
  }
}
