import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GraphQLSchema } from 'graphql'
import { createYoga } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { DocumentCache } from './document-cache.ts'
import type { Exchange, RequestInfo } from './exchange.ts'
import { errorsPlugin } from './plugins/errors.ts'
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
}

/** Answers a request to /graphql; resolves when the answer has been handed to the socket. */
export type GraphqlHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  exchange: Exchange,
) => Promise<void>

/** GraphQL over HTTP (POST, GET, SSE) by Yoga, with all of Yoga's own front put aside. */
export function createGraphqlHandler({ config, schema, context, log }: GraphqlOptions): GraphqlHandler {
  const { graphql, http, limits } = config
  const yoga = createYoga<ServerContext, object>({
    schema,
    context: ({ exchange }) => context(exchange),
    plugins: [
      httpPlugin,
      limitsPlugin(limits),
      ...(graphql.introspection ? [] : [noIntrospectionPlugin]),
      operationPlugin(http.requestTimeoutMs),
      errorsPlugin({ suggestions: graphql.suggestions, log }),
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
  return async (request, response, exchange) => {
    await yoga(request, response, { exchange })
  }
}
