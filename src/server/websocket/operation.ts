import {
  type DocumentNode,
  type ExecutionResult,
  GraphQLError,
  type GraphQLFormattedError,
  getOperationAST,
} from 'graphql'
import type { SubscribePayload } from 'graphql-ws'
import { isAsyncIterable } from 'graphql-yoga'
import { requestError } from '../request-error.ts'
import type { GraphqlPipeline } from '../yoga.ts'

/**
 * The results of one operation, as they come. One without `data` says what is wrong with the request, and is the last.
 *
 * @throws whatever stands in the way of a result.
 */
export async function* perform(
  pipeline: GraphqlPipeline,
  { query, operationName, variables }: SubscribePayload,
): AsyncGenerator<ExecutionResult, void> {
  const { schema, validate, contextFactory, execute, subscribe } = pipeline
  const document = parseDocument(pipeline, query)
  const errors: readonly GraphQLError[] = validate(schema, document)
  if (errors.length > 0) return yield { errors }
  const operation = getOperationAST(document, operationName)
  if (!operation) throw requestError('BAD_REQUEST', 'Could not determine what operation to execute.')
  const run = operation.operation === 'subscription' ? subscribe : execute
  const result = await run({
    schema,
    document,
    contextValue: await contextFactory(),
    operationName,
    variableValues: variables,
  })
  if (isAsyncIterable<ExecutionResult>(result)) yield* result
  else yield result
}

/** Parses as the pipeline does, with the code that Yoga gives what it could not parse over HTTP. */
function parseDocument({ parse }: GraphqlPipeline, query: string): DocumentNode {
  try {
    return parse(query)
  } catch (error) {
    if (error instanceof GraphQLError) error.extensions.code ??= 'GRAPHQL_PARSE_FAILED'
    throw error
  }
}

/** An error as it is sent: without what it would mean to HTTP. */
export function formatError(error: GraphQLError): GraphQLFormattedError {
  const { extensions: { http: _, ...extensions } = {}, ...formatted } = error.toJSON()
  return { ...formatted, extensions }
}
