/**
 * How large a document is once its fragments are spread out.
 *
 * Spreading them out literally is what an attacker hopes for: thirty fragments that each spread the next one
 * twice are a billion fields. Each fragment is therefore measured once, and its measure added where it is
 * spread, so that the work is linear in the document's length however large the result. A fragment that is
 * spread within itself counts nothing there; validation refuses it.
 *
 * Documents are measured before validation, whose own rules compare fields pairwise and are slow on what is
 * refused here. So nothing is taken for granted: not that a fragment exists, nor that it is used.
 */
import { type DocumentNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from 'graphql'

/** Counts over the largest definition of a document, fragments spread out. */
export interface Measure {
  /** Fields within fields; a document of scalars alone has 1. */
  readonly depth: number
  /** Fields with an alias, `__typename` among them. */
  readonly aliases: number
  readonly directives: number
  /** Fields; one that is repeated counts each time. */
  readonly fields: number
}

const nothing: Measure = { depth: 0, aliases: 0, directives: 0, fields: 0 }

const beside = (left: Measure, right: Measure): Measure => ({
  depth: Math.max(left.depth, right.depth),
  aliases: left.aliases + right.aliases,
  directives: left.directives + right.directives,
  fields: left.fields + right.fields,
})

const larger = (left: Measure, right: Measure): Measure => ({
  depth: Math.max(left.depth, right.depth),
  aliases: Math.max(left.aliases, right.aliases),
  directives: Math.max(left.directives, right.directives),
  fields: Math.max(left.fields, right.fields),
})

const directivesOf = (node: { readonly directives?: readonly unknown[] | undefined }): Measure => ({
  ...nothing,
  directives: node.directives?.length ?? 0,
})

/** Measures a document. Linear in its length. */
export function measureDocument(document: DocumentNode): Measure {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  const measured = new Map<string, Measure>()

  const fragment = (name: string): Measure => {
    const known = measured.get(name)
    if (known) return known
    const definition = fragments.get(name)
    if (!definition) return nothing
    measured.set(name, nothing)
    const measure = beside(directivesOf(definition), selections(definition.selectionSet))
    measured.set(name, measure)
    return measure
  }

  const selections = ({ selections: nodes }: SelectionSetNode): Measure => {
    let total = nothing
    for (const node of nodes) {
      total = beside(total, directivesOf(node))
      if (node.kind === Kind.FRAGMENT_SPREAD) total = beside(total, fragment(node.name.value))
      else if (node.kind === Kind.INLINE_FRAGMENT) total = beside(total, selections(node.selectionSet))
      else {
        const within = node.selectionSet ? selections(node.selectionSet) : nothing
        const own = { ...nothing, depth: within.depth + 1, aliases: node.alias ? 1 : 0, fields: 1 }
        total = beside(total, beside(own, { ...within, depth: 0 }))
      }
    }
    return total
  }

  let largest = nothing
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION)
      largest = larger(largest, fragment(definition.name.value))
    else if (definition.kind === Kind.OPERATION_DEFINITION) {
      const variables = (definition.variableDefinitions ?? []).map(directivesOf)
      const own = variables.reduce(beside, directivesOf(definition))
      largest = larger(largest, beside(own, selections(definition.selectionSet)))
    }
  }
  return largest
}
