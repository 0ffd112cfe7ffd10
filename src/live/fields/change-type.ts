import type { OutputRef } from '@pothos/core'
import { TributaryError } from '../../errors/tributary-error.ts'
import { builder } from '../../graph/builder.ts'
import { type Entity, keyOf, type RowKey } from '../../graph/entity.ts'
import { encodeId } from '../../graph/global-id.ts'
import { MissingSourceType } from '../../graph/missing-source.ts'
import type { EventKind, LiveEvent } from '../live-event.ts'

export const ChangeKind = builder.enumType('ChangeKind', {
  description: 'What a result of a subscription tells of.',
  values: {
    SNAPSHOT: { description: 'How things are at the start; changes follow.' },
    RESYNC: {
      description:
        'How things are now, told anew: what happened before could not be told one by one. Forget the rest.',
    },
    INSERTED: { description: 'Rows that are new in the database.' },
    UPDATED: { description: 'Rows that changed, or came in sight.' },
    REMOVED: { description: 'Rows that were deleted, left the sight of whoever watches, or the filter.' },
    CHANGED: { description: 'Several of these, gathered into one result.' },
  } satisfies Record<EventKind, object>,
})

const idOf = (entity: Entity, key: string) =>
  encodeId(entity, entity.columns.get(entity.key)?.kind.parse(key) as string)

/** The id of the one row that an event tells of; null where it is of several, or of none. */
function onlyId({ rows, removed }: LiveEvent): string | null {
  const ids = [
    ...rows.map(({ watch: { entity }, row }) => encodeId(entity, keyOf(entity, row))),
    ...removed.map(({ entity, key }) => idOf(entity, key)),
  ]
  return ids.length === 1 ? (ids[0] as string) : null
}

export interface ChangeTypeOptions {
  /** What is watched, as in "a training job". */
  readonly name: string
  readonly of: OutputRef<object>
  /** Whether it is of rows of several sources, some of which may be missing. */
  readonly isOverSources?: boolean
}

/** The type of a subscription's results over rows. */
export function changeType({ name, of, isOverSources = false }: ChangeTypeOptions) {
  return builder.objectRef<LiveEvent>(`${name}Change`).implement({
    description: `What has become of ${name} rows that are watched.`,
    fields: (t) => ({
      kind: t.field({
        type: ChangeKind,
        nullable: false,
        description: 'What it tells of.',
        resolve: ({ kind }) => kind,
      }),
      cursor: t.exposeString('cursor', {
        nullable: false,
        description:
          'Where the subscription can be taken up again: its `after`, or the header Last-Event-ID.',
      }),
      committedAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When the change was committed; null of a snapshot.',
        resolve: ({ committedAt }) => committedAt,
      }),
      node: t.field({
        type: of,
        nullable: true,
        description: 'The row, as it was committed; null where it is gone, or there are several.',
        resolve: ({ rows }) => (rows.length === 1 ? rows[0]?.row : null),
      }),
      nodes: t.field({
        type: [of],
        nullable: false,
        description: 'Every row that the result tells of, in order.',
        resolve: ({ rows }) => rows.map(({ row }) => row),
      }),
      id: t.field({
        type: 'ID',
        nullable: true,
        description: 'The `id` of the row, also where it is gone; null where there are several.',
        resolve: onlyId,
      }),
      removed: t.field({
        type: ['ID'],
        nullable: false,
        description: 'The `id` of every row that is gone.',
        resolve: ({ removed }) => removed.map(({ entity, key }) => idOf(entity, key)),
      }),
      ...(isOverSources && {
        missing: t.field({
          type: [MissingSourceType],
          nullable: false,
          description:
            'The databases whose rows are not told of for now; where that changes, a RESYNC says what is missing then.',
          resolve: ({ missing }) => [...missing],
        }),
      }),
    }),
  })
}

/** What a result tells of that is about one row and whatever counts for it: what is new there is a change to it. */
export const stateKind = ({ kind }: LiveEvent): EventKind => (kind === 'INSERTED' ? 'UPDATED' : kind)

/** The key of the row that it is about; undefined where nobody may know of it, or it is gone. */
export function stateKey({ rows }: LiveEvent): RowKey | undefined {
  const watch = rows.at(-1)?.watch
  return watch && watch.by !== 'filter' && watch.key !== null ? watch.key : undefined
}

/** The arguments that every subscription has. */
export const liveArguments = builder.args((t) => ({
  after: t.string({
    description:
      'Goes on after this cursor, with every change since then instead of a snapshot; a RESYNC where that is not to be had any more.',
  }),
  maxRate: t.float({
    description:
      'Results a second at most, up to 100; between them the latest of each row, or all appended rows, are gathered into one.',
  }),
}))

/** Who asks past the engine, as over a transport that does not know it. */
export function notServed(): never {
  throw new TributaryError('NOT_AVAILABLE', 'Subscriptions are not served here.')
}
