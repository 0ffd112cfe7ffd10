import { readConfig } from '../config/config.ts'
import { seed } from '../embedded/seed/seed.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import type { Command } from './command.ts'
import { configuredUrls } from './configured-urls.ts'

export const dbSeed: Command = {
  name: 'db seed',
  summary: 'fill empty, migrated databases with the same plausible data as `tributary dev`',
  run: async ({ env, print }) => {
    const urls = configuredUrls(readConfig(env))
    const url = (source: string) => {
      const found = urls.get(source)
      if (!found)
        throw new TributaryError(
          'CONFIG_INVALID',
          `seeding fills platform, users and inference together; no URL is set for ${source}.`,
        )
      return found
    }
    await seed({
      urls: { platform: url('platform'), users: url('users'), inference: url('inference') },
      log: print,
    })
    return 0
  },
}
