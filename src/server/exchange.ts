import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type DocumentNode, getOperationAST } from 'graphql'
import type { RequestScope } from '../database/request-scope.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import { clientAddress } from './client-address.ts'

/** What the resolvers' context may be made from. */
export interface RequestInfo {
  readonly id: string
  /** Aborted when the client goes away, and when the request has taken too long. */
  readonly signal: AbortSignal
  /** Of an operation over a WebSocket: those of the upgrade, with what the socket is authorized by at present. */
  readonly headers: IncomingMessage['headers']
  /** The client's address, or that of the last proxy that is not trusted. */
  readonly address: string
}

/** Why work is ended whose answer nobody will read; Yoga answers and logs nothing for an AbortError. */
export const goneError = (message: string): Error => new DOMException(message, 'AbortError')

const saneId = /^[\w.:=+/-]{1,128}$/

/** The id that a client or proxy gave its request, where it is one that can stand in a log; else a new one. */
function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && saneId.test(given) ? given : randomUUID()
}

export interface ExchangeOptions extends Omit<RequestInfo, 'signal'> {
  readonly method: string
  /** The path without the query string, which may hold variables. */
  readonly path: string
}

/** One request, or one operation of a WebSocket, on its way through the server, with what the log line will say of it. */
export class Exchange implements RequestInfo, Disposable {
  readonly id: string
  readonly headers: IncomingMessage['headers']
  readonly address: string
  readonly method: string
  readonly path: string
  /** Statements sent to each source. */
  readonly statements = new Map<string, number>()
  /** Codes of the errors that were answered. */
  readonly errorCodes = new Set<string>()
  /** The operation that was run, once it is known. */
  operation: { readonly type: string; readonly name: string | undefined } | undefined
  readonly #startedAt = performance.now()
  #abort: AbortController | undefined
  #timer: NodeJS.Timeout | undefined

  constructor({ id, headers, address, method, path }: ExchangeOptions) {
    this.id = id
    this.headers = headers
    this.address = address
    this.method = method
    this.path = path
  }

  /** The exchange that a request begins. */
  static of(request: IncomingMessage, trustedProxies: number): Exchange {
    return new Exchange({
      id: requestId(request.headers['x-request-id']),
      headers: request.headers,
      address: clientAddress(request, trustedProxies),
      method: request.method ?? 'GET',
      path: request.url?.split('?', 1)[0] ?? '/',
    })
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    return this.#abort.signal
  }

  /** What the database layer sees of the request. */
  get scope(): RequestScope {
    return { id: this.id, signal: this.signal, statements: this.statements }
  }

  /** Milliseconds since the request's headers arrived. */
  get elapsedMs(): number {
    return performance.now() - this.#startedAt
  }

  /** Tells which operation it runs. */
  run(document: DocumentNode, operationName: string | null | undefined): void {
    const operation = getOperationAST(document, operationName)
    if (operation) this.operation = { type: operation.operation, name: operation.name?.value }
  }

  /** Ends all work that is done for the request. */
  abort(reason: Error): void {
    this.#abort ??= new AbortController()
    this.#abort.abort(reason)
  }

  /** Aborts the request with REQUEST_TIMEOUT unless it ends within the given milliseconds. */
  limitTime(milliseconds: number): void {
    this.#timer ??= setTimeout(() => {
      const message = `The request took longer than ${milliseconds / 1000} s. Ask for less, or try again.`
      this.abort(new TributaryError('REQUEST_TIMEOUT', message))
    }, milliseconds)
  }

  /** Lets the request take as long as it likes from now on. */
  unlimitTime(): void {
    clearTimeout(this.#timer)
  }

  [Symbol.dispose](): void {
    this.unlimitTime()
  }
}
