/**
 * What was told of a source lately, for those who take up a stream again.
 *
 * They come in crowds: a gateway that starts again has thousands at once, whose places lie within the same seconds. Each
 * reading the log for itself would decode the same commits thousands of times. So the memory is extended backwards, once
 * for all who wait for it, and everybody is served from there; who goes back further than it may hold reads the log.
 */
import type { Transaction } from './change.ts'
import { type ChangeLog, type LogPosition, PositionLost } from './log/change-log.ts'
import { RecentTransactions } from './log/recent-transactions.ts'

export interface BacklogOptions {
  readonly source: string
  readonly log: Pick<ChangeLog, 'read'>
  /** Changes that are kept in memory. */
  readonly maxChanges: number
}

/** Transactions that are handed over at once. */
const batchSize = 500

/** An empty transaction takes room as well. */
const weightOf = ({ changes }: Transaction) => changes.length + 1

export class Backlog {
  readonly #options: BacklogOptions
  readonly #recent: RecentTransactions
  #extending: Promise<void> | undefined
  /** Places up to here lie further back than there is room for. */
  #tooFar: LogPosition | undefined

  constructor(from: LogPosition, options: BacklogOptions) {
    this.#options = options
    this.#recent = new RecentTransactions(from, options.maxChanges)
  }

  get position(): LogPosition {
    return this.#recent.end
  }

  add(transaction: Transaction): void {
    this.#recent.add(transaction, weightOf(transaction))
  }

  /**
   * What comes after a place, up to another that was told already.
   *
   * @throws PositionLost
   */
  async *replay(
    after: LogPosition,
    until: bigint,
    signal: AbortSignal,
  ): AsyncIterable<readonly Transaction[]> {
    let place = after
    while (!signal.aborted && place.lsn < until) {
      const rest = this.#recent.after(place) ?? (await this.#extended(place))
      if (rest) {
        for (const batch of batches(rest, until)) {
          if (signal.aborted) return
          yield batch
        }
        return
      }
      for await (const batch of this.#options.log.read(this.#options.source, place, signal)) {
        for (const part of batches(batch, until)) yield part
        place = { epoch: place.epoch, lsn: batch.at(-1)?.lsn ?? place.lsn }
        if (place.lsn >= until || this.#recent.after(place)) break
      }
    }
  }

  /** The same as from memory, after it was extended to a place; undefined where that is too far back. */
  async #extended(place: LogPosition): Promise<Transaction[] | undefined> {
    // Another's place may be lost where this one is not.
    while (this.#extending) await this.#extending.catch(() => {})
    const known = this.#recent.after(place)
    if (known || this.#isTooFar(place)) return known
    this.#extending = this.#extend(place).finally(() => {
      this.#extending = undefined
    })
    await this.#extending
    return this.#recent.after(place)
  }

  #isTooFar({ epoch, lsn }: LogPosition): boolean {
    return this.#tooFar?.epoch === epoch && lsn <= this.#tooFar.lsn
  }

  async #extend(place: LogPosition): Promise<void> {
    const { start } = this.#recent
    if (place.epoch !== start.epoch) throw new PositionLost('another history has begun')
    const before: Transaction[] = []
    const stop = new AbortController()
    let weight = 0
    for await (const batch of this.#options.log.read(this.#options.source, place, stop.signal)) {
      for (const transaction of batch) {
        if (transaction.lsn > start.lsn) break
        before.push(transaction)
        weight += weightOf(transaction)
      }
      if ((batch.at(-1)?.lsn ?? 0n) >= start.lsn || weight > this.#recent.room) break
    }
    stop.abort()
    // Something may have been forgotten meanwhile: then what was read does not reach the memory any more.
    if (weight > this.#recent.room || this.#recent.start.lsn !== start.lsn) this.#tooFar = place
    else this.#recent.addBefore(place.lsn, before, weightOf)
  }
}

function* batches(transactions: readonly Transaction[], until: bigint): Generator<readonly Transaction[]> {
  const end = transactions.findIndex(({ lsn }) => lsn > until)
  const told = end < 0 ? transactions : transactions.slice(0, end)
  for (let from = 0; from < told.length; from += batchSize) yield told.slice(from, from + batchSize)
}
