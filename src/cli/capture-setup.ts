import { type CapturePlan, planCapture } from '../changes/postgres/capture-plan.ts'
import { captureRoleStatements, ensureCaptureRole } from '../changes/postgres/capture-role.ts'
import { readCaptureState } from '../changes/postgres/capture-state.ts'
import { type SetUpOutcome, setUpCapture, tearDownCapture } from '../changes/postgres/set-up.ts'
import { readConfig } from '../config/config.ts'
import { initVariables } from '../config/env.ts'
import { EnvironmentReader } from '../config/reader.ts'
import { Secret } from '../config/secret.ts'
import { loginOf } from '../database/init/administrator.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import {
  askOver,
  type CapturedDatabase,
  capturedDatabases,
  forEachDatabase,
  openDatabase,
} from './captured-databases.ts'
import { parsedOptions } from './captured-options.ts'
import type { Command, Invocation } from './command.ts'

/** The administrator's URL, for the database in question. */
function administratorsUrl({ env }: Invocation, given: string | undefined, database: CapturedDatabase) {
  if (given === undefined) return undefined
  const reader = new EnvironmentReader({ ...env, ADMIN_DATABASE_URL: given })
  const { ADMIN_DATABASE_URL: admin } = reader.readAll(initVariables)
  if (!admin) throw new TributaryError('CONFIG_INVALID', `${reader.problems.join('; ')}.`)
  const url = new URL(admin.reveal())
  url.pathname = `/${encodeURI(loginOf(database.url.reveal()).database)}`
  return new Secret(url.href)
}

export const captureSetup: Command = {
  name: 'capture setup',
  parameters: `[--only source,…] [--print] [--url administrator's]`,
  summary: 'make the publication and the slot of each database, or print what its owner has to run',
  run: async (invocation) => {
    const { env, print } = invocation
    const { only, url, print: isDry } = parsedOptions(invocation, ['only', 'url', 'print'])
    return forEachDatabase(capturedDatabases(readConfig(env), only), print, async (database) => {
      const admin = administratorsUrl(invocation, url, database)
      if (isDry) return printed(database, admin)
      const role = admin ? await asAdministrator(database, admin) : []
      await using client = await openDatabase(database, admin)
      const outcome = await setUpCapture(askOver(client), database.names)
      return { ...outcome, lines: [...role, ...outcome.lines] }
    })
  },
}

/** Gives the capture a role of its own. @returns what was done. */
async function asAdministrator(database: CapturedDatabase, admin: Secret): Promise<string[]> {
  await using client = await openDatabase(database, admin)
  const { config, url } = database
  // The gateway's own role reads what the policy lets people see; it is not given every row of the log as well.
  if (loginOf(url.reveal()).role === loginOf(config.url.reveal()).role) return []
  return await ensureCaptureRole(askOver(client), loginOf(url.reveal()))
}

/** What would be run, by whoever may. */
async function printed(database: CapturedDatabase, admin: Secret | undefined): Promise<SetUpOutcome> {
  await using client = await openDatabase({ ...database, url: database.config.url }, admin)
  const ask = askOver(client)
  const state = await readCaptureState(ask, database.names)
  const plan: CapturePlan = planCapture({ ...state, mayReplicate: true }, database.names)
  const login = loginOf(database.url.reveal())
  const isApart = login.role !== loginOf(database.config.url.reveal()).role
  const slot = state.slot
    ? []
    : [`SELECT pg_create_logical_replication_slot('${database.names.slot}', 'pgoutput')`]
  const left = Object.entries(plan.impossible).map(([table, reason]) => `${table} is left out: ${reason}`)
  return {
    isReady: plan.obstacles.length === 0,
    lines: ['to be run by its owner', ...plan.obstacles, ...plan.warnings, ...left],
    statements: [...(isApart ? captureRoleStatements(login) : []), ...plan.publication, ...slot],
  }
}

export const captureDrop: Command = {
  name: 'capture drop',
  parameters: `[--only source,…] [--url administrator's]`,
  summary: 'remove the slot and the publication of each database',
  run: async (invocation) => {
    const { env, print } = invocation
    const { only, url } = parsedOptions(invocation, ['only', 'url'])
    return forEachDatabase(capturedDatabases(readConfig(env), only), print, async (database) => {
      await using client = await openDatabase(database, administratorsUrl(invocation, url, database))
      return await tearDownCapture(askOver(client), database.names)
    })
  },
}
