import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerJson } from './answer.ts'
import { requestError } from './request-error.ts'

/** What the gateway tells of its tokens to whoever checks them. */
export interface WellKnown {
  /** As tokens have it; null where none are issued. */
  readonly issuer: string | null
  /** The public keys. */
  jwks(): object
  /** What tokens are signed with. */
  algorithms(): readonly string[]
  /** Seconds that the keys may be kept. */
  readonly maxAge: number
}

const methods = 'GET, HEAD, OPTIONS'

const claims = [
  'iss',
  'sub',
  'aud',
  'iat',
  'nbf',
  'exp',
  'jti',
  'sid',
  'type',
  'email',
  'role',
  'organization_id',
]

/** The document at a path; undefined where there is none. */
function documentAt(path: string, { issuer, jwks, algorithms }: WellKnown): object | undefined {
  if (issuer === null) return undefined
  if (path === '/.well-known/jwks.json') return jwks()
  if (path !== '/.well-known/openid-configuration') return undefined
  return {
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    response_types_supported: [],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: algorithms(),
    claims_supported: claims,
  }
}

/**
 * Answers what is asked of a well-known document. Every page may read it, which has nothing secret in it, and
 * everybody keep it for a while.
 *
 * @returns whether there is a document at the path.
 */
export function answerWellKnown(
  request: IncomingMessage,
  response: ServerResponse,
  wellKnown: WellKnown,
): boolean {
  const document = documentAt(request.url?.split('?', 1)[0] ?? '/', wellKnown)
  if (!document) return false
  response.setHeader('access-control-allow-origin', '*')
  response.removeHeader('access-control-allow-credentials')
  response.setHeader('cross-origin-resource-policy', 'cross-origin')
  if (request.method === 'OPTIONS') {
    response.writeHead(204, { allow: methods, 'access-control-allow-methods': methods }).end()
    return true
  }
  if (request.method !== 'GET' && request.method !== 'HEAD')
    throw requestError('METHOD_NOT_ALLOWED', 'It is read by GET or HEAD.', { allow: methods })
  response.setHeader('cache-control', `public, max-age=${wellKnown.maxAge}`)
  answerJson(response, 200, document)
  return true
}
