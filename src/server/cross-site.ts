/**
 * Whether a request may have been sent by a foreign page without its user's knowledge.
 *
 * A browser lets any page send "simple" requests anywhere, cookies and network position included, and asks the
 * server first (a preflight) only for what is not simple. JSON bodies are not; GET and form bodies are. Looking
 * at the content type alone lets GET pass, so a simple request must prove that it was meant:
 *
 * - by a header that no page can send without a preflight; or
 * - by coming from this origin or a listed one, as the browser says; or
 * - by asking for GraphQL's own media type, while no browser says that it comes from elsewhere. That is how
 *   programs send GET.
 */
import type { IncomingMessage } from 'node:http'
import { TributaryError } from '../errors/tributary-error.ts'
import { mediaType } from './media-type.ts'

const proofs = ['graphql-require-preflight', 'apollo-require-preflight', 'x-apollo-operation-name']
const simpleTypes = ['', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']
const purposeful = /application\/graphql-response\+json|text\/event-stream/i

type Request = Pick<IncomingMessage, 'method' | 'headers'>

const isSimple = ({ method, headers }: Request) =>
  method === 'GET' ||
  method === 'HEAD' ||
  (method === 'POST' && simpleTypes.includes(mediaType(headers['content-type'])))

/** Whether an Origin is the one that the request was sent to; the scheme is the proxy's to know. */
export const isOwnOrigin = (origin: string, host: string | undefined): boolean =>
  URL.canParse(origin) && new URL(origin).host === host

/** @throws TributaryError CROSS_SITE_REQUEST when a simple request carries no proof that it was meant. */
export function refuseCrossSite(request: Request, allowedOrigins: readonly string[]): void {
  if (!isSimple(request)) return
  const { headers } = request
  if (proofs.some((name) => headers[name])) return
  const { origin } = headers
  const site = headers['sec-fetch-site']
  if (origin !== undefined && allowedOrigins.includes(origin)) return
  const foreign = origin !== undefined && !isOwnOrigin(origin, headers.host)
  if (site === 'same-origin' && !foreign) return
  if (purposeful.test(headers.accept ?? '') && !foreign && site !== 'cross-site' && site !== 'same-site')
    return
  throw new TributaryError(
    'CROSS_SITE_REQUEST',
    'A page of another site could have sent this request. Send the header `graphql-require-preflight: 1`, or a POST with a JSON body.',
  )
}
