import type { GraphContext } from '../../graph/context.ts'

/**
 * Reads anew what the viewer belongs to, for the rest of the request and for those to come: scopes are kept for a
 * while, and who has just joined or added somebody is to see so.
 */
export async function refreshScope(context: GraphContext): Promise<void> {
  const { viewer, session } = context
  if (viewer.principal.kind !== 'user') return
  session.scopes.drop(viewer.principal.id)
  const scope = await session.scopes.scopeOf(viewer.principal.id)
  Object.assign(context, { viewer: { ...viewer, scope } })
  context.memo.clear()
}
