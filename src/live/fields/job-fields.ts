import sql, { join } from 'sql-template-tag'
import { TributaryError } from '../../errors/tributary-error.ts'
import { builder } from '../../graph/builder.ts'
import { decodeId } from '../../graph/global-id.ts'
import {
  filterConditions,
  type JobFilter,
  JobFilterInput,
  mayHold,
  stateHolds,
} from '../../jobs/feed-filter.ts'
import { Job } from '../../jobs/job.ts'
import { type JobKind, jobKindOf, jobKinds, stateOf } from '../../jobs/job-kind.ts'
import type { LiveEvent } from '../live-event.ts'
import { defaultSnapshot, maximumSnapshot, snapshotSize, type Watch, type WatchCondition } from '../watch.ts'
import { changeType, liveArguments, notServed } from './change-type.ts'
import { registerLiveField } from './live-field.ts'

/** What is left of a filter over all jobs for those of a kind. */
const conditionOf = (kind: JobKind, filter: JobFilter): WatchCondition => ({
  sql: (context) => {
    const parts = [...filterConditions(context, kind, filter), ...(kind.listed ? [kind.listed()] : [])]
    return parts.length === 0 ? undefined : sql`(${join(parts, ' AND ')})`
  },
  holds: (values) => {
    const { state, type: _, source: __, ...moments } = filter
    if (kind.listed || Object.values(moments).some((one) => one != null)) return undefined
    const status = values[kind.status]
    if (state != null && status === undefined) return undefined
    return stateHolds(stateOf(kind, status), filter)
  },
})

function watchesOf(filter: JobFilter, limit: number): Watch[] {
  return jobKinds()
    .filter((kind) => kind.entity.live && mayHold(kind, filter))
    .map((kind) => ({
      entity: kind.entity,
      by: 'filter',
      filter: undefined,
      condition: conditionOf(kind, filter),
      limit,
    }))
}

function watchOf(id: string): Watch {
  const { entity, key } = decodeId(id)
  if (!entity.live || !jobKindOf(entity))
    throw new TributaryError('BAD_ID', `jobChanged takes the id of a job; this is one of a ${entity.name}.`)
  return { entity, by: 'key', key, limit: 1 }
}

/** Adds the subscription fields over the jobs of every system. */
export function addJobFields(): void {
  const type = changeType({ name: 'Job', of: Job, isOverSources: true })
  registerLiveField({ name: 'jobChanged', kind: 'state', watches: ({ id }) => [watchOf(id as string)] })
  registerLiveField({
    name: 'jobsChanged',
    kind: 'state',
    watches: ({ filter, first }) =>
      watchesOf((filter ?? {}) as JobFilter, snapshotSize('first', first as number | null | undefined)),
  })
  builder.subscriptionFields((t) => ({
    jobChanged: t.field({
      type,
      nullable: true,
      description: 'One job of any system: as it is, then each time it changes.',
      args: {
        id: t.arg.id({ required: true, description: 'The job, by its id.' }),
        ...liveArguments,
      },
      subscribe: notServed,
      resolve: (event) => event as unknown as LiveEvent,
    }),
    jobsChanged: t.field({
      type,
      nullable: true,
      description:
        'Jobs of every system: some as they are, then each that changes, and each that goes. Changes come in the order of the commits of each database; jobs of one that cannot be watched at first, which `missing` names, come with a RESYNC as soon as it can.',
      args: {
        filter: t.arg({ type: JobFilterInput, description: 'Which jobs.' }),
        first: t.arg.int({
          description: `Jobs of each type in the snapshot, ${maximumSnapshot} at most; ${defaultSnapshot} where none is named.`,
        }),
        ...liveArguments,
      },
      subscribe: notServed,
      resolve: (event) => event as unknown as LiveEvent,
    }),
  }))
}
