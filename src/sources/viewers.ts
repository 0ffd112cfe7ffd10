import type { Principal } from '../auth/principal.ts'
import { ScopeCache } from '../auth/scope.ts'
import { everyone, type Scope, type Viewer } from '../auth/viewer.ts'
import type { Source } from '../database/source.ts'
import { scopeReader } from './scope-reader.ts'

/** Principals as viewers: with what they belong to. */
export interface Viewers {
  viewerOf(principal: Principal): Promise<Viewer>
}

const nothing: Scope = { keys: () => [] }

/**
 * @param open whether somebody without credentials sees everything, as on a loopback address.
 */
export function createViewers(sources: { users: Source; platform: Source }, open: boolean): Viewers {
  const scopes = new ScopeCache({ reader: scopeReader(sources) })
  return {
    viewerOf: async (principal) => {
      if (principal.kind === 'anonymous' && open) return everyone
      const scope = principal.kind === 'user' ? await scopes.scopeOf(principal.id) : nothing
      return { principal, scope, open: false }
    },
  }
}
