/**
 * How many objects an operation's answer may come to, told from the document alone.
 *
 * A page multiplies what is below it, so that pages within pages grow as a product: 200 projects with 200 jobs
 * with 200 metrics are eight million rows in a query of three lines. Page sizes come from arguments, and these
 * from variables, so that the cost is known for a request and not for a document. Scalars cost nothing; neither
 * do a connection's own levels (`edges`, `node`, `pageInfo`), since the page has been counted already.
 *
 * Fragments are costed once each, as in measure.ts. A sum may overflow to Infinity, which is above every limit.
 */
import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  getOperationAST,
  isCompositeType,
  isListType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  valueFromASTUntyped,
} from 'graphql'
import { defaultPageSize } from '../../graph/page-request.ts'

export interface CostedOperation {
  readonly schema: GraphQLSchema
  /** A document that is valid in the schema. */
  readonly document: DocumentNode
  readonly operationName?: string | null | undefined
  /** Variables as they were sent. */
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined
}

/** Arguments that say how many objects a field answers with. */
const sizeArguments = ['first', 'last', 'limit', 'maxPoints']

/** The levels of a connection or series, whose objects are counted where they are asked for. */
const withinPage = /(Connection|Edge|Series)$/

/** The cost of the operation that a request runs; 0 where it names none. */
export function costOf({ schema, document, operationName, variables }: CostedOperation): number {
  const operation = getOperationAST(document, operationName)
  const root = operation && schema.getRootType(operation.operation)
  if (!operation || !root) return 0
  const values = { ...defaultsOf(operation), ...variables }
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  const costed = new Map<string, number>()

  const fragment = (name: string): number => {
    const known = costed.get(name)
    const definition = fragments.get(name)
    if (known !== undefined || !definition) return known ?? 0
    costed.set(name, 0)
    const cost = selections(schema.getType(definition.typeCondition.name.value), definition.selectionSet)
    costed.set(name, cost)
    return cost
  }

  const selections = (
    type: GraphQLNamedType | undefined,
    { selections: nodes }: SelectionSetNode,
  ): number => {
    let cost = 0
    for (const node of nodes)
      if (node.kind === Kind.FRAGMENT_SPREAD) cost += fragment(node.name.value)
      else if (node.kind === Kind.INLINE_FRAGMENT) {
        const condition = node.typeCondition
        cost += selections(condition ? schema.getType(condition.name.value) : type, node.selectionSet)
      } else cost += fieldCost(type, node)
    return cost
  }

  const fieldCost = (parent: GraphQLNamedType | undefined, node: FieldNode): number => {
    const field = parent && isCompositeType(parent) ? schema.getField(parent, node.name.value) : undefined
    if (!parent || !field || !node.selectionSet) return 0
    const type = getNamedType(field.type)
    const own = withinPage.test(parent.name) ? 0 : 1
    return sizeOf(field, node, values) * (own + selections(type, node.selectionSet))
  }

  return selections(root, operation.selectionSet)
}

const defaultsOf = (operation: OperationDefinitionNode): Record<string, unknown> =>
  Object.fromEntries(
    (operation.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
      defaultValue ? [[variable.name.value, valueFromASTUntyped(defaultValue)]] : [],
    ),
  )

/** How many objects one field answers with at most, as far as its arguments tell. */
function sizeOf(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  values: Record<string, unknown>,
): number {
  const given = new Map(
    (node.arguments ?? []).map((argument: ArgumentNode) => [
      argument.name.value,
      valueFromASTUntyped(argument.value, values),
    ]),
  )
  // `nodes(ids:)`: a list that answers a list.
  const lengths = [...given.values()].filter(Array.isArray).map(({ length }) => length)
  const listed = isListType(getNullableType(field.type)) ? Math.max(1, ...lengths) : 1
  const declared = field.args.filter(({ name }) => sizeArguments.includes(name))
  if (declared.length > 0) {
    const sizes = declared
      .map((argument) => given.get(argument.name) ?? defaultOf(argument))
      .filter((size) => typeof size === 'number')
    const size = sizes.length > 0 ? Math.max(0, ...sizes) : defaultPageSize
    // `monitoringSeries(names:, maxPoints:)`: so many points for each that is named.
    return declared.some(({ name }) => name === 'maxPoints') ? size * listed : size
  }
  return listed
}

const defaultOf = ({ default: declared }: GraphQLArgument): unknown =>
  declared?.literal ? valueFromASTUntyped(declared.literal) : declared?.value
