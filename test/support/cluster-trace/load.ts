import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { readRequests } from '../../../src/embedded/cluster-trace/requests.ts'
import { readTasks } from '../../../src/embedded/cluster-trace/tasks.ts'
import { continueSequences, insert, type Row } from '../../../src/embedded/seed/insert.ts'
import { accounts } from './accounts.ts'
import { readMachines } from './machines.ts'
import { longestRunning, metricRows } from './metrics.ts'
import { projects } from './projects.ts'
import { reservationRows } from './reservations.ts'
import { slurmRows } from './slurm.ts'
import { tenantRows } from './tenants.ts'
import { trainingJobRows } from './training-jobs.ts'

/** The sources that the trace fills. */
export const traceSources = ['users', 'platform', 'inference', 'iaas', 'gpudev'] as const

type Source = (typeof traceSources)[number]

export interface LoadOptions {
  /** Migrated and empty databases, as a role that may write them. */
  readonly urls: Readonly<Record<Source, string>>
  /** Folder of the trace's CSV files. */
  readonly folder: string
  /** Takes one line for each table. Default: silence. */
  readonly log?: (line: string) => void
}

type Tables = Readonly<Record<string, readonly object[]>>

/** Rows of every table that the trace fills, tables in an order in which their keys hold. */
async function tablesOf(folder: string): Promise<Record<Source, Tables>> {
  const tasks = await readTasks(folder)
  const requests = await readRequests(folder)
  const machines = await readMachines(folder)
  const people = accounts(tasks, requests)
  const workloads = projects(tasks, people)
  return {
    users: {
      organizations: people.organizationRows,
      users: people.userRows,
      project_members: workloads.memberRows,
    },
    platform: {
      projects: workloads.projectRows,
      training_jobs: trainingJobRows(tasks, workloads),
      metrics: await metricRows(folder, longestRunning(tasks)),
    },
    inference: slurmRows(tasks, requests),
    iaas: tenantRows(requests, machines),
    gpudev: reservationRows(tasks, machines),
  }
}

async function refuseRows(client: Client, source: string, tables: Tables): Promise<void> {
  for (const table of Object.keys(tables)) {
    const { rows } = await client.query(`SELECT EXISTS (SELECT FROM ${table}) AS found`)
    if (rows[0]?.found)
      throw new Error(`${source}: ${table} has rows already; the trace is loaded into empty databases only`)
  }
}

async function fill(client: Client, tables: Tables, log: (line: string) => void): Promise<void> {
  for (const [table, rows] of Object.entries(tables)) {
    await insert(client, table, rows as readonly Row[])
    log(`${table}: ${rows.length} rows`)
  }
  await continueSequences(client, Object.keys(tables))
  await client.query(`ANALYZE ${Object.keys(tables).join(', ')}`)
}

/**
 * Loads the trace of a real GPU cluster into the project's own databases: tasks become training jobs of the platform
 * and SLURM jobs with their trainings, and reservations of GPUs; mini-batch times the metrics of a job that still runs,
 * requests predictions and records of tenants' use, machines the nodes that serve them and the kinds of GPU. The databases are committed when all of them are full.
 *
 * @throws Error when the folder does not hold the trace, a table has rows, or a database cannot be written.
 */
export async function loadClusterTrace({ urls, folder, log = () => {} }: LoadOptions): Promise<void> {
  if (!existsSync(join(folder, 'tasks.csv'))) throw new Error(`${folder} holds no cluster trace`)
  const tables = await tablesOf(folder)
  await using connections = new AsyncDisposableStack()
  const clients = new Map<Source, Client>()
  for (const source of traceSources) {
    const client = new Client({ connectionString: urls[source], application_name: 'cluster trace' })
    // Its database may be dropped while it is still saying goodbye.
    client.on('error', () => {})
    await client.connect()
    connections.defer(() => client.end())
    await client.query('BEGIN')
    await refuseRows(client, source, tables[source])
    clients.set(source, client)
  }
  for (const [source, client] of clients)
    await fill(client, tables[source], (line) => log(`${source}: ${line}`))
  for (const client of clients.values()) await client.query('COMMIT')
}
