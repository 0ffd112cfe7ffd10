/**
 * How many operations are executed at once, and how many wait for that.
 *
 * Executing all that come makes each as slow as all together: under a load that could be borne for the most part,
 * every one holds its rows in memory until its time is up, and none is answered. So a number of them run, the next
 * wait in the order in which they came, and past that they are turned away at once, while that is still cheap.
 *
 * A place that becomes free passes straight to the first who waits; nobody who comes later can slip in between.
 */
import type { AdmissionConfig } from '../config/config.ts'
import { TributaryError } from '../errors/tributary-error.ts'

/** Seconds after which one who is turned away may try again. */
const retryAfter = 1

/** A number of places, and a queue for them. */
export class Admission {
  readonly #limits: AdmissionConfig
  /** Those who wait, as what lets them in; the first came first. */
  readonly #queue = new Set<() => void>()
  #running = 0

  constructor(limits: AdmissionConfig) {
    this.#limits = limits
  }

  /** How many have a place. */
  get running(): number {
    return this.#running
  }

  /** How many wait for one. */
  get queued(): number {
    return this.#queue.size
  }

  /**
   * Does some work as soon as there is a place for it, which it has until its promise settles. Of a stream that is
   * the start alone.
   *
   * @param signal Ends the waiting; the work has to see to itself.
   * @throws TributaryError SERVER_OVERLOADED; the signal's reason; whatever the work throws.
   */
  async run<T>(signal: AbortSignal, work: () => T | PromiseLike<T>): Promise<T> {
    await this.#enter(signal)
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const { maxConcurrent, maxQueued } = this.#limits
    if (this.#running < maxConcurrent) this.#running++
    else if (this.#queue.size < maxQueued) await this.#wait(signal)
    else throw overloaded()
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const admit = () => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = () => {
        this.#queue.delete(admit)
        reject(signal.reason)
      }
      this.#queue.add(admit)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  #leave(): void {
    const [next] = this.#queue
    if (!next) {
      this.#running--
      return
    }
    this.#queue.delete(next)
    next()
  }
}

const overloaded = () =>
  new TributaryError('SERVER_OVERLOADED', 'Too many operations wait already. Try again in a moment.', {
    extensions: { http: { status: 503, headers: { 'retry-after': String(retryAfter) } } },
  })
