import type { Watching, WatchingState } from '../changes/watching.ts'
import type { Difference } from '../database/difference.ts'
import { Source, type SourceStatus } from '../database/source.ts'
import type { SourceReport } from '../database/source-report.ts'
import { builder } from '../graph/builder.ts'
import { seesType } from '../graph/policy-plugin.ts'

const Status = builder.enumType('SourceStatus', {
  description: 'Whether a source answers.',
  values: {
    NOT_CONFIGURED: { description: 'No URL is set for it.' },
    CONNECTING: { description: 'It is being reached for the first time.' },
    AVAILABLE: { description: 'It answers.' },
    UNAVAILABLE: { description: 'It cannot be reached; it is tried again until it can.' },
  } satisfies Record<SourceStatus, object>,
})

const SourceDifference = builder.objectRef<Difference>('SourceDifference').implement({
  description: 'Something that a database has otherwise than the graph expects.',
  fields: (t) => ({
    table: t.exposeString('table', { nullable: true, description: 'The table.' }),
    column: t.exposeString('column', { nullable: true, description: 'The column, where it is about one.' }),
    expected: t.exposeString('expected', { nullable: false, description: 'What the graph expects.' }),
    found: t.exposeString('found', { nullable: false, description: 'What is there.' }),
    remedy: t.exposeString('remedy', { nullable: false, description: 'What to do.' }),
    disabling: t.boolean({
      nullable: false,
      description: 'Whether fields of the graph are disabled by it.',
      resolve: (difference) => difference.severity !== 'notice',
    }),
  }),
})

const State = builder.enumType('SourceWatchingState', {
  description: 'How the changes of a source come to those who watch it.',
  values: {
    STREAMING: { description: 'As they are committed.' },
    STARTING: { description: 'That is being found out.' },
    ELSEWHERE: {
      description: 'To another process, whose log is not read here: this one cannot be watched through.',
    },
    NOT_CAPTURED: { description: 'Nobody captures them: rows that are watched are asked for now and then.' },
  } satisfies Record<WatchingState, object>,
})

const UnwatchedTable = builder.objectRef<{ table: string; reason: string }>('UnwatchedTable').implement({
  description: 'A table whose changes do not come.',
  fields: (t) => ({
    table: t.exposeString('table', { nullable: false, description: 'The table.' }),
    reason: t.exposeString('reason', { nullable: false, description: 'Why, and what to do.' }),
  }),
})

const SourceWatching = builder.objectRef<Watching>('SourceWatching').implement({
  description: 'How the changes of a source come here.',
  fields: (t) => ({
    state: t.field({ type: State, nullable: false, description: 'How.', resolve: ({ state }) => state }),
    reason: t.string({
      nullable: true,
      description: 'Why they do not come as they are committed; for administrators.',
      resolve: ({ reason }) => reason,
    }),
    lagBytes: t.float({
      nullable: true,
      description: 'Bytes of the write-ahead log that are written and have not come yet.',
      resolve: ({ lagBytes }) => lagBytes,
    }),
    unwatchedTables: t.field({
      type: [UnwatchedTable],
      nullable: true,
      description: 'Tables whose changes do not come even so; for administrators.',
      resolve: ({ unwatched }) => Object.entries(unwatched).map(([table, reason]) => ({ table, reason })),
    }),
  }),
})

const SourceType = builder.objectRef<SourceReport>('Source').implement({
  description: 'A database, or a service, that the graph reads.',
  fields: (t) => ({
    name: t.exposeString('name', {
      nullable: false,
      description: 'Its name, as in configuration and in errors.',
    }),
    status: t.field({
      type: Status,
      nullable: false,
      description: 'Whether it answers.',
      resolve: (source) => source.status,
    }),
    reason: t.string({
      nullable: true,
      description: 'Why it does not answer; for administrators.',
      resolve: (source) => source.reason,
    }),
    since: t.field({
      type: 'DateTime',
      nullable: false,
      description: 'Since when it has this status.',
      resolve: (source) => source.since.toISOString().replace('Z', '000Z'),
    }),
    differences: t.field({
      type: [SourceDifference],
      nullable: true,
      description: 'What it has otherwise than expected; for administrators.',
      resolve: (source) => [...source.differences],
    }),
    watching: t.field({
      type: SourceWatching,
      nullable: true,
      description:
        'How its changes come to those who watch it; null for a service, and where it is not configured.',
      resolve: (source, _args, context) =>
        source instanceof Source && source.status !== 'NOT_CONFIGURED' ? context.watching(source.name) : null,
    }),
  }),
})

builder.queryField('sources', (t) =>
  t.field({
    type: [SourceType],
    nullable: false,
    description: 'The databases and services behind the graph and how they are, for whoever has signed in.',
    resolve: (_root, _args, context) => (seesType(context.viewer, 'Source') ? [...context.sources] : []),
  }),
)
