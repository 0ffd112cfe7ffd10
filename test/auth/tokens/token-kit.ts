import { pino } from 'pino'
import { readGivenKeys } from '../../../src/auth/keys/given-keys.ts'
import { type KeyRing, openKeyRing } from '../../../src/auth/keys/key-ring.ts'
import { describeKey, type PrivateJwk } from '../../../src/auth/keys/signing-key.ts'
import { TokenIssuer } from '../../../src/auth/tokens/issue-token.ts'
import { noRevocations, type Revocations } from '../../../src/auth/tokens/revocations.ts'
import { tokenStrategies } from '../../../src/auth/tokens/strategies.ts'
import { createTokenVerifier, type VerifyToken } from '../../../src/auth/tokens/verify-token.ts'
import type { AuthConfig } from '../../../src/config/auth-config.ts'
import { readConfig } from '../../../src/config/config.ts'
import { ed25519, type Pair, published, rsa } from './craft.ts'
import { type KeyServer, startKeyServer } from './key-server.ts'

export const ownName = 'https://graph.example.org'
export const outsideName = 'https://id.example.org/realms/ml'
export const jwtSecret = 'the-secret-of-the-platform-backend-0123456789'
export const serviceSecret = 'the-secret-that-the-labeler-shares-0123456789'

/** A gateway's half of tokens, with an outside issuer of the test's own; both their private keys are at hand. */
export interface TokenKit extends AsyncDisposable {
  readonly config: AuthConfig
  readonly own: Pair
  readonly outside: Pair
  readonly keyServer: KeyServer
  readonly ring: KeyRing
  readonly issuer: TokenIssuer
  readonly verify: VerifyToken
  /** Reasons in the log, newest last. */
  readonly reasons: readonly string[]
  /** Everything that was logged. */
  readonly logged: () => string
}

export interface TokenKitOptions {
  readonly env?: Record<string, string>
  readonly revocations?: Revocations
  readonly now?: () => number
  readonly cacheSize?: number
  /** Further members of the trusted issuer's entry. */
  readonly trusted?: object
}

export async function startTokenKit(options: TokenKitOptions = {}): Promise<TokenKit> {
  const { env, revocations = noRevocations, now = Date.now, cacheSize = 100, trusted } = options
  const outside = rsa('outside-1')
  const keyServer = await startKeyServer([published(outside, { alg: 'RS256' })])
  const ownPair = ed25519('')
  const jwk = ownPair.privateKey.export({ format: 'jwk' }) as PrivateJwk
  const own = { ...ownPair, kid: (await describeKey(jwk, 'EdDSA')).kid }
  const { auth: config } = readConfig({
    AUTH_ISSUER: ownName,
    JWT_SECRET: jwtSecret,
    SERVICE_JWT_SECRET: serviceSecret,
    TRUSTED_ISSUERS: JSON.stringify([
      { issuer: outsideName, jwksUri: keyServer.address, audiences: ['account', 'graph'], ...trusted },
    ]),
    ...env,
  })
  const lines: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) })
  const ring = await openKeyRing({ load: () => readGivenKeys(JSON.stringify(jwk), 'key'), log, now })
  const { clockTolerance } = config
  const verify = createTokenVerifier({
    strategies: tokenStrategies({ config, keys: ring, log, now }),
    revocations,
    log,
    clockTolerance,
    cacheSize,
    now,
  })
  return {
    config,
    own,
    outside,
    keyServer,
    ring,
    issuer: new TokenIssuer({ ...config, issuer: ownName, keys: ring, now }),
    verify,
    get reasons() {
      return lines.map((line) => JSON.parse(line).reason as string)
    },
    logged: () => lines.join(''),
    async [Symbol.asyncDispose]() {
      ring[Symbol.dispose]()
      await keyServer[Symbol.asyncDispose]()
    },
  }
}
