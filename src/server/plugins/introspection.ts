import { BREAK, type DocumentNode, visit } from 'graphql'
import { anonymous, type Principal } from '../../auth/principal.ts'
import { TributaryError } from '../../errors/tributary-error.ts'
import type { ServerPlugin } from './server-context.ts'

const introspecting = new WeakMap<DocumentNode, boolean>()

/** Whether a document asks for `__schema` or `__type`, in a fragment too. Looked at once: documents are cached. */
function introspects(document: DocumentNode): boolean {
  const known = introspecting.get(document)
  if (known !== undefined) return known
  let isFound = false
  visit(document, {
    Field: ({ name }) => {
      if (name.value !== '__schema' && name.value !== '__type') return undefined
      isFound = true
      return BREAK
    },
  })
  introspecting.set(document, isFound)
  return isFound
}

/** Who asks, where the resolvers' context tells it. */
const principalOf = (context: object): Principal =>
  (context as { readonly viewer?: { readonly principal: Principal } }).viewer?.principal ?? anonymous

/** Refuses `__schema` and `__type` to who has not signed in. Who one is, is known at execution alone. */
export const introspectionPlugin: ServerPlugin = {
  onExecute: ({ args }) => {
    if (principalOf(args.contextValue).kind === 'anonymous' && introspects(args.document))
      throw new TributaryError(
        'GRAPHQL_VALIDATION_FAILED',
        'Sign in: introspection is not for everybody here.',
      )
  },
}
