import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

/** What a proxy may append to the address that it was called from: the port, and then brackets around IPv6. */
const withPort = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/

function addressOf(entry: string): string | undefined {
  if (isIP(entry)) return entry
  const [, six, four] = withPort.exec(entry) ?? []
  const address = six ?? four ?? ''
  return isIP(address) ? address : undefined
}

/**
 * The address that a request comes from.
 *
 * Each proxy appends the address it was called from to X-Forwarded-For, and a client may send entries of its
 * own; so only the last `trustedProxies` entries can be believed, and the first of those is the client. One that is no
 * address is nobody's: limits would count each apart.
 */
export function clientAddress(request: IncomingMessage, trustedProxies: number): string {
  const peer = request.socket.remoteAddress ?? ''
  if (trustedProxies === 0) return peer
  const header = request.headers['x-forwarded-for']
  const entries = (Array.isArray(header) ? header.join(',') : (header ?? ''))
    .split(',')
    .map((part) => part.trim())
  return addressOf(entries.filter(Boolean).slice(-trustedProxies)[0] ?? '') ?? peer
}
