import { readConfig } from '../config/config.ts'
import { createLogger } from '../config/logger.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import { startSources } from '../sources/source-set.ts'
import type { Command } from './command.ts'

export const dbVerify: Command = {
  name: 'db verify',
  summary: 'compare the databases with what the graph reads of them; 1 when something is missing',
  run: async ({ env, print }) => {
    const config = readConfig(env)
    if (config.sources.length === 0)
      throw new TributaryError('CONFIG_INVALID', 'no database is configured; set DATABASE_URL or another.')
    await using set = await startSources(config.sources, createLogger({ ...config.log, level: 'silent' }))
    let sound = true
    for (const source of set.sources) {
      if (source.status === 'NOT_CONFIGURED') print(`${source.name}: not configured`)
      else if (source.status !== 'AVAILABLE') print(`${source.name}: ${source.reason ?? 'not reachable'}`)
      else if (source.differences.length === 0) print(`${source.name}: as expected`)
      for (const difference of source.differences) print(difference.line)
      sound &&=
        source.status === 'NOT_CONFIGURED' ||
        (source.status === 'AVAILABLE' && source.differences.every(({ severity }) => severity === 'notice'))
    }
    return sound ? 0 : 1
  },
}
