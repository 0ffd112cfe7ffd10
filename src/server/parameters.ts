import type { IncomingMessage } from 'node:http'
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

/** What a decoder would put in the place of bytes that are no text would be stored as if it had been meant. */
function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw requestError('BAD_REQUEST', 'The body is not UTF-8.')
  }
}

async function bodyOf(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      size += chunk.length
      if (size > maxBytes) break
      chunks.push(chunk)
    }
  } catch {
    throw requestError('BAD_REQUEST', 'The body ended before it was complete.')
  }
  if (size > maxBytes) throw tooLarge(maxBytes)
  return parseJson(textOf(Buffer.concat(chunks)), 'The body')
}

const tooLarge = (limit: number) =>
  new TributaryError('BODY_TOO_LARGE', `The request body is larger than ${limit} bytes.`, {
    extensions: { limit },
  })

function queryStringOf(url: string): Record<string, unknown> {
  const parameters = new URL(url, 'http://localhost').searchParams
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

async function read(request: IncomingMessage, maxBytes: number): Promise<GivenParameters> {
  const given = request.method === 'GET' ? queryStringOf(request.url ?? '/') : await bodyOf(request, maxBytes)
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

/** What a request asks, with a document at the least. */
export type GivenParameters = GraphQLParams & { readonly query: string }

/** The parameters of a GraphQL request: from the query string of a GET, else from a JSON body. */
export class Parameters {
  readonly #request: IncomingMessage
  readonly #maxBytes: number
  #read: Promise<GivenParameters> | undefined

  constructor(request: IncomingMessage, maxBytes: number) {
    this.#request = request
    this.#maxBytes = maxBytes
  }

  /**
   * Reads them; the second time they are known.
   *
   * @throws GraphQLError BAD_REQUEST; TributaryError BODY_TOO_LARGE or PERSISTED_QUERY_NOT_SUPPORTED.
   */
  read(): Promise<GivenParameters> {
    this.#read ??= read(this.#request, this.#maxBytes)
    return this.#read
  }
}
