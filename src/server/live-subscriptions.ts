/**
 * Opens the subscriptions that the live engine serves.
 *
 * They are many and last long, while most of what is made for a request is needed until its stream is open and no
 * longer. So nothing here outlives the opening: neither the exchange, nor the context, nor the request's scope, which
 * the engine is called outside of.
 */
import type { DocumentNode, GraphQLError, GraphQLSchema } from 'graphql'
import type { LimitsConfig } from '../config/config.ts'
import { runInRequest } from '../database/request-scope.ts'
import type { LiveEngine, LiveStream } from '../live/stream.ts'
import { DocumentCache } from './document-cache.ts'
import type { Exchange, RequestInfo } from './exchange.ts'
import { refuseCost, refuseVariables } from './limits/limits.ts'
import type { OperationRequest } from './operation.ts'
import { unlessAborted } from './unless-aborted.ts'

export interface LiveSubscriptionsOptions {
  readonly engine: LiveEngine
  readonly schema: GraphQLSchema
  readonly context: (request: RequestInfo) => object | Promise<object>
  readonly limits: LimitsConfig
  /** How long the opening may take. */
  readonly timeoutMs: number
  /** Presents errors that are nobody's in particular. */
  readonly present: (error: unknown) => GraphQLError
}

export class LiveSubscriptions {
  readonly #options: LiveSubscriptionsOptions
  /** Valid documents by their text. */
  readonly #documents = new DocumentCache<DocumentNode>()

  constructor(options: LiveSubscriptionsOptions) {
    this.#options = options
  }

  /** The document of a live subscription that has been seen before. */
  known({ query, operationName }: OperationRequest): DocumentNode | undefined {
    const document = this.#documents.get(query)
    return document && this.#options.engine.serves(document, operationName ?? undefined)
      ? document
      : undefined
  }

  /** Whether the engine serves the operation of a valid document; if so, the text will be known. */
  serves(document: DocumentNode, { query, operationName }: OperationRequest): boolean {
    const isServed = this.#options.engine.serves(document, operationName ?? undefined)
    if (isServed) this.#documents.set(query, document)
    return isServed
  }

  /**
   * Opens a subscription that is served.
   *
   * @throws TributaryError DEPTH_LIMIT, COST_LIMIT or REQUEST_TIMEOUT; whatever stands in the way.
   */
  async open(exchange: Exchange, document: DocumentNode, request: OperationRequest): Promise<LiveStream> {
    const { engine, schema, context, limits, timeoutMs, present } = this.#options
    const operationName = request.operationName ?? undefined
    const variables = request.variables ?? undefined
    refuseVariables(variables)
    refuseCost({ schema, document, operationName, variables }, limits)
    exchange.limitTime(timeoutMs)
    try {
      const opening = async () => {
        const made = await runInRequest(exchange.scope, () => context(exchange))
        exchange.run(document, operationName)
        const { lastEventId } = request
        return engine.open({ document, operationName, variables, context: made, lastEventId, present })
      }
      return await unlessAborted(exchange.signal, opening(), (stream) => stream.stop())
    } finally {
      exchange.unlimitTime()
    }
  }
}
