/*
 * How the graph calls what the databases have, as a reader of the schema would work it out.
 */
import { jobFields } from './jobs.ts'
import { type Link, links, type TypeTable, tables } from './oracle.ts'

export const types = Object.keys(tables)

/** Fields that are worked out, and how to ask for them: seen with the row. */
export const computed: Readonly<Record<string, string>> = {
  ...jobFields,
  'LlmDeployment.members': 'members(first: 200) { totalCount edges { statusRaw node { databaseId } } }',
  'TrainingJob.progress': 'progress',
  'TrainingJob.metricSeries': 'metricSeries(name: "loss") { totalPoints points { value } }',
  'RetrainingDecision.gates': 'gates { gateRaw passed }',
  'RetrainingDecision.failedGate': 'failedGate { gateRaw }',
  'DecisionHistoryEntry.gates': 'gates { gateRaw passed }',
  'DecisionHistoryEntry.failedGate': 'failedGate { gateRaw }',
  'GpuReservation.statusHistory': 'statusHistory { statusRaw }',
  'GpuType.availability': 'availability { total inUse queued available }',
}

/** Columns that the graph calls otherwise. */
const renamed: Readonly<Record<string, string>> = {
  'Deployment.type': 'deployment_type',
  'Deployment.name': 'deployment_name',
  'Deployment.config': 'deployment_config',
  'Invitation.type': 'invitation_type',
  'Model.name': 'model_name',
  'ModelVersion.version': 'model_version',
  'ModelTimelineEntry.version': 'model_version',
  'MonitoringMetric.type': 'metric_type',
  'MonitoringMetric.name': 'metric_name',
  'MonitoringMetric.value': 'metric_value',
  'RecentMetric.type': 'metric_type',
  'RecentMetric.name': 'metric_name',
  'RecentMetric.value': 'metric_value',
  'GpuDisk.name': 'disk_name',
  'GpuReservation.gpuTypeId': 'gpu_type',
  'TenantEnvironment.regionCode': 'region',
  'TenantApiKey.prefix': 'key_prefix',
  'LlmDeployment.regionCode': 'region',
  'LlmNode.externalId': 'node_id_external',
  'BillingEvent.type': 'event_type',
  'SkyCluster.hash': 'cluster_hash',
  'SkyCluster.everUp': 'cluster_ever_up',
}

/** Columns that hold seconds since 1970. */
const seconds = ['SkyCluster.launchedAt', 'SkyCluster.statusUpdatedAt', 'GpuReservation.lastWarningTime']

/** A column's moment as GraphQL writes it; undefined where the value is none. */
export function momentOf(type: string, field: string, value: unknown): string | undefined {
  if (seconds.includes(`${type}.${field}`) && typeof value === 'number')
    return new Date(value * 1000).toISOString().replace('Z', '000Z')
  return typeof value === 'string' && /^\d{4}-\d\d-\d\d /.test(value)
    ? value.replace(' ', 'T').replace(/Z?$/, 'Z')
    : undefined
}

export const keyColumn = (type: string): string => (tables[type] as TypeTable).key

/** The column behind a field of a type, a filter or an order. */
export function columnOf(type: string, field: string): string {
  const name = field.replace(/Raw$/, '')
  if (name === 'databaseId') return keyColumn(type)
  return renamed[`${type}.${name}`] ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** The link that a field to one follows. */
export const linkFrom = (type: string, field: string): Link | undefined =>
  links.find((link) => link.from === type && link.field === field)

/** The link that a connection comes back by. */
export const linkTo = (type: string, field: string): Link | undefined =>
  links.find((link) => link.to === type && link.inverse === field)

export const singular = (type: string) => `${type.charAt(0).toLowerCase()}${type.slice(1)}`
export const plural = (type: string) => `${singular(type)}s`.replace(/([^aeiou])ys$/, '$1ies')
export const globalId = (type: string, key: unknown) => Buffer.from(`${type}:${key}`).toString('base64')

/** An enumeration's label, which GraphQL writes without quotes. */
class Label {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** What an enumeration's label for a stored text is: the text in capitals, words parted by _, or UNKNOWN. */
export const labelOf = (stored: string, known: readonly string[]): string => {
  const name = stored.toUpperCase().replace(/[-.]/g, '_')
  return known.includes(name) ? name : 'UNKNOWN'
}

export const label = (name: string): object => new Label(name)

/** A value as GraphQL writes it. */
export function literal(value: unknown): string {
  if (value instanceof Label) return value.name
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .map(([name, member]) => `${name}: ${literal(member)}`)
      .join(', ')} }`
  return JSON.stringify(value)
}
