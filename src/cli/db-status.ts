import { readConfig } from '../config/config.ts'
import { connectAsOperator } from '../database/operator-client.ts'
import { readServerStatus, type ServerStatus } from '../database/server-status.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import type { Command } from './command.ts'

export const dbStatus: Command = {
  name: 'db status',
  summary: 'sizes, connections, cache, indexes, slots, replicas and slow statements of each database',
  run: async ({ env, print }) => {
    const { sources } = readConfig(env)
    if (sources.length === 0)
      throw new TributaryError('CONFIG_INVALID', 'no database is configured; set DATABASE_URL or another.')
    let answered = true
    for (const config of sources)
      try {
        await using client = await connectAsOperator(config)
        for (const line of report(config.name, await readServerStatus(client))) print(line)
      } catch (error) {
        if (!(error instanceof TributaryError)) throw error
        print(error.message)
        answered = false
      }
    return answered ? 0 : 1
  },
}

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** As people read sizes: in 1,024s, three digits. */
export function size(bytes: bigint): string {
  let value = Number(bytes)
  let unit = 0
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`
}

/** Names at most that a line has. */
const maximumNames = 8

/** The first names of a list, and how many there are more. */
function some(names: readonly string[]): string {
  const rest = names.length - maximumNames
  return [...names.slice(0, maximumNames), ...(rest > 0 ? [`and ${rest} more`] : [])].join(', ')
}

const percent = (share: number | null) => (share === null ? 'none yet' : `${(share * 100).toFixed(1)} %`)

function report(source: string, status: ServerStatus): string[] {
  const { connections, slots, replicas, slowStatements, unusedIndexes } = status
  const states = Object.entries(connections.byState).map(([state, count]) => `${count} ${state}`)
  return [
    `${source}: database ${status.database}, ${size(status.bytes)}, PostgreSQL ${status.version}${status.isReplica ? ', a replica' : ''}`,
    `  connections: ${states.join(', ')}; ${connections.all} of ${connections.limit} on the server`,
    `  found in cache: ${percent(status.cacheHits)}`,
    ...status.largestTables.map(
      ({ table, bytes, indexShare }) =>
        `  table ${table}: ${size(bytes)}, scans by index: ${percent(indexShare)}`,
    ),
    ...(unusedIndexes.length > 0 ? [`  indexes never used: ${some(unusedIndexes)}`] : []),
    ...slots.map(
      ({ name, active, walStatus, retainedBytes }) =>
        `  slot ${name}: ${active ? 'active' : 'not read by anybody'}, WAL ${walStatus ?? 'none'}, ${retainedBytes === null ? 'retains nothing' : `retains ${size(retainedBytes)}`}`,
    ),
    ...replicas.map(
      ({ name, state, lagBytes }) =>
        `  replica ${name}: ${state ?? 'hidden'}, ${lagBytes === null ? 'lag unknown' : `${size(lagBytes)} behind`}`,
    ),
    ...(slowStatements === null
      ? ['  slow statements: pg_stat_statements is not there, or not for this role']
      : slowStatements.map(
          ({ statement, calls, meanMs }) =>
            `  statement ${meanMs.toFixed(1)} ms × ${calls}: ${statement.slice(0, 120)}`,
        )),
  ]
}
