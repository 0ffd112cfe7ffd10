import type { Principal } from '../auth/principal.ts'
import type { Scopes } from '../auth/scope.ts'
import { nobody, type Viewer } from '../auth/viewer.ts'

/** Principals as viewers: with what they belong to. */
export interface Viewers {
  viewerOf(principal: Principal): Promise<Viewer>
}

/**
 * @param visitor Who comes without credentials. By default somebody who sees nothing.
 */
export function createViewers(scopes: Scopes, visitor: Viewer = nobody): Viewers {
  return {
    viewerOf: async (principal) => {
      if (principal.kind === 'anonymous') return visitor
      const scope = principal.kind === 'user' ? await scopes.scopeOf(principal.id) : nobody.scope
      return { principal, scope, open: false }
    },
  }
}
