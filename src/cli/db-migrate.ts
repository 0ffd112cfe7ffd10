import { type Config, readConfig } from '../config/config.ts'
import { gatewayState, type MigrateOptions, migrate } from '../database/migrate.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import type { Command } from './command.ts'

/** Everything that the environment names, and the gateway's own state beside it. */
function targetsOf({ sources, gatewayDatabase }: Config): MigrateOptions[] {
  const state = gatewayDatabase && { ...gatewayState, url: gatewayDatabase.url.reveal() }
  return [...sources.map(({ name, url }) => ({ source: name, url: url.reveal() })), ...(state ? [state] : [])]
}

/** Those that the arguments name; all without arguments. */
function chosen(targets: readonly MigrateOptions[], names: readonly string[]): readonly MigrateOptions[] {
  const unknown = names.find((name) => !targets.some(({ source }) => source === name))
  if (unknown !== undefined)
    throw new TributaryError('CONFIG_INVALID', `no database is configured for ${unknown}.`)
  if (targets.length === 0)
    throw new TributaryError('CONFIG_INVALID', 'no database is configured; set DATABASE_URL or another.')
  return names.length === 0 ? targets : targets.filter(({ source }) => names.includes(source))
}

export const dbMigrate: Command = {
  name: 'db migrate',
  parameters: '[source …]',
  summary:
    'create or update the tables of the databases that the environment names, and gateway, its own; or of those given',
  run: async ({ args, env, print }) => {
    for (const target of chosen(targetsOf(readConfig(env)), args)) {
      const { applied } = await migrate(target)
      print(`${target.source}: ${applied.length === 0 ? 'up to date' : `applied ${applied.join(', ')}`}`)
    }
    return 0
  },
}
