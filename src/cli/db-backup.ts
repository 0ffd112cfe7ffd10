import { parseArgs } from 'node:util'
import { type Config, type Environment, readConfig } from '../config/config.ts'
import type { SourceConfig } from '../config/source-config.ts'
import { backup } from '../database/backup/backup.ts'
import { restore } from '../database/backup/restore.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import type { Command } from './command.ts'

const parameters = '<folder> [--only source,…]'

/** Every database that the environment names, once: the gateway's state mostly lies in another's. */
function databasesOf({ sources, gatewayDatabase }: Config): SourceConfig[] {
  const isApart = gatewayDatabase && sources.every(({ url }) => url.reveal() !== gatewayDatabase.url.reveal())
  return [...sources, ...(isApart ? [gatewayDatabase] : [])]
}

function asked(args: readonly string[], env: Environment): { folder: string; databases: SourceConfig[] } {
  const options = { only: { type: 'string' } } as const
  let parsed: { values: { only?: string }; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new TributaryError('CONFIG_INVALID', `takes ${parameters}.`, { cause: error })
  }
  const [folder, ...rest] = parsed.positionals
  if (!folder || rest.length > 0) throw new TributaryError('CONFIG_INVALID', `takes ${parameters}.`)
  const all = databasesOf(readConfig(env))
  const only = parsed.values.only?.split(',')
  const unknown = only?.find((name) => !all.some((database) => database.name === name))
  if (unknown !== undefined)
    throw new TributaryError('CONFIG_INVALID', `no database is configured for ${unknown}.`)
  const databases = only ? all.filter(({ name }) => only.includes(name)) : all
  if (databases.length === 0)
    throw new TributaryError('CONFIG_INVALID', 'no database is configured; set DATABASE_URL or another.')
  return { folder, databases }
}

export const dbBackup: Command = {
  name: 'db backup',
  parameters,
  summary: 'dump the databases that Tributary made into a new folder, with pg_dump, and read them back',
  run: async ({ args, env, print }) => {
    await backup({ ...asked(args, env), path: env.PATH ?? '', print })
    return 0
  },
}

export const dbRestore: Command = {
  name: 'db restore',
  parameters,
  summary: 'fill empty databases from such a folder, with pg_restore, and compare',
  run: async ({ args, env, print }) => {
    await restore({ ...asked(args, env), path: env.PATH ?? '', print })
    return 0
  },
}
