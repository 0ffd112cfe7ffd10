import type { Ask, CaptureNames } from '../changes/postgres/capture-state.ts'
import { capturedTables } from '../changes/postgres/captured-table.ts'
import type { SetUpOutcome } from '../changes/postgres/set-up.ts'
import type { Config } from '../config/config.ts'
import type { Secret } from '../config/secret.ts'
import type { SourceConfig } from '../config/source-config.ts'
import { connectAsOperator, type OperatorClient } from '../database/operator-client.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import { expectedDatabase } from '../sources/expected.ts'
import '../sources/table.ts'

/** A database to capture: what it is called there, and whose connection reads it. */
export interface CapturedDatabase {
  readonly config: SourceConfig
  readonly names: CaptureNames
  readonly url: Secret
}

/** Those of the configuration, or those of them that are asked for. */
export function capturedDatabases({ sources }: Config, only: string | undefined): CapturedDatabase[] {
  const asked = only?.split(',')
  const unknown = asked?.find((name) => !sources.some((source) => source.name === name))
  if (unknown !== undefined)
    throw new TributaryError('CONFIG_INVALID', `no database is configured for ${unknown}.`)
  if (sources.length === 0)
    throw new TributaryError('CONFIG_INVALID', 'no database is configured; set DATABASE_URL or another.')
  return sources.flatMap((config) => {
    const { name, capture } = config
    if (!capture || (asked && !asked.includes(name))) return []
    return { config, url: capture.url, names: { ...capture, tables: capturedTables(expectedDatabase(name)) } }
  })
}

/** Connected by the URL of the capture, or another. @throws TributaryError SOURCE_UNAVAILABLE */
export const openDatabase = (
  { config, url }: CapturedDatabase,
  other: Secret = url,
): Promise<OperatorClient> => connectAsOperator({ ...config, url: other })

export const askOver =
  (client: OperatorClient): Ask =>
  <Row extends object>(statement: string) =>
    client.query<Row>(statement)

/**
 * Does the work for each, whatever becomes of the others, and prints what it came to.
 *
 * @returns the exit status.
 */
export async function forEachDatabase(
  databases: readonly CapturedDatabase[],
  print: (line: string) => void,
  work: (database: CapturedDatabase) => Promise<SetUpOutcome>,
): Promise<number> {
  let isWell = true
  for (const database of databases)
    try {
      const { isReady, lines, statements } = await work(database)
      for (const line of lines) print(`${database.config.name}: ${line}`)
      for (const statement of statements) print(`  ${statement};`)
      isWell &&= isReady
    } catch (error) {
      print(
        `${error instanceof TributaryError ? error.message : `${database.config.name}: ${reason(error)}`}`,
      )
      isWell = false
    }
  return isWell ? 0 : 1
}

const reason = (error: unknown) => (error instanceof Error ? error.message : String(error))
