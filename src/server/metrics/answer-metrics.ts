/**
 * Who may read the metrics.
 *
 * They tell nobody's data, but how much there is of everything, which is the operator's business. With METRICS_TOKEN they
 * are for whoever brings that as a bearer's token. Without one they are for this machine alone: for a connection from a
 * loopback address that no proxy says it has passed on. Everybody else finds nothing.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Secret } from '../../config/secret.ts'
import { bears, isLocal } from '../operator.ts'
import { requestError } from '../request-error.ts'
import type { Metrics } from './metrics.ts'

/**
 * Answers a request for the metrics.
 *
 * @throws GraphQLError NOT_FOUND to whom they are not shown; METHOD_NOT_ALLOWED.
 */
export async function answerMetrics(
  request: IncomingMessage,
  response: ServerResponse,
  { metrics, token }: { readonly metrics: Metrics; readonly token: Secret | undefined },
): Promise<void> {
  if (token ? !bears(request, token) : !isLocal(request))
    throw requestError('NOT_FOUND', 'There is nothing here. GraphQL is at /graphql.')
  if (request.method !== 'GET' && request.method !== 'HEAD')
    throw requestError('METHOD_NOT_ALLOWED', 'Metrics are read by GET or HEAD.', { allow: 'GET, HEAD' })
  const text = await metrics.text()
  response.writeHead(200, { 'content-type': metrics.contentType })
  response.end(text)
}
