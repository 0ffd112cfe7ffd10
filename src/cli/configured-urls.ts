import type { Config } from '../config/config.ts'
import { TributaryError } from '../errors/tributary-error.ts'

/** URLs of the configured databases by source, for commands that write them. */
export function configuredUrls(config: Config): ReadonlyMap<string, string> {
  if (config.sources.length === 0)
    throw new TributaryError('CONFIG_INVALID', 'no database is configured; set DATABASE_URL or another.')
  return new Map(config.sources.map(({ name, url }) => [name, url.reveal()]))
}
