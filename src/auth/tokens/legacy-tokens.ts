import type { Secret } from '../../config/secret.ts'
import { timesOf, userIdOf } from './claims.ts'
import { demand } from './rejection.ts'
import { importSecret } from './secret-key.ts'
import { checkSignature } from './signature.ts'
import type { TokenStrategy } from './token-strategy.ts'

/** No token of the platform's backend is good for longer, in seconds. */
const maxLifetime = 24 * 3600

export interface LegacyTokensOptions {
  readonly secret: Secret
  readonly clockTolerance: number
  readonly now: () => number
}

/**
 * Access tokens of the platform's own backend: HS256 with a shared secret, claims sub, email, role,
 * organization_id, type and exp. They name neither issuer nor audience, so one that does is none of them.
 */
export function legacyTokens({ secret, clockTolerance: tolerance, now }: LegacyTokensOptions): TokenStrategy {
  const key = importSecret(secret)
  const keys = { find: () => key }
  return {
    judges: (iss) => iss === undefined,
    async verify(token) {
      const { header, claims } = token
      demand(header.kid === undefined, 'it names a key')
      demand(
        header.typ === undefined || header.typ.toLowerCase() === 'jwt',
        'its typ is none of the backend’s',
      )
      const stillHolds = await checkSignature(token, { keys, algorithms: ['HS256'] })
      demand(claims.type === 'access', 'it is no access token')
      demand(claims.aud === undefined, 'it is for another audience')
      const id = userIdOf(claims.sub)
      const times = timesOf(claims, { now: now() / 1000, tolerance, maxLifetime })
      return {
        token: {
          kind: 'legacy',
          subject: String(id),
          audience: 'tributary',
          accounts: [{ id }],
          claims,
          ...times,
          session: null,
          jti: null,
        },
        stillHolds,
      }
    },
  }
}
