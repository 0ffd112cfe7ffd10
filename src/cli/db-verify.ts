import { readConfig } from '../config/config.ts'
import { createLogger } from '../config/logger.ts'
import type { Source } from '../database/source.ts'
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
      for (const line of report(source)) print(line)
      sound &&= isSound(source)
    }
    return sound ? 0 : 1
  },
}

function report({ name, status, reason, differences }: Source): string[] {
  if (status === 'NOT_CONFIGURED') return [`${name}: not configured`]
  if (differences.length > 0) return differences.map(({ line }) => line)
  return [`${name}: ${status === 'AVAILABLE' ? 'as expected' : (reason ?? 'not reachable')}`]
}

const isSound = ({ status, differences }: Source) =>
  status === 'NOT_CONFIGURED' ||
  (status === 'AVAILABLE' && differences.every(({ severity }) => severity !== 'disabled'))
