import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A way to a Postgres server that can be made bad. */
export interface TcpProxy extends AsyncDisposable {
  /** The given URL, by way of the proxy. */
  readonly url: string
  /** Lets everything through, each chunk later by so many milliseconds. Default: at once. */
  pass(delayMs?: number): void
  /** Takes connections and bytes, and answers nothing: open connections stay open. */
  blackHole(): void
  /** Cuts every open connection and lets nobody in. */
  refuse(): Promise<void>
  /** Cuts every open connection; new ones are welcome. */
  cut(): void
  /** Open connections of clients. */
  readonly connections: number
}

/** A proxy on a free port of 127.0.0.1 before the server of the URL. */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const clients = new Set<Socket>()
  let isSilent = false
  let delayMs = 0
  let server: Server | undefined

  const forward = (from: Socket, to: Socket) => {
    from.on('data', (chunk) => {
      if (isSilent) return
      if (delayMs > 0) setTimeout(() => to.writable && to.write(chunk), delayMs)
      else to.write(chunk)
    })
    from.on('close', () => isSilent || to.destroy())
  }
  const keep = (socket: Socket, among = sockets) => {
    sockets.add(socket)
    among.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      among.delete(socket)
    })
  }
  const accept = (client: Socket) => {
    keep(client, clients)
    const upstream = connect(Number(port), hostname)
    keep(upstream)
    forward(client, upstream)
    forward(upstream, client)
  }
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  const listen = async (on: number) => {
    server = createServer(accept).listen(on, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const close = async () => {
    const closing = server
    server = undefined
    cut()
    if (closing) await new Promise((resolve) => closing.close(resolve))
  }

  const own = await listen(0)
  const url = new URL(target)
  url.host = `127.0.0.1:${own}`
  return {
    url: url.href,
    pass(ms = 0) {
      isSilent = false
      delayMs = ms
      if (server === undefined) void listen(own)
    },
    blackHole() {
      isSilent = true
    },
    refuse: close,
    cut,
    get connections() {
      return clients.size
    },
    [Symbol.asyncDispose]: close,
  }
}
