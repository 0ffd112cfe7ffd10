import type { Logger } from 'pino'
import type { AuthConfig } from '../../config/auth-config.ts'
import { PublishedKeys } from '../issuers/published-keys.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { legacyTokens } from './legacy-tokens.ts'
import { outsideTokens } from './outside-tokens.ts'
import { ownTokens } from './own-tokens.ts'
import type { TokenStrategy } from './token-strategy.ts'

export interface StrategiesOptions {
  readonly config: AuthConfig
  /** The gateway's own keys. */
  readonly keys: KeyRing
  readonly log: Logger
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number
}

/** Every kind of token that the configuration accepts. */
export function tokenStrategies({ config, keys, log, now = Date.now }: StrategiesOptions): TokenStrategy[] {
  const { issuer, jwtSecret: secret, trustedIssuers, clockTolerance } = config
  return [
    ...(issuer === null ? [] : [ownTokens({ ...config, issuer, keys, now })]),
    ...trustedIssuers.map((trusted) =>
      outsideTokens({
        trusted,
        keys: new PublishedKeys({ issuer: trusted.issuer, address: trusted.jwksUri, log }),
        now,
      }),
    ),
    ...(secret === undefined ? [] : [legacyTokens({ secret, clockTolerance, now })]),
  ]
}
