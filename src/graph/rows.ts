import { queryFromInfo } from '@pothos/plugin-prisma'
import DataLoader from 'dataloader'
import type { GraphQLResolveInfo } from 'graphql'
import { type GraphContext, memoised } from './context.ts'
import type { Entity, RowKey } from './entity.ts'
import { delegateOf } from './model-facade.ts'

/** What to select of a row: columns, and relations to one with selections of their own. */
export interface Selection {
  readonly [name: string]: boolean | { readonly select?: Selection }
}

interface Wanted {
  readonly key: RowKey
  readonly select: Selection
}

/** Both selections as one. */
export function mergeSelections(left: Selection, right: Selection): Selection {
  const merged: Record<string, Selection[string]> = { ...left }
  for (const [name, wanted] of Object.entries(right)) {
    const present = merged[name]
    merged[name] =
      typeof present === 'object' && typeof wanted === 'object'
        ? { select: mergeSelections(present.select ?? {}, wanted.select ?? {}) }
        : typeof present === 'object'
          ? present
          : wanted
  }
  return merged
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
  return { ...(query.select as Selection | undefined), [entity.key]: true }
}

/** Rows of an entity by key, in any order; keys without a row are left out. One statement. */
export function findRows(
  context: GraphContext,
  entity: Entity,
  keys: readonly RowKey[],
  select: Selection,
): Promise<object[]> {
  const source = context.source(entity.source)
  source.require(entity.table)
  source.require(entity.table, entity.key)
  return delegateOf(context.models, entity).findMany({ where: { [entity.key]: { in: [...keys] } }, select })
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
