import sql from 'sql-template-tag'
import { TributaryError } from '../../errors/tributary-error.ts'
import { builder } from '../../graph/builder.ts'
import { kinds } from '../../graph/column-kind.ts'
import type { GraphContext } from '../../graph/context.ts'
import { entityRef } from '../../graph/entity-ref.ts'
import { defaultPageSize, maximumPageSize } from '../../graph/page-request.ts'
import { loadRow, selectionAt } from '../../graph/rows.ts'
import { secondsBetween } from '../../graph/seconds-between.ts'
import { requireColumns, rowsOf } from '../../graph/statement.ts'
import { rowRuleOf } from '../../graph/visibility.ts'
import { ModelVersion } from './model-version.ts'

interface PromotionRow {
  readonly id: number
  readonly promoted_at: string
  readonly replaced_at: string | null
  readonly seconds: number | null
}

const Promotion = builder.objectRef<PromotionRow>('Promotion').implement({
  description: 'A time for which one version was the one in service.',
  fields: (t) => ({
    version: t.field({
      type: entityRef(ModelVersion),
      nullable: true,
      description: 'The version.',
      resolve: ({ id }, _args, context, info) =>
        loadRow(context, ModelVersion, id, selectionAt(context, info, ModelVersion)),
    }),
    promotedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it became production.',
      resolve: ({ promoted_at }, _args, context) => momentOf(context, promoted_at),
    }),
    replacedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the next one did; null where it is the latest.',
      resolve: ({ replaced_at }, _args, context) => momentOf(context, replaced_at),
    }),
    duration: t.float({
      nullable: true,
      description: 'Seconds from the one to the other; null where it is the latest.',
      resolve: ({ seconds }) => seconds,
    }),
  }),
})

const momentOf = (context: GraphContext, text: string | null) =>
  kinds.timestamp.decode(text, context.source(ModelVersion.source).timeZone) as string | null

async function readPromotions(context: GraphContext, first: number): Promise<PromotionRow[]> {
  if (first < 0 || first > maximumPageSize)
    throw new TributaryError('PAGE_SIZE', `first is ${first}; it goes from 0 to ${maximumPageSize}.`)
  requireColumns(context, ModelVersion, ['id', 'promoted_at'])
  const rule = rowRuleOf(context, ModelVersion)
  // Whoever sees any sees all: the pipeline has one line of versions.
  if (rule.kind !== 'always') return []
  return rowsOf<PromotionRow>(
    context,
    ModelVersion.source,
    sql`SELECT id, promoted_at::text AS promoted_at, replaced_at::text AS replaced_at,
        ${secondsBetween(sql`promoted_at`, sql`replaced_at`)} AS seconds
      FROM (
        SELECT m.id, m.promoted_at, lead(m.promoted_at) OVER (ORDER BY m.promoted_at, m.id) AS replaced_at
        FROM public.model_versions m WHERE m.promoted_at IS NOT NULL
      ) p ORDER BY p.promoted_at DESC, p.id DESC LIMIT ${first}`,
  )
}

builder.queryField('promotionTimeline', (t) =>
  t.field({
    type: [Promotion],
    nullable: { list: true, items: false },
    description: 'Which version was in service when, the latest first.',
    args: {
      first: t.arg.int({
        required: true,
        defaultValue: defaultPageSize,
        description: `Promotions, ${maximumPageSize} at most.`,
      }),
    },
    resolve: (_root, { first }, context) => readPromotions(context, first),
  }),
)
