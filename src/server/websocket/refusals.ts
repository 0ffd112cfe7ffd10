import { type IncomingMessage, ServerResponse } from 'node:http'
import { GraphQLError } from 'graphql'
import { handleProtocols } from 'graphql-ws'
import { TributaryError } from '../../errors/tributary-error.ts'
import { isOwnOrigin } from '../cross-site.ts'
import { requestError } from '../request-error.ts'

const retryable = (code: string, status: number, message: string) =>
  new GraphQLError(message, { extensions: { code, retryable: true, http: { status } } })

export const stopping = () => retryable('STOPPING', 503, 'The server is being stopped. Connect again.')

export const tooManySockets = (limit: number) =>
  retryable('TOO_MANY_SOCKETS', 429, `An address may have ${limit} WebSockets. Close some.`)

export const tooManyStreams = (limit: number) =>
  retryable('TOO_MANY_SOCKETS', 429, `An address may have ${limit} streams of events. Close some.`)

export const tooManyOperations = (limit: number) =>
  retryable('TOO_MANY_OPERATIONS', 429, `A WebSocket may run ${limit} operations at once. Complete some.`)

/**
 * Refuses a request to become a WebSocket that this server does not speak to.
 *
 * A browser lets any page open a WebSocket anywhere, asks no one first, and says only in Origin which page it is; so a
 * foreign one is turned away here, before anything can be sent. A client that sends no Origin is no browser.
 *
 * @throws GraphQLError NOT_FOUND or BAD_REQUEST; TributaryError CROSS_SITE_REQUEST.
 */
export function refuseUpgrade({ url, headers }: IncomingMessage, allowedOrigins: readonly string[]): void {
  if (url?.split('?', 1)[0] !== '/graphql')
    throw requestError('NOT_FOUND', 'There is nothing here. WebSockets are at /graphql.')
  const { origin, host } = headers
  if (origin !== undefined && !allowedOrigins.includes(origin) && !isOwnOrigin(origin, host))
    throw new TributaryError('CROSS_SITE_REQUEST', 'Pages of this origin may not open WebSockets here.')
  if (!handleProtocols(headers['sec-websocket-protocol'] ?? ''))
    throw requestError('BAD_REQUEST', 'The only subprotocol spoken here is graphql-transport-ws.')
}

/** The answer to a request whose upgrade is refused: the last thing on its socket. */
export function refusalOf(request: IncomingMessage): ServerResponse {
  const { socket } = request
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  response.once('finish', () => socket.destroySoon())
  socket.on('error', () => socket.destroy())
  return response
}
