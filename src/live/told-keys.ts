import type { Outcome } from './outcome.ts'
import type { Watch } from './watch.ts'

/** Rows at most that are remembered as told of, and as gone. */
const maximumKeys = 10_000

/**
 * The rows that a group's filters have told of: the log has no former row, so this alone says of one that does not meet
 * a filter, or is deleted, whether its leaving is news.
 */
export class ToldKeys {
  // Most groups have no filter, and there are thousands: none of these is made before it is needed.
  #told: Map<Watch, Set<string>> | undefined
  /** When rows were told to be gone, by watch and key. */
  #gone: Map<Watch, Map<string, bigint>> | undefined
  /** From where on everything is remembered, by source. */
  #since: Map<string, bigint> | undefined

  /** Everything is remembered from here on. */
  begin(source: string, lsn: bigint): void {
    this.#since ??= new Map()
    if (!this.#since.has(source)) this.#since.set(source, lsn)
  }

  /** Notes what is told; answers whether there is something to tell. */
  note({ watch, key, kind, place }: Outcome): boolean {
    if (watch.by !== 'filter') return true
    const told = this.of(watch)
    if (kind !== 'REMOVED') {
      told.add(key)
      return true
    }
    if (!told.delete(key)) return false
    this.#gone ??= new Map()
    const gone = this.#gone.get(watch) ?? new Map<string, bigint>()
    this.#gone.set(watch, gone.set(key, place.lsn))
    if (gone.size > maximumKeys) this.#forgetGone(watch, place.source)
    return true
  }

  /** Whether more is remembered than is to be. */
  get isFull(): boolean {
    return this.#told !== undefined && [...this.#told.values()].some(({ size }) => size > maximumKeys)
  }

  of(watch: Watch): Set<string> {
    this.#told ??= new Map()
    const told = this.#told.get(watch) ?? new Set<string>()
    this.#told.set(watch, told)
    return told
  }

  /** Whether a row that is gone was told of since a place in the log; undefined where that is not remembered. */
  wasTold({ watch, key, place }: Outcome, since: bigint): boolean | undefined {
    if (this.#told?.get(watch)?.has(key) || this.#gone?.get(watch)?.has(key)) return true
    const begun = this.#since?.get(place.source)
    return begun !== undefined && begun <= since ? false : undefined
  }

  clear(): void {
    this.#told = undefined
    this.#gone = undefined
    this.#since = undefined
  }

  #forgetGone(watch: Watch, source: string): void {
    const gone = this.#gone?.get(watch)
    for (const [key, lsn] of gone ?? []) {
      gone?.delete(key)
      this.#since?.set(source, lsn)
      return
    }
  }
}
