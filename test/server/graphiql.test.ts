import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { startToyServer } from './toy-server.ts'

const chromium = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path))
const page = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

describe('GraphiQL', () => {
  it('is one page that loads nothing from elsewhere, with a first query', async () => {
    await using toy = await startToyServer()
    const response = await fetch(toy.url, { headers: page })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const html = await response.text()
    expect(html).toContain('{"query":"{ hello }"}')
    expect(html.match(/<script[^>]+src=/g)).toBeNull()
    expect(html.match(/<link[^>]+href="(?!data:)/g)).toBeNull()
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-/)
    expect(policy).not.toMatch(/https?:|'unsafe-eval'|script-src[^;]*'unsafe-inline'/)
    expect(policy).toContain("frame-ancestors 'none'")
  })

  it('is not there in production', async () => {
    await using toy = await startToyServer({ env: { NODE_ENV: 'production' } })
    const response = await fetch(toy.url, { headers: page })
    expect(response.status).toBe(403)
    expect(await response.text()).not.toContain('<')
  })

  it.skipIf(!chromium)(
    'runs in Chromium (skipped where there is none) under its own policy',
    async () => {
      await using toy = await startToyServer()
      const profile = await mkdtemp(join(tmpdir(), 'tributary-chromium-'))
      try {
        const browser = spawn(
          chromium ?? '',
          [
            '--headless',
            '--no-sandbox',
            '--disable-gpu',
            '--disable-dev-shm-usage',
            `--user-data-dir=${profile}`,
            '--enable-logging=stderr',
            '--virtual-time-budget=20000',
            '--dump-dom',
            toy.url,
          ],
          { stdio: ['ignore', 'pipe', 'pipe'] },
        )
        const [dom, messages] = await Promise.all([text(browser.stdout), text(browser.stderr)])
        expect(dom).toContain('graphiql-container')
        expect(messages).not.toMatch(/Content Security Policy|Uncaught/)
        const asked = toy.log.filter(({ operation }) => operation === 'IntrospectionQuery')
        expect(asked).toMatchObject([{ status: 200 }])
        expect(asked[0]).not.toHaveProperty('errors')
      } finally {
        await rm(profile, { recursive: true, force: true, maxRetries: 5 })
      }
    },
    60_000,
  )
})
