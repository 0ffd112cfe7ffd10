import type { Logger } from 'pino'
import type { CredentialStrategy } from './authenticate.ts'
import { type Principal, systemRole, type UserPrincipal } from './principal.ts'
import type { Revocations } from './tokens/revocations.ts'
import type { AccountKey, VerifiedToken } from './tokens/verified-token.ts'
import { identityOf, unauthenticated, type VerifyToken } from './tokens/verify-token.ts'

/** An account as the users database has it now. */
export interface TokenAccount {
  readonly id: number
  readonly email: string
  /** Its system role, as stored. */
  readonly role: string
  readonly organizationId: number | null
  readonly isActive: boolean
  readonly keycloakId: string | null
}

export interface TokenCredentialsOptions {
  readonly verify: VerifyToken
  readonly revocations: Revocations
  /** Finds an account; null where there is none. */
  readonly loadUser: (key: AccountKey) => Promise<TokenAccount | null>
  readonly log: Logger
}

const ways = {
  access: 'ACCESS_TOKEN',
  outside: 'OUTSIDE_TOKEN',
  legacy: 'LEGACY_TOKEN',
} as const satisfies Record<Exclude<VerifiedToken['kind'], 'service'>, UserPrincipal['way']>

/** Signed tokens of every kind, told from other credentials by the dots in them. */
export function tokenCredentials(options: TokenCredentialsOptions): CredentialStrategy {
  const { verify, revocations, loadUser, log } = options
  const refuse = (reason: string): never => {
    log.debug({ reason }, 'a token is refused')
    throw unauthenticated()
  }

  return {
    recognises: (credential) => credential.includes('.'),
    async authenticate(credential): Promise<Principal> {
      const token = await verify(credential)
      const { kind, audience, session, expiresAt } = token
      if (kind === 'service') return servicePrincipal(token)
      const account = await accountOf(token)
      if (!account) return refuse('nobody has its account')
      if (!account.isActive) return refuse('its account is locked')
      // The person behind an outside token is known only now.
      if (revocations.isRevoked({ ...identityOf(token), userId: account.id }))
        return refuse('it was taken back')
      const { id, email, role, organizationId } = account
      return {
        kind: 'user',
        way: ways[kind],
        audience,
        id,
        email,
        role: systemRole(role),
        organizationId,
        session,
        expiresAt,
      }
    },
  }

  /**
   * An address may pass from one person to another. An account that is found by it, and belongs to somebody else at
   * the issuer, is therefore not the token's.
   */
  async function accountOf({ accounts }: VerifiedToken): Promise<TokenAccount | null> {
    const isTheirOwn = ({ keycloakId }: TokenAccount) =>
      keycloakId === null || !accounts.some((key) => 'keycloakId' in key && key.keycloakId !== keycloakId)
    for (const key of accounts) {
      const account = await loadUser(key)
      if (account) return isTheirOwn(account) ? account : null
    }
    return null
  }
}

const servicePrincipal = ({ subject, audience, claims, expiresAt }: VerifiedToken): Principal => ({
  kind: 'service',
  way: 'SERVICE_TOKEN',
  audience,
  name: subject,
  scopes: String(claims.scope).split(' ').filter(Boolean),
  expiresAt,
})
