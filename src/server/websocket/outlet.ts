/**
 * What goes out over one socket.
 *
 * Protocol messages are sent by `ws`. Results of subscriptions, of which there are a thousand times as many, are written
 * to what the socket runs on, past it. That is sound because `ws` writes each frame in one go (it does not with
 * compression, or for blobs, neither of which is used here): whoever writes next begins a frame of its own.
 *
 * A socket with several operations is corked until the end of the turn, so that what they get at once leaves at once.
 */
import type { Socket } from 'node:net'
import { type Message, stringifyMessage } from 'graphql-ws'
import type { WebSocket } from 'ws'
import type { SharedResult } from '../../live/stream.ts'
import { framesOf } from './frames.ts'

export interface OutletOptions {
  readonly socket: WebSocket
  /** What the socket runs on. */
  readonly wire: Socket
  /** Bytes that may wait for the client to read them. */
  readonly maxUnreadBytes: number
  /** Told that more wait. */
  readonly onUnread: () => void
}

export class Outlet {
  readonly #options: OutletOptions
  #waiting: (() => void)[] | undefined
  #isCorked = false

  constructor(options: OutletOptions) {
    this.#options = options
  }

  /** Sends a message of the protocol, if it can be sent. */
  send(message: Message): boolean {
    if (!this.#isOpen()) return false
    this.#options.socket.send(stringifyMessage(message))
    return true
  }

  /**
   * Sends results of one operation.
   *
   * @param isAlone Whether there is no other operation that may have results at the same time.
   */
  deliver(head: string, results: readonly SharedResult[], isAlone: boolean): void {
    if (!this.#isOpen()) return
    const { wire } = this.#options
    const frames = framesOf(head, results)
    if (frames.length > 1 || !isAlone) this.#cork()
    for (const frame of frames) wire.write(frame)
  }

  /** Whether the client has read what it was sent, but for what the network holds. */
  get isReady(): boolean {
    return !this.#options.wire.writableNeedDrain
  }

  /** Calls once when it has. */
  onReady(listener: () => void): void {
    if (this.isReady) return void process.nextTick(listener)
    if (this.#waiting) {
      this.#waiting.push(listener)
      return
    }
    this.#waiting = [listener]
    this.#options.wire.once('drain', () => {
      const waiting = this.#waiting ?? []
      this.#waiting = undefined
      for (const each of waiting) each()
    })
  }

  /** Whether anything can be sent; a client that leaves too much unread is given up here. */
  #isOpen(): boolean {
    const { socket, wire, maxUnreadBytes, onUnread } = this.#options
    if (socket.readyState !== socket.OPEN) return false
    if (wire.writableLength <= maxUnreadBytes) return true
    onUnread()
    return false
  }

  #cork(): void {
    if (this.#isCorked) return
    const { wire } = this.#options
    this.#isCorked = true
    wire.cork()
    process.nextTick(() => {
      this.#isCorked = false
      wire.uncork()
    })
  }
}
