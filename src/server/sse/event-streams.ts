import type { IncomingMessage, ServerResponse } from 'node:http'
import { GraphQLError, type GraphQLErrorExtensions, getOperationAST } from 'graphql'
import type { Config } from '../../config/config.ts'
import { AddressQuota } from '../address-quota.ts'
import { answerError } from '../answer.ts'
import type { Clock } from '../clock.ts'
import { type ConnectionSecurity, Credential } from '../credential.ts'
import type { Exchange } from '../exchange.ts'
import { openOperation, presentFailure } from '../operation.ts'
import type { GivenParameters, Parameters } from '../parameters.ts'
import { requestError } from '../request-error.ts'
import { stopping, tooManyStreams } from '../websocket/refusals.ts'
import type { Graphql } from '../yoga.ts'
import { acceptsEvents } from './accept.ts'
import { EventStream } from './event-stream.ts'

export interface EventStreamsOptions {
  readonly graphql: Graphql
  readonly security: ConnectionSecurity
  readonly clock: Clock
  readonly config: Config
}

/** Between two looks at which streams have been silent. */
const beatMs = 12_000
/** What an error means that is about the document, or about some field: the request has been heard and is answered. */
const answered = [200, 400]

const statusOf = ({ http }: GraphQLErrorExtensions): number => (http as { status?: number })?.status ?? 500

/** Queries and mutations come to an end by themselves. */
const mayBeSubscription = ({ operation }: Exchange) =>
  operation === undefined || operation.type === 'subscription'

/** With another token the stream goes on after the cursor. */
const credentialEnded = (reason: string, cursor: string | undefined) =>
  new GraphQLError(`${reason}.`, {
    extensions: { code: 'UNAUTHENTICATED', retryable: false, ...(cursor !== undefined && { cursor }) },
  })

/** Everything that is answered by events: subscriptions, and whatever else is asked for in that form. */
export class EventStreams {
  readonly #options: EventStreamsOptions
  readonly #streams = new Map<EventStream, Exchange>()
  readonly #quota: AddressQuota
  #isDraining = false
  #stopBeating = () => {}

  constructor(options: EventStreamsOptions) {
    this.#options = options
    this.#quota = new AddressQuota(options.config.websocket.maxSocketsPerAddress)
  }

  /** How many there are. */
  get size(): number {
    return this.#streams.size
  }

  /**
   * Whether a request is to be answered by events.
   *
   * @throws GraphQLError NOT_ACCEPTABLE for a subscription that may not be; whatever is wrong with the parameters.
   */
  async answers(request: IncomingMessage, exchange: Exchange, parameters: Parameters): Promise<boolean> {
    if (request.method !== 'GET' && request.method !== 'POST') return false
    const accepted = acceptsEvents(request)
    if (accepted === 'first') return true
    if (!this.#isSubscription(exchange, await parameters.read())) return false
    if (accepted === 'too') return true
    throw requestError(
      'NOT_ACCEPTABLE',
      'Subscriptions are answered as text/event-stream, or over WebSockets.',
    )
  }

  /**
   * Answers by events; resolves when the answer has begun.
   *
   * @throws what is better told by a status.
   */
  async answer(response: ServerResponse, exchange: Exchange, parameters: Parameters): Promise<void> {
    const { graphql, config } = this.#options
    const { query, operationName, variables } = await parameters.read()
    const { address, headers } = exchange
    const { maxSocketsPerAddress, maxUnreadBytes } = config.websocket
    if (this.#isDraining) throw stopping()
    if (this.#quota.isUsedUp(address)) throw tooManyStreams(maxSocketsPerAddress)
    const stream = new EventStream({ response, maxUnreadBytes })
    this.#add(stream, response, exchange)
    await this.#authorize(stream, response, exchange)
    const lastEventId = headers['last-event-id']
    const request = {
      query,
      operationName,
      variables,
      ...(typeof lastEventId === 'string' && lastEventId !== '' && { lastEventId }),
    }
    try {
      stream.begin(await openOperation(graphql, exchange, request))
    } catch (error) {
      if (response.destroyed) return
      const presented = presentFailure(graphql, exchange, error)
      const unanswered = presented.find(({ extensions }) => !answered.includes(statusOf(extensions)))
      if (unanswered) answerError(response, unanswered)
      else stream.end(presented)
    }
  }

  /** Takes no new stream, and has those that are there come again, spread over the given time lest all come at once. */
  drain(windowMs: number): void {
    this.#isDraining = true
    for (const [stream, exchange] of this.#streams)
      this.#options.clock.after(Math.random() * windowMs, () => {
        if (mayBeSubscription(exchange)) stream.breakOff()
      })
  }

  #isSubscription(exchange: Exchange, { query, operationName }: GivenParameters): boolean {
    if (!query.includes('subscription')) return false
    try {
      const document = this.#options.graphql.pipeline(exchange).parse(query)
      return getOperationAST(document, operationName)?.operation === 'subscription'
    } catch {
      return false
    }
  }

  /** Ends the stream when what the request came by does not hold any more. */
  async #authorize(stream: EventStream, response: ServerResponse, exchange: Exchange): Promise<void> {
    const { security, clock } = this.#options
    const onEnd = (reason: string) => {
      if (mayBeSubscription(exchange)) stream.end([credentialEnded(reason, stream.cursor)])
    }
    const credential = new Credential({ security, clock, onEnd })
    response.once('close', () => credential[Symbol.dispose]())
    await credential.present(exchange.headers.authorization)
  }

  #add(stream: EventStream, response: ServerResponse, exchange: Exchange): void {
    const { address } = exchange
    this.#quota.take(address)
    if (this.#streams.size === 0) this.#beatLater()
    this.#streams.set(stream, exchange)
    response.once('close', () => {
      this.#quota.giveBack(address)
      this.#streams.delete(stream)
      if (this.#streams.size === 0) this.#stopBeating()
    })
  }

  #beatLater(): void {
    this.#stopBeating = this.#options.clock.after(beatMs, () => {
      this.#beatLater()
      for (const stream of this.#streams.keys()) stream.beat()
    })
  }
}
