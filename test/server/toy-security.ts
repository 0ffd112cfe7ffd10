import { anonymous, type Principal } from '../../src/auth/principal.ts'
import { TributaryError } from '../../src/errors/tributary-error.ts'
import type { ConnectionSecurity } from '../../src/server/credential.ts'
import type { ManualClock } from './manual-clock.ts'

const ids: Readonly<Record<string, number>> = { ann: 1, bob: 2 }

/** Accepts `Bearer <name> <seconds> [labeler]` of people it knows; `down` and `broken` are what they say. */
export class ToySecurity implements ConnectionSecurity {
  readonly #clock: ManualClock
  readonly #listeners = new Map<() => void, Principal>()
  /** What the next look at a credential waits for. */
  hold: Promise<unknown> = Promise.resolve()

  constructor(clock: ManualClock) {
    this.#clock = clock
  }

  /** How many listen for a revocation. */
  get listeners(): number {
    return this.#listeners.size
  }

  async authenticate({ authorization }: { readonly authorization?: string }): Promise<Principal> {
    await this.hold
    if (authorization === undefined) return anonymous
    const [, name = '', seconds, audience] = authorization.split(' ')
    if (name === 'down') throw new TributaryError('SOURCE_UNAVAILABLE', 'The users database is away.')
    if (name === 'broken') throw new Error('password=hunter2')
    const id = ids[name]
    if (id === undefined) throw new TributaryError('UNAUTHENTICATED', 'Sign in again.')
    return {
      kind: 'user',
      way: 'ACCESS_TOKEN',
      audience: audience === 'labeler' ? 'labeler' : 'tributary',
      id,
      email: `${name}@example.org`,
      role: 'guest',
      organizationId: null,
      session: null,
      expiresAt: new Date(this.#clock.now() + Number(seconds) * 1000),
    }
  }

  onRevoked(principal: Principal, listener: () => void): () => void {
    const entry = () => listener()
    this.#listeners.set(entry, principal)
    return () => this.#listeners.delete(entry)
  }

  /** Takes back every token of somebody. */
  revoke(id: number): void {
    for (const [listener, principal] of this.#listeners)
      if (principal.kind === 'user' && principal.id === id) listener()
  }
}
