import type { Sql } from 'sql-template-tag'
import { edgesFrom, edgesTo } from './edge.ts'
import { type Entity, entities, entityNamed, farColumnOf } from './entity.ts'
import { matchesFrom, matchesTo } from './match.ts'

/** Where a field of an entity's filter leads: to the one row that it names, or to the many that name it. */
export interface FilterLink {
  readonly far: Entity
  /** Whether there can be several: the filter then says `some` or `none`. */
  readonly many: boolean
  /** Whether they are in another database. */
  readonly crosses: boolean
  /** The columns that are equal, here and there. */
  readonly nearColumn: string
  readonly farColumn: string
  /** In the place of that: whether two rows belong together, as a condition on their aliases. */
  readonly joined?: (near: string, far: string) => Sql
  readonly description: string
}

const known = new WeakMap<Entity, ReadonlyMap<string, FilterLink>>()

/** The links of an entity by their fields' names. To be asked when everything is declared. */
export function linksOf(entity: Entity): ReadonlyMap<string, FilterLink> {
  const links = known.get(entity) ?? new Map(findLinks(entity))
  known.set(entity, links)
  return links
}

export const linkNamed = (entity: Entity, name: string): FilterLink | undefined => linksOf(entity).get(name)

function* findLinks(entity: Entity): Iterable<[string, FilterLink]> {
  for (const [name, relation] of entity.relations) {
    const { to, by, description } = relation
    const columns = { nearColumn: by, farColumn: farColumnOf(relation) }
    yield [name, { far: entityNamed(to), many: false, crosses: false, ...columns, description }]
  }
  for (const far of entities())
    for (const relation of far.relations.values()) {
      const { to, by, inverse } = relation
      if (to === entity.name)
        yield [
          inverse.name,
          {
            far,
            many: true,
            crosses: false,
            nearColumn: farColumnOf(relation),
            farColumn: by,
            description: inverse.description,
          },
        ]
    }
  for (const { name, to, description, joined } of matchesFrom(entity))
    yield [
      name,
      {
        far: to,
        many: false,
        crosses: false,
        nearColumn: entity.key,
        farColumn: to.key,
        joined,
        description,
      },
    ]
  for (const { from, joined, inverse } of matchesTo(entity))
    yield [
      inverse.name,
      {
        far: from,
        many: true,
        crosses: false,
        nearColumn: entity.key,
        farColumn: from.key,
        joined: (near, far) => joined(far, near),
        description: inverse.description,
      },
    ]
  for (const { name, to, by, description } of edgesFrom(entity))
    yield [name, { far: to, many: false, crosses: true, nearColumn: by, farColumn: to.key, description }]
  for (const { from, by, inverse } of edgesTo(entity))
    yield [
      inverse.name,
      {
        far: from,
        many: true,
        crosses: true,
        nearColumn: entity.key,
        farColumn: by,
        description: inverse.description,
      },
    ]
}
