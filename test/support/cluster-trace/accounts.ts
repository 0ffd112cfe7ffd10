import type { ServiceRequest } from '../../../src/embedded/cluster-trace/requests.ts'
import type { Task } from '../../../src/embedded/cluster-trace/tasks.ts'
import { traceTimestamp } from './moment.ts'

/**
 * Who is behind the trace: each quality of service is an organization, each group of callers a user, dealt out to the
 * organizations in turn.
 */
export interface Accounts {
  readonly organizationRows: readonly object[]
  readonly userRows: readonly object[]
  /** Key of the organization that asks for a quality of service. */
  organizationOf(qos: string): number
  /** Keys of an organization's users. */
  usersOf(organization: number): readonly number[]
}

const roles = ['standard_engineer', 'advanced_engineer', 'standard_engineer', 'guest', 'manager']

export function accounts(tasks: readonly Task[], requests: readonly ServiceRequest[]): Accounts {
  const qualities = [...new Set(tasks.map(({ qos }) => qos))].toSorted()
  const groups = [...new Set(requests.map(({ group }) => group))].toSorted()
  const joined = { created_at: traceTimestamp(0), updated_at: traceTimestamp(0) }
  const organizationNumber = (index: number) => (index % qualities.length) + 1
  const byOrganization = Map.groupBy(groups.keys(), organizationNumber)
  return {
    organizationRows: qualities.map((qos, index) => ({
      id: index + 1,
      name: qos,
      company: 'Cluster',
      division: qos,
      ...joined,
    })),
    userRows: groups.map((group, index) => ({
      id: index + 1,
      email: `${group.toLowerCase()}@cluster.example`,
      full_name: `Group ${group}`,
      company: 'Cluster',
      division: qualities[organizationNumber(index) - 1],
      organization_id: organizationNumber(index),
      system_role: roles[index % roles.length],
      is_active: true,
      ...joined,
    })),
    organizationOf: (qos) => qualities.indexOf(qos) + 1,
    usersOf: (organization) => (byOrganization.get(organization) ?? []).map((index) => index + 1),
  }
}
