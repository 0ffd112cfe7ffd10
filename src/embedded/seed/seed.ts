import { Client } from 'pg'
import type { BySource, SourceKey } from '../../config/source-names.ts'
import { chat } from './chat.ts'
import { inferenceJobRows, testRunRows } from './evaluations.ts'
import { experimentRows, experiments } from './experiments.ts'
import { deploymentRows, exportJobRows } from './exports.ts'
import { gpudev } from './gpudev.ts'
import { continueSequences, insert, type Row } from './insert.ts'
import { invitations } from './invitations.ts'
import { jobs } from './jobs.ts'
import { llmNodes } from './llm-nodes.ts'
import { logRows } from './logs.ts'
import { metricRows } from './metrics.ts'
import { mlops } from './mlops.ts'
import { notifications } from './notifications.ts'
import { people } from './people.ts'
import { projectMembers, projects } from './projects.ts'
import { slurm } from './slurm.ts'
import { tenants } from './tenants.ts'
import { trainingJobRows } from './training-jobs.ts'
import { billingRows, usageRows } from './usage.ts'
import { validationRows } from './validation.ts'

export interface SeedOptions {
  /** A migrated database for each source, as a role that may write it. */
  readonly urls: BySource<string>
  /** Takes one line for each database filled, and one when there is nothing to do. Default: silence. */
  readonly log?: (line: string) => void
}

/** Whether the users database has users already, the seed's or anybody's. */
export async function isSeeded(urls: SeedOptions['urls']): Promise<boolean> {
  await using connection = await connect(urls.users)
  return await hasRows(connection.client, 'users')
}

/**
 * Fills the databases with plausible rows, the same on every run, and touches none that has rows. Users come last: a
 * run that was cut off is completed by the next, for the same ids fit together whichever run wrote them.
 */
export async function seed({ urls, log = () => {} }: SeedOptions): Promise<void> {
  if (await isSeeded(urls)) {
    log('users has rows already: nothing was seeded')
    return
  }
  const { users, ...others } = world()
  for (const [source, tables] of Object.entries({ ...others, users }))
    await fill({ source, url: urls[source as SourceKey], tables, log })
}

/** Every row by its table, tables in the order in which their keys can be held. */
function world(): BySource<Tables> {
  const { organizationRows, userRows, persons } = people()
  const { projects: projectList, projectRows, snapshots, snapshotRows } = projects(persons)
  const { sessions, sessionRows, messageRows } = chat(persons)
  const experimentList = experiments(projectList)
  const jobList = jobs(projectList, experimentList)
  const exported = exportJobRows(jobList)
  const { clusterRows, ...served } = llmNodes()
  return {
    inference: slurm(),
    skypilot: { clusters: clusterRows },
    iaas: iaasTables(served),
    gpudev: gpudev(),
    mlops: mlops(),
    platform: {
      projects: projectRows,
      experiments: experimentRows(experimentList, jobList),
      dataset_snapshots: snapshotRows,
      sessions: sessionRows,
      messages: messageRows,
      training_jobs: trainingJobRows({ jobs: jobList, persons, snapshots, sessions }),
      metrics: metricRows(jobList),
      logs: logRows(jobList),
      validation_results: validationRows(jobList),
      test_runs: testRunRows(jobList),
      inference_jobs: inferenceJobRows(jobList),
      export_jobs: exported.map(({ moment, ...row }) => row),
      deployments: deploymentRows(exported),
    },
    users: {
      organizations: organizationRows,
      users: userRows,
      project_members: projectMembers(projectList, persons),
      invitations: invitations(persons, projectList, snapshots),
    },
  }
}

function iaasTables(served: Omit<ReturnType<typeof llmNodes>, 'clusterRows'>): Tables {
  const { regionRows, modelRows, deploymentRows, nodeRows, memberRows } = served
  const { tenantRows, environmentRows, keyRows, environments } = tenants(
    regionRows.map(({ code }) => code),
    modelRows.map(({ name }) => name),
  )
  const tenantIds = tenantRows.map(({ id }) => String(id))
  const { configRows, deliveryRows } = notifications(tenantIds)
  return {
    tenants: tenantRows,
    environments: environmentRows,
    api_keys: keyRows,
    regions: regionRows,
    models: modelRows,
    deployments: deploymentRows,
    nodes: nodeRows,
    deployment_nodes: memberRows,
    usage_records: usageRows(environments, modelRows, nodeRows),
    billing_events: billingRows(tenantIds),
    notification_deliveries: deliveryRows,
    notification_config: configRows,
  }
}

type Tables = Readonly<Record<string, readonly Row[]>>

/** Inserts the tables in their order, in one transaction, unless the first of them has rows. */
async function fill(options: {
  readonly source: string
  readonly url: string
  readonly tables: Tables
  readonly log: (line: string) => void
}): Promise<void> {
  const { source, url, tables, log } = options
  await using connection = await connect(url)
  const { client } = connection
  const names = await existing(client, Object.keys(tables))
  await client.query('BEGIN')
  await client.query(`LOCK TABLE ${names.join(', ')} IN SHARE ROW EXCLUSIVE MODE`)
  const [first] = names
  if (first !== undefined && !(await hasRows(client, first))) {
    for (const name of names) await insert(client, name, tables[name] ?? [])
    await continueSequences(client, names)
    const count = names.reduce((sum, name) => sum + (tables[name]?.length ?? 0), 0)
    // Before the commit, for afterwards the statistics would count every row twice.
    await client.query(`ANALYZE ${names.join(', ')}`)
    log(`${source}: ${count} rows`)
  }
  await client.query('COMMIT')
}

/** An owner may do without some of the tables. */
async function existing(client: Client, tables: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT name FROM unnest($1::text[]) WITH ORDINALITY t(name, n) WHERE to_regclass(name) IS NOT NULL ORDER BY n',
    [tables],
  )
  return rows.map(({ name }) => name)
}

async function hasRows(client: Client, table: string): Promise<boolean> {
  const { rows } = await client.query(`SELECT EXISTS (SELECT FROM ${table}) AS found`)
  return rows[0]?.found === true
}

async function connect(url: string) {
  const client = new Client({ connectionString: url, application_name: 'tributary seed' })
  client.on('error', () => {})
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}
