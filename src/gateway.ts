import type { Logger } from 'pino'
import { everyone } from './auth/viewer.ts'
import type { Config } from './config/config.ts'
import { checkConnectionBudget } from './database/connection-budget.ts'
import type { Source } from './database/source.ts'
import { TributaryError } from './errors/tributary-error.ts'
import { createSchema } from './schema.ts'
import type { SourceHealth } from './server/health.ts'
import { createHttpServer } from './server/http.ts'
import { startSources } from './sources/source-set.ts'

/** A running gateway. Disposal closes it at once; `drain` first lets requests under way finish. */
export interface Gateway extends AsyncDisposable {
  /** Where GraphQL is served. */
  readonly url: string
  drain(): Promise<void>
}

/**
 * The composition root: sources, schema and server of one configuration.
 *
 * @throws TributaryError NO_SOURCE when no source can be used, PORT_TAKEN.
 */
export async function startGateway({ config, log }: { config: Config; log: Logger }): Promise<Gateway> {
  await using cleanup = new AsyncDisposableStack()
  for (const warning of config.warnings) log.warn(warning)
  const { sources, createContext } = cleanup.use(await startSources(config.sources, log))
  if (!sources.some((source) => source.status === 'AVAILABLE'))
    throw new TributaryError(
      'NO_SOURCE',
      [
        'No source can be used:',
        ...sources.map((source) => `  ${source.name}: ${source.reason ?? 'no URL is set'}`),
      ].join('\n'),
    )
  for (const { line, isExceeded } of checkConnectionBudget(sources)) log[isExceeded ? 'warn' : 'info'](line)
  const server = cleanup.use(
    createHttpServer({
      config,
      schema: createSchema(),
      context: () => createContext(everyone),
      health: () => ({ sources: sources.map(healthOf) }),
      log,
    }),
  )
  const { url } = await server.listen()
  const owned = cleanup.move()
  return { url, drain: () => server.drain(), [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

const healthOf = ({ name, status, reason, differences, config, pool }: Source): SourceHealth => ({
  name,
  status,
  reason,
  differences: differences.length,
  pool: {
    size: config?.maxConnections ?? 0,
    active: pool.totalCount - pool.idleCount,
    idle: pool.idleCount,
    waiting: pool.waitingCount,
  },
})
