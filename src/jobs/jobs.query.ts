import { builder } from '../graph/builder.ts'
import { PageInfo } from '../graph/connection-field.ts'
import { MissingSourceType } from '../graph/missing-source.ts'
import { defaultPageSize, maximumPageSize } from '../graph/page-request.ts'
import { countJobs, type Feed, type JobCount, loadFeed } from './feed.ts'
import { JobFilterInput } from './feed-filter.ts'
import { Job } from './job.ts'
import { JobState } from './job-state.ts'

const missing = {
  description:
    'The databases that could not be asked, or not for jobs of every type; what they hold of those is not in the answer.',
}

const JobEdge = builder.objectRef<Feed['edges'][number]>('JobEdge').implement({
  description: 'A job in a page of the feed.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      nullable: false,
      description: 'The place of this job in the feed, for `after` and `before`.',
    }),
    node: t.field({ type: Job, nullable: false, description: 'The job.', resolve: ({ node }) => node }),
  }),
})

const JobConnection = builder.objectRef<Feed>('JobConnection').implement({
  description: 'A page of the feed of jobs.',
  fields: (t) => ({
    edges: t.field({
      type: [JobEdge],
      nullable: false,
      description: 'The jobs with their cursors.',
      resolve: ({ edges }) => [...edges],
    }),
    nodes: t.field({
      type: [Job],
      nullable: false,
      description: 'The jobs.',
      resolve: ({ edges }) => edges.map(({ node }) => node),
    }),
    pageInfo: t.field({
      type: PageInfo,
      nullable: false,
      description: 'Where the page lies.',
      resolve: ({ pageInfo }) => pageInfo,
    }),
    totalCount: t.int({
      nullable: true,
      description:
        'Jobs on all pages together. Counted only when asked for; it costs a statement a database. Null, with an error, where a database cannot be asked, but where `missing` is asked for beside it: then it counts what the others hold.',
      resolve: (feed) => feed.totalCount(),
    }),
    missing: t.field({
      type: [MissingSourceType],
      nullable: false,
      ...missing,
      resolve: (feed) => [...feed.missing],
    }),
  }),
})

builder.queryField('jobs', (t) =>
  t.field({
    type: JobConnection,
    nullable: true,
    description:
      'The jobs of every system in one feed, newest first by when they were asked for, else when they began; those without either come first. Then by source and key.',
    args: {
      first: t.arg.int({
        description: `Jobs from the start, ${maximumPageSize} at most; ${defaultPageSize} where neither end is named.`,
      }),
      after: t.arg.string({ description: 'Only jobs after this cursor.' }),
      last: t.arg.int({ description: `Jobs from the end, ${maximumPageSize} at most.` }),
      before: t.arg.string({ description: 'Only jobs before this cursor.' }),
      filter: t.arg({ type: JobFilterInput, description: 'Which jobs.' }),
    },
    resolve: (_root, args, context, info) => loadFeed(args, context, info),
  }),
)

const Count = builder.objectRef<JobCount>('JobCount').implement({
  description: 'How many jobs there are of a type in a state.',
  fields: (t) => ({
    source: t.exposeString('source', { nullable: false, description: 'The database that they lie in.' }),
    type: t.exposeString('type', { nullable: false, description: 'Their type in the graph.' }),
    state: t.field({
      type: JobState.ref,
      nullable: true,
      description: 'Their state; null for those without a status.',
      resolve: ({ state }) => state,
    }),
    count: t.exposeInt('count', { nullable: false, description: 'How many.' }),
  }),
})

const Counts = builder.objectRef<Awaited<ReturnType<typeof countJobs>>>('JobCounts').implement({
  description: 'How many jobs there are.',
  fields: (t) => ({
    counts: t.field({
      type: [Count],
      nullable: false,
      description: 'By source, type and state; what there is none of is left out.',
      resolve: ({ counts }) => counts,
    }),
    missing: t.field({
      type: [MissingSourceType],
      nullable: false,
      ...missing,
      resolve: (counts) => counts.missing,
    }),
  }),
})

builder.queryField('jobCounts', (t) =>
  t.field({
    type: Counts,
    nullable: true,
    description: 'How many jobs there are by source, type and state: a statement a database.',
    args: { filter: t.arg({ type: JobFilterInput, description: 'Which jobs.' }) },
    resolve: (_root, { filter }, context) => countJobs(filter ?? {}, context),
  }),
)
