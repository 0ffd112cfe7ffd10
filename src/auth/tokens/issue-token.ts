import { randomUUID } from 'node:crypto'
import { type JWTPayload, SignJWT } from 'jose'
import type { Secret } from '../../config/secret.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { Audience } from '../principal.ts'
import { importSecret } from './secret-key.ts'

/** The person that an access token is issued to. */
export interface TokenUser {
  readonly id: number
  readonly email: string
  /** As stored. */
  readonly role: string
  readonly organizationId: number | null
}

export interface IssuedToken {
  readonly token: string
  readonly jti: string
  readonly expiresAt: Date
}

export interface TokenIssuerOptions {
  readonly issuer: string
  readonly audience: string
  readonly keys: KeyRing
  /** Seconds that an access token is good for. */
  readonly accessTokenLifetime: number
  /** The clock, in milliseconds since 1970. */
  readonly now?: () => number
}

/** Signs the gateway's own tokens. */
export class TokenIssuer {
  readonly #options: Required<TokenIssuerOptions>

  constructor(options: TokenIssuerOptions) {
    this.#options = { now: Date.now, ...options }
  }

  /**
   * A token by which a person who has signed in comes in, here or at the Labeler.
   *
   * @throws TributaryError NO_SIGNING_KEY
   */
  issueAccessToken(grant: { user: TokenUser; session: string; audience: Audience }): Promise<IssuedToken> {
    const { id, email, role, organizationId } = grant.user
    return this.#issue({
      typ: 'at+jwt',
      lifetime: this.#options.accessTokenLifetime,
      claims: {
        sub: String(id),
        aud: grant.audience === 'labeler' ? 'labeler' : this.#options.audience,
        type: 'access',
        email,
        role,
        organization_id: organizationId,
        sid: grant.session,
      },
    })
  }

  /**
   * A token by which a program comes in here.
   *
   * @param lifetime Seconds.
   * @throws TributaryError NO_SIGNING_KEY
   */
  issueServiceToken(grant: {
    name: string
    scopes: readonly string[]
    lifetime: number
  }): Promise<IssuedToken> {
    const { name, scopes, lifetime } = grant
    const claims = { sub: name, aud: this.#options.audience, type: 'service', scope: scopes.join(' ') }
    return this.#issue({ typ: 'JWT', lifetime, claims })
  }

  async #issue({ typ, lifetime, claims }: { typ: string; lifetime: number; claims: JWTPayload }) {
    const { stored, privateKey } = await this.#options.keys.signer()
    const iat = Math.floor(this.#options.now() / 1000)
    const exp = iat + lifetime
    const jti = randomUUID()
    const token = await new SignJWT({ ...claims, iss: this.#options.issuer, iat, nbf: iat, exp, jti })
      .setProtectedHeader({ alg: stored.algorithm, typ, kid: stored.kid })
      .sign(privateKey)
    return { token, jti, expiresAt: new Date(exp * 1000) }
  }
}

/** The person whom the Labeler's single sign-on lets in. */
export interface LabelerUser {
  readonly id: number
  readonly email: string
  readonly fullName: string | null
  /** As stored. */
  readonly role: string
  readonly badgeColor: string | null
}

/** Seconds that a token for the Labeler's single sign-on is good for. */
const labelerLifetime = 5 * 60

/** The token that the Labeler's `/auth/sso` takes: HS256 by the secret that it shares. It is worth nothing here. */
export async function issueLabelerToken(
  user: LabelerUser,
  { secret, now = Date.now }: { secret: Secret; now?: () => number },
): Promise<Omit<IssuedToken, 'jti'>> {
  const iat = Math.floor(now() / 1000)
  const exp = iat + labelerLifetime
  const token = await new SignJWT({
    iss: 'platform',
    aud: 'labeler',
    type: 'service',
    user_id: user.id,
    email: user.email,
    full_name: user.fullName,
    system_role: user.role,
    badge_color: user.badgeColor,
    iat,
    exp,
  })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(await importSecret(secret))
  return { token, expiresAt: new Date(exp * 1000) }
}
