import type { CaptureConfig } from './capture-config.ts'
import type { Secret } from './secret.ts'

/** How a connection is encrypted; the words and their meaning are libpq's. */
export const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const

export type SslMode = (typeof sslModes)[number]

/** How a source is reached. Times are in milliseconds. */
export interface SourceConfig {
  /** Its name in the table of sources. */
  readonly name: string
  /** `postgresql://…`, password and all. */
  readonly url: Secret
  /** Connections in the pool. Default 5. */
  readonly maxConnections: number
  /** How long a connection may idle in the pool before it is closed. Default 300,000. */
  readonly staleTimeoutMs: number
  /** How long opening a connection may take. Default 30,000. */
  readonly connectionTimeoutMs: number
  /** How long a statement may run. Default 15,000. */
  readonly statementTimeoutMs: number
  /** How long a transaction may idle. Default 15,000. */
  readonly idleInTransactionTimeoutMs: number
  /** Default `prefer`. */
  readonly sslMode: SslMode
  /** How it is captured; absent where nothing of it can be. */
  readonly capture?: CaptureConfig
  /** IANA zone that the source's writers keep times without zone in; UTC where it is absent. */
  readonly timeZone?: string
}
