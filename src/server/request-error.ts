import { GraphQLError } from 'graphql'

/** What may be wrong with a request before there is an operation. */
export type RequestErrorCode =
  | 'BAD_REQUEST'
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_ACCEPTABLE'
  | 'UNSUPPORTED_MEDIA_TYPE'

const statuses: Readonly<Record<RequestErrorCode, number>> = {
  BAD_REQUEST: 400,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  NOT_ACCEPTABLE: 406,
  UNSUPPORTED_MEDIA_TYPE: 415,
}

/** An error of the HTTP request itself, with its status and further headers. */
export const requestError = (
  code: RequestErrorCode,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): GraphQLError =>
  new GraphQLError(message, { extensions: { code, http: { status: statuses[code], headers } } })
