import type { OperatorClient } from './operator-client.ts'

/** What an operator looks at first in a database. Parts that the role may not read, or that are not installed, are null. */
export interface ServerStatus {
  readonly database: string
  readonly version: string
  readonly isReplica: boolean
  readonly bytes: bigint
  readonly largestTables: readonly {
    readonly table: string
    readonly bytes: bigint
    /** Share of scans that went by an index, from 0 to 1; null where there was none. */
    readonly indexShare: number | null
  }[]
  readonly connections: {
    /** To this database, by state. */
    readonly byState: Readonly<Record<string, number>>
    /** To the server, and how many it takes. */
    readonly all: number
    readonly limit: number
  }
  /** Share of blocks that were found in shared buffers, from 0 to 1; null where none were read. */
  readonly cacheHits: number | null
  /** Indexes that no scan has used since the statistics were reset, the largest first; unique ones apart. */
  readonly unusedIndexes: readonly string[]
  readonly slots: readonly {
    readonly name: string
    readonly active: boolean
    readonly walStatus: string | null
    readonly retainedBytes: bigint | null
  }[]
  readonly replicas: readonly {
    readonly name: string
    readonly state: string | null
    readonly lagBytes: bigint | null
  }[]
  /** By mean time, where pg_stat_statements is there to be read. */
  readonly slowStatements:
    | readonly { readonly statement: string; readonly calls: bigint; readonly meanMs: number }[]
    | null
}

/** Reads all of it; costs a handful of small statements. */
export async function readServerStatus(client: OperatorClient): Promise<ServerStatus> {
  const [server] = await client.query<{
    database: string
    version: string
    replica: boolean
    bytes: string
    all: number
    limit: number
    hits: number | null
  }>(
    `SELECT current_database() AS database, current_setting('server_version') AS version,
       pg_is_in_recovery() AS replica, pg_database_size(current_database())::text AS bytes,
       (SELECT sum(numbackends)::integer FROM pg_stat_database) AS "all",
       current_setting('max_connections')::integer AS "limit",
       (SELECT blks_hit::float8 / nullif(blks_hit + blks_read, 0) FROM pg_stat_database
          WHERE datname = current_database()) AS hits`,
  )
  if (!server) throw new Error('The server says nothing of itself.')
  return {
    database: server.database,
    version: server.version,
    isReplica: server.replica,
    bytes: BigInt(server.bytes),
    largestTables: await readTables(client),
    connections: { byState: await readConnections(client), all: server.all, limit: server.limit },
    cacheHits: server.hits,
    unusedIndexes: await readUnusedIndexes(client),
    slots: await readSlots(client),
    replicas: await readReplicas(client),
    slowStatements: await readSlowStatements(client),
  }
}

async function readTables(client: OperatorClient): Promise<ServerStatus['largestTables']> {
  const rows = await client.query<{ table: string; bytes: string; share: number | null }>(
    `SELECT relname AS table, pg_total_relation_size(relid)::text AS bytes,
       idx_scan::float8 / nullif(idx_scan + seq_scan, 0) AS share
     FROM pg_stat_user_tables ORDER BY pg_total_relation_size(relid) DESC LIMIT 5`,
  )
  return rows.map(({ table, bytes, share }) => ({ table, bytes: BigInt(bytes), indexShare: share }))
}

async function readConnections(client: OperatorClient): Promise<Record<string, number>> {
  const rows = await client.query<{ state: string; count: number }>(
    `SELECT coalesce(state, 'hidden') AS state, count(*)::integer AS count FROM pg_stat_activity
     WHERE datname = current_database() GROUP BY 1 ORDER BY 1`,
  )
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
}

async function readUnusedIndexes(client: OperatorClient): Promise<string[]> {
  const rows = await client.query<{ name: string }>(
    `SELECT s.relname || '.' || s.indexrelname AS name FROM pg_stat_user_indexes s JOIN pg_index i USING (indexrelid)
     WHERE s.idx_scan = 0 AND NOT i.indisunique ORDER BY pg_relation_size(indexrelid) DESC, 1`,
  )
  return rows.map(({ name }) => name)
}

const here = 'CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END'

const bytesOf = (text: string | null) => (text === null ? null : BigInt(text))

async function readSlots(client: OperatorClient): Promise<ServerStatus['slots']> {
  const rows = await client.query<{
    name: string
    active: boolean
    status: string | null
    retained: string | null
  }>(
    `SELECT slot_name AS name, active, wal_status AS status,
       trunc(pg_wal_lsn_diff(${here}, restart_lsn))::text AS retained
     FROM pg_replication_slots WHERE database = current_database() OR database IS NULL ORDER BY 1`,
  )
  return rows.map(({ name, active, status, retained }) => ({
    name,
    active,
    walStatus: status,
    retainedBytes: bytesOf(retained),
  }))
}

async function readReplicas(client: OperatorClient): Promise<ServerStatus['replicas']> {
  const rows = await client.query<{ name: string; state: string | null; lag: string | null }>(
    `SELECT application_name AS name, state, trunc(pg_wal_lsn_diff(${here}, replay_lsn))::text AS lag
     FROM pg_stat_replication ORDER BY 1`,
  )
  return rows.map(({ name, state, lag }) => ({ name, state, lagBytes: bytesOf(lag) }))
}

async function readSlowStatements(client: OperatorClient): Promise<ServerStatus['slowStatements']> {
  const [installed] = await client.query<{ place: string }>(
    `SELECT format('%I.pg_stat_statements', n.nspname) AS place FROM pg_extension e
     JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'`,
  )
  if (!installed) return null
  try {
    const rows = await client.query<{ statement: string; calls: string; mean: number }>(
      `SELECT regexp_replace(query, '\\s+', ' ', 'g') AS statement, calls::text AS calls, mean_exec_time AS mean
       FROM ${installed.place} WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND query NOT LIKE '<insufficient privilege>%' ORDER BY mean_exec_time DESC LIMIT 5`,
    )
    return rows.map(({ statement, calls, mean }) => ({ statement, calls: BigInt(calls), meanMs: mean }))
  } catch {
    // Installed but not loaded by the server, or not for this role.
    return null
  }
}
