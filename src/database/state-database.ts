import type { SourceConfig } from '../config/source-config.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import { currentRequest, runInRequest } from './request-scope.ts'
import { Source, type SourceLog } from './source.ts'

const remedies = {
  SOURCE_NOT_CONFIGURED: 'set GATEWAY_DATABASE_URL and run `tributary db migrate gateway`',
  SOURCE_MISMATCH: 'run `tributary db migrate gateway`, as a role that may use the schema tributary',
} as const

const never = new AbortController().signal

/**
 * The database of the gateway's own state, the schema `tributary`. Like a source it may be away for a while; a client
 * that goes away cancels nothing here, so that what was begun is also written down.
 */
export class StateDatabase implements AsyncDisposable {
  /** The pool and its watch; it holds nothing of the graph. */
  readonly source: Source

  constructor(config: SourceConfig | undefined, log: SourceLog) {
    this.source = new Source({
      name: 'gateway',
      ...(config && { config }),
      expected: { source: 'gateway', tables: [] },
      log,
    })
  }

  /** Tries to reach it for the first time; never rejects. */
  start(): Promise<void> {
    return this.source.start()
  }

  /**
   * Runs a statement, which is a transaction of its own.
   *
   * @throws TributaryError GATEWAY_STATE_MISSING where there is no such schema; SOURCE_UNAVAILABLE, SOURCE_TIMEOUT.
   */
  async query<Row extends object>(
    statement: string,
    values: readonly unknown[] = [],
  ): Promise<readonly Row[]> {
    const run = () => this.source.guard(() => this.source.pool.query<Row>(statement, [...values]))
    const request = currentRequest()
    try {
      const { rows } = await (request ? runInRequest({ ...request, signal: never }, run) : run())
      return rows
    } catch (error) {
      throw error instanceof TributaryError ? explained(error) : error
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.source[Symbol.asyncDispose]()
  }
}

function explained(error: TributaryError): TributaryError {
  if (error.code !== 'SOURCE_NOT_CONFIGURED' && error.code !== 'SOURCE_MISMATCH') return error
  const message = `The gateway has no state of its own here: ${remedies[error.code]}.`
  return new TributaryError('GATEWAY_STATE_MISSING', message, { cause: error })
}
