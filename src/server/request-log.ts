import type { ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { Exchange } from './exchange.ts'

/**
 * One line for a request that is over: what was asked and how it went, never what was said. Probes of health,
 * of which there are many, are told at level debug.
 */
export function logRequest(log: Logger, exchange: Exchange, response: ServerResponse): void {
  const { id, method, path, address, operation, errorCodes, statements, elapsedMs } = exchange
  const status = response.headersSent ? response.statusCode : undefined
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
      ...(response.writableFinished ? {} : { aborted: true }),
    },
    'request',
  )
}
