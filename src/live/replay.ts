/**
 * Goes on where a stream broke off: reads the log from there, tells what the group would have told, and hands the stream
 * over to its group as soon as the log has nothing that the group was not told.
 *
 * The end is found without stopping anybody: whatever the feed has been told by the time the reading is through is read
 * next, until nothing came meanwhile; from that moment, in the same turn of the event loop, the group tells the rest.
 */
import { PositionLost } from '../changes/log/change-log.ts'
import { sees } from '../changes/pg-snapshot.ts'
import type { Decider } from './decider.ts'
import type { Executor } from './executor.ts'
import type { Entry, LiveSource, Watcher } from './live-source.ts'
import { type Outcome, tellingOf } from './outcome.ts'
import { type CursorCodec, type Position, positionAfter } from './position.ts'
import type { LiveResult } from './result.ts'
import type { Subscription } from './subscription.ts'

export interface ReplayOptions {
  readonly stream: Subscription
  readonly after: readonly Position[]
  readonly watcher: Watcher
  readonly sources: readonly LiveSource[]
  readonly decider: Decider
  readonly executor: Executor
  readonly cursors: CursorCodec
  /** Whether a row that is gone was told of since a place; undefined where that is not known any more. */
  readonly wasTold: (outcome: Outcome, since: bigint) => boolean | undefined
  /** Looks who sees the row that decides. */
  readonly look: () => Promise<void>
}

export class Replay {
  readonly stream: Subscription
  readonly #options: ReplayOptions
  readonly #positions: Map<string, Position>
  readonly #stopping = new AbortController()

  constructor(options: ReplayOptions) {
    this.#options = options
    this.stream = options.stream
    this.#positions = new Map(options.after.map((position) => [position.source, position]))
  }

  stop(): void {
    this.#stopping.abort(new Error('Nobody waits for it.'))
  }

  /**
   * Tells everything up to now.
   *
   * @returns where the stream stands.
   * @throws PositionLost where something cannot be told one by one any more.
   */
  async run(): Promise<ReadonlyMap<string, Position>> {
    const { sources, look } = this.#options
    if (sources.length !== this.#positions.size) throw new PositionLost('The cursor is of other sources.')
    await look()
    for (;;) {
      let isThrough = true
      for (const source of sources) {
        const target = source.position
        const position = this.#positions.get(source.name)
        if (!target || !position || target.epoch !== position.epoch)
          throw new PositionLost(`The history of ${source.name} is another.`)
        if (position.index === undefined && position.lsn >= target.lsn) continue
        isThrough = false
        if (position.lsn > target.lsn) {
          await this.#awaitPlace(source, position)
          continue
        }
        await this.#read(source, position, target.lsn)
        this.#reach(source.name, target.lsn)
      }
      if (isThrough || this.#stopping.signal.aborted) return this.#positions
    }
  }

  /** Another replica was quicker: within a transaction nothing goes on before this one has heard of it. */
  async #awaitPlace(source: LiveSource, { epoch, lsn }: Position): Promise<void> {
    for await (const _ of source.replay({ epoch, lsn }, lsn, this.#stopping.signal)) break
  }

  /** Everything up to a place has been told. */
  #reach(name: string, lsn: bigint): void {
    const { source, epoch, overlap } = this.#positions.get(name) as Position
    const rest = overlap && lsn < overlap.horizon ? { overlap } : {}
    this.#positions.set(name, { source, epoch, lsn, ...rest })
  }

  async #read(source: LiveSource, position: Position, until: bigint): Promise<void> {
    const { epoch, lsn, index } = position
    const { signal } = this.#stopping
    // A cursor within a transaction needs that transaction once more.
    const after = { epoch, lsn: index === undefined ? lsn : lsn - 1n }
    for await (const transactions of source.replay(after, until, signal))
      for (const transaction of transactions) {
        if (signal.aborted) return
        const entries = source.entriesFor(this.#options.watcher, transaction)
        if (!entries) throw new PositionLost('Changes are not told one by one.')
        const { overlap } = position
        const isSeen =
          overlap && transaction.lsn <= overlap.horizon && sees(overlap.snapshot, transaction.xid)
        if (isSeen || entries.length === 0) continue
        const isSame = index !== undefined && transaction.lsn === lsn
        await this.#tell(isSame ? entries.filter((entry) => entry.index > index) : entries)
      }
  }

  async #tell(entries: readonly Entry[]): Promise<void> {
    const { decider, executor, cursors } = this.#options
    const results: LiveResult[] = []
    for (const outcome of await decider.decide(entries, [])) {
      this.#positions.set(outcome.place.source, positionAfter(this.#positions, outcome))
      if (tellingOf(outcome, this.stream.audience) === 'nothing' || !this.#isToBeTold(outcome)) continue
      results.push(await executor.changes([outcome], cursors.encode([...this.#positions.values()])))
    }
    await this.stream.replay(results)
  }

  /**
   * A row that a filter does not hold for is told to be gone where it was told of before. Where that is not known, to
   * say so is no harm but for rows that the viewer may not see.
   */
  #isToBeTold(outcome: Outcome): boolean {
    const { decider, wasTold, after } = this.#options
    if (outcome.watch.by !== 'filter' || outcome.kind !== 'REMOVED') return true
    const { source } = outcome.place
    const since = after.find((position) => position.source === source)?.lsn ?? 0n
    const told = wasTold(outcome, since) ?? (decider.isSeenByAll(outcome.watch) || undefined)
    if (told === undefined)
      throw new PositionLost('Rows left, of which it is not known whether they were told of.')
    return told
  }
}
