import type { GraphContext } from '../graph/context.ts'

/**
 * The contexts of a turn of the event loop. Groups that ask the same for viewers who see the same share one, and with it
 * the statements that load what a row does not have.
 */
export class TurnContexts {
  #contexts = new Map<string, GraphContext>()

  /** The context of this turn for those whom a key names. */
  of(key: string, make: () => GraphContext): GraphContext {
    const known = this.#contexts.get(key)
    if (known) return known
    if (this.#contexts.size === 0) setImmediate(() => this.#contexts.clear())
    const made = make()
    this.#contexts.set(key, made)
    return made
  }
}
