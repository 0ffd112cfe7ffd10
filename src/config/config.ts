import { TributaryError } from '../errors/tributary-error.ts'
import { type AuthConfig, authWarnings, readAuth } from './auth-config.ts'
import { readCapture } from './capture-config.ts'
import { type ChangesConfig, changesConfig, changesVariables } from './changes-config.ts'
import { sslModeOf } from './database-url.ts'
import {
  authVariables,
  limitVariables,
  overrideVariables,
  type PoolVariable,
  poolVariables,
  processVariables,
  sourceVariables,
  variables,
} from './env.ts'
import type { GpuDevConfig } from './gpu-dev-config.ts'
import type { JobCommands } from './job-commands.ts'
import { type LabelerConfig, labelerVariables, readLabeler } from './labeler-config.ts'
import { type Environment, EnvironmentReader } from './reader.ts'
import { type ReplayConfig, replayConfig, replayVariables } from './replay-config.ts'
import { Secret } from './secret.ts'
import { warnOfSimilar } from './similar.ts'
import type { SourceConfig } from './source-config.ts'
import { type SourceName, sourceNames } from './source-names.ts'
import type { ValueOf } from './variable.ts'

export { environmentHelp } from './environment-help.ts'
export type { Environment } from './reader.ts'

/** How requests come in. Times are in milliseconds. */
export interface HttpConfig {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  /** Origins whose pages may read answers. */
  readonly corsOrigins: readonly string[]
  /** Proxies in front whose X-Forwarded-For entries are believed. */
  readonly trustedProxies: number
  readonly maxBodyBytes: number
  /** How long a client may take to send a request. */
  readonly receiveTimeoutMs: number
  /** How long a query or mutation may wait and execute, and a subscription wait and start. */
  readonly requestTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  /** How long requests under way may take to finish at a stop. */
  readonly shutdownGraceMs: number
  /** What readers of the metrics bring; without one they must be on this machine. */
  readonly metricsToken: Secret | undefined
}

/** How much a WebSocket may take; a stream of events is held to the first and the last. */
export interface WebSocketConfig {
  readonly maxSocketsPerAddress: number
  readonly maxOperationsPerSocket: number
  /** Bytes that may wait for the client to read them. */
  readonly maxUnreadBytes: number
}

/** How many operations there may be. */
export interface AdmissionConfig {
  /** Executed at once. */
  readonly maxConcurrent: number
  /** Waiting for that; further ones are turned away. */
  readonly maxQueued: number
}

/** What one document may ask. */
export interface LimitsConfig {
  readonly maxTokens: number
  readonly maxDepth: number
  readonly maxAliases: number
  readonly maxDirectives: number
  readonly maxFields: number
  readonly maxCost: number
}

/** What a developer gets and the public does not. */
export interface GraphqlConfig {
  readonly graphiql: boolean
  /** Whether introspection is for everybody; else it is for who has signed in. */
  readonly introspection: boolean
  /** Whether errors may name what was perhaps meant. */
  readonly suggestions: boolean
}

export interface LogConfig {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
  readonly format: 'pretty' | 'json'
}

/** The environment, checked. Frozen through and through. */
export interface Config {
  readonly production: boolean
  /** Folder of the embedded Postgres. */
  readonly home: string
  readonly http: HttpConfig
  readonly websocket: WebSocketConfig
  readonly admission: AdmissionConfig
  readonly limits: LimitsConfig
  readonly graphql: GraphqlConfig
  readonly log: LogConfig
  readonly auth: AuthConfig
  readonly jobCommands: JobCommands
  readonly gpuDev: GpuDevConfig
  readonly replay: ReplayConfig
  readonly changes: ChangesConfig
  /** Undefined where the Labeler is not reached. */
  readonly labeler: LabelerConfig | undefined
  /** The sources whose URL is set, in the order of the table of sources. */
  readonly sources: readonly SourceConfig[]
  /** Where the gateway keeps its own state; undefined where neither its own nor the platform's URL is set. */
  readonly gatewayDatabase: SourceConfig | undefined
  /** Lines worth telling at the start: variables that look misspelt. */
  readonly warnings: readonly string[]
}

/**
 * Reads the configuration from the environment.
 *
 * @throws TributaryError CONFIG_INVALID, with a line for every mistake and no secret in any.
 */
export function readConfig(environment: Environment): Config {
  const reader = new EnvironmentReader(environment)
  const process = reader.readAll(processVariables)
  const limits = reader.readAll(limitVariables)
  const production = process.NODE_ENV === 'production'
  const { HOST: host, PORT: port } = process
  const signingIn = reader.readAll(authVariables)
  const auth = readAuth(reader, signingIn, { production, host, port })
  const replay = reader.readAll(replayVariables)
  const changes = reader.readAll(changesVariables)
  const labeler = readLabeler(reader, reader.readAll(labelerVariables), auth.serviceJwtSecret)
  const { sources, gatewayDatabase } = readDatabases(reader, signingIn.GATEWAY_DATABASE_URL)
  if (reader.problems.length > 0)
    throw new TributaryError(
      'CONFIG_INVALID',
      ['The environment cannot be used:', ...reader.problems.map((line) => `  ${line}.`)].join('\n'),
    )
  return frozen({
    production,
    home: process.TRIBUTARY_HOME,
    http: {
      host,
      port,
      corsOrigins: process.CORS_ORIGINS,
      trustedProxies: process.TRUST_PROXY,
      maxBodyBytes: limits.MAX_BODY_BYTES,
      receiveTimeoutMs: limits.RECEIVE_TIMEOUT,
      requestTimeoutMs: limits.REQUEST_TIMEOUT,
      keepAliveTimeoutMs: limits.KEEP_ALIVE_TIMEOUT,
      shutdownGraceMs: limits.SHUTDOWN_GRACE,
      metricsToken: process.METRICS_TOKEN,
    },
    websocket: {
      maxSocketsPerAddress: limits.MAX_SOCKETS_PER_ADDRESS,
      maxOperationsPerSocket: limits.MAX_OPERATIONS_PER_SOCKET,
      maxUnreadBytes: limits.MAX_UNREAD_BYTES,
    },
    admission: {
      maxConcurrent: limits.MAX_CONCURRENT_OPERATIONS,
      maxQueued: limits.MAX_QUEUED_OPERATIONS,
    },
    limits: {
      maxTokens: limits.MAX_TOKENS,
      maxDepth: limits.MAX_DEPTH,
      maxAliases: limits.MAX_ALIASES,
      maxDirectives: limits.MAX_DIRECTIVES,
      maxFields: limits.MAX_FIELDS,
      maxCost: limits.MAX_COST,
    },
    graphql: { graphiql: !production, introspection: !production, suggestions: !production },
    log: { level: process.LOG_LEVEL, format: process.LOG_FORMAT ?? (production ? 'json' : 'pretty') },
    auth,
    jobCommands: process.JOB_COMMANDS,
    gpuDev: {
      reservationQueue: process.GPUDEV_RESERVATION_QUEUE,
      diskQueue: process.GPUDEV_DISK_QUEUE,
      apiKeyHours: process.GPUDEV_API_KEY_TTL_HOURS,
    },
    replay: replayConfig(replay),
    changes: changesConfig(changes, process.TRIBUTARY_HOME),
    labeler,
    sources,
    gatewayDatabase,
    warnings: [...warnOfSimilar(environment, Object.keys(variables)), ...authWarnings(auth)],
  })
}

interface Databases {
  readonly sources: SourceConfig[]
  readonly gatewayDatabase: SourceConfig | undefined
}

/**
 * The sources that have a URL, and the gateway's own database. Every variable is read, so that a mistake is told
 * whether or not it matters yet.
 */
function readDatabases(reader: EnvironmentReader, gatewayUrl: Secret | undefined): Databases {
  const pool = reader.readAll(poolVariables)
  const single = reader.readAll(sourceVariables)
  const overrides = reader.readAll(overrideVariables)
  const database = (name: string, url: Secret, prefix?: string): SourceConfig => {
    const setting = <V extends PoolVariable>(key: V) =>
      (overrides[`${prefix}_${key}`] ?? pool[key]) as ValueOf<(typeof poolVariables)[V]>
    return {
      name,
      url,
      maxConnections: setting('DB_MAX_CONNECTIONS'),
      staleTimeoutMs: setting('DB_STALE_TIMEOUT'),
      connectionTimeoutMs: setting('DB_CONNECTION_TIMEOUT'),
      statementTimeoutMs: setting('DB_STATEMENT_TIMEOUT'),
      idleInTransactionTimeoutMs: setting('DB_IDLE_IN_TRANSACTION_TIMEOUT'),
      sslMode: sslModeOf(url) ?? setting('DB_SSL_MODE'),
    }
  }
  const slots: string[] = []
  const sources = sourceNames.flatMap((source: SourceName) => {
    const { name, variable, prefix, timeZoneVariable } = source
    const url = single[variable]
    if (!(url instanceof Secret)) return []
    const timeZone = timeZoneVariable && single[timeZoneVariable]
    const capture = readCapture(reader, { source, sourceUrl: url, others: slots })
    slots.push(capture.slot)
    return {
      ...database(name, url, prefix),
      capture,
      ...(typeof timeZone === 'string' ? { timeZone } : {}),
    }
  })
  const platform = sources.find(({ name }) => name === 'platform')
  const gatewayDatabase = gatewayUrl
    ? database('gateway', gatewayUrl)
    : platform && { ...platform, name: 'gateway' }
  return { sources, gatewayDatabase }
}

function frozen<T extends object>(value: T): T {
  for (const member of Object.values(value)) if (typeof member === 'object' && member !== null) frozen(member)
  return Object.freeze(value)
}
