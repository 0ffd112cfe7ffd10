import type { IncomingMessage } from 'node:http'

/**
 * The address that a request comes from.
 *
 * Each proxy appends the address it was called from to X-Forwarded-For, and a client may send entries of its
 * own; so only the last `trustedProxies` entries can be believed, and the first of those is the client.
 */
export function clientAddress(request: IncomingMessage, trustedProxies: number): string {
  const peer = request.socket.remoteAddress ?? ''
  if (trustedProxies === 0) return peer
  const header = request.headers['x-forwarded-for']
  const entries = (Array.isArray(header) ? header.join(',') : (header ?? ''))
    .split(',')
    .map((part) => part.trim())
  return entries.filter(Boolean).slice(-trustedProxies)[0] ?? peer
}
