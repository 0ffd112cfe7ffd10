import type { IncomingMessage } from 'node:http'
import { requestError } from './request-error.ts'

/** The media type of a content-type header, without its parameters and in lower case. */
export const mediaType = (contentType: string | undefined): string =>
  contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? ''

const jsonTypes = ['application/json', 'application/graphql+json']

/** @throws GraphQLError UNSUPPORTED_MEDIA_TYPE for a body that is not UTF-8 JSON as it stands. */
export function requireJson({ method, headers }: IncomingMessage): void {
  if (method !== 'POST') return
  const type = headers['content-type']
  const charset = /;\s*charset="?([^";\s]+)/i.exec(type ?? '')?.[1]?.toLowerCase() ?? 'utf-8'
  const encoding = headers['content-encoding'] ?? 'identity'
  if (!jsonTypes.includes(mediaType(type)) || charset !== 'utf-8')
    throw requestError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json in UTF-8.', {
      'accept-post': 'application/json; charset=utf-8',
    })
  if (encoding !== 'identity')
    throw requestError('UNSUPPORTED_MEDIA_TYPE', `Send the body without content-encoding.`, {
      'accept-encoding': 'identity',
    })
}
