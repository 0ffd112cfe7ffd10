/**
 * What a caller sees of an error.
 *
 * A TributaryError was written for callers and is shown, as is what GraphQL itself says of a document or of
 * variables. Anything else may hold a statement, a path or a row, whatever NODE_ENV is: the caller gets an id,
 * and the log has the error under the same id. A GraphQLError that a resolver or a scalar throws while fields
 * are resolved is of the second kind, unless it bears a code of the catalogue: a scalar's message quotes the
 * value that it could not write.
 */
import { randomUUID } from 'node:crypto'
import { GraphQLError, type GraphQLErrorExtensions } from 'graphql'
import { catalogue, type ErrorCode } from '../errors/catalogue.ts'
import { TributaryError } from '../errors/tributary-error.ts'

export interface Presentation {
  /** Whether a message may name what was perhaps meant, and so parts of the schema. */
  readonly suggestions: boolean
  /** What a request body may hold. */
  readonly maxBodyBytes: number
  /** Told of each error that is not shown, with the id that stands for it. */
  readonly report: (hidden: { readonly errorId: string; readonly error: unknown }) => void
}

interface Shown {
  readonly message: string
  readonly extensions: GraphQLErrorExtensions
}

const isKnown = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(catalogue, code)

/** The error that was thrown first, below those that GraphQL wraps around it to say where. */
function rootOf(error: unknown): unknown {
  let root = error
  while (root instanceof GraphQLError && root.originalError) root = root.originalError
  return root
}

const withoutSuggestions = (message: string) => message.replace(/ Did you mean [^?]*\?/g, '')

/** Codes of Yoga's and the executor's own that have another name here. */
const renamed: Readonly<Record<string, string>> = {
  REQUEST_ENTITY_TOO_LARGE: 'BODY_TOO_LARGE',
  OPERATION_RESOLUTION_FAILURE: 'BAD_REQUEST',
}

/** An error of the document, the variables or the request, as GraphQL or Yoga tells it. */
function ofRequest(error: GraphQLError, { suggestions, maxBodyBytes }: Presentation): Shown {
  const { code: given, http, retryable } = error.extensions
  const message = suggestions ? error.message : withoutSuggestions(error.message)
  if (typeof given !== 'string')
    return { message, extensions: { code: 'BAD_INPUT', retryable: false, http: { status: 400, spec: true } } }
  const code = renamed[given] ?? given
  const extensions = {
    code,
    retryable: retryable ?? (isKnown(code) && catalogue[code].retryable),
    ...(http !== undefined && { http }),
  }
  if (code !== 'BODY_TOO_LARGE') return { message, extensions }
  return {
    message: `The request body is larger than ${maxBodyBytes} bytes.`,
    extensions: { ...extensions, limit: maxBodyBytes },
  }
}

function hidden(error: unknown, { report }: Presentation): Shown {
  const errorId = randomUUID()
  report({ errorId, error })
  return { message: 'Unexpected error.', extensions: { code: 'INTERNAL', retryable: false, errorId } }
}

/**
 * Whether GraphQL or the HTTP layer made the error, about what was asked.
 *
 * Among fields, GraphQL's own complaint about an argument points at the document; what a resolver or a scalar
 * throws does not. Elsewhere an error that wraps another is one of validation or coercion, which are marked with
 * an HTTP status, or else what a stream threw.
 */
function isOfRequest(error: unknown, root: unknown): error is GraphQLError {
  if (!(error instanceof GraphQLError)) return false
  if (error.path === undefined) return error === root || error.extensions.http !== undefined
  return root instanceof GraphQLError && root.nodes !== undefined
}

function shownOf(error: unknown, presentation: Presentation): Shown {
  const root = rootOf(error)
  if (root instanceof TributaryError) return { message: root.message, extensions: root.extensions }
  if (isOfRequest(error, root)) return ofRequest(error, presentation)
  if (root instanceof GraphQLError && isKnown(root.extensions.code))
    return {
      message: root.message,
      extensions: { retryable: catalogue[root.extensions.code].retryable, ...root.extensions },
    }
  return hidden(root, presentation)
}

/** The status of an answer that consists of the error alone; one among data leaves the answer at 200. */
function statusOf({ code, http }: GraphQLErrorExtensions): Pick<GraphQLErrorExtensions, 'http'> {
  if (http !== undefined) return { http }
  return isKnown(code) ? { http: { status: catalogue[code].status } } : {}
}

/** An error as it is answered: message, place and extensions, and nothing of what caused it. */
export function presentError(error: unknown, presentation: Presentation): GraphQLError {
  const { message, extensions } = shownOf(error, presentation)
  if (!(error instanceof GraphQLError) || error.path === undefined)
    return new GraphQLError(message, {
      ...(error instanceof GraphQLError && placeOf(error)),
      extensions: { ...extensions, ...statusOf(extensions) },
    })
  const { http: _, ...shown } = extensions
  return new GraphQLError(message, { ...placeOf(error), path: error.path, extensions: shown })
}

const placeOf = ({ nodes, source, positions }: GraphQLError) => ({ nodes, source, positions })
