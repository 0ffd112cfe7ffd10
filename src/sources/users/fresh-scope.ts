import { ScopeCache } from '../../auth/scope.ts'
import type { GraphContext } from '../../graph/context.ts'
import { scopeReader } from '../scope-reader.ts'

/**
 * Reads anew what the viewer belongs to, for the rest of the request: scopes are kept for a while, and who has just
 * joined or added somebody is to see so.
 */
export async function refreshScope(context: GraphContext): Promise<void> {
  const { viewer } = context
  if (viewer.principal.kind !== 'user') return
  const [users, platform] = [context.source('users'), context.source('platform')]
  const scopes = new ScopeCache({ reader: scopeReader({ users, platform }) })
  const scope = await scopes.scopeOf(viewer.principal.id)
  Object.assign(context, { viewer: { ...viewer, scope } })
  context.memo.clear()
}
