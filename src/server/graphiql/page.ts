import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Somebody whose sign-in is no secret, as in data made for trying things out. */
export interface OfferedPerson {
  readonly email: string
  readonly password: string
  /** What one sees as this person. */
  readonly about: string
}

export interface GraphiqlOptions {
  /** What its first tab holds. */
  readonly defaultQuery?: string
  /** People to sign in as by one click. */
  readonly people?: readonly OfferedPerson[]
}

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

/** A file beside this one; the build puts it beside the bundle. */
const asset = (name: string) => readFile(new URL(name, import.meta.url), 'utf8')

/** Replaces what has to be there exactly once. */
function replaceOnce(text: string, wanted: string, by: string): string {
  const parts = text.split(wanted)
  if (parts.length !== 2) throw new Error(`GraphiQL’s page has ${parts.length - 1} times “${wanted}”.`)
  return parts.join(by)
}

const attribute = (value: unknown) =>
  JSON.stringify(value).replaceAll('&', '&amp;').replaceAll("'", '&#39;').replaceAll('<', '&lt;')

async function render({ defaultQuery, people = [] }: GraphiqlOptions): Promise<Page> {
  // Nine megabytes of script, loaded when somebody looks.
  const [{ renderGraphiQL }, bar, script] = await Promise.all([
    import('@graphql-yoga/render-graphiql'),
    asset('./sign-in.html'),
    asset('./sign-in.js'),
  ])
  const page = String(
    await renderGraphiQL({
      title: 'Tributary',
      endpoint: '/graphql',
      ...(defaultQuery !== undefined && { defaultTabs: [{ query: defaultQuery }] }),
    }),
  )
  const withBar = replaceOnce(
    page,
    '<div id="root"></div>',
    `${bar.replace('id="sign-in"', `id="sign-in" data-people='${attribute(people)}'`)}
      <div id="root"></div>
      <script>(() => {${script}})()</script>`,
  )
  const html = replaceOnce(
    withBar,
    'YogaGraphiQL.renderYogaGraphiQL(\n',
    'renderGraphiql(YogaGraphiQL.renderYogaGraphiQL,\n',
  )
  return { html, contentSecurityPolicy: policyOf(html) }
}

/** GraphiQL, and a way to sign in, as one page that loads nothing from anywhere else. */
export function createGraphiql(options: GraphiqlOptions = {}): Graphiql {
  let page: Promise<Page> | undefined
  return {
    async answer(response) {
      page ??= render(options)
      const { html, contentSecurityPolicy } = await page
      response.setHeader('content-security-policy', contentSecurityPolicy)
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
      response.end(html)
    },
  }
}
