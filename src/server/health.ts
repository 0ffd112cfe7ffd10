import type { Watching } from '../changes/watching.ts'
import type { SourceStatus } from '../database/source.ts'

/** How the sources are, as far as health is concerned. */
export interface HealthReport {
  readonly sources: readonly SourceHealth[]
}

export interface SourceHealth {
  readonly name: string
  readonly status: SourceStatus
  /** Why it does not answer, without secrets. */
  readonly reason?: string | undefined
  /** How many things it has otherwise than the graph expects. */
  readonly differences: number
  /** How its changes come here. */
  readonly watching?: Watching
  /** Its connections: `size` at most, `active` in use, `idle` open and free, `waiting` callers without one. A service has none. */
  readonly pool?: {
    readonly size: number
    readonly active: number
    readonly idle: number
    readonly waiting: number
  }
}

export interface HealthAnswer {
  readonly status: number
  readonly body: object
}

const isUsable = ({ status }: SourceHealth) => status === 'AVAILABLE'
const isConfigured = ({ status }: SourceHealth) => status !== 'NOT_CONFIGURED'

const byName = (sources: readonly SourceHealth[], tell: (source: SourceHealth) => object) =>
  Object.fromEntries(sources.map((source) => [source.name, tell(source)]))

const told = ({ state, reason, lagBytes }: Watching) => ({
  state,
  ...(reason !== undefined && { reason }),
  ...(lagBytes !== undefined && { lagBytes }),
})

/** Whether the process lives. */
const live = (): HealthAnswer => ({ status: 200, body: { status: 'live' } })

/** Whether requests should be sent here. */
function ready({ sources }: HealthReport, draining: boolean): HealthAnswer {
  const status = draining ? 'draining' : sources.some(isUsable) ? 'ready' : 'no usable source'
  return {
    status: status === 'ready' ? 200 : 503,
    body: {
      status,
      sources: byName(sources, (source) => ({
        status: source.status,
        ...(source.reason !== undefined && { reason: source.reason }),
        differences: source.differences,
        ...(isConfigured(source) && source.watching && { watching: told(source.watching) }),
      })),
    },
  }
}

/** The pool of each database. */
function db({ sources }: HealthReport): HealthAnswer {
  const configured = sources.filter((source) => isConfigured(source) && source.pool !== undefined)
  const usable = configured.filter(isUsable)
  const status =
    usable.length === 0 ? 'unhealthy' : usable.length === configured.length ? 'healthy' : 'degraded'
  return {
    status: status === 'unhealthy' ? 503 : 200,
    body: {
      status,
      sources: byName(configured, (source) => ({
        status: isUsable(source) ? 'healthy' : 'unhealthy',
        database: {
          connected: isUsable(source),
          pool_size: source.pool?.size ?? 0,
          active_connections: source.pool?.active ?? 0,
          available_connections: Math.max(0, (source.pool?.size ?? 0) - (source.pool?.active ?? 0)),
        },
      })),
    },
  }
}

/** The answer to a path under /health; undefined where there is none. */
export function healthAnswer(
  path: string,
  report: () => HealthReport,
  draining: boolean,
): HealthAnswer | undefined {
  if (path === '/health/live') return live()
  if (path === '/health/ready') return ready(report(), draining)
  if (path === '/health/db') return db(report())
  return undefined
}
