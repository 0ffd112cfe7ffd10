import type { Watching } from '../changes/watching.ts'
import type { SourceStatus } from '../database/source.ts'

/** How the sources are, as far as health is concerned. */
export interface HealthReport {
  readonly sources: readonly SourceHealth[]
}

export interface SourceHealth {
  readonly name: string
  readonly status: SourceStatus
  /** Why it does not answer, without secrets: for the operator. */
  readonly reason?: string | undefined
  /** The same for everybody. */
  readonly outline?: string | undefined
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

export interface HealthAsked {
  /** Whether the gateway is being stopped. */
  readonly draining: boolean
  /** Whether who asks may know where the sources are. */
  readonly isOperator: boolean
}

export interface HealthAnswer {
  readonly status: number
  readonly body: object
}

const isUsable = ({ status }: SourceHealth) => status === 'AVAILABLE'
const isConfigured = ({ status }: SourceHealth) => status !== 'NOT_CONFIGURED'

const byName = (sources: readonly SourceHealth[], tell: (source: SourceHealth) => object) =>
  Object.fromEntries(sources.map((source) => [source.name, tell(source)]))

const told = ({ state, reason, lagBytes }: Watching, isOperator: boolean) => ({
  state,
  ...(isOperator && reason !== undefined && { reason }),
  ...(lagBytes !== undefined && { lagBytes }),
})

/** Whether the process lives. */
const live = (): HealthAnswer => ({ status: 200, body: { status: 'live' } })

/** Whether requests should be sent here: a database has to be usable, as at the start; a service alone is not enough. */
function ready({ sources }: HealthReport, { draining, isOperator }: HealthAsked): HealthAnswer {
  const isThere = sources.some((source) => isUsable(source) && source.pool !== undefined)
  const status = draining ? 'draining' : isThere ? 'ready' : 'no usable source'
  return {
    status: status === 'ready' ? 200 : 503,
    body: {
      status,
      sources: byName(sources, (source) => {
        const reason = isOperator ? source.reason : source.outline
        return {
          status: source.status,
          ...(reason !== undefined && { reason }),
          differences: source.differences,
          ...(isConfigured(source) && source.watching && { watching: told(source.watching, isOperator) }),
        }
      }),
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
  asked: HealthAsked,
): HealthAnswer | undefined {
  if (path === '/health/live') return live()
  if (path === '/health/ready') return ready(report(), asked)
  if (path === '/health/db') return db(report())
  return undefined
}
