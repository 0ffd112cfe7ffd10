import type { Logger } from 'pino'
import type { Exchange } from './exchange.ts'

/** What is told of an exchange. */
export type LoggedExchange = Pick<
  Exchange,
  'id' | 'method' | 'path' | 'address' | 'operation' | 'elapsedMs'
> &
  Partial<Pick<Exchange, 'errorCodes' | 'statements'>>

/** How an exchange ended. */
export interface Outcome {
  /** HTTP status of the answer; none where there was no answer, or no HTTP. */
  readonly status?: number
  /** Whether the answer went out in full. */
  readonly completed: boolean
}

/**
 * One line for a request that is over: what was asked and how it went, never what was said. Probes of health
 * and of metrics, of which there are many, are told at level debug.
 */
export function logRequest(log: Logger, exchange: LoggedExchange, { status, completed }: Outcome): void {
  const { id, method, path, address, operation, errorCodes, statements, elapsedMs } = exchange
  log[path.startsWith('/health/') || path === '/metrics' ? 'debug' : 'info'](
    {
      requestId: id,
      method,
      path,
      address,
      ...(operation && { operation: operation.name ?? '(anonymous)', type: operation.type }),
      status,
      ms: Math.round(elapsedMs * 10) / 10,
      ...(errorCodes?.size && { errors: [...errorCodes] }),
      ...(statements?.size && { statements: Object.fromEntries(statements) }),
      ...(completed ? {} : { aborted: true }),
    },
    'request',
  )
}
