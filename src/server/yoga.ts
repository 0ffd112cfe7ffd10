import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GraphQLSchema } from 'graphql'
import { createYoga, type YogaServerInstance } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import type { LiveEngine } from '../live/stream.ts'
import { Admission } from './admission.ts'
import { DocumentCache } from './document-cache.ts'
import type { Exchange, RequestInfo } from './exchange.ts'
import { LiveSubscriptions } from './live-subscriptions.ts'
import type { Parameters } from './parameters.ts'
import { type ErrorPresenter, errorPresenter, errorsPlugin } from './plugins/errors.ts'
import { httpPlugin } from './plugins/http.ts'
import { introspectionPlugin } from './plugins/introspection.ts'
import { limitsPlugin } from './plugins/limits.ts'
import { operationPlugin } from './plugins/operation.ts'
import type { ServerContext } from './plugins/server-context.ts'

export interface GraphqlOptions {
  readonly config: Config
  readonly schema: GraphQLSchema
  /** Makes what the resolvers of one request get as their context. */
  readonly context: (request: RequestInfo) => object | Promise<object>
  readonly log: Logger
  /** Who opens the subscriptions that are shared; without one all are executed for each who asks. */
  readonly live?: LiveEngine
  /** Where operations wait for their turn. Default a new one, of the configured size. */
  readonly admission?: Admission
}

/** Answers a request to /graphql; resolves when the answer has been handed to the socket. */
export type GraphqlHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  given: { readonly exchange: Exchange; readonly parameters: Parameters },
) => Promise<void>

/** What one operation goes through, every plugin's part of it included: parsing, validation, context, execution. */
export type GraphqlPipeline = ReturnType<YogaServerInstance<ServerContext, object>['getEnveloped']>

/** GraphQL, by whichever way it is asked. */
export interface Graphql {
  /** Queries and mutations over HTTP: POST, GET. */
  readonly answer: GraphqlHandler
  /** For what comes another way. */
  readonly pipeline: (exchange: Exchange) => GraphqlPipeline
  readonly live: LiveSubscriptions | undefined
  readonly present: ErrorPresenter
}

/** GraphQL by Yoga, with all of Yoga's own front put aside. */
export function createGraphql({
  config,
  schema,
  context,
  log,
  live,
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
      ...(graphql.introspection ? [] : [introspectionPlugin]),
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
    answer: async (request, response, given) => {
      await yoga(request, response, given)
    },
    pipeline: (exchange) => yoga.getEnveloped({ exchange }),
    live:
      live &&
      new LiveSubscriptions({
        engine: live,
        schema,
        context,
        limits,
        timeoutMs: http.requestTimeoutMs,
        present: (error) => present(error, { id: 'live', errorCodes: new Set() }),
      }),
    present,
  }
}
