import type { Source } from '../database/source.ts'
import { type Entity, entityNamed } from './entity.ts'
import type { Selection } from './selection.ts'
import type { PrismaClientLike } from './source-definition.ts'

/** The reading part of a Prisma model delegate. */
export interface ModelDelegate {
  findMany(query: object): Promise<object[]>
  findUnique(query: object): Promise<object | null>
  findUniqueOrThrow(query: object): Promise<object>
}

/** The delegates of all databases under one roof, as Pothos wants its client: `facade.trainingJob.findMany(…)`. */
export interface ModelFacade {
  readonly $connect: () => Promise<void>
  readonly delegates: ReadonlyMap<string, ModelDelegate>
}

/**
 * Routes each model to the client of its database, through that source's guard: a source that is down answers at
 * once, and its errors come out typed.
 */
export function modelFacade(
  entities: readonly Entity[],
  databaseOf: (source: string) => { source: Source; client: () => PrismaClientLike },
): ModelFacade {
  const delegates = new Map<string, ModelDelegate>()
  for (const entity of entities) {
    const { source, client } = databaseOf(entity.source)
    const delegate = () =>
      (client() as unknown as Record<string, ModelDelegate>)[entity.singular] as ModelDelegate
    delegates.set(entity.singular, {
      findMany: (query) => source.guard(() => delegate().findMany(exactly(entity, query))),
      findUnique: (query) => source.guard(() => delegate().findUnique(exactly(entity, query))),
      findUniqueOrThrow: (query) => source.guard(() => delegate().findUniqueOrThrow(exactly(entity, query))),
    })
  }
  return Object.assign({ $connect: async () => {}, delegates }, Object.fromEntries(delegates))
}

/** Reads related rows by statements of their own where a join would round one of their numbers. */
const exactly = (entity: Entity, query: { readonly select?: Selection }): object =>
  joinRounds(entity, query.select) ? { ...query, relationLoadStrategy: 'query' } : query

const joinRounds = (entity: Entity, selection: Selection = {}): boolean =>
  Object.entries(selection).some(([name, wanted]) => {
    const relation = entity.relations.get(name)
    if (!relation || typeof wanted !== 'object') return false
    const { select = {} } = wanted
    const far = entityNamed(relation.to)
    return (
      Object.keys(select).some((column) => far.columns.get(column)?.kind.isRoundedByJoin) ||
      joinRounds(far, select)
    )
  })

/** @throws Error for an entity that the facade was not made with. */
export function delegateOf(facade: ModelFacade, entity: Entity): ModelDelegate {
  const delegate = facade.delegates.get(entity.singular)
  if (!delegate) throw new Error(`No client reads ${entity.name}.`)
  return delegate
}
