import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { Client, type ClientConfig } from 'pg'
import { type SourceConfig, type SslMode, sslModes } from '../config/source-config.ts'
import { TributaryError } from '../errors/tributary-error.ts'

/** Where a source is, for people; no secret. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly role: string
}

/** How a connection is encrypted: not at all, or by TLS with these options. */
export type Encryption = false | ConnectionOptions

/** What every connection of a source has in common, and the ways of encrypting it, in the order to try them. */
export interface ConnectionPlan {
  readonly address: Address
  readonly client: ClientConfig
  readonly encryptions: readonly [Encryption, ...Encryption[]]
}

/** Read by every session, whatever the server, the database or the role prescribe: the graph parses this form alone. */
const sessionSettings = {
  client_encoding: 'UTF8',
  DateStyle: 'ISO',
  TimeZone: 'UTC',
  extra_float_digits: '1',
  search_path: 'public',
}

/** A lock is given up sooner than a statement, in milliseconds. */
const lockTimeoutMs = 5_000

/** Beyond the statement's time-out, which the server keeps: past it the connection is taken for dead. */
const queryGraceMs = 2_000

/** How long a silent connection is left unprobed by TCP, in milliseconds. */
const keepAliveDelayMs = 10_000

/**
 * How a source is connected to. `sslmode`, `sslrootcert`, `sslcert` and `sslkey` in the URL are libpq's, and win over
 * the configured mode; settings in its `options` give way to those that the graph relies on.
 *
 * @throws TributaryError CONFIG_INVALID when a certificate cannot be read.
 */
export function planConnection(config: SourceConfig): ConnectionPlan {
  const url = new URL(config.url.reveal())
  const take = (name: string): string | undefined => {
    const value = url.searchParams.get(name) ?? undefined
    url.searchParams.delete(name)
    return value
  }
  const asked = take('sslmode')
  const mode = sslModes.find((name) => name === asked) ?? config.sslMode
  const files = { ca: take('sslrootcert'), cert: take('sslcert'), key: take('sslkey') }
  const options = [take('options'), ...Object.entries(sessionSettings).map((pair) => `-c ${pair.join('=')}`)]
  const client: ClientConfig = {
    connectionString: url.href,
    application_name: 'tributary',
    connectionTimeoutMillis: config.connectionTimeoutMs,
    statement_timeout: config.statementTimeoutMs,
    query_timeout: config.statementTimeoutMs + queryGraceMs,
    lock_timeout: Math.min(lockTimeoutMs, config.statementTimeoutMs),
    idle_in_transaction_session_timeout: config.idleInTransactionTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelayMs,
    options: options.filter((option) => option !== undefined).join(' '),
  }
  const encryptions = encryptionsOf(mode, readFiles(files, config.name))
  return { client, encryptions, address: addressOf(client) }
}

function addressOf(config: ClientConfig): Address {
  const { host, port, database = '', user = '' } = new Client(config)
  return { host, port, database, role: user }
}

/** libpq's modes. As there, `require` checks the certificate as `verify-ca` does where a root is given. */
function encryptionsOf(mode: SslMode, files: ConnectionOptions): ConnectionPlan['encryptions'] {
  const unverified = { ...files, rejectUnauthorized: false }
  const anyHost = { ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined }
  switch (mode) {
    case 'disable':
      return [false]
    case 'allow':
      return [false, unverified]
    case 'prefer':
      return [unverified, false]
    case 'require':
      return [files.ca === undefined ? unverified : anyHost]
    case 'verify-ca':
      return [anyHost]
    case 'verify-full':
      return [{ ...files, rejectUnauthorized: true }]
  }
}

function readFiles(
  paths: Readonly<Record<string, string | undefined>>,
  source: string,
): Pick<ConnectionOptions, 'ca' | 'cert' | 'key'> {
  const given = Object.entries(paths).filter((entry): entry is [string, string] => entry[1] !== undefined)
  try {
    return Object.fromEntries(given.map(([name, path]) => [name, readFileSync(path, 'utf8')]))
  } catch (error) {
    const { message } = error as Error
    throw new TributaryError(
      'CONFIG_INVALID',
      `${source}: a certificate in its URL cannot be read: ${message}`,
    )
  }
}
