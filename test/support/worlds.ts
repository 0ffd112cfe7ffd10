/*
 * Small worlds of plain rows, put into cloned databases fast: one statement a database empties it and fills it anew.
 */
import type { Client } from 'pg'
import type { TestDatabases } from './databases.ts'

export type Row = Readonly<Record<string, unknown>>
/** Rows by table; `jobs` and the like are told from another source's by the source. */
export type Tables = Readonly<Record<string, readonly Row[]>>
export type World = Readonly<Record<Source, Tables>>

/** The tables of each source, each after those that it names. */
export const tablesOf = {
  users: ['organizations', 'users', 'project_members', 'invitations'],
  platform: [
    'projects',
    'experiments',
    'dataset_snapshots',
    'sessions',
    'messages',
    'training_jobs',
    'metrics',
    'logs',
    'validation_results',
    'test_runs',
    'inference_jobs',
    'export_jobs',
    'deployments',
  ],
  inference: ['jobs', 'training', 'model', 'inference'],
  iaas: [
    'tenants',
    'regions',
    'models',
    'environments',
    'api_keys',
    'deployments',
    'nodes',
    'deployment_nodes',
    'usage_records',
    'billing_events',
    'notification_deliveries',
    'notification_config',
  ],
  skypilot: ['clusters'],
  gpudev: [
    'api_users',
    'api_keys',
    'gpu_types',
    'reservations',
    'disks',
    'domain_mappings',
    'alb_target_groups',
  ],
  mlops: ['model_versions', 'monitoring_metrics', 'retraining_decisions'],
} as const

export type Source = keyof typeof tablesOf
export const sources = Object.keys(tablesOf) as Source[]

/** A column as the database has it. */
export interface TableColumn {
  readonly table: string
  readonly name: string
  /** Name of the type, as in `pg_type`. */
  readonly type: string
  readonly nullable: boolean
  readonly length: number | null
  /** Digits after the point of a `numeric`. */
  readonly scale: number | null
  /** The labels of an enum type, in order. */
  readonly labels: readonly string[]
}

/** Puts worlds into the databases of a clone. */
export interface WorldKeeper {
  readonly columns: Readonly<Record<Source, readonly TableColumn[]>>
  /** Replaces whatever is there. Columns that a row leaves out are empty; it must have those that may not be. */
  put(world: World): Promise<void>
}

const columnsStatement = `
  SELECT c.table_name AS "table", c.column_name AS name, c.udt_name AS type, c.is_nullable = 'YES' AS nullable,
    c.character_maximum_length AS length, c.numeric_scale AS scale,
    ARRAY(SELECT e.enumlabel::text FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
      WHERE t.typname = c.udt_name ORDER BY e.enumsortorder) AS labels
  FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name = ANY($1)
  ORDER BY c.table_name, c.ordinal_position`

export async function keepWorlds(databases: TestDatabases): Promise<WorldKeeper> {
  const kept = await Promise.all(
    sources.map(async (source) => {
      const client = await databases.client(source)
      const { rows } = await client.query<TableColumn>(columnsStatement, [tablesOf[source]])
      return { source, client, columns: rows }
    }),
  )
  return {
    columns: Object.fromEntries(kept.map(({ source, columns }) => [source, columns])) as never,
    put: async (world) => {
      await Promise.all(
        kept.map(({ source, client }) => client.query(replacement(client, source, world[source]))),
      )
    },
  }
}

function replacement(client: Client, source: Source, tables: Tables): string {
  const emptying = tablesOf[source].toReversed().map((table) => `DELETE FROM public.${table};`)
  const filling = tablesOf[source].flatMap((table) => {
    const rows = tables[table] ?? []
    if (rows.length === 0) return []
    const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].map((name) => `"${name}"`).join(', ')
    const json = client.escapeLiteral(JSON.stringify(rows))
    return `INSERT INTO public.${table} (${names}) SELECT ${names} FROM json_populate_recordset(NULL::public.${table}, ${json});`
  })
  return [...emptying, ...filling].join('\n')
}
