import type { Difference } from './difference.ts'
import type { ExpectedDatabase } from './expected.ts'

export type SourceStatus = 'NOT_CONFIGURED' | 'CONNECTING' | 'AVAILABLE' | 'UNAVAILABLE'

/** As much of pino as a source needs. */
export interface SourceLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export interface SourceStateOptions {
  readonly status: SourceStatus
  readonly expected: ExpectedDatabase
  readonly log: SourceLog
  readonly now: () => Date
}

/** What is known of a source. Changes are logged and told to listeners; what is no news is not. */
export class SourceState {
  readonly #options: SourceStateOptions
  readonly #keys: ReadonlyMap<string, readonly string[]>
  readonly #listeners = new Set<() => void>()
  #status: SourceStatus
  #reason: string | undefined
  #since: Date
  #differences: readonly Difference[] = []

  constructor(options: SourceStateOptions) {
    this.#options = options
    this.#keys = new Map(options.expected.tables.map(({ name, key }) => [name, key]))
    this.#status = options.status
    this.#since = options.now()
  }

  get status(): SourceStatus {
    return this.#status
  }

  get reason(): string | undefined {
    return this.#reason
  }

  get since(): Date {
    return this.#since
  }

  get differences(): readonly Difference[] {
    return this.#differences
  }

  /** What keeps the table, or the column of it, from being read: a row without its key is none. */
  obstacle(table: string, column?: string): Difference | undefined {
    const keys = this.#keys.get(table) ?? []
    return this.#differences.find(
      (difference) =>
        difference.severity !== 'notice' &&
        (difference.table === undefined || difference.table === table) &&
        (difference.column === undefined || difference.column === column || keys.includes(difference.column)),
    )
  }

  become(status: SourceStatus, reason?: string, differences = this.#differences): void {
    const known = new Set(this.#differences.map(({ line }) => line))
    const news = differences.filter(({ line }) => !known.has(line))
    const isOther = status !== this.#status || reason !== this.#reason
    if (!isOther && news.length === 0 && differences.length === known.size) return
    if (status !== this.#status) this.#since = this.#options.now()
    this.#status = status
    this.#reason = reason
    this.#differences = differences
    if (isOther) this.#logStatus()
    // The line of a database that cannot be used at all is its reason.
    for (const { line, severity } of news) if (line !== reason) this.#logDifference(line, severity)
    for (const listener of this.#listeners) listener()
  }

  /** Calls the listener after every change, until the answer is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #logStatus(): void {
    const { expected, log } = this.#options
    const { source } = expected
    if (this.#status === 'AVAILABLE') log.info({ source }, `${source} is available`)
    else log.warn({ source, reason: this.#reason }, `${source} is unavailable: ${this.#reason}`)
  }

  #logDifference(line: string, severity: Difference['severity']): void {
    const { expected, log } = this.#options
    log[severity === 'disabled' ? 'warn' : 'info']({ source: expected.source }, line)
  }
}
