import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'

/** Whether somebody is still at the other end of a socket. A connection that broke on the way says nothing of it. */
export class Pulse {
  readonly #socket: WebSocket
  readonly #wire: Socket
  #isAnswered = true
  #sent = 0

  /** @param wire What the socket runs on. */
  constructor(socket: WebSocket, wire: Socket) {
    this.#socket = socket
    this.#wire = wire
    socket.on('pong', () => {
      this.#isAnswered = true
    })
  }

  /**
   * Asks for a sign of life, and ends the socket that gave none since the last time; unless the question may still wait
   * behind what a slow client is reading.
   */
  beat(): void {
    const { bytesWritten, writableLength } = this.#wire
    const sent = bytesWritten - writableLength
    const isReading = writableLength > 0 && sent > this.#sent
    if (this.#isAnswered || isReading) {
      this.#isAnswered = false
      this.#sent = sent
      this.#socket.ping()
    } else this.#socket.terminate()
  }
}
