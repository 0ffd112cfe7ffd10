import type { Audience } from '../principal.ts'
import type { JsonObject } from './strict-json.ts'

/** How to find the account that a token stands for. */
export type AccountKey =
  | { readonly id: number }
  | { readonly keycloakId: string }
  /** An address that its issuer has proved to be the person's. */
  | { readonly email: string; readonly verified: true }

/** A token that has been checked. */
export interface VerifiedToken {
  /** Access: a person signed in here. Service: a program. Outside: a trusted issuer. Legacy: the platform's backend. */
  readonly kind: 'access' | 'service' | 'outside' | 'legacy'
  /** `sub`: a person's id, a program's name, or an outside issuer's own id. */
  readonly subject: string
  readonly audience: Audience
  /** The accounts to look for, in this order; none for a program. */
  readonly accounts: readonly AccountKey[]
  readonly claims: JsonObject
  readonly issuedAt: Date | null
  readonly expiresAt: Date
  /** The session (refresh family) it belongs to. */
  readonly session: string | null
  readonly jti: string | null
}
