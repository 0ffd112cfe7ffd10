import type { IncomingMessage } from 'node:http'

const eventStream = 'text/event-stream'
const known = [eventStream, 'application/json', 'application/graphql-response+json', 'multipart/mixed', '*/*']

/** Whether a request would rather have events than anything else, or would take them, or neither. */
export function acceptsEvents({ headers }: Pick<IncomingMessage, 'headers'>): 'first' | 'too' | 'never' {
  const types = (headers.accept ?? '*/*')
    .split(',')
    .map((type) => type.split(';', 1)[0]?.trim().toLowerCase())
  if (types.find((type) => known.includes(type ?? '')) === eventStream) return 'first'
  return types.some((type) => type === eventStream || type === 'text/*' || type === '*/*') ? 'too' : 'never'
}
