import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GraphQLSchema } from 'graphql'
import { createYoga, type YogaServerInstance } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { Admission } from './admission.ts'
import { DocumentCache } from './document-cache.ts'
import type { Exchange, RequestInfo } from './exchange.ts'
import { type ErrorPresenter, errorPresenter, errorsPlugin } from './plugins/errors.ts'
import { httpPlugin } from './plugins/http.ts'
import { noIntrospectionPlugin } from './plugins/introspection.ts'
import { limitsPlugin } from './plugins/limits.ts'
import { operationPlugin } from './plugins/operation.ts'
import type { ServerContext } from './plugins/server-context.ts'

export interface GraphqlOptions {
  readonly config: Config
  readonly schema: GraphQLSchema
  /** Makes what the resolvers of one request get as their context. */
  readonly context: (request: RequestInfo) => object | Promise<object>
  readonly log: Logger
  /** Where operations wait for their turn. Default a new one, of the configured size. */
  readonly admission?: Admission
}

/** Answers a request to /graphql; resolves when the answer has been handed to the socket. */
export type GraphqlHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  exchange: Exchange,
) => Promise<void>

/** What one operation goes through, every plugin's part of it included: parsing, validation, context, execution. */
export type GraphqlPipeline = ReturnType<YogaServerInstance<ServerContext, object>['getEnveloped']>

/** GraphQL, by whichever way it is asked. */
export interface Graphql {
  /** Over HTTP: POST, GET, SSE. */
  readonly answer: GraphqlHandler
  /** For what comes another way. */
  readonly pipeline: (exchange: Exchange) => GraphqlPipeline
  readonly present: ErrorPresenter
}

/** GraphQL by Yoga, with all of Yoga's own front put aside. */
export function createGraphql({
  config,
  schema,
  context,
  log,
  admission = new Admission(config.admission),
}: GraphqlOptions): Graphql {
  const { graphql, http, limits } = config
  const present = errorPresenter({
    suggestions: graphql.suggestions,
    maxBodyBytes: http.maxBodyBytes,
    log,
  })
  const yoga = createYoga<ServerContext, object>({
    schema,
    context: ({ exchange }) => context(exchange),
    plugins: [
      httpPlugin,
      limitsPlugin(limits),
      ...(graphql.introspection ? [] : [noIntrospectionPlugin]),
      operationPlugin({ timeoutMs: http.requestTimeoutMs, admission }),
      errorsPlugin(present),
    ],
    maxRequestBodySize: http.maxBodyBytes,
    parserAndValidationCache: { documentCache: new DocumentCache(), errorCache: new DocumentCache() },
    maskedErrors: false,
    batching: false,
    multipart: false,
    cors: false,
    graphiql: false,
    landingPage: false,
    logging: false,
  })
  return {
    answer: async (request, response, exchange) => {
      await yoga(request, response, { exchange })
    },
    pipeline: (exchange) => yoga.getEnveloped({ exchange }),
    present,
  }
}
