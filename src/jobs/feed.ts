/**
 * The feed: the jobs of every source in one order, a page at a time.
 *
 * Each source is asked for as many of its own rows beyond the cursor as the page may hold, and one more; the page is the
 * first of them all, merged. So it costs a statement a source however far it is leafed, and rows that come or go between
 * two pages move no others. A source that cannot answer is left out, and named; its jobs are on the pages that are
 * asked for when it is back. So is one type of job alone, where its table is not as expected.
 */
import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import type { Sql } from 'sql-template-tag'
import type { ErrorCode } from '../errors/catalogue.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import type { GraphContext } from '../graph/context.ts'
import { decodeCursor, encodeCursor } from '../graph/cursor.ts'
import { rowFromTexts } from '../graph/given-row.ts'
import type { MissingSource } from '../graph/missing-source.ts'
import { pageBounds } from '../graph/page-request.ts'
import { requestedFields } from '../graph/requested-fields.ts'
import { mergeSelections, type Selection } from '../graph/selection.ts'
import { rowsOf } from '../graph/statement.ts'
import { nameType } from '../graph/type-name.ts'
import { rowRuleOf } from '../graph/visibility.ts'
import { fieldAnchors } from '../graph/visibility-row.ts'
import { type JobFilter, mayHold } from './feed-filter.ts'
import {
  countStatement,
  type FeedPage,
  type FeedPosition,
  type FeedRow,
  feedOrder,
  feedStatement,
  isNumbered,
} from './feed-sql.ts'
import { type JobKind, jobKinds, stateOf } from './job-kind.ts'

const feed = { name: 'Job' }

export interface FeedArguments {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
  readonly last?: number | null | undefined
  readonly before?: string | null | undefined
  readonly filter?: JobFilter | null | undefined
}

export interface Feed {
  readonly edges: readonly { readonly cursor: string; readonly node: object }[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
  readonly missing: readonly MissingSource[]
  totalCount(): Promise<number>
}

/** How many jobs there are of a type in a state. */
export interface JobCount {
  readonly source: string
  readonly type: string
  readonly state: string | null
  readonly count: number
}

/** Kinds that the viewer may see some of, by source; sources that are not configured have none. */
function askable(context: GraphContext, filter: JobFilter): Map<string, JobKind[]> {
  const kinds = jobKinds().filter(
    (kind) => mayHold(kind, filter) && context.source(kind.entity.source).status !== 'NOT_CONFIGURED',
  )
  const seen = kinds.filter(({ entity }) => rowRuleOf(context, entity).kind !== 'never')
  return Map.groupBy(seen, ({ entity }) => entity.source)
}

/** What a source answers, and what of it is missing, with the errors that say why. */
interface Answered<T> {
  readonly rows: readonly T[] | undefined
  readonly missing: readonly (readonly [source: string, error: TributaryError])[]
}

/** What each source answers of those of its kinds that it has as expected; what is missing is told apart. */
async function eachSource<T extends object>(
  context: GraphContext,
  filter: JobFilter,
  statementOf: (kinds: readonly JobKind[]) => Sql,
): Promise<{ answers: T[]; missing: MissingSource[] }> {
  const sources = [...askable(context, filter)]
  const settled = await Promise.allSettled(
    sources.map(async ([source, kinds]): Promise<Answered<T>> => {
      const { statement, lacking } = statementOver(kinds, statementOf)
      const missing = lacking.map((error) => [source, error] as const)
      if (!statement) return { rows: undefined, missing }
      try {
        return { rows: await rowsOf<T>(context, source, statement), missing }
      } catch (error) {
        return { rows: undefined, missing: [...missing, [source, sourceError(error)]] }
      }
    }),
  )
  const [failure] = settled.filter((result) => result.status === 'rejected')
  if (failure) throw failure.reason
  const answered = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const missing = answered.flatMap((one) => one.missing)
  const [first] = missing
  if (first && answered.every(({ rows }) => rows === undefined)) throw first[1]
  return {
    answers: answered.flatMap(({ rows }) => rows ?? []),
    missing: missing.map(([source, { code, message }]) => ({ source, code, message })),
  }
}

/** The statement over those kinds that a source has as expected, and why the others are left out of it. */
function statementOver(
  kinds: readonly JobKind[],
  statementOf: (kinds: readonly JobKind[]) => Sql,
): { statement?: Sql; lacking: readonly TributaryError[] } {
  const whole = unlessLacking(() => statementOf(kinds))
  if (!(whole instanceof TributaryError)) return { statement: whole, lacking: [] }
  // Only now it matters which.
  const tried = kinds.map((kind) => ({ kind, statement: unlessLacking(() => statementOf([kind])) }))
  const usable = tried.flatMap(({ kind, statement }) => (statement instanceof TributaryError ? [] : [kind]))
  const lacking = tried.flatMap(({ statement }) => (statement instanceof TributaryError ? [statement] : []))
  return usable.length > 0 ? { statement: statementOf(usable), lacking } : { lacking }
}

/** What is made, or the error that says what the source lacks for it. */
function unlessLacking<T>(make: () => T): T | TributaryError {
  try {
    return make()
  } catch (error) {
    return sourceError(error)
  }
}

/** An error that says what a source lacks; any other is thrown. */
function sourceError(error: unknown): TributaryError {
  if (!(error instanceof TributaryError) || !error.code.startsWith('SOURCE_')) throw error
  return error
}

const kindNamed = (type: string) => jobKinds().find(({ entity }) => entity.name === type) as JobKind

/** Keys of one source, as its statement compares them: numbers as numbers, texts byte by byte. */
const compareKeys = (left: FeedRow, right: FeedRow): number =>
  isNumbered(kindNamed(left.k3).entity)
    ? Number(left.k2) - Number(right.k2)
    : Buffer.compare(Buffer.from(left.k2), Buffer.from(right.k2))

/** Which of two jobs comes first. */
function compare(left: FeedRow, right: FeedRow): number {
  if (left.k0 !== right.k0) {
    if (left.k0 === null || right.k0 === null) return left.k0 === null ? -1 : 1
    const [a, b] = [moment(left.k0), moment(right.k0)]
    if (a !== b) return a > b ? -1 : 1
  }
  if (left.k1 !== right.k1) return left.k1 < right.k1 ? -1 : 1
  return compareKeys(left, right) || (left.k3 < right.k3 ? -1 : 1)
}

/** Microseconds as what compares exactly, endless times included. */
const moment = (text: string) => (/^-?\d+$/.test(text) ? BigInt(text) : Number(text))

const position = ({ k0, k1, k2, k3 }: FeedRow): FeedPosition => [k0, k1, k2, k3]

/** What the document asks of the rows of a kind: those of its columns that are selected, and that decide who reads them. */
function selectedColumns(context: GraphContext, info: GraphQLResolveInfo, { entity }: JobKind): string[] {
  const paths = [['nodes'], ['edges', 'node']]
  const { select = {} } = queryFromInfo({ context, info, paths, typeName: entity.name }) as {
    select?: Selection
  }
  const wanted = mergeSelections(select, fieldAnchors(context, entity))
  return Object.keys(wanted).filter((name) => wanted[name] === true && entity.columns.has(name))
}

/** A page of the feed. */
export async function loadFeed(
  args: FeedArguments,
  context: GraphContext,
  info: GraphQLResolveInfo,
): Promise<Feed> {
  const filter = args.filter ?? {}
  const { size, backward } = pageBounds(args)
  const place = (argument: 'after' | 'before') =>
    args[argument] == null ? undefined : decodeCursor(feed, feedOrder, args[argument], argument)
  const [after, before] = [place('after'), place('before')]
  const page: FeedPage = { filter, after, before, limit: size + 1, backward }
  const requested = requestedFields(info)
  const wantsPage = ['edges', 'nodes', 'pageInfo', 'missing'].some((field) => requested.has(field))
  const selected = (kind: JobKind) => selectedColumns(context, info, kind)
  const { answers, missing } = wantsPage
    ? await eachSource<FeedRow>(context, filter, (kinds) => feedStatement(context, kinds, page, selected))
    : { answers: [], missing: [] }
  const scanned = answers.sort((left, right) => (backward ? compare(right, left) : compare(left, right)))
  const rows = scanned.slice(0, size)
  if (backward) rows.reverse()
  const more = scanned.length > size
  const cursors = rows.map((row) => encodeCursor(feed, feedOrder, position(row)))
  return {
    edges: rows.flatMap(({ k3, row }, index) => {
      // A row that is gone by the time that it is read has no edge.
      if (!row) return []
      const { entity } = kindNamed(k3)
      const node = nameType(rowFromTexts(entity, row), entity)
      return [{ cursor: cursors[index] as string, node }]
    }),
    pageInfo: {
      hasNextPage: backward ? before !== undefined : more,
      hasPreviousPage: backward ? more : after !== undefined,
      startCursor: cursors[0] ?? null,
      endCursor: cursors.at(-1) ?? null,
    },
    missing,
    totalCount: async () => {
      const { counts, missing } = await countJobs(filter, context)
      // A part of the jobs is not to be taken for all of them by one who is not told what is missing.
      if (!requested.has('missing')) refuseMissing(missing)
      return counts.reduce((total, { count }) => total + count, 0)
    },
  }
}

/** @throws TributaryError with the code of the first that is missing. */
function refuseMissing(missing: readonly MissingSource[]): void {
  const [first] = missing
  if (!first) return
  const names = [...new Set(missing.map(({ source }) => source))].join(', ')
  throw new TributaryError(
    first.code as ErrorCode,
    `The jobs of ${names} cannot be counted: ${first.message}`,
    {
      extensions: { source: first.source },
    },
  )
}

interface CountRow {
  readonly type: string
  readonly status: string | null
  readonly count: string
}

/** How many jobs there are by source, type and state. */
export async function countJobs(
  filter: JobFilter,
  context: GraphContext,
): Promise<{ counts: JobCount[]; missing: MissingSource[] }> {
  const { answers, missing } = await eachSource<CountRow>(context, filter, (kinds) =>
    countStatement(context, kinds, filter),
  )
  const totals = new Map<string, JobCount>()
  for (const { type, status, count } of answers) {
    const kind = kindNamed(type)
    const state = stateOf(kind, status)
    const key = `${type} ${state}`
    totals.set(key, {
      source: kind.entity.source,
      type,
      state,
      count: (totals.get(key)?.count ?? 0) + Number(count),
    })
  }
  return { counts: [...totals.values()], missing }
}
