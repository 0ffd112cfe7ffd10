import type { SourceConfig } from '../config/source-config.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import { planConnection } from './connection-options.ts'
import { reasonOf } from './failure.ts'
import { openClient } from './open-client.ts'

/** One connection for an operator's command, which may take as long as it takes. Closed at disposal. */
export interface OperatorClient extends AsyncDisposable {
  query<Row extends object>(statement: string, values?: readonly unknown[]): Promise<readonly Row[]>
}

const patient = {
  application_name: 'tributary operator',
  statement_timeout: 0,
  query_timeout: 0,
  idle_in_transaction_session_timeout: 0,
}

/** @throws TributaryError SOURCE_UNAVAILABLE with the reason. */
export async function connectAsOperator(config: SourceConfig): Promise<OperatorClient> {
  const plan = planConnection(config)
  try {
    const { client } = await openClient(plan, {
      timeoutMs: config.connectionTimeoutMs,
      signal: new AbortController().signal,
      config: patient,
    })
    return {
      query: async <Row extends object>(statement: string, values: readonly unknown[] = []) =>
        (await client.query<Row>(statement, [...values])).rows,
      [Symbol.asyncDispose]: () => client.end(),
    }
  } catch (error) {
    const reason = reasonOf(error as Error, plan.address)
    throw new TributaryError('SOURCE_UNAVAILABLE', `${config.name}: ${reason}.`, { cause: error })
  }
}
