import type { TrustedIssuer } from '../../config/trusted-issuer.ts'
import { audiencesOf, isName, timesOf } from './claims.ts'
import { demand } from './rejection.ts'
import { checkSignature } from './signature.ts'
import type { JsonObject } from './strict-json.ts'
import type { TokenStrategy, VerificationKeys } from './token-strategy.ts'
import type { AccountKey } from './verified-token.ts'

/** No outside token is good for longer, in seconds. */
const maxLifetime = 24 * 3600

export interface OutsideTokensOptions {
  readonly trusted: TrustedIssuer
  readonly keys: VerificationKeys
  readonly now: () => number
}

/** `typ` in the header of an access token; identity, refresh and logout tokens say other things, where they say any. */
const accessTypes = ['jwt', 'at+jwt', 'application/at+jwt', undefined]
/** What claims that tell the kind of token say in an access token; others say ID, Refresh, Offline, Logout. */
const accessClaims = ['bearer', 'access', undefined]
/** Those claims: Keycloak's, the platform's, Cognito's. */
const kindClaims = ['typ', 'type', 'token_use']
/** Claims of identity and logout tokens, and of tokens that are good only with a proof that is not asked for here. */
const foreignClaims = ['at_hash', 'c_hash', 's_hash', 'events', 'cnf']

/** Access tokens of a trusted outside issuer, such as Keycloak. */
export function outsideTokens({ trusted, keys, now }: OutsideTokensOptions): TokenStrategy {
  const { issuer, audiences, algorithms, clockTolerance: tolerance } = trusted
  return {
    judges: (iss) => iss === issuer,
    async verify(token) {
      const { header, claims } = token
      demand(accessTypes.includes(lowerCase(header.typ)), 'its typ is none of an access token')
      const stillHolds = await checkSignature(token, { keys, algorithms })
      demand(
        kindClaims.every((name) => accessClaims.includes(lowerCase(claims[name]))),
        'it is no access token',
      )
      demand(!foreignClaims.some((name) => Object.hasOwn(claims, name)), 'it is no plain access token')
      demand(
        audiencesOf(claims).some((audience) => audiences.includes(audience)),
        'it is for another audience',
      )
      const times = timesOf(claims, { now: now() / 1000, tolerance, maxLifetime })
      demand(times.issuedAt !== null, 'it does not say when it was issued')
      const subject = claims[trusted.claims.subject]
      demand(isName(claims.sub) && isName(subject), 'its sub names nobody')
      return {
        token: {
          kind: 'outside',
          subject,
          audience: 'tributary',
          accounts: accountsOf(claims, trusted.claims),
          claims,
          ...times,
          session: null,
          jti: isName(claims.jti) ? claims.jti : null,
        },
        stillHolds,
      }
    },
  }
}

const lowerCase = (value: unknown) => (value === undefined ? undefined : String(value).toLowerCase())

/** By the issuer's own id first; by e-mail only where the issuer says, with a plain true, that it is proved. */
function accountsOf(claims: JsonObject, names: TrustedIssuer['claims']): AccountKey[] {
  const keycloakId = names.keycloakId === null ? undefined : claims[names.keycloakId]
  const email = names.email === null ? undefined : claims[names.email]
  return [
    ...(isName(keycloakId) ? [{ keycloakId }] : []),
    ...(isName(email) && claims[names.emailVerified] === true ? [{ email, verified: true } as const] : []),
  ]
}
