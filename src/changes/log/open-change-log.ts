import type { Logger } from 'pino'
import type { ChangesConfig } from '../../config/changes-config.ts'
import { TributaryError } from '../../errors/tributary-error.ts'
import type { ChangeLog } from './change-log.ts'
import { openSqliteLog } from './sqlite-log.ts'

/**
 * Opens the log that the settings name; undefined where they name none.
 *
 * @throws TributaryError CHANGE_LOG_UNUSABLE
 */
export async function openChangeLog(
  { log: place, retentionMs, maxBytes }: ChangesConfig,
  log: Logger,
): Promise<ChangeLog | undefined> {
  switch (place?.kind) {
    case undefined:
      return undefined
    case 'file':
      return openSqliteLog({ folder: place.folder, retentionMs, maxBytes, log })
    case 'redis':
      throw new TributaryError(
        'CHANGE_LOG_UNUSABLE',
        'The change log cannot be used: Redis is not spoken here yet.',
      )
  }
}
