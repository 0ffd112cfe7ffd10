import type { Audience } from '../principal.ts'
import { audiencesOf, isName, type TokenTimes, timesOf, userIdOf } from './claims.ts'
import type { CompactToken } from './compact-token.ts'
import { demand, Rejection } from './rejection.ts'
import { checkSignature } from './signature.ts'
import type { TokenStrategy, VerificationKeys } from './token-strategy.ts'
import type { VerifiedToken } from './verified-token.ts'

/** A service token is good for at most this long, in seconds: 90 days. */
export const maxServiceLifetime = 90 * 24 * 3600

export interface OwnTokensOptions {
  readonly issuer: string
  /** Audience of tokens for this graph; those for the Labeler say `labeler`. */
  readonly audience: string
  readonly keys: VerificationKeys
  /** Seconds that an access token is good for. */
  readonly accessTokenLifetime: number
  readonly clockTolerance: number
  readonly now: () => number
}

/** Tokens that the gateway issued: people's access tokens (`at+jwt`) and programs' service tokens (`JWT`). */
export function ownTokens(options: OwnTokensOptions): TokenStrategy {
  const { issuer, audience, keys, clockTolerance: tolerance } = options
  return {
    judges: (iss) => iss === issuer,
    async verify(token) {
      demand(token.header.kid !== undefined, 'it names no key')
      const stillHolds = await checkSignature(token, { keys, algorithms: ['EdDSA', 'ES256'] })
      const isAccess = kindOf(token) === 'access'
      const maxLifetime = isAccess ? options.accessTokenLifetime : maxServiceLifetime
      const times = timesOf(token.claims, { now: options.now() / 1000, tolerance, maxLifetime })
      demand(times.issuedAt !== null, 'it does not say when it was issued')
      demand(isName(token.claims.jti), 'it has no jti')
      return {
        token: (isAccess ? accessToken : serviceToken)(token, audienceOf(token, audience), times),
        stillHolds,
      }
    },
  }
}

/** Said twice in a token, in its header and in its claims; one kind is never taken for the other. */
function kindOf({ header: { typ }, claims: { type } }: CompactToken): 'access' | 'service' {
  if (typ?.toLowerCase() === 'at+jwt' && type === 'access') return 'access'
  if (typ?.toLowerCase() === 'jwt' && type === 'service') return 'service'
  throw new Rejection('it is neither an access token nor a service token')
}

function audienceOf({ claims }: CompactToken, audience: string): Audience {
  const [named, ...others] = audiencesOf(claims)
  demand(others.length === 0 && (named === audience || named === 'labeler'), 'it is for another audience')
  return named === 'labeler' ? 'labeler' : 'tributary'
}

function accessToken({ claims }: CompactToken, audience: Audience, times: TokenTimes): VerifiedToken {
  const id = userIdOf(claims.sub)
  demand(isName(claims.sid), 'it belongs to no session')
  return {
    kind: 'access',
    subject: String(id),
    audience,
    accounts: [{ id }],
    claims,
    ...times,
    session: claims.sid,
    jti: claims.jti as string,
  }
}

function serviceToken({ claims }: CompactToken, audience: Audience, times: TokenTimes): VerifiedToken {
  demand(audience === 'tributary', 'it is for another audience')
  demand(isServiceName(claims.sub), 'its sub names no program')
  demand(typeof claims.scope === 'string', 'it has no scope')
  return {
    kind: 'service',
    subject: claims.sub,
    audience,
    accounts: [],
    claims,
    ...times,
    session: null,
    jti: claims.jti as string,
  }
}

/** What a program may be called; never what a person's id looks like. */
export const isServiceName = (name: unknown): name is string =>
  typeof name === 'string' && /^[a-z][a-z0-9-]{0,62}$/.test(name)
