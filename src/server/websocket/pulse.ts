import type { WebSocket } from 'ws'

/** Whether somebody is still at the other end of a socket. A connection that broke on the way says nothing of it. */
export class Pulse {
  readonly #socket: WebSocket
  #isAnswered = true
  #unread = 0

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('pong', () => {
      this.#isAnswered = true
    })
  }

  /**
   * Asks for a sign of life, and ends the socket that gave none since the last time; unless the question still waits
   * behind a long answer, of which something has been read since.
   */
  beat(): void {
    const { bufferedAmount } = this.#socket
    if (!this.#isAnswered && bufferedAmount >= this.#unread) {
      this.#socket.terminate()
      return
    }
    this.#isAnswered = false
    this.#unread = bufferedAmount
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping()
  }
}
