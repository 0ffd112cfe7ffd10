/** Something that gathers what comes for it, until it is told to deal with it. */
export interface Gatherer {
  /** Least time between two turns, in milliseconds. */
  readonly intervalMs: number
  /** When its last turn was; the schedule's to set. */
  lastTurn: number
  /** Deals with what has come. */
  flush(): void
}

/**
 * When gatherers have their turn. One that was quiet has it as soon as the log's batch is taken in, so that a single
 * change waits for nothing; what follows within the interval is gathered.
 */
export class Schedule implements Disposable {
  readonly #now: () => number
  #atOnce = new Set<Gatherer>()
  readonly #later = new Map<number, Set<Gatherer>>()
  readonly #timers = new Map<number, NodeJS.Timeout>()

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Something has come for a gatherer. */
  due(gatherer: Gatherer): void {
    const { intervalMs } = gatherer
    if (this.#atOnce.has(gatherer) || this.#later.get(intervalMs)?.has(gatherer)) return
    const rest = gatherer.lastTurn + intervalMs - this.#now()
    if (rest <= 0) {
      if (this.#atOnce.size === 0) queueMicrotask(() => this.#flushAtOnce())
      this.#atOnce.add(gatherer)
      return
    }
    const waiting = this.#later.get(intervalMs) ?? new Set()
    this.#later.set(intervalMs, waiting.add(gatherer))
    if (!this.#timers.has(intervalMs)) this.#wait(intervalMs, rest)
  }

  forget(gatherer: Gatherer): void {
    this.#atOnce.delete(gatherer)
    this.#later.get(gatherer.intervalMs)?.delete(gatherer)
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
    this.#later.clear()
    this.#atOnce.clear()
  }

  #wait(intervalMs: number, ms: number): void {
    const timer = setTimeout(() => this.#flushLater(intervalMs), ms)
    this.#timers.set(intervalMs, timer)
  }

  #flushAtOnce(): void {
    const due = this.#atOnce
    this.#atOnce = new Set()
    for (const gatherer of due) this.#turn(gatherer)
  }

  #flushLater(intervalMs: number): void {
    this.#timers.delete(intervalMs)
    const waiting = this.#later.get(intervalMs)
    let soonest = Number.POSITIVE_INFINITY
    for (const gatherer of waiting ?? []) {
      const rest = gatherer.lastTurn + intervalMs - this.#now()
      if (rest > 1) soonest = Math.min(soonest, rest)
      else {
        waiting?.delete(gatherer)
        this.#turn(gatherer)
      }
    }
    if (waiting && waiting.size > 0 && !this.#timers.has(intervalMs)) this.#wait(intervalMs, soonest)
    if (waiting?.size === 0) this.#later.delete(intervalMs)
  }

  #turn(gatherer: Gatherer): void {
    gatherer.lastTurn = this.#now()
    gatherer.flush()
  }
}
