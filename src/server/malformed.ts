/**
 * Answers to what is not HTTP, or not sent in time.
 *
 * Node tells of these by a socket alone, for there may be no request yet, and else answers them with nothing but a
 * status. What is written on a socket counts as the answer to the first request there that has none: where one that
 * came whole is still being answered, or an answer has begun, the socket can only be closed.
 */
import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { GraphQLError } from 'graphql'
import { errorBody } from './answer.ts'
import { requestError } from './request-error.ts'
import { securityHeaders } from './security-headers.ts'

/** What Node found wrong, for the one who sent it. */
function explained(code: unknown): GraphQLError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return requestError('RECEIVE_TIMEOUT', 'The request was not sent in the time allowed.')
  if (code === 'HPE_HEADER_OVERFLOW')
    return requestError('HEADERS_TOO_LARGE', 'The headers are larger than allowed.')
  return requestError('BAD_REQUEST', 'This is not a request of HTTP/1.1.')
}

const isBeingAnswered = (response: ServerResponse) => response.headersSent || response.req.complete

/**
 * Answers on a socket that cannot be read any further, and closes it.
 *
 * @param underWay The answers that are owed on the socket.
 */
export function answerMalformed(
  error: Error & { readonly code?: unknown },
  socket: Duplex,
  underWay: readonly ServerResponse[],
): void {
  if (error.code === 'ECONNRESET' || !socket.writable || underWay.some(isBeingAnswered)) {
    socket.destroy()
    return
  }
  const { status, body } = errorBody(explained(error.code))
  const headers = {
    ...securityHeaders,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'), () =>
    socket.destroy(),
  )
}
