import { Client, type ClientConfig } from 'pg'
import type { ConnectionPlan, Encryption } from './connection-options.ts'
import { mayDependOnEncryption } from './failure.ts'

export interface OpenOptions {
  /** For all ways of encrypting together. */
  readonly timeoutMs: number
  /** Gives up. */
  readonly signal: AbortSignal
  /** Over the plan's own settings. */
  readonly config: ClientConfig
}

/** A connection outside every pool, and how the server was willing to talk. */
export interface OpenedClient {
  readonly client: Client
  readonly encryption: Encryption
}

/** Connects, trying the plan's ways of encrypting in their order. */
export async function openClient(plan: ConnectionPlan, options: OpenOptions): Promise<OpenedClient> {
  const until = performance.now() + options.timeoutMs
  let failure: unknown
  for (const encryption of plan.encryptions)
    try {
      const connectionTimeoutMillis = Math.max(1, until - performance.now())
      const config = { ...plan.client, ...options.config, ssl: encryption, connectionTimeoutMillis }
      return { client: await open(config, options.signal), encryption }
    } catch (error) {
      failure = error
      if (!(error instanceof Error) || !mayDependOnEncryption(error)) break
    }
  throw failure
}

async function open(config: ClientConfig, signal: AbortSignal): Promise<Client> {
  const client = new Client(config)
  const giveUp = () => client.connection.stream.destroy()
  // Who uses the connection learns of its end by what it does; without a listener the process would die of it.
  client.on('error', () => {})
  signal.addEventListener('abort', giveUp)
  try {
    await client.connect()
    return client
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
