import type { GraphQLResolveInfo } from 'graphql'
import { TributaryError } from '../errors/tributary-error.ts'
import { builder } from './builder.ts'
import { storableText } from './column.ts'
import type { GraphContext } from './context.ts'
import { decodeId, partsOfId } from './global-id.ts'
import { loadRow, selectionAt } from './rows.ts'
import { nameType, typeNameOf } from './type-name.ts'

/** Ids that one `nodes` takes at most. */
export const maximumNodes = 200

/** Whatever has an id in the whole graph. */
export const Node = builder.interfaceRef<object>('Node').implement({
  description: 'An object with an id that is unique in the whole graph, by which it can be fetched again.',
  resolveType: typeNameOf,
  fields: (t) => ({ id: t.id({ nullable: false, description: 'The id, opaque.', resolve: () => '' }) }),
})

/** Finds the object of a type by its key, as the viewer sees it. */
type NodeLoader = (key: string, context: GraphContext, info: GraphQLResolveInfo) => Promise<object | null>

const loaders = new Map<string, NodeLoader>()

/** Has `node` find the objects of a type that is no entity of a database. */
export function addNode(typeName: string, load: NodeLoader): void {
  loaders.set(typeName, load)
}

/** Whether a type is no entity, so that the policy’s table does not say who sees its objects. */
export const isOutsideNode = (typeName: string): boolean => loaders.has(typeName)

async function loadNode(id: string, context: GraphContext, info: GraphQLResolveInfo): Promise<object | null> {
  const parts = partsOfId(id)
  const load = loaders.get(parts.name)
  if (load) return load(storableText(parts.key, 'id'), context, info)
  const { entity, key } = decodeId(id)
  if (key === null) return null
  const row = await loadRow(context, entity, key, selectionAt(context, info, entity))
  return row && nameType(row, entity)
}

builder.queryFields((t) => ({
  node: t.field({
    type: Node,
    nullable: true,
    description: 'The object that an id names; null when there is none.',
    args: { id: t.arg.id({ required: true, description: 'The `id` of an object.' }) },
    resolve: (_root, args, context, info) => loadNode(args.id, context, info),
  }),
  nodes: t.field({
    type: [Node],
    nullable: { list: false, items: true },
    description: 'The objects that ids name, in their order; null for each that names none.',
    args: {
      ids: t.arg.idList({
        required: true,
        description: `The \`id\` of each object, ${maximumNodes} at most.`,
      }),
    },
    resolve: (_root, args, context, info) => {
      if (args.ids.length > maximumNodes)
        throw new TributaryError(
          'PAGE_SIZE',
          `nodes takes ${maximumNodes} ids at most; ${args.ids.length} were given.`,
        )
      return args.ids.map((id) => loadNode(id, context, info))
    },
  }),
}))
