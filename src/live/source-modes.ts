/**
 * Whether a source's changes come by the log, or have to be asked for.
 *
 * Between the two lies a new snapshot for everybody, so the log is not given up at once: a capture that is started again,
 * or a database that is, goes on where it was, and whoever waits misses nothing.
 */
import type { Watching } from '../changes/watching.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import type { Entity } from '../graph/entity.ts'
import type { LiveSource } from './live-source.ts'
import type { LoggedSource } from './logged-source.ts'
import type { PolledSource } from './polled-source.ts'

/** How long the log is waited for before rows are asked for, in milliseconds. */
export const defaultGraceMs = 30_000

export interface SourceModesOptions {
  /** How changes come here. */
  readonly watching: () => Watching
  /** Absent where there is no log. */
  readonly logged: LoggedSource | undefined
  readonly polled: PolledSource
  readonly graceMs: number
  readonly now?: () => number
}

/** One source, either way. */
export class SourceModes implements Disposable {
  readonly #options: SourceModesOptions
  readonly #now: () => number
  #streamedAt: number

  constructor(options: SourceModesOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#streamedAt = options.logged?.position ? this.#now() : Number.NEGATIVE_INFINITY
  }

  /** Where the changes of an entity's rows come from now. */
  sourceOf({ table }: Entity): LiveSource {
    const { logged, polled } = this.#options
    return logged && this.isLogged(table) ? logged : polled
  }

  /** Whether the log tells of a table, or is waited for. */
  isLogged(table: string): boolean {
    const { logged, graceMs, watching } = this.#options
    const { state, unwatched } = watching()
    if (!logged?.position) return false
    if (state === 'STREAMING') this.#streamedAt = this.#now()
    return this.#now() - this.#streamedAt < graceMs && !(table in unwatched)
  }

  /** WATCHED_ELSEWHERE where another process gets the changes, and this one would miss them. */
  get elsewhere(): TributaryError | undefined {
    const { state, reason } = this.#options.watching()
    if (state !== 'ELSEWHERE') return undefined
    return new TributaryError('WATCHED_ELSEWHERE', `Subscriptions are not served here: ${reason}.`, {
      extensions: { source: this.#options.logged?.name },
    })
  }

  [Symbol.dispose](): void {
    this.#options.logged?.[Symbol.dispose]()
    this.#options.polled[Symbol.dispose]()
  }
}
