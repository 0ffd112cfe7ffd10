import { anonymous, type Principal } from './principal.ts'
import { unauthenticated } from './tokens/verify-token.ts'

/** A kind of credential that may stand in the Authorization header. */
export interface CredentialStrategy {
  /** Whether a credential is of this kind, by its form; the first kind that says so judges it alone. */
  recognises(credential: string): boolean
  /** @throws TributaryError UNAUTHENTICATED, or the code of a source that had to be asked. */
  authenticate(credential: string): Promise<Principal>
}

export interface AuthenticationOptions {
  /** Kinds of credentials, in the order in which they are tried. */
  readonly strategies: readonly CredentialStrategy[]
}

/** `Bearer`, and what RFC 6750 lets follow it. */
const bearer = /^Bearer +([\w.~+/-]+=*)$/i

/**
 * Who sends a request, by its Authorization header. Without one it is nobody in particular; with one that is not
 * accepted it is refused, for whoever sends one means to be somebody.
 *
 * @throws TributaryError UNAUTHENTICATED, or the code of a source that had to be asked.
 */
export async function authenticate(
  { authorization }: { readonly authorization?: string | undefined },
  { strategies }: AuthenticationOptions,
): Promise<Principal> {
  if (authorization === undefined) return anonymous
  const credential = bearer.exec(authorization)?.[1]
  const strategy = credential === undefined ? undefined : strategies.find((one) => one.recognises(credential))
  if (credential === undefined || strategy === undefined) throw unauthenticated()
  return strategy.authenticate(credential)
}
