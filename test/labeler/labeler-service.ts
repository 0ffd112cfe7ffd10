/*
 * A backend of the Labeler: it has the gateway's address and nothing else of it, and believes a token for what the
 * published keys say of it.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'

export interface LabelerService extends AsyncDisposable {
  /** What it answers to a token: the person, or 401 with the reason. */
  whoIs(token: string): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }>
}

export interface LabelerServiceOptions {
  /** Where the gateway is. */
  readonly origin: string
  /** As the gateway has itself in its tokens. */
  readonly issuer: string
}

export async function startLabelerService(options: LabelerServiceOptions): Promise<LabelerService> {
  const { origin, issuer } = options
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', origin))
  const check = async (authorization = '') => {
    const { payload } = await jwtVerify(authorization.replace(/^Bearer /, ''), keys, {
      issuer,
      audience: 'labeler',
      typ: 'at+jwt',
      algorithms: ['EdDSA', 'ES256'],
      requiredClaims: ['sub', 'iat', 'exp', 'jti'],
    })
    return { id: Number(payload.sub), email: payload.email, role: payload.role }
  }
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body))
    try {
      answer(200, await check(request.headers.authorization))
    } catch (error) {
      if (error instanceof errors.JOSEError) answer(401, { code: error.code, reason: error.message })
      else answer(500, { reason: String(error) })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    async whoIs(token) {
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        headers: { authorization: `Bearer ${token}` },
      })
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
