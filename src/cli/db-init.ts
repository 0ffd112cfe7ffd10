import { parseArgs } from 'node:util'
import { type Environment, readConfig } from '../config/config.ts'
import { initVariables } from '../config/env.ts'
import { EnvironmentReader } from '../config/reader.ts'
import type { Secret } from '../config/secret.ts'
import { sourceNames } from '../config/source-names.ts'
import { type Login, loginOf } from '../database/init/administrator.ts'
import { type DatabasePlan, initDatabases } from '../database/init/init-databases.ts'
import type { LabelerPlan } from '../database/init/labeler.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import { expectedDatabase } from '../sources/expected.ts'
import type { Command } from './command.ts'
import '../sources/users/entities.ts'

/** What the databases and their owners are called where no URL says otherwise. */
const conventional: Readonly<Record<string, Login>> = Object.fromEntries(
  sourceNames.map(({ name, database, role }) => [name, { database, role, password: undefined }]),
)

/** Postgres cuts names off there, in bytes. */
const maxNameLength = 63

const options = {
  url: { type: 'string' },
  only: { type: 'string', default: Object.keys(conventional).join(',') },
  'labeler-columns': { type: 'boolean', default: false },
  'labeler-role': { type: 'string', default: 'labeler_user' },
} as const

export const dbInit: Command = {
  name: 'db init',
  parameters: `[--only ${options.only.default}] [--labeler-columns] [--labeler-role name] [--url administrator's]`,
  summary:
    'make databases, the roles that own them, their tables, and the role by which the Labeler reads users',
  run: async ({ args, env, print }) => {
    const asked = parseArguments(args)
    const { ADMIN_DATABASE_URL: adminUrl, LABELER_PASSWORD: password } = settings(env, asked.url)
    if (!adminUrl)
      throw new TributaryError('CONFIG_INVALID', 'set ADMIN_DATABASE_URL, or give an administrator’s --url.')
    const databases = databasesOf(env, asked.only.split(','))
    const labeler: LabelerPlan = {
      role: asked['labeler-role'],
      password: password?.reveal(),
      columns: asked['labeler-columns'] ? labelersColumns() : undefined,
    }
    refuseUnusable(databases, labeler)
    await initDatabases({ adminUrl, databases, labeler, print })
    return 0
  },
}

function parseArguments(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    // What it found is not shown: it may be part of a URL.
    throw new TributaryError(
      'CONFIG_INVALID',
      `takes --${Object.keys(options).join(', --')}; see tributary --help.`,
      { cause: error },
    )
  }
}

function settings(env: Environment, url: string | undefined) {
  const reader = new EnvironmentReader(url === undefined ? env : { ...env, ADMIN_DATABASE_URL: url })
  const values = reader.readAll(initVariables)
  if (reader.problems.length > 0) throw new TributaryError('CONFIG_INVALID', `${reader.problems.join('; ')}.`)
  return values
}

/** Those asked for, by the URLs that the gateway will use, or else by convention. */
function databasesOf(env: Environment, asked: readonly string[]): DatabasePlan[] {
  const unknown = asked.find((name) => !(name in conventional))
  if (unknown !== undefined)
    throw new TributaryError(
      'CONFIG_INVALID',
      `makes databases for ${Object.keys(conventional).join(', ')}, not for "${unknown}".`,
    )
  const { sources, gatewayDatabase } = readConfig(env)
  const loginFor = (url: Secret | undefined) => url && loginOf(url.reveal())
  const state = loginFor(gatewayDatabase?.url)?.database ?? conventional.platform?.database
  return sourceNames.flatMap(({ name: source, variable }) => {
    const login = loginFor(sources.find(({ name }) => name === source)?.url) ?? conventional[source]
    if (!login || !asked.includes(source)) return []
    return { source, variable, ...login, holdsState: login.database === state }
  })
}

/** What the graph reads of `users`, which is all but the secrets. */
function labelersColumns(): string[] {
  const users = expectedDatabase('users').tables.find(({ name }) => name === 'users')
  return (users?.columns ?? []).map(({ name }) => name)
}

function refuseUnusable(databases: readonly DatabasePlan[], { role, columns }: LabelerPlan): void {
  const refuse = (message: string): never => {
    throw new TributaryError('CONFIG_INVALID', message)
  }
  for (const name of [role, ...databases.flatMap((plan) => [plan.database, plan.role])])
    if (name === '' || Buffer.byteLength(name) > maxNameLength)
      refuse(`"${name}" is no name for a database or a role: 1 to ${maxNameLength} bytes.`)
  for (const [index, { database, variable }] of databases.entries()) {
    const other = databases.slice(0, index).find((plan) => plan.database === database)
    if (other) refuse(`${other.variable} and ${variable} both name the database ${database}.`)
  }
  const users = databases.find(({ source }) => source === 'users')
  if (columns && !users) refuse('--labeler-columns is about the database of users, which --only leaves out.')
  if (role === users?.role) refuse(`the Labeler's role ${role} cannot be the owner of what it reads.`)
}
