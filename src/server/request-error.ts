import { GraphQLError } from 'graphql'
import { catalogue } from '../errors/catalogue.ts'

/** What may be wrong with a request before there is an operation. */
export type RequestErrorCode =
  | 'BAD_REQUEST'
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_ACCEPTABLE'
  | 'RECEIVE_TIMEOUT'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'EXPECTATION_FAILED'
  | 'HEADERS_TOO_LARGE'

/** An error of the HTTP request itself, with its status and further headers. */
export function requestError(
  code: RequestErrorCode,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): GraphQLError {
  const { status, retryable } = catalogue[code]
  return new GraphQLError(message, { extensions: { code, retryable, http: { status, headers } } })
}
