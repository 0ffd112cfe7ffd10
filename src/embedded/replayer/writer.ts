import type { Client } from 'pg'
import type { SourceKey } from '../../config/source-names.ts'
import type { Plan } from './plan.ts'

/** What a writer has to write with. */
export interface Stage {
  /** A connection to its source's database that nobody else uses. */
  readonly client: Client
  readonly plan: Plan
  /** Seconds played so far: those that have passed, times the speed. */
  clock(): number
}

/** Does what has become due since the last turn. */
export type Turn = () => Promise<void>

/**
 * A program that writes into a source's database and knows nothing of the gateway. What it remembers between its turns
 * it can find again in its rows: it is begun anew whenever it has lost its connection or the process has ended.
 */
export interface Writer {
  readonly name: string
  readonly source: SourceKey
  /** Played seconds between two turns. */
  readonly rhythm: number
  begin(stage: Stage): Turn
}
