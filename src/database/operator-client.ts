import { Client } from 'pg'
import type { SourceConfig } from '../config/source-config.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import { planConnection } from './connection-options.ts'
import { mayDependOnEncryption, reasonOf } from './failure.ts'

/** One connection for an operator's command, which may take as long as it takes. Closed at disposal. */
export interface OperatorClient extends AsyncDisposable {
  query<Row extends object>(statement: string, values?: readonly unknown[]): Promise<readonly Row[]>
}

/** @throws TributaryError SOURCE_UNAVAILABLE with the reason. */
export async function connectAsOperator(config: SourceConfig): Promise<OperatorClient> {
  const { client: settings, encryptions, address } = planConnection(config)
  let failure: unknown
  for (const ssl of encryptions) {
    const client = new Client({
      ...settings,
      ssl,
      application_name: 'tributary operator',
      statement_timeout: 0,
      query_timeout: 0,
      idle_in_transaction_session_timeout: 0,
    })
    client.on('error', () => {})
    try {
      await client.connect()
      return {
        query: async <Row extends object>(statement: string, values: readonly unknown[] = []) =>
          (await client.query<Row>(statement, [...values])).rows,
        [Symbol.asyncDispose]: () => client.end(),
      }
    } catch (error) {
      failure = error
      if (!(error instanceof Error) || !mayDependOnEncryption(error)) break
    }
  }
  throw new TributaryError('SOURCE_UNAVAILABLE', `${config.name}: ${reasonOf(failure as Error, address)}.`, {
    cause: failure,
  })
}
