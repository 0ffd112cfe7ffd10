import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { namedPeople } from '../../src/embedded/named-people.ts'
import type { ConnectionSecurity } from '../../src/server/credential.ts'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { type Browser, type BrowserPage, chromium, startBrowser } from './browser.ts'
import { ManualClock } from './manual-clock.ts'
import { ToySecurity } from './toy-security.ts'
import { startToyServer } from './toy-server.ts'

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
})

/** Whether the answer shows a text; the editor breaks lines where it likes. */
const shows = (text: string) =>
  `document.querySelector('.result-window')?.textContent.split(/[^!-~]/).join('').includes(${JSON.stringify(text)})`

/** Runs the query of the first tab, and waits for the answer to show a text. */
async function run(browserPage: BrowserPage, expected: string): Promise<void> {
  await browserPage.until(`document.querySelector('.graphiql-execute-button')`)
  await browserPage.evaluate(`document.querySelector('.graphiql-execute-button').click()`)
  await browserPage.until(shows(expected))
}

const signInBy = (email: string, password: string) => `(() => {
  const form = document.querySelector('#sign-in form')
  form.elements.email.value = ${JSON.stringify(email)}
  form.elements.password.value = ${JSON.stringify(password)}
  form.requestSubmit()
})()`
const who = `document.querySelector('#sign-in .person:not([hidden]) strong')?.textContent`
const said = `document.querySelector('#sign-in output').value`
const nobodySignedIn = `!document.querySelector('#sign-in form').hidden`

describe.skipIf(!chromium)('in Chromium (skipped where there is none), GraphiQL', { timeout: 60_000 }, () => {
  let browser: Browser
  let databases: TestDatabases
  let gateway: TestGateway
  beforeAll(async () => {
    browser = await startBrowser()
    databases = await cloneDatabases({ seeded: true })
    gateway = await startGateway({
      urls: databases.urls,
      open: false,
      graphiql: { people: namedPeople },
    })
  }, 60_000)
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await databases[Symbol.asyncDispose]()
    await browser[Symbol.asyncDispose]()
  })

  const asking = () => `${gateway.url}?query=${encodeURIComponent('{ viewer { kind user { email } } }')}`

  it('signs in and out, keeps the token for the tab alone, and breaks nothing of its policy', async () => {
    const tab = await browser.page()
    await tab.open(asking())
    await run(tab, '"kind":"ANONYMOUS"')

    await tab.evaluate(signInBy('engineer@tributary.test', 'wrong password'))
    await tab.until(`${said}.includes('password')`)
    expect(await tab.evaluate(nobodySignedIn)).toBe(true)

    await tab.evaluate(signInBy('engineer@tributary.test', 'tributary'))
    await tab.until(`${who} === 'engineer@tributary.test'`)
    await run(tab, '"email":"engineer@tributary.test"')

    await tab.open(asking())
    await tab.until(`${who} === 'engineer@tributary.test'`)
    await run(tab, '"email":"engineer@tributary.test"')
    await tab.evaluate(`document.querySelector('#sign-in .person button').click()`)
    await tab.until(nobodySignedIn)
    await run(tab, '"kind":"ANONYMOUS"')
    expect(await tab.evaluate('sessionStorage.getItem("tributary.session")')).toBeNull()
    expect(
      await tab.evaluate('document.cookie + Object.keys(localStorage).filter((key) => /session/.test(key))'),
    ).toBe('')
    expect(tab.complaints).toEqual([])
  })

  it('knows nothing in another tab', async () => {
    const tab = await browser.page()
    await tab.open(asking())
    await tab.evaluate(signInBy('engineer@tributary.test', 'tributary'))
    await tab.until(`${who} === 'engineer@tributary.test'`)
    const other = await browser.page()
    await other.open(asking())
    await run(other, '"kind":"ANONYMOUS"')
  })

  it('signs in as a person who is offered, by one click', async () => {
    const tab = await browser.page()
    await tab.open(asking())
    for (const { email } of namedPeople) {
      await tab.until(nobodySignedIn)
      await tab.evaluate(
        `[...document.querySelectorAll('#sign-in .offers button')].find((one) => one.textContent === '${email}').click()`,
      )
      await tab.until(`${who} === '${email}'`)
      await tab.evaluate(`document.querySelector('#sign-in .person button').click()`)
    }
    expect(tab.complaints).toEqual([])
  })

  it('renews the token before it expires, and is signed out where the session has ended', async () => {
    const tab = await browser.page()
    await tab.open(asking())
    await tab.evaluate(signInBy('guest@tributary.test', 'tributary'))
    await tab.until(`${who} === 'guest@tributary.test'`)
    const stored = () => tab.evaluate<string>('sessionStorage.getItem("tributary.session")')
    const before = JSON.parse(await stored())

    // The tab finds on opening that the token is about to expire.
    const aged = JSON.stringify({ ...before, expiresAt: Date.now() + 1000 })
    await tab.evaluate(`sessionStorage.setItem('tributary.session', ${JSON.stringify(aged)})`)
    await tab.open(asking())
    await run(tab, '"email":"guest@tributary.test"')
    const after = JSON.parse(await stored())
    expect(after.refreshToken).not.toBe(before.refreshToken)
    expect(after.accessToken).not.toBe(before.accessToken)

    // A refresh token that was used ends the session.
    await tab.evaluate(`sessionStorage.setItem('tributary.session', ${JSON.stringify(aged)})`)
    await tab.open(asking())
    await tab.until(`${said}.startsWith('The session has ended')`)
    expect(await tab.evaluate(nobodySignedIn)).toBe(true)
  })

  it.each([
    ['SSE', 'pokes'],
    ['WS', 'pokes'],
  ])('subscribes by %s with the token', async (transport, field) => {
    const clock = new ManualClock()
    const security = new ToySecurity(clock)
    const given = new Set<string | undefined>()
    const connection: ConnectionSecurity = {
      authenticate: (headers) => {
        given.add(headers.authorization)
        return security.authenticate(headers)
      },
      onRevoked: (principal, listener) => security.onRevoked(principal, listener),
    }
    await using toy = await startToyServer({ connection, clock })
    const tab = await browser.page()
    const url = `${toy.url}?query=${encodeURIComponent(`subscription { ${field} }`)}`
    await tab.open(url)
    const session = {
      email: 'ann',
      accessToken: 'ann 3600',
      refreshToken: 'r',
      expiresAt: Date.now() + 3e6,
      lifetime: 3.6e6,
    }
    await tab.evaluate(`sessionStorage.setItem('tributary.session', ${JSON.stringify(JSON.stringify(session))})
      sessionStorage.setItem('tributary.transport', '${transport}')`)
    await tab.open(url)
    given.clear()
    await run(tab, `"${field}":0`)
    expect([...given]).toEqual(['Bearer ann 3600'])
    toy.events.dispatchEvent(new Event('poke'))
    await tab.until(shows(`"${field}":1`))
    expect(tab.complaints).toEqual([])
  })
})
