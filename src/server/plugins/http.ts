import { errorBody } from '../answer.ts'
import { requestError } from '../request-error.ts'
import type { ServerPlugin } from './server-context.ts'

const notAcceptable =
  'Answers are application/graphql-response+json, application/json, text/event-stream or multipart/mixed.'

/** Reads requests as this server means them, and takes from Yoga's answers what HTTP does not allow. */
export const httpPlugin: ServerPlugin = {
  onRequestParse({ request, serverContext: { parameters }, setRequestParser }) {
    if (request.method !== 'GET' && request.method !== 'POST')
      throw requestError('METHOD_NOT_ALLOWED', 'GraphQL is asked by GET or POST.', { allow: 'GET, POST' })
    if (parameters) setRequestParser(() => parameters.read())
  },
  onResponse({ response, setResponse, fetchAPI }) {
    // `none` is no content coding, connections are Node's to keep, and no answer is to be cached.
    response.headers.delete('content-encoding')
    response.headers.delete('connection')
    response.headers.delete('cache-control')
    if (response.status !== 406) return
    const { status, body } = errorBody(requestError('NOT_ACCEPTABLE', notAcceptable))
    const headers = { 'content-type': 'application/json; charset=utf-8' }
    setResponse(new fetchAPI.Response(body, { status, headers }))
  },
}
