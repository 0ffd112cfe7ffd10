/*
 * Cancels a statement in the server, by Postgres's CancelRequest: a connection of its own that says which backend to
 * interrupt and is closed by the server.
 *
 * `pg_cancel_backend` over another pooled connection would wait for ever in a pool that is full of the very
 * statements to be cancelled. The interrupt reaches whatever the backend runs when it arrives: the statement's
 * connection must not be used for another one before this has returned.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'

export interface CancelTarget {
  readonly host: string
  readonly port: number
  /** As of the connection whose statement it is; the key must not travel more openly than the data. */
  readonly encryption: false | ConnectionOptions
  readonly processID: number
  readonly secretKey: number
}

const cancelRequestCode = 80_877_102
const sslRequestCode = 80_877_103

function message(...words: number[]): Buffer {
  const buffer = Buffer.alloc(4 * (words.length + 1))
  buffer.writeInt32BE(buffer.length, 0)
  for (const [index, word] of words.entries()) buffer.writeInt32BE(word, 4 * (index + 1))
  return buffer
}

/** Whether the server closed the connection, as it does when it has interrupted the backend, within the time. */
export async function sendCancelRequest(target: CancelTarget, timeoutMs: number): Promise<boolean> {
  const signal = AbortSignal.timeout(timeoutMs)
  const { host, port } = target
  const plain = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
  let socket: Socket = plain
  try {
    await once(plain, 'connect', { signal })
    if (target.encryption !== false) socket = await encrypt(plain, target.encryption, host, signal)
    socket.resume()
    const closed = once(socket, 'close', { signal })
    socket.end(message(cancelRequestCode, target.processID, target.secretKey))
    await closed
    return true
  } catch {
    return false
  } finally {
    // A reset that comes after the answer concerns nobody.
    socket.on('error', () => {})
    socket.destroy()
    plain.destroy()
  }
}

async function encrypt(plain: Socket, options: ConnectionOptions, host: string, signal: AbortSignal) {
  plain.write(message(sslRequestCode))
  const [answer] = (await once(plain, 'data', { signal })) as [Buffer]
  if (answer.toString() !== 'S') throw new Error('The server does not support SSL connections')
  const socket = connectTls({ ...options, socket: plain, host })
  await once(socket, 'secureConnect', { signal })
  return socket
}
