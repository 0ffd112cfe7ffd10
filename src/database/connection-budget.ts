import type { Source } from './source.ts'

export interface BudgetLine {
  /** What the sources of one server may take of its connections, for people. */
  readonly line: string
  /** Whether the server may run out of them. */
  readonly isExceeded: boolean
}

/** Beside its pool a source has one connection on which it is watched. */
const connectionsOf = (source: Source) => (source.config?.maxConnections ?? 0) + 1

/**
 * Pools against `max_connections`: one line a server, for the sources that were reached. Another replica of the
 * gateway takes as many again.
 *
 * @param captured names of the sources that this process captures, which takes a connection beside its WAL sender each.
 */
export function checkConnectionBudget(
  sources: readonly Source[],
  captured: readonly string[] = [],
): BudgetLine[] {
  const servers = Map.groupBy(sources, ({ server }) => server?.startedAt)
  return [...servers].flatMap(([, members]) => {
    const server = members[0]?.server
    if (server === undefined) return []
    const needed = members.reduce(
      (sum, source) => sum + connectionsOf(source) + (captured.includes(source.name) ? 1 : 0),
      0,
    )
    const offered = server.maxConnections - server.reservedConnections
    const names = members.map(({ name }) => name).join(', ')
    const isExceeded = needed > offered
    const whose = members.length === 1 ? 'its' : 'their'
    const remedy = isExceeded ? '; lower DB_MAX_CONNECTIONS or raise max_connections there' : ''
    const line = `${names}: up to ${needed} of the ${offered} connections of ${whose} server${remedy}`
    return [{ line, isExceeded }]
  })
}
