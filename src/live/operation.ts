/**
 * What a subscription's document comes to, found out once a document: its field, the text by which it is the same as
 * another, and whose decisions of the policy its result depends on.
 *
 * The arguments `after` and `maxRate` say where a stream begins and how fast it goes, not what it tells: they are taken
 * out of the text, and variables that nothing else uses are not compared.
 */
import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  print,
  type SelectionSetNode,
  visit,
} from 'graphql'
import { type Dependency, dependenciesOf } from './decision.ts'
import { findLiveField, type LiveField } from './fields/live-field.ts'

/** A subscription's document, looked at. */
export interface LiveOperation {
  readonly document: DocumentNode
  readonly definition: OperationDefinitionNode
  readonly operationName: string | undefined
  readonly field: LiveField
  readonly node: FieldNode
  readonly declared: GraphQLField<unknown, unknown>
  /** Equal for documents that ask the same: a number for each text, which is much shorter. */
  readonly number: number
  /** Variables that decide what is watched or told. */
  readonly variables: readonly string[]
  /** Those among them that are used below the field, or by directives. */
  readonly nestedVariables: readonly string[]
  readonly dependencies: readonly Dependency[]
}

/** Texts of documents at most that are remembered. */
const maximumTexts = 2_000

const positional = new Set(['after', 'maxRate'])

/** The one field of a subscription's root, through fragments. */
function rootField(operation: OperationDefinitionNode, document: DocumentNode): FieldNode | undefined {
  const find = ({ selections }: SelectionSetNode): FieldNode | undefined => {
    for (const node of selections) {
      if (node.kind === Kind.FIELD) return node
      const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : fragmentNamed(document, node.name.value)
      const found = fragment && find(fragment.selectionSet)
      if (found) return found
    }
    return undefined
  }
  return find(operation.selectionSet)
}

const fragmentNamed = (document: DocumentNode, name: string): FragmentDefinitionNode | undefined =>
  document.definitions.find(
    (one): one is FragmentDefinitionNode => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === name,
  )

const variablesIn = (node: DocumentNode | FieldNode | ArgumentNode | OperationDefinitionNode) => {
  const names = new Set<string>()
  visit(node, {
    VariableDefinition: () => false,
    Variable: ({ name }) => {
      names.add(name.value)
    },
  })
  return names
}

/** Looks at documents; what it found is kept as long as the document is. */
export class LiveOperations {
  readonly #schema: GraphQLSchema
  readonly #known = new WeakMap<DocumentNode, Map<string | undefined, LiveOperation | null>>()
  /** By the text; those that were not asked for lately are forgotten, and get another number. */
  readonly #numbers = new Map<string, number>()
  #last = 0

  constructor(schema: GraphQLSchema) {
    this.#schema = schema
  }

  /** The live operation of a valid document; null where it is another. */
  find(document: DocumentNode, operationName: string | undefined): LiveOperation | null {
    const known = this.#known.get(document) ?? new Map<string | undefined, LiveOperation | null>()
    this.#known.set(document, known)
    const found = known.get(operationName)
    if (found !== undefined) return found
    const made = this.#look(document, operationName)
    known.set(operationName, made)
    return made
  }

  #numberOf(text: string): number {
    const number = this.#numbers.get(text) ?? ++this.#last
    this.#numbers.delete(text)
    this.#numbers.set(text, number)
    for (const oldest of this.#numbers.keys()) {
      if (this.#numbers.size <= maximumTexts) break
      this.#numbers.delete(oldest)
    }
    return number
  }

  #look(document: DocumentNode, operationName: string | undefined): LiveOperation | null {
    const definition = getOperationAST(document, operationName)
    if (definition?.operation !== 'subscription') return null
    const node = rootField(definition, document)
    const field = node && findLiveField(node.name.value)
    const declared = field && this.#schema.getSubscriptionType()?.getFields()[field.name]
    if (!node || !field || !declared) return null
    const plain = (one: FieldNode): FieldNode => ({
      ...one,
      arguments: (one.arguments ?? []).filter(({ name }) => !positional.has(name.value)),
    })
    const stripped = visit(document, {
      OperationDefinition: (one) => (one === definition ? undefined : null),
      Field: (one) => (one === node ? plain(one) : undefined),
    })
    const variables = variablesIn(stripped)
    const nested = variablesIn(
      visit(document, {
        OperationDefinition: (one) => (one === definition ? undefined : null),
        Field: (one) => (one === node ? { ...one, arguments: [] } : undefined),
      }),
    )
    return {
      document,
      definition,
      operationName,
      field,
      node,
      declared,
      number: this.#numberOf(print(stripped)),
      variables: [...variables],
      nestedVariables: [...nested],
      dependencies: dependenciesOf(this.#schema, document, definition),
    }
  }
}
