import { builder } from './builder.ts'
import type { Column } from './column.ts'
import { connectionField } from './connection-field.ts'
import type { GraphContext } from './context.ts'
import { type Entity, entityNamed, farColumnOf, fieldName, keyOf, type ToOne } from './entity.ts'
import { entityRef, modelName } from './entity-ref.ts'
import { encodeId } from './global-id.ts'
import { interfacesOf } from './interfaces.ts'
import { Node } from './node.ts'
import { rowRuleOf } from './visibility.ts'
import { rowAnchors, ruleHolds } from './visibility-row.ts'

type AnyRow = Readonly<Record<string, unknown>>

/**
 * The GraphQL type of an entity: `id`, its columns, its relations inside the database, both ways. Every field but the
 * key is nullable, since a database may lack its column or be down for a moment.
 */
export function entityType(entity: Entity, inverses: readonly Inverse[]): void {
  builder.prismaObject(modelName(entity), {
    description: entity.description,
    interfaces: () => [Node, ...interfacesOf(entity)],
    select: { [entity.key]: true },
    fields: (t) => ({
      id: t.field({
        type: 'ID',
        nullable: false,
        description: 'Unique in the whole graph, opaque; `node` takes it.',
        resolve: (row) => encodeId(entity, keyOf(entity, row)),
      }),
    }),
  })
  builder.prismaObjectFields(modelName(entity), (t) => {
    const fields = [...entity.columns].flatMap(([name, column]) => columnFields(name, column))
    return Object.fromEntries([...fields, ...[...entity.relations].map(toOne)])

    function columnFields(name: string, column: Column) {
      const read = (row: unknown, context: GraphContext) => {
        const source = context.source(entity.source)
        source.require(entity.table, name)
        return { value: (row as unknown as AnyRow)[name], zone: source.timeZone }
      }
      const select = (_args: object, context: GraphContext) =>
        (context.source(entity.source).usable(entity.table, name) ? { [name]: true } : {}) as Record<
          never,
          true
        >
      const type = column.enumeration ? column.enumeration.ref : (column.kind.graphType as 'String')
      const field = t.field({
        type: (column.kind.isList ? [type] : type) as typeof type,
        nullable: name !== entity.key,
        description: column.description,
        select,
        resolve: (row, _args, context) => {
          const { value, zone } = read(row, context)
          return column.kind.decode(value, zone) as string
        },
      })
      const fieldEntries = [[fieldName(entity, name), field]]
      if (column.enumeration) {
        const raw = t.field({
          type: 'String',
          description: `The text of \`${fieldName(entity, name)}\` as the database has it.`,
          select,
          resolve: (row, _args, context) => read(row, context).value as string | null,
        })
        fieldEntries.push([`${fieldName(entity, name)}Raw`, raw])
      }
      return fieldEntries
    }

    function toOne([name, relation]: [string, ToOne]) {
      const far = entityNamed(relation.to)
      const field = t.field({
        type: entityRef(far),
        nullable: true,
        description: relation.description,
        select: (_args, context, nestedSelection) => {
          const source = context.source(entity.source)
          const usable =
            source.usable(entity.table, relation.by) && source.usable(far.table, farColumnOf(relation))
          const anchors = { select: { [far.key]: true, ...rowAnchors(context, far) } }
          return (usable ? { [name]: nestedSelection(anchors as never) } : {}) as Record<never, true>
        },
        resolve: (row, _args, context) => {
          const source = context.source(entity.source)
          source.require(entity.table, relation.by)
          source.require(far.table, farColumnOf(relation))
          const farRow = (row as unknown as AnyRow)[name] as object | null
          const seen =
            farRow &&
            ruleHolds(context, far, rowRuleOf(context, far), farRow, { entity: entity.name, relation: name })
          return seen ? farRow : null
        },
      })
      return [name, field]
    }
  })
  for (const { from, relation } of inverses)
    connectionField({
      on: entity,
      name: relation.inverse.name,
      description: relation.inverse.description,
      of: from,
      by: relation.by,
      column: farColumnOf(relation),
    })
}

/** A relation to one of another entity, that leads to this one. */
export interface Inverse {
  readonly from: Entity
  readonly relation: ToOne
}
