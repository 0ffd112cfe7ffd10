import type { Transaction } from '../change.ts'
import type { LogPosition } from './change-log.ts'

interface Part {
  readonly transaction: Transaction
  readonly weight: number
}

/** The newest part of one history in memory, without a hole; what exceeds its weight is forgotten from the old end. */
export class RecentTransactions {
  readonly #maxWeight: number
  readonly #epoch: string
  #parts: Part[] = []
  #weight = 0
  #start: bigint
  #end: bigint

  /** @param from Where the memory begins; it knows what is added above. */
  constructor(from: LogPosition, maxWeight: number) {
    this.#epoch = from.epoch
    this.#start = from.lsn
    this.#end = from.lsn
    this.#maxWeight = maxWeight
  }

  /** Where it ends: nothing above is known. */
  get end(): LogPosition {
    return { epoch: this.#epoch, lsn: this.#end }
  }

  /** Adds what comes next. The weight says how much of the memory it takes, in the unit of the maximum. */
  add(transaction: Transaction, weight: number): void {
    this.#parts.push({ transaction, weight })
    this.#end = transaction.lsn
    this.#weight += weight
    if (this.#weight > this.#maxWeight) this.#forget()
  }

  /** How much more may be added before something is forgotten. */
  get room(): number {
    return this.#maxWeight - this.#weight
  }

  /** Where it begins: nothing below is known. */
  get start(): LogPosition {
    return { epoch: this.#epoch, lsn: this.#start }
  }

  /** Adds what lies between an earlier place and its beginning; as much as there is room for. */
  addBefore(from: bigint, transactions: readonly Transaction[], weigh: (one: Transaction) => number): void {
    const parts = transactions.map((transaction) => ({ transaction, weight: weigh(transaction) }))
    this.#parts = [...parts, ...this.#parts]
    this.#weight += parts.reduce((sum, { weight }) => sum + weight, 0)
    this.#start = from
  }

  /** What comes after a position; undefined where that is not remembered, or not yet known. */
  after({ epoch, lsn }: LogPosition): Transaction[] | undefined {
    if (epoch !== this.#epoch || lsn < this.#start || lsn > this.#end) return undefined
    if (lsn === this.#end) return []
    return this.#parts.slice(this.#firstAbove(lsn)).map(({ transaction }) => transaction)
  }

  /** A quarter at a time, so that the list is not moved at each. */
  #forget(): void {
    let dropped = 0
    while (this.#weight > this.#maxWeight * 0.75 && dropped < this.#parts.length) {
      const { transaction, weight } = this.#parts[dropped] as Part
      this.#weight -= weight
      this.#start = transaction.lsn
      dropped += 1
    }
    this.#parts = this.#parts.slice(dropped)
  }

  #firstAbove(lsn: bigint): number {
    let [low, high] = [0, this.#parts.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#parts[middle] as Part).transaction.lsn <= lsn) low = middle + 1
      else high = middle
    }
    return low
  }
}
