import type { Task } from '../../../src/embedded/cluster-trace/tasks.ts'
import type { Accounts } from './accounts.ts'
import { traceTimestamp } from './moment.ts'

/**
 * Tasks that ask for the same resources at the same quality of service are one workload, submitted again and again:
 * each is a project of that quality's organization.
 */
export interface Projects {
  readonly projectRows: readonly object[]
  readonly memberRows: readonly object[]
  /** Key of a task's project. */
  projectOf(task: Task): number
  /** Keys of the users who work in a project, its owner first. */
  peopleOf(project: number): readonly number[]
}

const peopleInProject = 4

const workloadOf = ({ qos, gpus, milliGpus, milliCpus, mebibytes }: Task) =>
  `${qos}: ${gpus} GPUs × ${milliGpus / 1000}, ${milliCpus / 1000} CPUs, ${mebibytes} MiB`

export function projects(tasks: readonly Task[], { organizationOf, usersOf }: Accounts): Projects {
  const workloads = [...Map.groupBy(tasks, workloadOf)].map(([name, [first]], index) => {
    if (!first) throw new Error(`the workload ${name} has no task`)
    const organization = organizationOf(first.qos)
    const users = usersOf(organization)
    const people = Array.from(
      { length: peopleInProject },
      (_, place) => users[index * peopleInProject + place],
    )
    return {
      id: index + 1,
      name,
      organization,
      created: first.created,
      people: people.filter((user) => user !== undefined),
    }
  })
  const ids = new Map(workloads.map(({ name, id }) => [name, id]))
  return {
    projectRows: workloads.map(({ id, name, organization, created, people }) => ({
      id,
      name,
      task_type: 'image_classification',
      user_id: people[0],
      organization_id: organization,
      created_at: traceTimestamp(created),
      updated_at: traceTimestamp(created),
    })),
    memberRows: workloads
      .flatMap(({ id, created, people: [owner, ...others] }) =>
        others.map((user, place) => ({
          project_id: id,
          user_id: user,
          role: place === 0 ? 'viewer' : 'member',
          invited_by: owner,
          joined_at: traceTimestamp(created),
        })),
      )
      .map((row, index) => ({ id: index + 1, ...row })),
    projectOf: (task) => {
      const id = ids.get(workloadOf(task))
      if (id === undefined) throw new Error(`${task.name} is of no known workload`)
      return id
    },
    peopleOf: (project) => workloads[project - 1]?.people ?? [],
  }
}
