import type { Logger } from 'pino'
import { publishedKeysMaxAge } from './auth/keys/signing-key.ts'
import { ScopeCache } from './auth/scope.ts'
import type { Viewer } from './auth/viewer.ts'
import { type Capturing, startCapturing } from './capturing.ts'
import type { Config } from './config/config.ts'
import { checkConnectionBudget } from './database/connection-budget.ts'
import type { Source } from './database/source.ts'
import type { SourceReport } from './database/source-report.ts'
import { TributaryError } from './errors/tributary-error.ts'
import { startIdentity } from './identity.ts'
import { createSchema } from './schema.ts'
import type { GraphiqlOptions } from './server/graphiql/page.ts'
import type { SourceHealth } from './server/health.ts'
import { createHttpServer } from './server/http.ts'
import type { CaptureHealth } from './server/metrics/metrics.ts'
import { scopeReader } from './sources/scope-reader.ts'
import { startSources } from './sources/source-set.ts'
import { createViewers } from './sources/viewers.ts'
import { startSubscribing } from './subscribing.ts'

/** A running gateway. Disposal closes it at once; `drain` first lets requests under way finish. */
export interface Gateway extends AsyncDisposable {
  /** Where GraphQL is served. */
  readonly url: string
  drain(): Promise<void>
}

export interface GatewayOptions {
  readonly config: Config
  readonly log: Logger
  /** What GraphiQL shows and offers. */
  readonly graphiql?: GraphiqlOptions
  /** Who comes without credentials. By default somebody who sees nothing; there is no setting for another. */
  readonly visitor?: Viewer
}

/**
 * The composition root: sources, schema and server of one configuration.
 *
 * @throws TributaryError NO_SOURCE when no source can be used, PORT_TAKEN.
 */
export async function startGateway({ config, log, graphiql, visitor }: GatewayOptions): Promise<Gateway> {
  await using cleanup = new AsyncDisposableStack()
  for (const warning of config.warnings) log.warn(warning)
  const { sources, services, apiKeyKinds, createContext } = cleanup.use(
    await startSources(config.sources, log, config.labeler),
  )
  if (!sources.some((source) => source.status === 'AVAILABLE'))
    throw new TributaryError(
      'NO_SOURCE',
      [
        'No source can be used:',
        ...sources.map((source) => `  ${source.name}: ${source.reason ?? 'no URL is set'}`),
      ].join('\n'),
    )
  const [users, platform] = [named(sources, 'users'), named(sources, 'platform')]
  const scopes = new ScopeCache({ reader: scopeReader({ users, platform }) })
  const identity = cleanup.use(await startIdentity({ config, users, scopes, apiKeyKinds, log }))
  const viewers = createViewers(scopes, visitor)
  const captured = config.changes.capturesHere ? config.sources.map(({ name }) => name) : []
  for (const { line, isExceeded } of checkConnectionBudget([...sources, identity.state], captured))
    log[isExceeded ? 'warn' : 'info'](line)
  const capturing = cleanup.use(await startCapturing({ config, log }))
  const schema = createSchema()
  const live = cleanup.use(
    await startSubscribing({
      schema,
      sources,
      capturing,
      databases: { source: (name) => named(sources, name) },
      scopes,
    }),
  )
  const server = cleanup.use(
    createHttpServer({
      config,
      schema,
      live,
      context: async (request) => {
        const session = await identity.sessionOf(request)
        return createContext(await viewers.viewerOf(session.principal), session, capturing.watching)
      },
      connection: identity.connections,
      wellKnown: {
        issuer: config.auth.issuer,
        jwks: () => identity.keys.jwks(),
        algorithms: () => identity.keys.algorithms(),
        maxAge: publishedKeysMaxAge,
      },
      health: () => ({
        sources: [...sources.map((source) => healthOf(source, capturing)), ...services.map(reportOf)],
      }),
      captures: async () => captureHealthOf(config, capturing),
      log,
      ...(graphiql && { graphiql }),
    }),
  )
  const { url } = await server.listen()
  const owned = cleanup.move()
  return { url, drain: () => server.drain(), [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

function named(sources: readonly Source[], name: string): Source {
  const found = sources.find((source) => source.name === name)
  if (!found) throw new Error(`No source is named ${name}.`)
  return found
}

const reportOf = ({ name, status, reason, outline, differences }: SourceReport): SourceHealth => ({
  name,
  status,
  reason,
  outline,
  differences: differences.length,
})

const healthOf = (source: Source, capturing: Capturing): SourceHealth => ({
  ...reportOf(source),
  watching: capturing.watching(source.name),
  pool: poolOf(source),
})

const poolOf = ({ config, pool }: Source): NonNullable<SourceHealth['pool']> => ({
  size: config?.maxConnections ?? 0,
  active: pool.totalCount - pool.idleCount,
  idle: pool.idleCount,
  waiting: pool.waitingCount,
})

const captureHealthOf = ({ sources }: Config, capturing: Capturing): CaptureHealth[] =>
  sources.map(({ name }) => {
    const { state, lagBytes } = capturing.watching(name)
    return { source: name, isStreaming: state === 'STREAMING', ...(lagBytes !== undefined && { lagBytes }) }
  })
