import type { GraphQLError, GraphQLFormattedError } from 'graphql'

/** An error as it is sent: without what it would mean to HTTP. */
export function formatError(error: GraphQLError): GraphQLFormattedError {
  const { extensions: { http: _, ...extensions } = {}, ...formatted } = error.toJSON()
  return { ...formatted, extensions }
}
