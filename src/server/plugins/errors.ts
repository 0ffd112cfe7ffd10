import type { ExecutionResult } from 'graphql'
import { isAsyncIterable, mapAsyncIterator } from 'graphql-yoga'
import type { Logger } from 'pino'
import type { Exchange } from '../exchange.ts'
import { presentError } from '../present-error.ts'
import type { ServerPlugin } from './server-context.ts'

export interface ErrorsOptions {
  readonly suggestions: boolean
  readonly log: Logger
}

/** Presents the errors of every result, whichever way it leaves; the last thing done to it. */
export function errorsPlugin({ suggestions, log }: ErrorsOptions): ServerPlugin {
  const presented = <R extends ExecutionResult>(result: R, exchange: Exchange): R => {
    if (!result.errors) return result
    const errors = result.errors.map((error) =>
      presentError(error, {
        suggestions,
        report: ({ errorId, error: hidden }) =>
          log.error({ requestId: exchange.id, errorId, path: error.path, err: hidden }, 'unexpected error'),
      }),
    )
    for (const { extensions } of errors) exchange.errorCodes.add(String(extensions.code))
    return { ...result, errors }
  }
  return {
    onResultProcess({ result, setResult, serverContext: { exchange } }) {
      if (isAsyncIterable(result)) setResult(mapAsyncIterator(result, (part) => presented(part, exchange)))
      else if (!Array.isArray(result)) setResult(presented(result, exchange))
    },
  }
}
