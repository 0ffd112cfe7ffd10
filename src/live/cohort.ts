import type { ColumnValues } from '../changes/change.ts'
import { sees } from '../changes/pg-snapshot.ts'
import type { Audience } from './audience.ts'
import type { Executor } from './executor.ts'
import { type Outcome, tellingOf } from './outcome.ts'
import { type CursorCodec, type Position, positionAfter } from './position.ts'
import { isAfter, type LiveResult } from './result.ts'
import type { Subscription } from './subscription.ts'
import type { Watch } from './watch.ts'

/** How things were when a past began, or are now. */
interface Base {
  readonly rows: ReadonlyMap<Watch, readonly ColumnValues[]>
  readonly cursor: string
  /** Executed when first asked for, by what it is called. */
  readonly results: Map<string, LiveResult | Promise<LiveResult>>
}

/** The results of an outcome, or of several gathered into one. */
interface Told {
  /** The last of them. */
  readonly outcome: Outcome
  readonly asIs?: LiveResult
  readonly removed?: LiveResult
}

export interface CohortOptions {
  readonly executor: Executor
  readonly cursors: CursorCodec
  /** Whether outcomes that come together are one result. */
  readonly gathers: boolean
  readonly audiences: () => Iterable<Audience>
}

/** Results and bytes at most that are kept for those who come later. */
const maximumSince = 64
const maximumBytes = 128 * 1024

/**
 * Those in a group who have the same past: a snapshot, and the changes after it. While the log is not past the
 * snapshot's horizon, it still tells of some that the snapshot has; those are left out.
 */
export class Cohort {
  readonly streams = new Set<Subscription>()
  /** What comes while the snapshot is read. */
  readonly held: Outcome[] = []
  isReading = true
  /** By source. */
  readonly positions = new Map<string, Position>()
  readonly #options: CohortOptions
  #base: Base | undefined
  #since: Told[] = []
  #bytes = 0

  constructor(options: CohortOptions) {
    this.#options = options
  }

  /** Whether it takes in those who have no past yet. */
  get isOpen(): boolean {
    return this.isReading || this.#base !== undefined
  }

  /** Whether the log has come past all that the snapshots see. */
  get isPlain(): boolean {
    return [...this.positions.values()].every(({ overlap }) => overlap === undefined)
  }

  /** From now on, things are so, and whoever comes is told that and what follows. */
  begin(rows: ReadonlyMap<Watch, readonly ColumnValues[]>): void {
    this.#base = { rows, cursor: this.cursor, results: new Map() }
    this.#since = []
    this.#bytes = 0
  }

  /** Where those stand who were told everything. */
  get cursor(): string {
    return this.#options.cursors.encode([...this.positions.values()])
  }

  /** Who sees the rows has changed: what was executed for others does not hold. */
  forgetResults(): void {
    this.#base?.results.clear()
  }

  /** Tells some of those in it how things were when it began, and what was told since; false where that is forgotten. */
  async open(streams: readonly Subscription[], kind: 'SNAPSHOT' | 'RESYNC'): Promise<boolean> {
    const base = this.#base
    if (!base) return false
    const since = [...this.#since]
    const openings = new Map<boolean, LiveResult>()
    for (const sees of new Set(streams.map(({ audience }) => audience.sees)))
      openings.set(sees, await this.#opening(base, kind, sees))
    for (const stream of streams)
      if (this.streams.has(stream)) {
        const opening = openings.get(stream.audience.sees) as LiveResult
        stream.offer([opening, ...since.flatMap((told) => resultFor(told, stream.audience))])
      }
    // Of one who is alone nothing is kept that can be made again.
    if (this.streams.size === 1) base.results.clear()
    return true
  }

  /** Tells everybody what the snapshot does not have. */
  tell(outcomes: readonly Outcome[]): Promise<void> | undefined {
    const news = outcomes.filter((outcome) => !this.#has(outcome))
    if (news.length === 0) return undefined
    const told = this.#options.gathers ? [this.#execute(news)] : news.map((one) => this.#execute([one]))
    if (told.some((one) => one instanceof Promise)) return Promise.all(told).then((all) => this.#hand(all))
    this.#hand(told as Told[])
    return undefined
  }

  /**
   * Takes in those of another. What only one of them was told yet is told to both: one who goes on from further ahead
   * knows it, and passes it over.
   */
  absorb({ streams, positions }: Cohort): void {
    for (const stream of streams) this.streams.add(stream)
    for (const [source, position] of positions) {
      const own = this.positions.get(source)
      if (own && position.lsn < own.lsn) this.positions.set(source, position)
    }
  }

  /** Where everything is told anew in the midst of a transaction, the snapshot has the rest of it as well. */
  #has({ place, xid, epoch }: Outcome): boolean {
    const position = this.positions.get(place.source)
    if (position?.epoch === epoch && !isAfter(place, { index: Number.MAX_SAFE_INTEGER, ...position }))
      return true
    const overlap = position?.overlap
    return overlap !== undefined && place.lsn <= overlap.horizon && sees(overlap.snapshot, xid)
  }

  #opening(base: Base, kind: 'SNAPSHOT' | 'RESYNC', sees: boolean): LiveResult | Promise<LiveResult> {
    const key = `${kind} ${sees}`
    const known = base.results.get(key)
    if (known) return known
    const { executor } = this.#options
    const made = sees ? executor.opening(kind, base.cursor, base.rows) : executor.unseen(kind, base)
    base.results.set(key, made)
    return made
  }

  #execute(outcomes: readonly Outcome[]): Told | Promise<Told> {
    const outcome = outcomes.at(-1) as Outcome
    for (const one of outcomes) this.positions.set(one.place.source, positionAfter(this.positions, one))
    const { executor, audiences } = this.#options
    const tellings = new Set([...audiences()].map((audience) => tellingOf(outcome, audience)))
    const { cursor } = this
    const asIs = tellings.has('as it is') ? executor.changes(outcomes, cursor) : undefined
    const removed = tellings.has('removed')
      ? executor.changes(
          outcomes.map((one) => ({ ...one, kind: 'REMOVED' })),
          cursor,
        )
      : undefined
    const told = (first?: LiveResult, second?: LiveResult): Told => ({
      outcome,
      ...(first && { asIs: first }),
      ...(second && { removed: second }),
    })
    if (asIs instanceof Promise || removed instanceof Promise)
      return Promise.all([asIs, removed]).then(([first, second]) => told(first, second))
    return told(asIs, removed)
  }

  #hand(told: readonly Told[]): void {
    const lists = new Map<Audience, LiveResult[]>()
    for (const stream of this.streams) {
      let list = lists.get(stream.audience)
      if (!list) {
        list = told.flatMap((one) => resultFor(one, stream.audience))
        lists.set(stream.audience, list)
      }
      if (list.length > 0) stream.offer(list)
    }
    for (const one of told) this.#keep(one)
  }

  /** Keeps what was told for those who come later, as long as it is little. */
  #keep(told: Told): void {
    if (!this.#base) return
    this.#since.push(told)
    this.#bytes += (told.asIs?.json.length ?? 0) + (told.removed?.json.length ?? 0)
    const isLittle = this.#since.length <= maximumSince && this.#bytes <= maximumBytes
    // What nobody saw was not executed, and whoever comes later may see it.
    if (isLittle && told.asIs) return
    this.#base = undefined
    this.#since = []
  }
}

function resultFor(told: Told, audience: Audience): LiveResult[] {
  const telling = tellingOf(told.outcome, audience)
  const result = telling === 'as it is' ? told.asIs : telling === 'removed' ? told.removed : undefined
  return result ? [result] : []
}
