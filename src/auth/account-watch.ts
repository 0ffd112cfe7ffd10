import type { Accounts } from './accounts.ts'

export interface AccountWatchOptions {
  readonly accounts: Pick<Accounts, 'activeAmong'>
  /** Milliseconds between two looks. Default 1,000. */
  readonly everyMs?: number
}

/**
 * Tells what outlives a request, such as an open socket, that its person's account is locked or gone. Requests look at
 * the account each time; others may lock it, without the gateway being asked, so those that are watched are looked at
 * again and again: all in one statement, and none while nobody is watched. While the database is down nothing is told.
 */
export class AccountWatch implements AsyncDisposable {
  readonly #options: Required<AccountWatchOptions>
  readonly #listeners = new Map<number, Set<() => void>>()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> = Promise.resolve()

  constructor(options: AccountWatchOptions) {
    this.#options = { everyMs: 1_000, ...options }
  }

  /** Has the listener called once the account is not active any more. @returns what ends it. */
  watch(user: number, listener: () => void): () => void {
    const listeners = this.#listeners.get(user) ?? new Set()
    this.#listeners.set(user, listeners.add(listener))
    this.#timer ??= this.#tick()
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(user) === listeners) this.#listeners.delete(user)
    }
  }

  /** Looks now. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look())
    return this.#looking
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear()
    clearTimeout(this.#timer)
    await this.#looking
  }

  #tick(): NodeJS.Timeout {
    return setTimeout(async () => {
      await this.look()
      this.#timer = this.#listeners.size > 0 ? this.#tick() : undefined
    }, this.#options.everyMs).unref()
  }

  async #look(): Promise<void> {
    const watched = [...this.#listeners.keys()]
    if (watched.length === 0) return
    const active = await this.#options.accounts.activeAmong(watched).catch(() => watched)
    const isActive = new Set(active)
    for (const user of watched) {
      if (isActive.has(user)) continue
      const listeners = this.#listeners.get(user) ?? []
      this.#listeners.delete(user)
      for (const listener of listeners) listener()
    }
  }
}
