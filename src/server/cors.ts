import type { IncomingMessage, ServerResponse } from 'node:http'

const methods = 'GET, POST, OPTIONS'
const requestHeaders = [
  'accept',
  'apollo-require-preflight',
  'apollographql-client-name',
  'apollographql-client-version',
  'authorization',
  'content-type',
  'graphql-require-preflight',
  'last-event-id',
  'x-apollo-operation-name',
  'x-request-id',
].join(', ')

/** Lets pages of the listed origins read the answer; any other origin is told nothing. */
export function setCorsHeaders(
  request: IncomingMessage,
  response: ServerResponse,
  origins: readonly string[],
): void {
  if (origins.length === 0) return
  response.appendHeader('vary', 'Origin')
  const { origin } = request.headers
  if (origin === undefined || !origins.includes(origin)) return
  response.setHeader('access-control-allow-origin', origin)
  response.setHeader('access-control-allow-credentials', 'true')
  response.setHeader('access-control-expose-headers', 'x-request-id')
  // Otherwise the browser keeps the answer from the page that it has just been allowed to.
  response.setHeader('cross-origin-resource-policy', 'cross-origin')
}

/** Answers OPTIONS, a preflight or not. */
export function answerOptions(response: ServerResponse): void {
  response.setHeader('allow', methods)
  if (response.hasHeader('access-control-allow-origin')) {
    response.setHeader('access-control-allow-methods', methods)
    response.setHeader('access-control-allow-headers', requestHeaders)
    response.setHeader('access-control-max-age', '600')
  }
  response.writeHead(204).end()
}
