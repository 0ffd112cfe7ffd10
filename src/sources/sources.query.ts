import type { Difference } from '../database/difference.ts'
import type { Source, SourceStatus } from '../database/source.ts'
import { builder } from '../graph/builder.ts'

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

const SourceType = builder.objectRef<Source>('Source').implement({
  description: 'A database that the graph reads.',
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
      description: 'Why it does not answer.',
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
      nullable: false,
      description: 'What it has otherwise than expected.',
      resolve: (source) => [...source.differences],
    }),
  }),
})

builder.queryField('sources', (t) =>
  t.field({
    type: [SourceType],
    nullable: false,
    description: 'The databases behind the graph and how they are.',
    resolve: (_root, _args, context) => [...context.sources],
  }),
)
