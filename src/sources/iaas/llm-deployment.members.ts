/*
 * Nodes by the table of memberships, `deployment_nodes`, whose key is two columns: no entity of its own, but a
 * connection of nodes, whose edges tell of the membership. The controller's own word is a node's `deployment`; it does
 * not write this table yet, others may.
 */
import DataLoader from 'dataloader'
import sql, { raw } from 'sql-template-tag'
import { builder } from '../../graph/builder.ts'
import { PageInfo } from '../../graph/connection-field.ts'
import { type GraphContext, memoised } from '../../graph/context.ts'
import { decodeCursor, encodeCursor } from '../../graph/cursor.ts'
import { timestampToDateTime } from '../../graph/date-time.ts'
import { keyOf } from '../../graph/entity.ts'
import { entityRef } from '../../graph/entity-ref.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { declareTable } from '../../graph/further-table.ts'
import { pageStatement } from '../../graph/keyset.ts'
import { defaultPageSize, maximumPageSize, pageSize } from '../../graph/page-request.ts'
import { rowField } from '../../graph/row-field.ts'
import { fieldPath, loadRow, selectionAt } from '../../graph/rows.ts'
import { columnOf, rowsOf } from '../../graph/statement.ts'
import { LlmDeployment } from './llm-deployment.ts'
import { LlmNode } from './llm-node.ts'
import { iaas } from './source.ts'

const table = 'deployment_nodes'

declareTable(iaas.name, {
  name: table,
  kind: 'table',
  key: ['deployment_id', 'node_id'],
  columns: [
    { name: 'deployment_id', type: 'uuid' },
    { name: 'node_id', type: 'uuid' },
    { name: 'status', type: 'text' },
    { name: 'joined_at', type: 'timestamptz' },
  ],
})

const MemberStatus = enumeration('LlmDeploymentMemberStatus', 'How a node does in its deployment.', {
  HEALTHY: { stored: 'healthy', description: 'It serves.' },
  UNHEALTHY: { stored: 'unhealthy', description: 'It fails its checks.' },
  DRAINING: { stored: 'draining', description: 'It takes no further requests.' },
})

/** Newest first. */
const order = [
  { column: 'joined_at', cast: 'timestamptz', nulls: 'LAST', nullable: true },
  { column: 'node_id', cast: 'uuid', nulls: 'FIRST', nullable: false },
].map((term) => ({
  ...(term as typeof term & { nulls: 'FIRST' | 'LAST' }),
  direction: 'DESC' as const,
  expression: columnOf('t', term.column),
}))

interface Member {
  readonly deployment: string
  readonly node: string
  readonly joined: string | null
  readonly status: string | null
}

interface Page {
  readonly members: readonly Member[]
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  totalCount(): Promise<number>
}

const cursorOf = ({ joined, node }: Member) => encodeCursor(LlmDeployment, order, [joined, node])

const Edge = builder.objectRef<Member>('LlmDeploymentMemberEdge').implement({
  description: 'A node as a member of a deployment.',
  fields: (t) => ({
    cursor: t.string({ nullable: false, description: 'Its place, for `after`.', resolve: cursorOf }),
    node: t.field(rowField(LlmNode, ({ node }: Member) => node, 'The node.')),
    status: t.field({
      type: MemberStatus.ref,
      nullable: true,
      description: 'How it does in the deployment.',
      resolve: ({ status }) => (status === null ? null : MemberStatus.label(status)),
    }),
    statusRaw: t.exposeString('status', {
      nullable: true,
      description: 'The text of `status` as the database has it.',
    }),
    joinedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it joined.',
      resolve: ({ joined }) => (joined === null ? null : timestampToDateTime(joined, { local: false })),
    }),
  }),
})

const Connection = builder.objectRef<Page>('LlmDeploymentMemberConnection').implement({
  description: 'A page of the nodes that are members of a deployment.',
  fields: (t) => ({
    edges: t.field({
      type: [Edge],
      nullable: false,
      description: 'The memberships with their cursors.',
      resolve: ({ members }) => [...members],
    }),
    nodes: t.field({
      type: [entityRef(LlmNode)],
      nullable: { list: false, items: true },
      description: 'The nodes.',
      resolve: ({ members }, _args, context, info) =>
        members.map(({ node }) => loadRow(context, LlmNode, node, selectionAt(context, info, LlmNode))),
    }),
    pageInfo: t.field({
      type: PageInfo,
      nullable: false,
      description: 'Where the page lies.',
      resolve: ({ members, hasNextPage, hasPreviousPage }) => {
        const [first, last] = [members[0], members.at(-1)]
        return {
          hasNextPage,
          hasPreviousPage,
          startCursor: first ? cursorOf(first) : null,
          endCursor: last ? cursorOf(last) : null,
        }
      },
    }),
    totalCount: t.int({
      nullable: true,
      description: 'Members on all pages together. Counted only when asked for; it costs a statement.',
      resolve: (page) => page.totalCount(),
    }),
  }),
})

/** The pages of all deployments that the field stands below: one statement, and one more where they are counted. */
function membersLoader(context: GraphContext, size: number, after: string | null | undefined) {
  const position = after == null ? undefined : decodeCursor(LlmDeployment, order, after, 'after')
  const counts = new DataLoader<string, number>(async (deployments) => {
    const rows = await rowsOf<{ deployment: string; total: string }>(
      context,
      iaas.name,
      sql`SELECT deployment_id AS deployment, count(*) AS total FROM public.deployment_nodes
        WHERE deployment_id = ANY(${deployments}::uuid[]) GROUP BY 1`,
    )
    const totals = new Map(rows.map(({ deployment, total }) => [deployment, Number(total)]))
    return deployments.map((one) => totals.get(one) ?? 0)
  })
  return new DataLoader<string, Page>(async (deployments) => {
    const page = pageStatement({
      table,
      order,
      where: [sql`t.deployment_id = parent.key`],
      after: position,
      limit: size + 1,
      backward: false,
    })
    const rows = await rowsOf<Member>(
      context,
      iaas.name,
      sql`SELECT parent.key AS deployment, m.node_id AS node, m.joined_at::text AS joined, m.status
        FROM unnest(${deployments}::uuid[]) AS parent(key) CROSS JOIN LATERAL (${page}) page
        JOIN ${raw(`public.${table}`)} m ON m.deployment_id = parent.key AND m.node_id = page.k1::uuid
        ORDER BY m.joined_at DESC NULLS LAST, m.node_id DESC`,
    )
    const byDeployment = Map.groupBy(rows, ({ deployment }) => deployment)
    return deployments.map((one) => {
      const found = byDeployment.get(one) ?? []
      return {
        members: found.slice(0, size),
        hasNextPage: found.length > size,
        hasPreviousPage: after != null,
        totalCount: () => counts.load(one),
      }
    })
  })
}

builder.prismaObjectField('LlmDeployment', 'members', (t) =>
  t.field({
    type: Connection,
    nullable: true,
    description: 'Nodes that are noted as members of this deployment, and how they do there; newest first.',
    args: {
      first: t.arg.int({
        description: `Members, ${maximumPageSize} at most; ${defaultPageSize} by default.`,
      }),
      after: t.arg.string({ description: 'Only members after this cursor.' }),
    },
    resolve: (row, { first, after }, context, info) => {
      for (const column of ['deployment_id', 'node_id', 'status', 'joined_at'])
        context.source(iaas.name).require(table, column)
      const size = pageSize('first', first ?? defaultPageSize)
      const loader = memoised(context, `members ${fieldPath(info)}`, () =>
        membersLoader(context, size, after),
      )
      return loader.load(String(keyOf(LlmDeployment, row)))
    },
  }),
)
