import type { IncomingMessage } from 'node:http'

/**
 * Brings a request for a whole URL, as proxies are sent and every server must accept, into the form that others
 * have: a path, and the host in its header, whatever that said before.
 */
export function normaliseTarget(request: IncomingMessage): void {
  const { url = '' } = request
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return
  const { host, pathname, search } = new URL(url)
  request.url = `${pathname}${search}`
  request.headers.host = host
}
