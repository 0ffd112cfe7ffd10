import type { Logger } from 'pino'
import type { Exchange } from './exchange.ts'

/** How an exchange ended. */
export interface Outcome {
  /** HTTP status of the answer; none where there was no answer, or no HTTP. */
  readonly status?: number
  /** Whether the answer went out in full. */
  readonly completed: boolean
}

/**
 * One line for a request that is over: what was asked and how it went, never what was said. Probes of health,
 * of which there are many, are told at level debug.
 */
export function logRequest(log: Logger, exchange: Exchange, { status, completed }: Outcome): void {
  const { id, method, path, address, operation, errorCodes, statements, elapsedMs } = exchange
  log[path.startsWith('/health/') ? 'debug' : 'info'](
    {
      requestId: id,
      method,
      path,
      address,
      ...(operation && { operation: operation.name ?? '(anonymous)', type: operation.type }),
      status,
      ms: Math.round(elapsedMs * 10) / 10,
      ...(errorCodes.size > 0 && { errors: [...errorCodes] }),
      ...(statements.size > 0 && { statements: Object.fromEntries(statements) }),
      ...(completed ? {} : { aborted: true }),
    },
    'request',
  )
}
