import { createRemoteJWKSet, type JWTVerifyGetKey, jwtVerify } from 'jose'

/** Who signs the tokens of people, and where its keys are. */
export interface Issuer {
  readonly issuer: string
  readonly jwksUrl: string
}

const bearer = (authorization: string) => authorization.replace(/^Bearer /i, '')

/** The user in whose name the platform calls; undefined for a token that is not one of its service tokens. */
export async function userOfServiceToken(authorization: string, secret: string): Promise<number | undefined> {
  try {
    const { payload } = await jwtVerify(bearer(authorization), new TextEncoder().encode(secret), {
      algorithms: ['HS256'],
      requiredClaims: ['exp'],
    })
    const isPlatform = payload.type === 'service' && payload.service === 'platform'
    return isPlatform && /^\d+$/.test(payload.sub ?? '') ? Number(payload.sub) : undefined
  } catch {
    return undefined
  }
}

const keySets = new Map<string, JWTVerifyGetKey>()

/** The person whom the issuer's token for the Labeler names, by its published keys alone. */
export async function personOf(authorization: string, { issuer, jwksUrl }: Issuer) {
  const keys = keySets.get(jwksUrl) ?? createRemoteJWKSet(new URL(jwksUrl))
  keySets.set(jwksUrl, keys)
  try {
    const { payload } = await jwtVerify(bearer(authorization), keys, {
      issuer,
      audience: 'labeler',
      typ: 'at+jwt',
      algorithms: ['EdDSA', 'ES256'],
      requiredClaims: ['sub', 'exp'],
    })
    return { id: Number(payload.sub), email: payload.email, role: payload.role }
  } catch {
    return undefined
  }
}
