/*
 * Whether a token is good.
 *
 * The costly part, a signature, is checked once and remembered; everything that can change under a token is asked
 * at every use: whether it has expired, whether it was taken back, whether the key that proved it is believed still.
 * So nothing has to be told to the cache, and nothing can be forgotten to be told.
 *
 * Whatever is wrong, the caller is told the same; the log has the reason, and nothing of the token.
 */
import { errors } from 'jose'
import type { Logger } from 'pino'
import { TributaryError } from '../../errors/tributary-error.ts'
import { maxTokenBytes, parseCompactToken } from './compact-token.ts'
import { demand, Rejection } from './rejection.ts'
import type { Revocations } from './revocations.ts'
import type { Judgement, TokenStrategy } from './token-strategy.ts'
import type { VerifiedToken } from './verified-token.ts'
import { VerifiedTokenCache } from './verified-token-cache.ts'

export interface TokenVerifierOptions {
  readonly strategies: readonly TokenStrategy[]
  readonly revocations: Revocations
  readonly log: Logger
  /** Seconds by which clocks may differ. */
  readonly clockTolerance: number
  /** Tokens that are remembered at most. Default 10,000. */
  readonly cacheSize?: number
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number
}

/** Checks a token. @throws TributaryError UNAUTHENTICATED, which says no more. */
export type VerifyToken = (text: string) => Promise<VerifiedToken>

/** The one answer to whoever is not let in. */
export const unauthenticated = (): TributaryError =>
  new TributaryError('UNAUTHENTICATED', 'The credentials are not accepted.')

/** A verifier with a memory of its own. */
export function createTokenVerifier(options: TokenVerifierOptions): VerifyToken {
  const { strategies, revocations, log, clockTolerance, cacheSize = 10_000, now = Date.now } = options
  const cache = new VerifiedTokenCache(cacheSize)

  return async (text) => {
    try {
      const { token } = (await remembered(text)) ?? (await judged(text))
      demand(!revocations.isRevoked(identityOf(token)), 'it was taken back')
      return token
    } catch (error) {
      report(error)
      throw unauthenticated()
    }
  }

  function report(error: unknown): void {
    if (error instanceof Rejection || error instanceof errors.JOSEError)
      log.debug({ reason: error.message }, 'a token is refused')
    else log.error({ err: error }, 'a token could not be checked')
  }

  async function remembered(text: string): Promise<Judgement | undefined> {
    if (text.length > maxTokenBytes) return undefined
    const judgement = cache.get(text)
    if (!judgement) return undefined
    const isCurrent = judgement.token.expiresAt.getTime() > now() - clockTolerance * 1000
    if (isCurrent && (await judgement.stillHolds())) return judgement
    cache.delete(text)
    return undefined
  }

  async function judged(text: string): Promise<Judgement> {
    const token = parseCompactToken(text)
    const strategy = strategies.find(({ judges }) => judges(token.claims.iss))
    demand(strategy !== undefined, 'its issuer is not known')
    const judgement = await strategy.verify(token)
    cache.set(text, judgement)
    return judgement
  }
}

/** What a token is asked by, whether it was taken back. */
export const identityOf = ({ kind, accounts: [account], session, jti, issuedAt }: VerifiedToken) => ({
  session,
  jti,
  issuedAt,
  userId: kind !== 'outside' && account && 'id' in account ? account.id : null,
})
