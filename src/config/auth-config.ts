import type { authVariables } from './env.ts'
import type { EnvironmentReader } from './reader.ts'
import type { Secret } from './secret.ts'
import type { TrustedIssuer } from './trusted-issuer.ts'
import type { ValueOf } from './variable.ts'

/** How people and programs sign in. Times are in seconds. */
export interface AuthConfig {
  /** What the gateway calls itself in its tokens; null in production without AUTH_ISSUER: no tokens are issued. */
  readonly issuer: string | null
  /** Whom tokens for this graph name as audience. Default `tributary`. */
  readonly audience: string
  /** What new keys are made for. Default EdDSA. */
  readonly signingAlgorithm: 'EdDSA' | 'ES256'
  /** Keys given by the operator, as text; without either they are kept in the gateway's database. */
  readonly signingKey: Secret | undefined
  readonly signingKeyFile: string | undefined
  /** Default an hour. */
  readonly accessTokenLifetime: number
  /** Default a week. */
  readonly refreshTokenLifetime: number
  /** By how much clocks may differ. Default 5. */
  readonly clockTolerance: number
  /** Key of the HS256 tokens of the platform's own backend, accepted while it is set. */
  readonly jwtSecret: Secret | undefined
  /** Key of the HS256 tokens for the Labeler's single sign-on. */
  readonly serviceJwtSecret: Secret | undefined
  /** What new password hashes are made with. Default bcrypt. */
  readonly passwordHash: 'bcrypt' | 'argon2id'
  /** Default 12. */
  readonly bcryptCost: number
  readonly trustedIssuers: readonly TrustedIssuer[]
}

type AuthValues = { [Name in keyof typeof authVariables]: ValueOf<(typeof authVariables)[Name]> }

/** What names the process where AUTH_ISSUER does not: good enough for one developer's machine. */
const developmentIssuer = (host: string, port: number) =>
  `http://${['0.0.0.0', '::'].includes(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`

export interface AuthSurroundings {
  readonly production: boolean
  readonly host: string
  readonly port: number
}

/** The settings of signing in. What contradicts itself is added to the reader's problems. */
export function readAuth(
  reader: EnvironmentReader,
  values: AuthValues,
  { production, host, port }: AuthSurroundings,
): AuthConfig {
  const issuer = values.AUTH_ISSUER ?? (production ? null : developmentIssuer(host, port))
  if (values.AUTH_SIGNING_KEY && values.AUTH_SIGNING_KEY_FILE)
    reader.problems.push('AUTH_SIGNING_KEY and AUTH_SIGNING_KEY_FILE are both set; keep one')
  if (values.TRUSTED_ISSUERS?.some((trusted) => trusted.issuer === issuer))
    reader.problems.push('TRUSTED_ISSUERS names the gateway itself (AUTH_ISSUER)')
  if (values.AUTH_AUDIENCE === 'labeler')
    reader.problems.push('AUTH_AUDIENCE="labeler" is the audience of the Labeler’s tokens; choose another')
  return {
    issuer,
    audience: values.AUTH_AUDIENCE,
    signingAlgorithm: values.AUTH_SIGNING_ALGORITHM,
    signingKey: values.AUTH_SIGNING_KEY,
    signingKeyFile: values.AUTH_SIGNING_KEY_FILE,
    accessTokenLifetime: values.ACCESS_TOKEN_LIFETIME,
    refreshTokenLifetime: values.REFRESH_TOKEN_LIFETIME,
    clockTolerance: values.AUTH_CLOCK_TOLERANCE,
    jwtSecret: values.JWT_SECRET,
    serviceJwtSecret: values.SERVICE_JWT_SECRET,
    passwordHash: values.PASSWORD_HASH,
    bcryptCost: values.BCRYPT_COST,
    trustedIssuers: values.TRUSTED_ISSUERS,
  }
}

/** What is worth a warning: secrets that could be guessed, or that open each other's doors. */
export function authWarnings({ jwtSecret, serviceJwtSecret }: AuthConfig): string[] {
  const short = Object.entries({ JWT_SECRET: jwtSecret, SERVICE_JWT_SECRET: serviceJwtSecret })
    .filter(([, secret]) => secret !== undefined && secret.reveal().length < 32)
    .map(([name]) => `${name} is shorter than 32 characters; whoever guesses it signs in as anybody`)
  const shared = jwtSecret !== undefined && jwtSecret.reveal() === serviceJwtSecret?.reveal()
  return shared ? [...short, 'JWT_SECRET and SERVICE_JWT_SECRET are the same; each should be its own'] : short
}
