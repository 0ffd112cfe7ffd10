import { actorOf, anonymous, type Principal } from '../auth/principal.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import type { Clock } from './clock.ts'

/** How it is known who is at the other end of a socket, and for how long. */
export interface ConnectionSecurity {
  /**
   * Tells who somebody is by the credential, or that it is nobody in particular.
   *
   * @throws TributaryError UNAUTHENTICATED, or what keeps it from being told.
   */
  authenticate(headers: { readonly authorization?: string }): Promise<Principal>
  /**
   * Has the listener called once what the principal came in by is taken back.
   *
   * @returns what ends it.
   */
  onRevoked(principal: Principal, listener: () => void): () => void
}

/** Knows nobody. */
export const openSecurity: ConnectionSecurity = {
  authenticate: async () => anonymous,
  onRevoked: () => () => {},
}

export interface CredentialOptions {
  readonly security: ConnectionSecurity
  readonly clock: Clock
  /** Told once that it no longer holds, and why. */
  readonly onEnd: (reason: string) => void
}

/**
 * What must stay the same at a renewal: a token for the Labeler gives other rights than one for this graph. A tenant's
 * key may be replaced by another of that tenant.
 */
function subjectOf(principal: Principal): string {
  if (principal.kind === 'tenant') return `tenant ${principal.tenantId}`
  return 'audience' in principal ? `${actorOf(principal)} to ${principal.audience}` : actorOf(principal)
}

/** What a socket is authorized by: presented first with connection_init, and again to renew it. */
export class Credential implements Disposable {
  readonly #options: CredentialOptions
  #authorization: string | undefined
  #subject: string | undefined
  #over = false
  #release = () => {}

  constructor(options: CredentialOptions) {
    this.#options = options
  }

  /** The Authorization header that it stands for. */
  get authorization(): string | undefined {
    return this.#authorization
  }

  /**
   * Takes a credential in place of the one before, which holds on where this one is refused.
   *
   * @returns when it expires; undefined when it does not.
   * @throws TributaryError UNAUTHENTICATED, also for another subject than before; or what keeps it from being told.
   */
  async present(authorization: string | undefined): Promise<Date | undefined> {
    const { security, clock } = this.#options
    const principal = await security.authenticate(authorization === undefined ? {} : { authorization })
    const expiresAt = 'expiresAt' in principal ? (principal.expiresAt ?? undefined) : undefined
    if (this.#over) return expiresAt
    const subject = subjectOf(principal)
    if (this.#subject !== undefined && this.#subject !== subject)
      throw new TributaryError('UNAUTHENTICATED', 'The token is somebody else’s.')
    this.#release()
    this.#authorization = authorization
    this.#subject = subject
    const forget = security.onRevoked(principal, () => this.#end('Token revoked'))
    const callOff = expiresAt
      ? clock.after(expiresAt.getTime() - clock.now(), () => this.#end('Token expired'))
      : () => {}
    this.#release = () => {
      forget()
      callOff()
    }
    if (this.#over) this.#release()
    return expiresAt
  }

  [Symbol.dispose](): void {
    this.#over = true
    this.#release()
  }

  #end(reason: string): void {
    if (this.#over) return
    this[Symbol.dispose]()
    this.#options.onEnd(reason)
  }
}
