import { GraphQLError } from 'graphql'
import type { GraphQLParams } from 'graphql-yoga'
import { TributaryError } from '../errors/tributary-error.ts'
import { requestError } from './request-error.ts'

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw requestError('BAD_REQUEST', `${what} is not JSON.`)
  }
}

async function bodyOf(request: Request): Promise<unknown> {
  const text = await request.text().catch((error: unknown) => {
    throw error instanceof GraphQLError
      ? error
      : requestError('BAD_REQUEST', 'The body ended before it was complete.')
  })
  return parseJson(text, 'The body')
}

function queryStringOf(url: string): Record<string, unknown> {
  const parameters = new URL(url).searchParams
  const json = (name: string) => {
    const text = parameters.get(name)
    return text ? parseJson(text, `The parameter "${name}"`) : undefined
  }
  return {
    query: parameters.get('query') ?? undefined,
    operationName: parameters.get('operationName') || undefined,
    variables: json('variables'),
    extensions: json('extensions'),
  }
}

/**
 * Reads the parameters of a GraphQL request: from the query string of a GET, else from a JSON body.
 *
 * @throws GraphQLError BAD_REQUEST; TributaryError PERSISTED_QUERY_NOT_SUPPORTED.
 */
export async function readParameters(request: Request): Promise<GraphQLParams> {
  const given = request.method === 'GET' ? queryStringOf(request.url) : await bodyOf(request)
  if (Array.isArray(given))
    throw requestError(
      'BAD_REQUEST',
      'Operations cannot be sent in batches. Send each in a request of its own.',
    )
  if (!isObject(given)) throw requestError('BAD_REQUEST', 'The body is not a JSON object.')
  const { query, operationName, variables, extensions } = given
  if (query == null && isObject(extensions) && extensions.persistedQuery)
    // Clients compare this message, word for word.
    throw new TributaryError('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported')
  if (typeof query !== 'string') throw requestError('BAD_REQUEST', 'The parameter "query" must be a string.')
  if (operationName != null && typeof operationName !== 'string')
    throw requestError('BAD_REQUEST', 'The parameter "operationName" must be a string.')
  if (variables != null && !isObject(variables))
    throw requestError('BAD_REQUEST', 'The parameter "variables" must be an object.')
  if (extensions != null && !isObject(extensions))
    throw requestError('BAD_REQUEST', 'The parameter "extensions" must be an object.')
  return {
    query,
    ...(operationName != null && { operationName }),
    ...(variables != null && { variables }),
    ...(extensions != null && { extensions }),
  }
}
