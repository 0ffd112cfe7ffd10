import type { KeyStore } from '../auth/keys/key-store.ts'
import { postgresKeyStore } from '../auth/keys/postgres-key-store.ts'
import type { Config } from '../config/config.ts'
import { createLogger } from '../config/logger.ts'
import { StateDatabase } from '../database/state-database.ts'

/**
 * Does the work with the keys in the gateway's database.
 *
 * @throws TributaryError GATEWAY_STATE_MISSING, SOURCE_UNAVAILABLE
 */
export async function withKeyStore<T>(config: Config, work: (store: KeyStore) => Promise<T>): Promise<T> {
  const log = createLogger({ ...config.log, level: 'silent' })
  await using state = new StateDatabase(config.gatewayDatabase, log)
  await state.start()
  await state.query('SELECT FROM tributary.signing_keys LIMIT 0')
  return await state.source.guard(() => work(postgresKeyStore(state.source.pool)))
}
