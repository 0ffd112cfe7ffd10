/**
 * An operation, from its text to the stream of its results, by whichever transport it came.
 *
 * What the live engine serves shares its results with others; everything else is executed for the one who asks. The
 * texts of live subscriptions are known again, so that the ten thousandth of a kind is neither parsed nor validated.
 */
import { type DocumentNode, GraphQLError, getOperationAST } from 'graphql'
import { runInRequest } from '../database/request-scope.ts'
import type { Exchange } from './exchange.ts'
import { ExecutedStream, type OpenedStream } from './executed-stream.ts'
import { requestError } from './request-error.ts'
import type { Graphql, GraphqlPipeline } from './yoga.ts'

/** What is asked for, as it was sent. */
export interface OperationRequest {
  readonly query: string
  readonly operationName?: string | null | undefined
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined
  /** Where a stream is to go on, as SSE has it. */
  readonly lastEventId?: string | undefined
}

/**
 * Begins an operation.
 *
 * @throws whatever stands in the way of its first result; AggregateError of several errors.
 */
export async function openOperation(
  graphql: Graphql,
  exchange: Exchange,
  request: OperationRequest,
): Promise<OpenedStream> {
  const { live } = graphql
  const known = live?.known(request)
  if (live && known) return await live.open(exchange, known, request)
  const pipeline = graphql.pipeline(exchange)
  const document = validDocument(pipeline, request.query)
  const operation = getOperationAST(document, request.operationName)
  if (!operation) throw requestError('BAD_REQUEST', 'Could not determine what operation to execute.')
  if (operation.operation === 'mutation' && exchange.method === 'GET')
    throw requestError('METHOD_NOT_ALLOWED', 'Mutations are sent by POST.', { allow: 'POST' })
  if (live?.serves(document, request)) return await live.open(exchange, document, request)
  return await execute(graphql, exchange, { pipeline, document, request, type: operation.operation })
}

interface Execution {
  readonly pipeline: GraphqlPipeline
  readonly document: DocumentNode
  readonly request: OperationRequest
  readonly type: string
}

const execute = (graphql: Graphql, exchange: Exchange, execution: Execution): Promise<ExecutedStream> =>
  runInRequest(exchange.scope, async () => {
    const { pipeline, document, request, type } = execution
    const { schema, contextFactory } = pipeline
    const run = type === 'subscription' ? pipeline.subscribe : pipeline.execute
    const results = await run({
      schema,
      document,
      contextValue: await contextFactory(),
      operationName: request.operationName,
      variableValues: request.variables,
    })
    return new ExecutedStream(results, exchange, (error) => graphql.present(error, exchange))
  })

/** @throws GraphQLError, or AggregateError of what validation finds. */
function validDocument(pipeline: GraphqlPipeline, query: string): DocumentNode {
  const document = parseDocument(pipeline, query)
  const errors: readonly GraphQLError[] = pipeline.validate(pipeline.schema, document)
  if (errors.length > 0) throw new AggregateError(errors)
  return document
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

/** The errors of what stood in an operation's way, presented. */
export function presentFailure(graphql: Graphql, exchange: Exchange, failure: unknown): GraphQLError[] {
  const errors: unknown[] = failure instanceof AggregateError ? failure.errors : [failure]
  return errors.map((error) => graphql.present(error, exchange))
}
