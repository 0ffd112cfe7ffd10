import { queryFromInfo } from '@pothos/plugin-prisma'
import DataLoader from 'dataloader'
import type { GraphQLResolveInfo } from 'graphql'
import { type GraphContext, memoised } from './context.ts'
import type { Entity, RowKey } from './entity.ts'
import { delegateOf } from './model-facade.ts'
import { mergeSelections, type Selection } from './selection.ts'
import { requireAnchor, rowRuleOf } from './visibility.ts'
import { fieldAnchors } from './visibility-row.ts'
import { ruleWhere } from './visibility-where.ts'

interface Wanted {
  readonly key: RowKey
  readonly select: Selection
}

/** The field's place in the document, without list indices: one for all rows of a list. */
export function fieldPath(info: GraphQLResolveInfo): string {
  const names: string[] = []
  for (let step: GraphQLResolveInfo['path'] | undefined = info.path; step; step = step.prev)
    if (typeof step.key === 'string') names.push(step.key)
  return names.reverse().join('.')
}

/**
 * What the document asks of an entity's rows at a field. To be called for every row that the field stands below, also
 * where one answer would do: the planner notes for each what is loaded, and loads again what it has no note of.
 *
 * @param paths where the rows lie below the field; default at the field itself.
 */
export function selectionAt(
  context: GraphContext,
  info: GraphQLResolveInfo,
  entity: Entity,
  paths: string[][] = [],
): Selection {
  const query = queryFromInfo({
    context,
    info,
    paths,
    ...(paths.length === 0 ? { typeName: entity.name } : {}),
  })
  const select = mergeSelections((query.select as Selection | undefined) ?? {}, fieldAnchors(context, entity))
  return { ...select, [entity.key]: true }
}

/** Rows of an entity by key that the viewer sees, in any order; keys without one are left out. One statement. */
export async function findRows(
  context: GraphContext,
  entity: Entity,
  keys: readonly RowKey[],
  select: Selection,
): Promise<object[]> {
  const rule = rowRuleOf(context, entity)
  if (rule.kind === 'never') return []
  const where = rule.kind === 'always' ? [] : [ruleWhere(context, entity, rule)]
  return readRows(context, entity, keys, select, where)
}

/** Rows by keys that are known to be seen, because SQL chose them by the same rule. */
export async function readRows(
  context: GraphContext,
  entity: Entity,
  keys: readonly RowKey[],
  select: Selection,
  where: readonly object[] = [],
): Promise<object[]> {
  requireAnchor(context, entity, entity.key)
  return delegateOf(context.models, entity).findMany({
    where: { AND: [{ [entity.key]: { in: [...keys] } }, ...where] },
    select,
  })
}

/**
 * One row by key. Everything that a tick of the request asks of an entity, from any field, is one statement: the
 * keys together, the selections merged.
 */
export function loadRow(
  context: GraphContext,
  entity: Entity,
  key: RowKey,
  select: Selection,
): Promise<object | null> {
  const loader = memoised(
    context,
    `rows ${entity.name}`,
    () => new DataLoader<Wanted, object | null>(batch, { cache: false }),
  )
  return loader.load({ key, select })

  async function batch(wanted: readonly Wanted[]): Promise<(object | null)[]> {
    const keys = new Set(wanted.map((one) => one.key))
    const merged = wanted.map((one) => one.select).reduce(mergeSelections)
    const byKey = new Map<unknown, object>()
    for (const row of await findRows(context, entity, [...keys], merged))
      byKey.set((row as Record<string, unknown>)[entity.key], row)
    return wanted.map((one) => byKey.get(one.key) ?? null)
  }
}
