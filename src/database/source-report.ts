import type { Difference } from './difference.ts'
import type { SourceStatus } from './source-state.ts'

/** How something behind the graph is, a database or a service, as far as people are told. */
export interface SourceReport {
  /** Its name in the graph, in configuration and in errors. */
  readonly name: string
  readonly status: SourceStatus
  /** Why it does not answer, in one line without secrets. */
  readonly reason: string | undefined
  /** The same for everybody: without hosts, roles, databases and what a server says itself. */
  readonly outline: string | undefined
  /** Since when it has its status. */
  readonly since: Date
  /** What it has otherwise than expected. */
  readonly differences: readonly Difference[]
}
