/**
 * Headers that may be said once. Node keeps the first of several and drops the others without a word; a proxy in front
 * that goes by the last has then let in another caller, for another host, than the one that is heard here.
 */
import type { IncomingMessage } from 'node:http'
import { requestError } from './request-error.ts'

const single = ['host', 'authorization', 'content-type']

/** @throws GraphQLError BAD_REQUEST when one of them is said more often. */
export function refuseRepeated({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): void {
  const said = new Set<string>()
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? ''
    if (!single.includes(name)) continue
    if (said.has(name)) throw requestError('BAD_REQUEST', `The header ${name} is there more than once.`)
    said.add(name)
  }
}
