import type { Logger } from 'pino'
import type { ChangesConfig } from '../../config/changes-config.ts'
import type { ChangeLog } from './change-log.ts'
import { openSqliteLog } from './sqlite-log.ts'

/**
 * Opens the change log that the settings name; undefined where they name none.
 *
 * @throws TributaryError CHANGE_LOG_UNUSABLE when it is a file that can be neither read nor made. A Redis that cannot be
 * reached is waited for by those who use it.
 */
export async function openChangeLog(
  { log, retentionMs, maxBytes }: ChangesConfig,
  logger: Logger,
): Promise<ChangeLog | undefined> {
  const limits = { retentionMs, maxBytes, log: logger }
  if (!log) return undefined
  if (log.kind === 'file') return openSqliteLog({ folder: log.folder, ...limits })
  // Loaded when it is wanted: the client of Redis is large.
  const { openRedisLog } = await import('./redis-log.ts')
  return openRedisLog({ url: log.url, ...limits })
}
