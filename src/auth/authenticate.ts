import { anonymous, type Principal } from './principal.ts'
import { unauthenticated } from './tokens/verify-token.ts'

/** A kind of credential that may stand in the Authorization header. */
export interface CredentialStrategy {
  /** Whether a credential is of this kind, by its form; the first kind that says so judges it alone. */
  recognises(credential: string): boolean
  /** Whether it may stand without `Bearer`. Default false. */
  readonly isBare?: boolean | undefined
  /** @throws TributaryError UNAUTHENTICATED, or the code of a source that had to be asked. */
  authenticate(credential: string): Promise<Principal>
}

export interface AuthenticationOptions {
  /** Kinds of credentials, in the order in which they are tried. */
  readonly strategies: readonly CredentialStrategy[]
}

/** `Bearer`, and what RFC 6750 lets follow it; or that alone. */
const form = /^(?:(Bearer) +)?([\w.~+/-]+=*)$/i

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
  const [, scheme, credential = ''] = form.exec(authorization) ?? []
  const strategy = strategies.find((one) => one.recognises(credential))
  if (!strategy || (scheme === undefined && !strategy.isBare)) throw unauthenticated()
  return strategy.authenticate(credential)
}
