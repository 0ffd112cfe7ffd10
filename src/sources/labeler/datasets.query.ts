/*
 * Lists of datasets. The API counts in pages, and new datasets come first: a cursor is a place in the list as it was, so
 * that a dataset made meanwhile shifts the next page by one. The API keeps no better order, and says so nowhere.
 */
import { TributaryError } from '../../errors/tributary-error.ts'
import { builder } from '../../graph/builder.ts'
import { PageInfo } from '../../graph/connection-field.ts'
import type { GraphContext } from '../../graph/context.ts'
import { defaultPageSize, maximumPageSize } from '../../graph/page-request.ts'
import { nameType } from '../../graph/type-name.ts'
import { Dataset } from './dataset.ts'
import { callLabeler, readerOf } from './dataset-loader.ts'
import { type DatasetRecord, listAnswer, ownerOf } from './dataset-record.ts'

/** Datasets of one page of the API. */
const apiPage = 50

const scopes = {
  PUBLIC: { description: 'Those that everybody who is signed in sees.' },
  OWN: { description: 'Those of the viewer.' },
} as const

type Scope = keyof typeof scopes

const DatasetScope = builder.enumType('DatasetScope', {
  description: 'Which datasets are listed.',
  values: scopes,
})

const DatasetFilter = builder.inputType('DatasetFilter', {
  description: 'Which datasets; every condition given has to hold.',
  fields: (t) => ({
    labeled: t.boolean({ description: 'Whether their images have labels.' }),
    format: t.string({ description: 'Layout of their files.' }),
    taskType: t.string({
      description:
        'A task whose labels are published; `numImages` and `annotationPath` are then those of the task.',
    }),
  }),
})

interface ListEdge {
  readonly cursor: string
  readonly node: DatasetRecord
}

interface List {
  readonly edges: readonly ListEdge[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
}

const DatasetEdge = builder.objectRef<ListEdge>('DatasetEdge').implement({
  description: 'A Dataset in a page.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', { nullable: false, description: 'Its place in the list, for `after`.' }),
    node: t.field({
      type: Dataset,
      nullable: false,
      description: 'The dataset.',
      resolve: ({ node }) => node,
    }),
  }),
})

const DatasetConnection = builder.objectRef<List>('DatasetConnection').implement({
  description: 'A page of datasets. How many there are is not told.',
  fields: (t) => ({
    edges: t.field({
      type: [DatasetEdge],
      nullable: false,
      description: 'The datasets with their cursors.',
      resolve: ({ edges }) => [...edges],
    }),
    nodes: t.field({
      type: [Dataset],
      nullable: false,
      description: 'The datasets.',
      resolve: ({ edges }) => edges.map(({ node }) => node),
    }),
    pageInfo: t.field({
      type: PageInfo,
      nullable: false,
      description: 'Where the page lies.',
      resolve: ({ pageInfo }) => pageInfo,
    }),
  }),
})

/** What is listed, as the API's parameters say it. */
type Listed = Readonly<Record<string, string>>

const encodeCursor = (listed: Listed, place: number) =>
  Buffer.from(JSON.stringify(['datasets', listed, place])).toString('base64url')

/** How many datasets of the list come before what follows a cursor. */
function placeAfter(listed: Listed, cursor: string | null | undefined): number {
  if (cursor == null) return 0
  const place = /,(\d{1,9})\]$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1]
  if (place === undefined || encodeCursor(listed, Number(place)) !== cursor)
    throw new TributaryError(
      'BAD_CURSOR',
      'after: the cursor belongs to another list. Use a cursor that datasets gave for the same arguments.',
    )
  return Number(place) + 1
}

interface ListArguments {
  readonly of: Scope
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
  readonly filter?:
    | (Partial<Record<'format' | 'taskType', string | null | undefined>> & {
        readonly labeled?: boolean | null | undefined
      })
    | null
    | undefined
}

const empty: List = {
  edges: [],
  pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
}

async function list(context: GraphContext, { of, first, after, filter }: ListArguments): Promise<List> {
  const count = first ?? defaultPageSize
  if (count < 0 || count > maximumPageSize)
    throw new TributaryError('PAGE_SIZE', `first takes 0 to ${maximumPageSize}; ${count} was given.`)
  const user = readerOf(context)
  if (user === null) return empty
  const listed: Listed = {
    ...(of === 'PUBLIC' ? { visibility: 'public' } : { user_id: String(user) }),
    ...(filter?.labeled != null && { labeled: String(filter.labeled) }),
    ...(filter?.format != null && { format: filter.format }),
    ...(filter?.taskType != null && { task_type: filter.taskType }),
  }
  const start = placeAfter(listed, after)
  const { records, total } = await readPlaces(context, { user, listed, start, end: start + count })
  const lastPlace = start + records.length - 1
  const edges = records
    .map((record, index) => ({ record, place: start + index }))
    // The API is asked for no others; should it give some, they are not shown.
    .filter(({ record }) => (of === 'PUBLIC' ? record.visibility === 'public' : ownerOf(record) === user))
    .map(({ record, place }) => ({
      cursor: encodeCursor(listed, place),
      node: nameType(record, { name: 'Dataset' }),
    }))
  return {
    edges,
    pageInfo: {
      hasNextPage: count > 0 && start + records.length < total && records.length > 0,
      hasPreviousPage: start > 0 && total > 0,
      startCursor: edges[0]?.cursor ?? null,
      // Where none of them is shown, the list still goes on after the last that was looked at.
      endCursor: edges.at(-1)?.cursor ?? (records.length > 0 ? encodeCursor(listed, lastPlace) : null),
    },
  }
}

interface Places {
  readonly user: number
  readonly listed: Listed
  /** Places in the list, the end not included. */
  readonly start: number
  readonly end: number
}

/** The datasets at some places of a list, from all pages of the API that they lie on. */
async function readPlaces(context: GraphContext, { user, listed, start, end }: Places) {
  const pages = new Set<number>()
  for (let place = start; place < end; place++) pages.add(Math.floor(place / apiPage))
  const answers = await Promise.all(
    [...pages].map((page) =>
      callLabeler(context, {
        path: 'api/v1/platform/datasets',
        query: { ...listed, page: String(page + 1), limit: String(apiPage) },
        user,
        schema: listAnswer,
      }),
    ),
  )
  const records = answers.flatMap((answer) => answer?.datasets ?? [])
  const offset = start % apiPage
  return {
    records: records.slice(offset, offset + end - start),
    total: Math.max(0, ...answers.map((answer) => answer?.total ?? 0)),
  }
}

builder.queryField('datasets', (t) =>
  t.field({
    type: DatasetConnection,
    nullable: true,
    description: 'Datasets of the Labeler, the newest first: the public ones, or the viewer’s own.',
    args: {
      of: t.arg({ type: DatasetScope, required: true, defaultValue: 'PUBLIC', description: 'Which ones.' }),
      first: t.arg.int({
        description: `Datasets from the start, ${maximumPageSize} at most; ${defaultPageSize} where it is left out.`,
      }),
      after: t.arg.string({ description: 'Only datasets after this cursor.' }),
      filter: t.arg({ type: DatasetFilter, description: 'Which of them.' }),
    },
    resolve: (_root, args, context) => list(context, args),
  }),
)
