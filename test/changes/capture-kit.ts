import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { onTestFinished } from 'vitest'
import { Capture, type CaptureOptions } from '../../src/changes/capture.ts'
import type { Ask } from '../../src/changes/postgres/capture-state.ts'
import { type CapturedTable, capturedTables } from '../../src/changes/postgres/captured-table.ts'
import { setUpCapture } from '../../src/changes/postgres/set-up.ts'
import { readConfig } from '../../src/config/config.ts'
import type { SourceConfig } from '../../src/config/source-config.ts'
import { expectedDatabase } from '../../src/sources/expected.ts'
import '../../src/sources/table.ts'
import { type MemoryLog, memoryLog } from '../support/memory-log.ts'

/** Everything sooner than it would be, for tests that wait for it. */
export const quick: NonNullable<CaptureOptions['timing']> = {
  statusMs: 50,
  advanceMs: 50,
  watchMs: 100,
  standByMs: 30,
  backoffMs: 20,
  backoffMaxMs: 100,
  impossibleMs: 50,
}

/** What the graph reads of a source. */
export const tablesOf = (source: string): CapturedTable[] => capturedTables(expectedDatabase(source))

/** The settings of a source whose database has the URL. */
export function configFor(url: string, env: Readonly<Record<string, string>> = {}): SourceConfig {
  const [config] = readConfig({ DATABASE_URL: url, ...env }).sources
  if (!config) throw new Error('No source is configured.')
  return config
}

/** A client that ends with the test. */
export async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(async () => {
    await client.end()
  })
  return client
}

export interface Captured extends AsyncDisposable {
  readonly capture: Capture
  readonly log: MemoryLog
  readonly lines: readonly string[]
  /** Waits until the capture's status is as wanted. */
  until(holds: (status: Capture['status']) => boolean): Promise<Capture['status']>
}

export interface CapturedOptions extends Partial<CaptureOptions> {
  readonly url: string
  readonly tables: readonly CapturedTable[]
  readonly log?: never
  readonly into?: MemoryLog
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a capture of a database, into a log of its own or one that others have too. */
export function captured({ url, env, into = memoryLog(), ...options }: CapturedOptions): Captured {
  const lines: string[] = []
  const keep = (_fields: object, line: string) => void lines.push(line)
  const capture = new Capture({
    config: configFor(url, env),
    changes: into,
    timing: quick,
    ...options,
    log: { info: keep, warn: keep },
  })
  capture.start()
  return {
    capture,
    log: into,
    lines,
    async until(holds) {
      while (!holds(capture.status))
        await new Promise<void>((resolve) => {
          const stop = capture.onChange(() => {
            stop()
            resolve()
          })
        })
      return capture.status
    },
    [Symbol.asyncDispose]: () => capture[Symbol.asyncDispose](),
  }
}

export const askOver =
  (client: Client): Ask =>
  async <Row extends object>(statement: string) =>
    (await client.query<Row>(statement)).rows

/** Makes the publication and the slot as `tributary capture setup` does. */
export async function publishTables(client: Client, url: string, tables: readonly CapturedTable[]) {
  const { capture } = configFor(url)
  if (!capture) throw new Error('No capture is configured.')
  const names = { ...capture, tables }
  const { isReady, lines } = await setUpCapture(askOver(client), names)
  if (!isReady) throw new Error(lines.join('\n'))
  return names
}

/** A name that no other test has. */
export const unique = (word: string) => `${word}_${randomBytes(4).toString('hex')}`
