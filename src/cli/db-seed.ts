import { readConfig } from '../config/config.ts'
import { bySource } from '../config/source-names.ts'
import { seed } from '../embedded/seed/seed.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import type { Command } from './command.ts'
import { configuredUrls } from './configured-urls.ts'

export const dbSeed: Command = {
  name: 'db seed',
  summary: 'fill empty, migrated databases with the same plausible data as `tributary dev`',
  run: async ({ env, print }) => {
    const urls = configuredUrls(readConfig(env))
    await seed({
      urls: bySource((source) => {
        const url = urls.get(source)
        if (url) return url
        throw new TributaryError(
          'CONFIG_INVALID',
          `seeding fills all databases together; no URL is set for ${source}.`,
        )
      }),
      log: print,
    })
    return 0
  },
}
