import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

export interface Graphiql {
  /** Answers with the page. */
  answer(response: ServerResponse): Promise<void>
}

interface Page {
  readonly html: string
  readonly contentSecurityPolicy: string
}

/** Whether a browser asks for a page. */
export const asksForPage = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' && (headers.accept ?? '').includes('text/html')

/** Allows exactly the page's own scripts, by their hashes, and its workers, which it makes from blobs. */
function policyOf(html: string): string {
  const hashes = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(
    ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  )
  return [
    "default-src 'none'",
    `script-src ${hashes.join(' ')}`,
    "style-src 'unsafe-inline'",
    "img-src 'self' data: blob:",
    'font-src data:',
    'worker-src blob:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

async function render(defaultQuery: string | undefined): Promise<Page> {
  // Nine megabytes of script, loaded when somebody looks.
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  const html = String(
    await renderGraphiQL({
      title: 'Tributary',
      endpoint: '/graphql',
      subscriptionsProtocol: 'SSE',
      ...(defaultQuery !== undefined && { defaultTabs: [{ query: defaultQuery }] }),
    }),
  )
  return { html, contentSecurityPolicy: policyOf(html) }
}

/**
 * GraphiQL as one page that loads nothing from anywhere else.
 *
 * @param defaultQuery What its first tab holds.
 */
export function createGraphiql(defaultQuery?: string): Graphiql {
  let page: Promise<Page> | undefined
  return {
    async answer(response) {
      page ??= render(defaultQuery)
      const { html, contentSecurityPolicy } = await page
      response.setHeader('content-security-policy', contentSecurityPolicy)
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
      response.end(html)
    },
  }
}
