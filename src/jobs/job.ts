import { builder } from '../graph/builder.ts'
import { type Entity, fieldName } from '../graph/entity.ts'
import { modelName } from '../graph/entity-ref.ts'
import { addInterface } from '../graph/interfaces.ts'
import { Node } from '../graph/node.ts'
import { requireColumns, selectUsable } from '../graph/statement.ts'
import { typeNameOf } from '../graph/type-name.ts'
import { type Computed, type JobKind, type JobRow, registerKind, stateOf } from './job-kind.ts'
import { JobOwner } from './job-owner.ts'
import { JobState, liveStates } from './job-state.ts'

const descriptions = {
  state: 'How far it has come, in words that hold for every system.',
  nativeStatus: 'How far it has come, as its own system says.',
  progress: 'How much is done, from 0 to 1; null where that is not known.',
  queuedAt: 'When it was asked for.',
  startedAt: 'When it began.',
  finishedAt: 'When it ended, well or not.',
  duration: 'Seconds from its beginning to its end, or until now.',
  error: 'Why it failed.',
  owner: 'Whose it is: who made it, else who owns its project.',
  source: 'The database that it lies in, as configuration and errors call it.',
  queuePosition:
    'Its place among those that wait, 1 being next, as far as the database tells; null where it does not wait.',
  pendingReason: 'Why it still waits, as far as the database tells.',
  isStale:
    'Whether it has not moved for much longer than its source takes between two signs of life; null where that cannot be told.',
} as const

/** What runs, or waits to: a job of any system. */
export const Job = builder.interfaceRef<object>('Job').implement({
  description: 'What runs somewhere, waits to, or did: a job of any of the systems behind the graph.',
  interfaces: [Node],
  resolveType: typeNameOf,
  fields: (t) => ({
    state: t.field({ type: JobState.ref, nullable: true, description: descriptions.state, resolve: nothing }),
    nativeStatus: t.string({ nullable: true, description: descriptions.nativeStatus, resolve: nothing }),
    progress: t.float({ nullable: true, description: descriptions.progress, resolve: nothing }),
    queuedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: descriptions.queuedAt,
      resolve: nothing,
    }),
    startedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: descriptions.startedAt,
      resolve: nothing,
    }),
    finishedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: descriptions.finishedAt,
      resolve: nothing,
    }),
    duration: t.float({ nullable: true, description: descriptions.duration, resolve: nothing }),
    error: t.string({ nullable: true, description: descriptions.error, resolve: nothing }),
    owner: t.field({ type: JobOwner, nullable: true, description: descriptions.owner, resolve: nothing }),
    source: t.string({ nullable: true, description: descriptions.source, resolve: nothing }),
    queuePosition: t.int({ nullable: true, description: descriptions.queuePosition, resolve: nothing }),
    pendingReason: t.string({ nullable: true, description: descriptions.pendingReason, resolve: nothing }),
    isStale: t.boolean({ nullable: true, description: descriptions.isStale, resolve: nothing }),
  }),
})

/** Each type brings its own. */
function nothing(): null {
  return null
}

/** Makes an entity's rows jobs: its type gets the fields of `Job`, and the feed lists it. */
export function declareJob(kind: JobKind): void {
  registerKind(kind)
  addInterface(kind.entity, Job)
  builder.prismaObjectFields(modelName(kind.entity), (t) => {
    const { entity, status } = kind
    const own = new Set([...entity.columns.keys()].map((name) => fieldName(entity, name)))
    const field = (
      name: keyof typeof descriptions,
      type: 'String' | 'Float' | 'Int' | 'Boolean' | 'DateTime' | typeof JobState.ref | typeof JobOwner,
      { columns, resolve }: Computed<unknown>,
    ) =>
      own.has(name)
        ? []
        : [
            [
              name,
              t.field({
                type: type as 'String',
                nullable: true,
                description: descriptions[name],
                select: (_args, context) => selectUsable(context, entity, columns),
                resolve: (row, _args, context, info) => {
                  requireColumns(context, entity, columns)
                  return resolve(row as unknown as JobRow, context, info) as string
                },
              }),
            ] as const,
          ]
    const state = (row: JobRow) => stateOf(kind, row[status])
    const started = kind.startedAt ? [kind.startedAt] : []
    const unknown: Computed<null> = { columns: [], resolve: () => null }
    return Object.fromEntries([
      ...field('state', JobState.ref, { columns: [status], resolve: state }),
      ...field('nativeStatus', 'String', { columns: [status], resolve: (row) => row[status] }),
      ...(kind.progress === 'the entity’s own'
        ? []
        : field('progress', 'Float', kind.progress ?? ended(kind))),
      ...field('queuedAt', 'DateTime', moment(entity, kind.queuedAt ? [kind.queuedAt] : [])),
      ...field('startedAt', 'DateTime', moment(entity, started)),
      ...field('finishedAt', 'DateTime', moment(entity, kind.finishedAt)),
      ...field('duration', 'Float', duration(kind)),
      ...field('error', 'String', { columns: [kind.error], resolve: (row) => row[kind.error] }),
      ...field('owner', JobOwner, kind.owner ?? unknown),
      ...field('source', 'String', { columns: [], resolve: () => entity.source }),
      ...field('queuePosition', 'Int', kind.queuePosition ?? unknown),
      ...field('pendingReason', 'String', kind.pendingReason ?? unknown),
      ...field('isStale', 'Boolean', staleness(kind)),
    ])
  })
}

/** The first of several moments that is not empty. */
const moment = (entity: Entity, columns: readonly string[]): Computed<string | null> => ({
  columns,
  resolve: (row, context) => {
    const zone = context.source(entity.source).timeZone
    for (const name of columns) {
      const at = row[name] == null ? null : entity.columns.get(name)?.kind.decode(row[name], zone)
      if (at != null) return at as string
    }
    return null
  },
})

const ended = (kind: JobKind): Computed<number | null> => ({
  columns: [kind.status],
  resolve: (row) => (stateOf(kind, row[kind.status]) === 'SUCCEEDED' ? 1 : null),
})

function duration(kind: JobKind): Computed<number | null> {
  const start = moment(kind.entity, kind.startedAt ? [kind.startedAt] : [])
  const finish = moment(kind.entity, kind.finishedAt)
  return {
    columns: [kind.status, ...start.columns, ...finish.columns],
    resolve: async (row, context, info) => {
      const [begun, done] = [
        await start.resolve(row, context, info),
        await finish.resolve(row, context, info),
      ]
      if (begun === null) return null
      const isLive = liveStates.has(stateOf(kind, row[kind.status]) ?? '')
      if (done === null && !isLive) return null
      const end = done === null ? Date.now() : Date.parse(done)
      return Math.max(0, end - Date.parse(begun)) / 1000
    },
  }
}

function staleness({ entity, status, movement, ...kind }: JobKind): Computed<boolean | null> {
  return {
    columns: [status, ...(movement?.columns ?? [])],
    resolve: async (row, context, info) => {
      const state = stateOf({ entity, status, ...kind }, row[status])
      if (state === null) return null
      if (!liveStates.has(state)) return false
      const moved = await movement?.resolve(row, context, info)
      return moved ? Date.now() - Date.parse(moved.at) > moved.staleAfter * 1000 : null
    },
  }
}
