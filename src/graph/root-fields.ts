import type { GraphQLResolveInfo, SelectionSetNode } from 'graphql'

/**
 * How often an operation's root selects fields of the given names, through fragments, aliases and repetitions; what a
 * directive may leave out counts too.
 */
export function countOfFields(info: GraphQLResolveInfo, names: ReadonlySet<string>): number {
  const countIn = ({ selections }: SelectionSetNode): number => {
    let count = 0
    for (const selection of selections) {
      if (selection.kind === 'Field') count += names.has(selection.name.value) ? 1 : 0
      else if (selection.kind === 'InlineFragment') count += countIn(selection.selectionSet)
      else {
        const fragment = info.fragments[selection.name.value]
        if (fragment) count += countIn(fragment.selectionSet)
      }
    }
    return count
  }
  return countIn(info.operation.selectionSet)
}
