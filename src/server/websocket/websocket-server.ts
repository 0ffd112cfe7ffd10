import type { IncomingMessage } from 'node:http'
import { handleProtocols } from 'graphql-ws'
import { WebSocketServer } from 'ws'
import { AddressQuota } from '../address-quota.ts'
import type { Exchange } from '../exchange.ts'
import { closeCode } from './close-code.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import { refuseUpgrade, stopping, tooManySockets } from './refusals.ts'

/** What all connections have in common. */
export type GraphqlWebSocketsOptions = Omit<ConnectionOptions, 'socket' | 'wire' | 'upgrade'>

/** Between two looks at whether clients are still there. */
const beatMs = 12_000
/** How long a client may take to take leave. */
const closeTimeout = 5000

/** GraphQL over WebSockets, as graphql-transport-ws has it. */
export class GraphqlWebSockets {
  readonly #options: GraphqlWebSocketsOptions
  readonly #sockets: WebSocketServer
  readonly #connections = new Set<Connection>()
  readonly #quota: AddressQuota
  #isDraining = false
  #stopBeating = () => {}

  constructor(options: GraphqlWebSocketsOptions) {
    const { http, websocket } = options.config
    const settings = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: http.maxBodyBytes,
      closeTimeout,
      handleProtocols,
    }
    this.#options = options
    this.#quota = new AddressQuota(websocket.maxSocketsPerAddress)
    this.#sockets = new WebSocketServer(settings)
  }

  /** How many there are. */
  get size(): number {
    return this.#connections.size
  }

  /**
   * Makes a WebSocket of the socket that a request came on.
   *
   * @throws GraphQLError or TributaryError where it is refused; the socket has then not been touched.
   */
  accept(request: IncomingMessage, head: Buffer, upgrade: Exchange): void {
    const { http, websocket } = this.#options.config
    if (this.#isDraining) throw stopping()
    refuseUpgrade(request, http.corsOrigins)
    if (this.#quota.isUsedUp(upgrade.address)) throw tooManySockets(websocket.maxSocketsPerAddress)
    this.#sockets.handleUpgrade(request, request.socket, head, (socket) =>
      this.#open({ ...this.#options, socket, wire: request.socket, upgrade }),
    )
  }

  /** Takes no new socket, and tells those that are there to come again, spread over the given time lest all come at once. */
  drain(windowMs: number): void {
    this.#isDraining = true
    for (const connection of this.#connections)
      this.#options.clock.after(Math.random() * windowMs, () =>
        connection.end(closeCode.serviceRestart, 'The server restarts'),
      )
  }

  /** Drops every socket. */
  terminate(): void {
    for (const connection of this.#connections) connection.terminate()
  }

  #open(options: ConnectionOptions): void {
    const { socket, upgrade } = options
    const connection = new Connection(options)
    this.#quota.take(upgrade.address)
    if (this.#connections.size === 0) this.#beatLater()
    this.#connections.add(connection)
    socket.once('close', () => {
      this.#quota.giveBack(upgrade.address)
      this.#connections.delete(connection)
      if (this.#connections.size === 0) this.#stopBeating()
    })
  }

  #beatLater(): void {
    this.#stopBeating = this.#options.clock.after(beatMs, () => {
      this.#beatLater()
      for (const connection of this.#connections) connection.beat()
    })
  }
}
