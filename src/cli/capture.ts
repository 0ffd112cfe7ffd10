import { startCapturing } from '../capturing.ts'
import { readConfig } from '../config/config.ts'
import { createLogger } from '../config/logger.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import '../sources/table.ts'
import type { Command } from './command.ts'
import { StopRequest } from './stop-request.ts'

export const capture: Command = {
  name: 'capture',
  summary:
    'capture the changes of every database into the change log; of several processes one does, the others stand by',
  run: async ({ env }) => {
    const config = readConfig(env)
    if (config.sources.length === 0)
      throw new TributaryError('CONFIG_INVALID', 'no database is configured; set DATABASE_URL or another.')
    const log = createLogger(config.log)
    for (const warning of config.warnings) log.warn(warning)
    const stop = new StopRequest()
    const changes = { ...config.changes, log: config.changes.ownLog, capturesHere: true }
    await using capturing = await startCapturing({ config: { ...config, changes }, log })
    if (capturing.captures.length === 0)
      throw new TributaryError('CHANGE_LOG_UNUSABLE', 'the change log cannot be used; the log says why.')
    await stop.asked()
    return 0
  },
}
