/*
 * The graph without a server: whoever one says asks it, over real databases.
 */
import { randomUUID } from 'node:crypto'
import { execute, type GraphQLSchema, parse } from 'graphql'
import { pino } from 'pino'
import type {
  GpuUserPrincipal,
  Principal,
  ServicePrincipal,
  TenantPrincipal,
  UserPrincipal,
} from '../../src/auth/principal.ts'
import type { RequestSession } from '../../src/auth/request-session.ts'
import { ScopeCache } from '../../src/auth/scope.ts'
import type { Viewer } from '../../src/auth/viewer.ts'
import { readConfig } from '../../src/config/config.ts'
import { environmentOf } from '../../src/config/source-names.ts'
import { runInRequest } from '../../src/database/request-scope.ts'
import type { Source } from '../../src/database/source.ts'
import type { GraphContext } from '../../src/graph/context.ts'
import { createSchema } from '../../src/schema.ts'
import { scopeReader } from '../../src/sources/scope-reader.ts'
import { startSources } from '../../src/sources/source-set.ts'

export interface GraphAnswer<T = Record<string, unknown>> {
  readonly data?: T | null
  readonly errors?: readonly { readonly message: string; readonly path?: readonly (string | number)[] }[]
  /** Statements sent, by source. */
  readonly statements: Readonly<Record<string, number>>
}

export interface TestGraph extends AsyncDisposable {
  readonly schema: GraphQLSchema
  readonly scopes: ScopeCache
  source(name: string): Source
  viewer(principal: Principal): Promise<Viewer>
  context(viewer: Viewer): GraphContext
  ask<T = Record<string, unknown>>(
    viewer: Viewer,
    document: string,
    variables?: Record<string, unknown>,
  ): Promise<GraphAnswer<T>>
}

const expiresAt = new Date('2100-01-01')

/** Somebody who signed in; a guest without organization unless said otherwise. */
export const user = (given: Partial<UserPrincipal> & { readonly id: number }): UserPrincipal => ({
  kind: 'user',
  way: 'ACCESS_TOKEN',
  audience: 'tributary',
  email: `user${given.id}@example.com`,
  role: 'guest',
  organizationId: null,
  session: null,
  expiresAt,
  ...given,
})

/** The Labeler's backend. */
export const labelerService: ServicePrincipal = {
  kind: 'service',
  way: 'SERVICE_TOKEN',
  audience: 'labeler',
  name: 'labeler',
  scopes: ['accounts:read'],
  expiresAt,
}

/** A tenant's API key, a developer's unless said otherwise. */
export const tenantKey = (
  given: Partial<TenantPrincipal> & { readonly tenantId: string },
): TenantPrincipal => ({
  kind: 'tenant',
  way: 'API_KEY',
  keyId: '00000000-0000-4000-8000-00000000c0de',
  environmentId: '00000000-0000-4000-8000-0000000000e1',
  role: 'developer',
  expiresAt: null,
  ...given,
})

/** A GPU Dev user's API key. */
export const gpuKey = (given: Partial<GpuUserPrincipal> & { readonly userId: number }): GpuUserPrincipal => ({
  kind: 'gpuUser',
  way: 'API_KEY',
  keyId: 1,
  username: `gpu${given.userId}`,
  expiresAt,
  ...given,
})

const nothing = { keys: () => [] }

export async function openGraph(
  urls: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<TestGraph> {
  const { sources: configs, labeler } = readConfig({ ...environmentOf(urls), ...env })
  const set = await startSources(configs, pino({ level: 'silent' }), labeler)
  const source = (name: string) => {
    const found = set.sources.find((one) => one.name === name)
    if (!found) throw new Error(`No source is named ${name}.`)
    return found
  }
  const schema = createSchema()
  const scopes = new ScopeCache({
    reader: scopeReader({ users: source('users'), platform: source('platform') }),
  })
  // Reading asks nothing of a session but who it is.
  const context = (viewer: Viewer) =>
    set.createContext(viewer, { principal: viewer.principal } as RequestSession)
  return {
    schema,
    scopes,
    source,
    viewer: async (principal) => ({
      principal,
      scope: principal.kind === 'user' ? await scopes.scopeOf(principal.id) : nothing,
      open: false,
    }),
    context,
    ask: async <T>(viewer: Viewer, document: string, variables?: Record<string, unknown>) => {
      const statements = new Map<string, number>()
      const scope = { id: randomUUID(), signal: new AbortController().signal, statements }
      const answer = await runInRequest(scope, async () =>
        execute({
          schema,
          document: parse(document),
          contextValue: context(viewer),
          ...(variables && { variableValues: variables }),
        }),
      )
      if (!('data' in answer) && !('errors' in answer)) throw new Error('The answer came in parts.')
      return { ...(answer as object), statements: Object.fromEntries(statements) } as GraphAnswer<T>
    },
    [Symbol.asyncDispose]: () => set[Symbol.asyncDispose](),
  }
}
