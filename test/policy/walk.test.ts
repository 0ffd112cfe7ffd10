import {
  type GraphQLEnumType,
  type GraphQLInputObjectType,
  type GraphQLObjectType,
  getNamedType,
  isObjectType,
} from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fieldsOf } from '../support/schema-fields.ts'
import type { Row } from '../support/worlds.ts'
import { checkJobField, jobFields, jobTypes } from './jobs.ts'
import {
  columnOf,
  computed,
  globalId,
  keyColumn,
  linkFrom,
  linkTo,
  literal,
  momentOf,
  plural,
  singular,
  types,
} from './names.ts'
import { type Link, links, secretColumns, type TypeTable, tables, type Who } from './oracle.ts'
import { openSeededGraph, type SeededGraph } from './seeded-graph.ts'

let seeded: SeededGraph

beforeAll(async () => {
  seeded = await openSeededGraph()
})

afterAll(() => seeded[Symbol.asyncDispose]())

/** Types that no table is behind: pages, what is worked out, and how the databases are. */
const auxiliary = [
  'PageInfo',
  'MetricSeries',
  'MetricPoint',
  'GpuAvailability',
  'GpuReservationStep',
  'GateResult',
  'MonitoringSeries',
  'MonitoringPoint',
  'Promotion',
  'Source',
  'SourceDifference',
  'Viewer',
  'JobConnection',
  'JobEdge',
  'JobCounts',
  'JobCount',
  'MissingSource',
  'UsageGroup',
  'LlmDeploymentMemberConnection',
  'LlmDeploymentMemberEdge',
  'SourceWatching',
  'UnwatchedTable',
  'Dataset',
  'DatasetConnection',
  'DatasetEdge',
]

/** Object types that some document of a query could meet. */
function reachable(from: GraphQLObjectType): Set<string> {
  const met = new Set<string>()
  const visit = (type: GraphQLObjectType) => {
    for (const field of Object.values(type.getFields())) {
      const far = getNamedType(field.type)
      if (!isObjectType(far) || met.has(far.name)) continue
      met.add(far.name)
      visit(far)
    }
  }
  visit(from)
  return met
}

/** Everything of a type: columns, and with depth what every relation leads to. */
function selection(type: string, depth: number): string {
  const fields = fieldsOf(seeded.graph.schema, type).map(({ name, kind, type: far }) => {
    if (computed[`${type}.${name}`]) return computed[`${type}.${name}`]
    if (kind === 'scalar') return name
    if (kind === 'service') return ''
    if (depth === 0) return ''
    if (kind === 'entity') return `${name} { ${selection(far, depth - 1)} }`
    return `${name}(first: 200) { totalCount nodes { ${selection(linkTo(type, name)?.from as string, depth - 1)} } edges { cursor node { databaseId } } }`
  })
  return ['__typename', ...fields].join(' ')
}

const keysOf = (type: string, rows: readonly Row[]) => rows.map((row) => row[keyColumn(type)]).toSorted()

interface Page {
  readonly totalCount: number
  readonly nodes: readonly Row[]
  readonly edges: readonly { readonly node: Row }[]
}

/** A page that holds all: these rows and no others, each as it should be. */
function checkPage(who: Who, type: string, page: Page, rows: readonly Row[], path: string): void {
  const keys = keysOf(type, rows)
  expect(page.nodes.map(({ databaseId }) => databaseId).toSorted(), path).toEqual(keys)
  expect(page.edges.map(({ node }) => node.databaseId).toSorted(), path).toEqual(keys)
  expect(page.totalCount, path).toBe(keys.length)
  for (const node of page.nodes) checkNode(who, type, node, path)
}

/** Everything in an answer's row is what the oracle says, field by field, and whatever it leads to as well. */
function checkNode(who: Who, type: string, node: Row, path: string): void {
  const { oracle } = seeded
  const row = oracle.row(type, node.databaseId) as Row
  const here = `${path} ${type} ${node.databaseId}`
  expect(oracle.sees(who, type, row), `${who.name} sees ${here}`).toBe(true)
  for (const [field, value] of Object.entries(node)) {
    if (field === '__typename' || field === 'id') continue
    if (computed[`${type}.${field}`]) {
      if (jobFields[`${type}.${field}`] && `${type}.${field}` !== 'TrainingJob.progress')
        checkJobField(oracle, who, type, { field, value, row, here })
      else if (field === 'members') checkMembers(value as Page, row, here)
      else checkComputed(field, value, row, here)
      continue
    }
    const toOne = linkFrom(type, field)
    const toMany = linkTo(type, field)
    if (toOne) checkToOne(who, toOne, value as Row | null, row, here)
    else if (toMany) {
      const near = oracle.near(toMany, row).filter((one) => oracle.sees(who, toMany.from, one))
      checkPage(who, toMany.from, value as Page, near, `${here}.${field}`)
    } else {
      const column = columnOf(type, field)
      expect(column in row, `${type}.${field} has a column`).toBe(true)
      const expected = oracle.reads(who, type, row, column) ? row[column] : null
      const moment = momentOf(type, field, expected)
      checkValue(value, moment ?? expected, field, `${who.name} reads ${here}.${field}`)
    }
  }
}

function checkToOne(who: Who, link: Link, value: Row | null, row: Row, here: string): void {
  const { oracle } = seeded
  const far = oracle.far(link, row)
  const isSeen = oracle.sees(who, link.to, far) && oracle.reads(who, link.from, row, link.column)
  expect(value !== null, `${who.name} follows ${here}.${link.field}`).toBe(isSeen)
  if (!value) return
  expect(value.databaseId).toBe(far?.[keyColumn(link.to)])
  checkNode(who, link.to, value, `${here}.${link.field}`)
}

function checkValue(value: unknown, expected: unknown, field: string, message: string): void {
  // What an enumeration's label stands for is told by its `Raw` twin.
  const isLabel = typeof value === 'string' && /^[A-Z_0-9]+$/.test(value) && !field.endsWith('Raw')
  if (expected == null) expect(value, message).toBeNull()
  else if (!isLabel) expect(value, message).toEqual(expected)
}

/** Of the first deployment the first node is a member. */
function checkMembers({ totalCount, edges }: Page, row: Row, here: string): void {
  const isFirst = row === seeded.oracle.rows('LlmDeployment')[0]
  const databaseId = seeded.oracle.rows('LlmNode')[0]?.id
  expect(totalCount, here).toBe(isFirst ? 1 : 0)
  expect(edges, here).toEqual(isFirst ? [{ statusRaw: 'draining', node: { databaseId } }] : [])
}

/** Of each job there is one row of metrics, in the fifth of ten epochs; of reservations, no step that can be read. */
function checkComputed(field: string, value: unknown, row: Row, here: string): void {
  expect(value, `${here}.${field}`).toEqual(expectedOf(field, row))
}

function expectedOf(field: string, row: Row): unknown {
  if (field === 'progress') return 0.5
  if (field === 'statusHistory' || field === 'gates') return []
  if (field === 'failedGate') return null
  if (field === 'availability') {
    const total = row.total_cluster_gpus as number
    const sum = (...statuses: string[]) =>
      seeded.oracle
        .rows('GpuReservation')
        .filter(({ gpu_type, status }) => gpu_type === row.gpu_type && statuses.includes(status as string))
        .reduce((gpus, { gpu_count }) => gpus + (gpu_count as number), 0)
    const inUse = sum('active', 'preparing')
    return { total, inUse, queued: sum('queued', 'pending'), available: total - inUse }
  }
  const loss = seeded.oracle.rows('TrainingMetric').find(({ job_id }) => job_id === row.id)?.loss
  return { totalPoints: 1, points: [{ value: loss }] }
}

/** A key of the same form that no row has. */
const unknownKey = (key: unknown) =>
  typeof key === 'number' ? 4711 : String(key).length === 36 ? '99999999-0000-4000-8000-000000000000' : 'none'

/** Asks each person in turn, so that a failure names the first who is wronged. */
async function forEveryone(check: (who: Who) => Promise<void>): Promise<void> {
  for (const who of seeded.everyone) await check(who)
}

describe('the walk', () => {
  it('knows every type, field and root of the graph', () => {
    const { schema } = seeded.graph
    const query = schema.getQueryType() as GraphQLObjectType
    const pages = types.flatMap((type) => [`${type}Connection`, `${type}Edge`])
    expect([...reachable(query)].toSorted()).toEqual([...types, ...pages, ...auxiliary].toSorted())

    const roots = [
      ...types.flatMap((type) => [singular(type), plural(type)]),
      'node',
      'nodes',
      'jobs',
      'jobCounts',
      'sources',
      'usage',
      'dataset',
      'datasets',
      'monitoringSeries',
      'promotionTimeline',
      'viewer',
    ]
    expect(Object.keys(query.getFields()).toSorted()).toEqual(roots.toSorted())

    for (const type of types) {
      const columns = Object.keys(seeded.oracle.rows(type)[0] ?? {})
      const fields = fieldsOf(schema, type)
      for (const { name, kind, type: far } of fields) {
        const place = `${type}.${name}`
        if (computed[place] || name === 'id' || kind === 'service') continue
        if (kind === 'scalar') expect(columns, place).toContain(columnOf(type, name))
        else if (kind === 'entity') expect(linkFrom(type, name)?.to, place).toBe(far)
        else expect(`${linkTo(type, name)?.from}Connection`, place).toBe(far)
      }
      const ways = links.flatMap(({ from, field, to, inverse }) => [
        ...(from === type ? [field] : []),
        ...(to === type ? [inverse] : []),
      ])
      expect(fields.map(({ name }) => name)).toEqual(expect.arrayContaining(ways))
    }
  })

  it('meets no secret column, in no type, filter or order', () => {
    const { schema } = seeded.graph
    for (const type of types) {
      const filter = schema.getType(`${type}Filter`) as GraphQLInputObjectType
      const order = schema.getType(`${type}OrderField`) as GraphQLEnumType
      const fields = fieldsOf(schema, type).map(({ name }) => name)
      const names = [...fields, ...Object.keys(filter.getFields())].map((name) => columnOf(type, name))
      const orders = order.getValues().map(({ name }) => name.toLowerCase())
      const secret = secretColumns[(tables[type] as TypeTable).table] ?? []
      expect([...names, ...orders].filter((column) => secret.includes(column))).toEqual([])
    }
  })

  it('finds on every connection, and one relation further, just what is due', async () => {
    await forEveryone(async (who) => {
      for (const type of types) {
        const document = `{ all: ${plural(type)}(first: 200) { totalCount nodes { ${selection(type, 1)} } edges { cursor node { databaseId } } } }`
        const { data, errors } = await seeded.ask<{ all: Page }>(who, document)
        expect(errors, `${who.name} ${type}`).toBeUndefined()
        checkPage(who, type, data?.all as Page, seeded.oracle.visible(who, type), plural(type))
      }
    })
  }, 120_000)

  it('finds by key, by id, by node and by nodes just what is due', async () => {
    await forEveryone(async (who) => {
      for (const type of types) {
        const there = seeded.oracle.rows(type).map((row) => row[keyColumn(type)])
        const known = [...there, unknownKey(there[0])]
        const fields = selection(type, 0)
        const lookups = known.map(
          (one, index) => `
            k${index}: ${singular(type)}(databaseId: ${literal(one)}) { ${fields} }
            i${index}: ${singular(type)}(id: ${literal(globalId(type, one))}) { ${fields} }
            n${index}: node(id: ${literal(globalId(type, one))}) { ... on ${type} { ${fields} } }`,
        )
        const ids = known.map((one) => literal(globalId(type, one))).join(', ')
        const document = `{ ${lookups.join('')} nodes(ids: [${ids}]) { ... on ${type} { ${fields} } } }`
        const { data, errors } = await seeded.ask<Record<string, Row | null> & { nodes: (Row | null)[] }>(
          who,
          document,
        )
        expect(errors, `${who.name} ${type}`).toBeUndefined()
        known.forEach((one, index) => {
          const isSeen = seeded.oracle.sees(who, type, seeded.oracle.row(type, one))
          for (const found of [
            data?.[`k${index}`],
            data?.[`i${index}`],
            data?.[`n${index}`],
            data?.nodes[index],
          ]) {
            expect(found != null, `${who.name} looks up ${type} ${one}`).toBe(isSeen)
            if (found) checkNode(who, type, found, 'lookup')
          }
        })
      }
    })
  }, 120_000)

  it('finds in the feed of jobs, and counts there, just what is due', async () => {
    await forEveryone(async (who) => {
      const due = jobTypes.flatMap((type) =>
        seeded.oracle
          .visible(who, type)
          // A prediction that SLURM makes is listed as the SLURM job.
          .filter((row) => type !== 'Inference' || row.job_id === null)
          // Nodes that belong together are listed as the one that stands for them.
          .filter(
            ({ master_reservation_id: master, reservation_id: own }) =>
              master == null || master === own || !seeded.oracle.row('GpuReservation', master),
          )
          .map((row) => globalId(type, row[keyColumn(type)])),
      )
      const fragments = jobTypes.map((type) => `... on ${type} { ${type}: databaseId ${selection(type, 0)} }`)
      const { data, errors } = await seeded.ask<{
        jobs: { totalCount: number; nodes: Row[] }
        jobCounts: { counts: { count: number }[] }
      }>(
        who,
        `{ jobs(first: 200) { totalCount nodes { id __typename ${fragments.join(' ')} } } jobCounts { counts { count } } }`,
      )
      expect(errors, who.name).toBeUndefined()
      expect(data?.jobs.nodes.map(({ id }) => id).toSorted(), who.name).toEqual(due.toSorted())
      expect(data?.jobs.totalCount, who.name).toBe(due.length)
      const counted = data?.jobCounts.counts.reduce((sum, { count }) => sum + count, 0)
      expect(counted, who.name).toBe(due.length)
    })
  }, 120_000)

  it('finds two relations further just what is due', async () => {
    const asking = ['member', 'otherManager', 'admin', 'guestByLabelerToken']
    for (const who of seeded.everyone.filter(({ name }) => asking.includes(name)))
      for (const type of types) {
        const document = `{ all: ${plural(type)}(first: 200) { totalCount nodes { ${selection(type, 2)} } edges { cursor node { databaseId } } } }`
        const { data, errors } = await seeded.ask<{ all: Page }>(who, document)
        expect(errors, `${who.name} ${type}`).toBeUndefined()
        checkPage(who, type, data?.all as Page, seeded.oracle.visible(who, type), plural(type))
      }
  }, 120_000)

  it('reads a field of an account asked for alone as it reads it among all others', async () => {
    const asking = ['guest', 'owner', 'manager', 'otherManager', 'admin', 'adminByLabelerToken']
    const fields = fieldsOf(seeded.graph.schema, 'User').filter(({ kind }) => kind === 'scalar')
    for (const who of seeded.everyone.filter(({ name }) => asking.includes(name)))
      for (const { name } of fields) {
        const account = `{ databaseId ${name} }`
        const { data, errors } = await seeded.ask<Record<string, { nodes: Row[] }> & { user: Row | null }>(
          who,
          `{
            users(first: 200) { nodes ${account} }
            user(databaseId: 13) ${account}
            projectMembers(first: 200) { nodes { databaseId user ${account} inviter ${account} } }
            projects(first: 200) { nodes { databaseId owner ${account} } }
          }`,
        )
        expect(errors, who.name).toBeUndefined()
        if (data?.user) checkNode(who, 'User', data.user, 'alone')
        for (const [root, type] of [
          ['users', 'User'],
          ['projectMembers', 'ProjectMember'],
          ['projects', 'Project'],
        ] as const)
          for (const node of data?.[root]?.nodes ?? []) checkNode(who, type, node, 'alone')
      }
  })
})
