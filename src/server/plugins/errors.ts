import { type ExecutionResult, GraphQLError } from 'graphql'
import { isAsyncIterable, mapAsyncIterator } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Exchange } from '../exchange.ts'
import { type Presentation, presentError } from '../present-error.ts'
import type { ServerPlugin } from './server-context.ts'

export interface ErrorsOptions extends Pick<Presentation, 'suggestions' | 'maxBodyBytes'> {
  readonly log: Logger
}

/** Presents an error that an exchange met; the exchange's log line will tell its code. */
export type ErrorPresenter = (error: unknown, exchange: Pick<Exchange, 'id' | 'errorCodes'>) => GraphQLError

export const errorPresenter =
  ({ log, ...presentation }: ErrorsOptions): ErrorPresenter =>
  (error, exchange) => {
    const path = error instanceof GraphQLError ? error.path : undefined
    const presented = presentError(error, {
      ...presentation,
      report: ({ errorId, error: hidden }) =>
        log.error({ requestId: exchange.id, errorId, path, err: hidden }, 'unexpected error'),
    })
    exchange.errorCodes.add(String(presented.extensions.code))
    return presented
  }

/** Presents the errors of every result over HTTP, whichever way it leaves; the last thing done to it. */
export function errorsPlugin(present: ErrorPresenter): ServerPlugin {
  const presented = <R extends ExecutionResult>(result: R, exchange: Exchange): R =>
    result.errors ? { ...result, errors: result.errors.map((error) => present(error, exchange)) } : result
  return {
    onResultProcess({ result, setResult, serverContext: { exchange } }) {
      if (isAsyncIterable(result)) setResult(mapAsyncIterator(result, (part) => presented(part, exchange)))
      else if (!Array.isArray(result)) setResult(presented(result, exchange))
    },
  }
}
