/**
 * Goes on where a stream broke off: reads the log from there, tells what the group would have told, and hands the stream
 * over to its group as soon as the log has nothing that the group was not told.
 *
 * The end is found without stopping anybody: whatever the feed has been told by the time the reading is through is read
 * next, until nothing came meanwhile; from that moment, in the same turn of the event loop, the group tells the rest.
 */
import { type LogPosition, PositionLost } from '../changes/log/change-log.ts'
import { sees } from '../changes/pg-snapshot.ts'
import type { Decider } from './decider.ts'
import type { Executor } from './executor.ts'
import { Hindsight } from './hindsight.ts'
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
  readonly #hindsights = new Map<string, Hindsight>()
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
    const hindsight = this.#hindsightOf(source, after)
    for await (const transactions of source.replay(after, until, signal))
      for (const transaction of transactions) {
        if (signal.aborted) return
        const entries = source.entriesFor(this.#options.watcher, transaction)
        if (!entries) throw new PositionLost('Changes are not told one by one.')
        const { overlap } = position
        const isSeen =
          overlap && transaction.lsn <= overlap.horizon && sees(overlap.snapshot, transaction.xid)
        if (isSeen) continue
        await hindsight.check(transaction)
        if (entries.length === 0) continue
        const isSame = index !== undefined && transaction.lsn === lsn
        await this.#tell(isSame ? entries.filter((entry) => entry.index > index) : entries, hindsight)
      }
  }

  async #tell(entries: readonly Entry[], hindsight: Hindsight): Promise<void> {
    const { decider, executor, cursors } = this.#options
    const results: LiveResult[] = []
    for (const outcome of await decider.decide(entries, [])) {
      this.#positions.set(outcome.place.source, positionAfter(this.#positions, outcome))
      if (tellingOf(outcome, this.stream.audience) === 'nothing') continue
      if (!(await this.#isToBeTold(outcome, hindsight))) continue
      results.push(await executor.changes([outcome], cursors.encode([...this.#positions.values()])))
    }
    await this.stream.replay(results)
  }

  /**
   * A row that a filter does not hold for, or that is out of sight, is told to be gone where it was told of before. Where
   * that is not remembered it is told if it was seen before: who may know of it may hear that it is gone. Where not even
   * that is known, that it is seen now will do.
   */
  async #isToBeTold(outcome: Outcome, hindsight: Hindsight): Promise<boolean> {
    const { wasTold, after } = this.#options
    const { watch, kind, place, values, former } = outcome
    if (watch.by !== 'filter' || kind !== 'REMOVED') return true
    if (former === null) return false
    const since = after.find(({ source }) => source === place.source)?.lsn ?? 0n
    const told = wasTold(outcome, since)
    if (told !== undefined) return told
    const saw = await hindsight.saw(watch.entity, former)
    if (saw !== undefined) return saw
    if (await hindsight.sees(watch.entity, values)) return true
    throw new PositionLost('Rows left, of which it is not known whether they were seen.')
  }

  #hindsightOf(source: LiveSource, after: LogPosition): Hindsight {
    const { decider } = this.#options
    const known = this.#hindsights.get(source.name)
    const { signal } = this.#stopping
    const hindsight = known ?? new Hindsight({ source, decider, after, signal })
    this.#hindsights.set(source.name, hindsight)
    return hindsight
  }
}
