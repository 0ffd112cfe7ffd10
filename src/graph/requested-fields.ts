import {
  type FragmentDefinitionNode,
  GraphQLIncludeDirective,
  type GraphQLResolveInfo,
  GraphQLSkipDirective,
  getDirectiveValues,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'

/** Names of the fields that the document asks of what this field returns, through fragments; `@skip` and `@include` count. */
export function requestedFields(info: GraphQLResolveInfo): Set<string> {
  const names = new Set<string>()
  const variables = info.variableValues
  const included = (node: SelectionNode) =>
    getDirectiveValues(GraphQLSkipDirective, node, variables)?.if !== true &&
    getDirectiveValues(GraphQLIncludeDirective, node, variables)?.if !== false
  const walk = (set: SelectionSetNode | undefined) => {
    for (const node of set?.selections ?? []) {
      if (!included(node)) continue
      if (node.kind === Kind.FIELD) names.add(node.name.value)
      else if (node.kind === Kind.INLINE_FRAGMENT) walk(node.selectionSet)
      else walk((info.fragments[node.name.value] as FragmentDefinitionNode | undefined)?.selectionSet)
    }
  }
  for (const node of info.fieldNodes) walk(node.selectionSet)
  return names
}
