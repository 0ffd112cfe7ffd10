import { LabelerFailure } from './failure.ts'

export interface BoundedRequest {
  readonly url: URL
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
}

export interface BoundedAnswer {
  readonly status: number
  /** The body as JSON; undefined where it is none. */
  readonly body: unknown
  /** Milliseconds that it asks to wait; undefined where it does not. */
  readonly retryAfterMs: number | undefined
}

const maxRedirects = 3
const maxBytes = 8 * 2 ** 20

/**
 * Fetches JSON. A redirect is followed within the origin alone, for the token would travel along, and only so far; a
 * POST only where the redirect keeps its method. A body that is longer than any of the API's is not read to its end.
 *
 * @throws LabelerFailure `wrong`; an error of `fetch` as it is.
 */
export async function boundedFetch(request: BoundedRequest): Promise<BoundedAnswer> {
  let { url } = request
  for (let redirects = 0; ; redirects++) {
    const { method, headers, body, signal } = request
    const response = await fetch(url, {
      method,
      headers,
      signal,
      redirect: 'manual',
      ...(body !== undefined && { body }),
    })
    const location = response.headers.get('location')
    if (response.status < 300 || response.status >= 400 || location === null)
      return {
        status: response.status,
        body: await jsonOf(response),
        retryAfterMs: retryAfter(response.headers.get('retry-after')),
      }
    await response.body?.cancel()
    const next = URL.parse(location, url)
    if (next?.origin !== request.url.origin)
      throw new LabelerFailure('wrong', 'it redirects to another place')
    if (method === 'POST' && response.status !== 307 && response.status !== 308)
      throw new LabelerFailure('wrong', `it redirects a POST with the status ${response.status}`)
    if (redirects === maxRedirects) throw new LabelerFailure('wrong', 'it redirects without end')
    url = next
  }
}

async function jsonOf(response: Response): Promise<unknown> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.byteLength
    if (length > maxBytes) throw new LabelerFailure('wrong', `its answer is longer than ${maxBytes} bytes`)
    parts.push(part)
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString())
  } catch {
    return undefined
  }
}

/** Retry-After is a number of seconds or a date (RFC 9110, section 10.2.3). */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}
