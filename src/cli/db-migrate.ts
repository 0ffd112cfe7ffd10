import { readConfig } from '../config/config.ts'
import { migrate } from '../database/migrate.ts'
import type { Command } from './command.ts'
import { configuredUrls } from './configured-urls.ts'

export const dbMigrate: Command = {
  name: 'db migrate',
  summary: 'create or update the tables of the databases that the environment names',
  run: async ({ env, print }) => {
    for (const [source, url] of configuredUrls(readConfig(env))) {
      const { applied } = await migrate({ source, url })
      print(`${source}: ${applied.length === 0 ? 'up to date' : `applied ${applied.join(', ')}`}`)
    }
    return 0
  },
}
