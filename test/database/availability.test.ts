import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Source } from '../../src/database/source.ts'
import type { TestDatabase } from '../support/databases.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { createLab, eventually, failure, run, startSource, until } from './source-kit.ts'

let lab: TestDatabase
beforeAll(async () => {
  lab = await createLab()
})
afterAll(() => lab[Symbol.asyncDispose]())

const title = (source: Source) =>
  source.guard(
    async () => (await source.pool.query<{ title: string }>('SELECT title FROM jobs')).rows[0]?.title,
  )
const sleep = (source: Source, seconds = 20) =>
  source.guard(() => source.pool.query(`SELECT pg_sleep(${seconds})`))

/** How many such statements run in the server. */
const sleeping =
  (seconds = 20) =>
  () =>
    run(
      lab.url,
      `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query = $1`,
      [`SELECT pg_sleep(${seconds})`],
    )

describe('a source', () => {
  test('that is killed answers at once, what is under way too, and rejoins', async () => {
    await using proxy = await startTcpProxy(lab.url)
    await using source = await startSource(proxy.url)
    // More than the pool has connections: some run, some wait.
    const underWay = Array.from({ length: 20 }, () => failure(sleep(source)))
    await eventually(sleeping(), 3)
    expect(source.pool.waitingCount).toBe(17)
    const cut = performance.now()
    await proxy.refuse()
    const answers = await Promise.all(underWay)
    expect(performance.now() - cut).toBeLessThan(50)
    expect(new Set(answers.map(({ code }) => code))).toEqual(new Set(['SOURCE_UNAVAILABLE']))

    expect(source.status).toBe('UNAVAILABLE')
    const later = await Promise.all(Array.from({ length: 100 }, () => failure(title(source))))
    expect(Math.max(...later.map(({ took }) => took))).toBeLessThan(50)
    expect(later[0]?.error.extensions).toEqual({ code: 'SOURCE_UNAVAILABLE', source: 'lab', retryable: true })
    await until(source, ({ reason = '' }) => /^no server listens at 127/.test(reason))

    proxy.pass()
    await until(source, ({ status }) => status === 'AVAILABLE')
    expect(await title(source)).toBe('first')
    expect(source.reason).toBeUndefined()
  })

  test('that goes silent is found out, and leaves no dead connection behind', async () => {
    await using proxy = await startTcpProxy(lab.url)
    await using source = await startSource(proxy.url)
    expect(await title(source)).toBe('first')
    const reasons = new Set<string | undefined>()
    source.on('change', ({ reason }) => reasons.add(reason))
    proxy.blackHole()
    const underWay = Array.from({ length: 20 }, () => failure(title(source)))
    await until(source, ({ status }) => status === 'UNAVAILABLE')
    const found = performance.now()
    const answers = await Promise.all(underWay)
    expect(performance.now() - found).toBeLessThan(50)
    expect(new Set(answers.map(({ code }) => code))).toEqual(new Set(['SOURCE_UNAVAILABLE']))
    expect((await failure(title(source))).took).toBeLessThan(50)

    proxy.pass()
    await until(source, ({ status }) => status === 'AVAILABLE')
    expect(await Promise.all(Array.from({ length: 10 }, () => title(source)))).toEqual(
      Array(10).fill('first'),
    )
  })

  test('that is slow stays, and does not slow another', async () => {
    await using proxy = await startTcpProxy(lab.url)
    await using slow = await startSource(proxy.url)
    await using other = await startSource(lab.url)
    proxy.pass(100)
    const order: string[] = []
    const ask = (source: Source, name: string) =>
      Array.from({ length: 10 }, () => title(source).then(() => order.push(name)))
    await Promise.all([...ask(slow, 'slow'), ...ask(other, 'other')])
    expect(order).toEqual([...Array(10).fill('other'), ...Array(10).fill('slow')])
    expect(slow.status).toBe('AVAILABLE')
  })

  test('that is not there at the start joins when it comes', async () => {
    await using proxy = await startTcpProxy(lab.url)
    await proxy.refuse()
    await using source = await startSource(proxy.url)
    expect(source.status).toBe('UNAVAILABLE')
    expect((await failure(title(source))).code).toBe('SOURCE_UNAVAILABLE')
    proxy.pass()
    await until(source, ({ status }) => status === 'AVAILABLE')
    expect(await title(source)).toBe('first')
  })

  test('that is silent at the start is decided within the time for connecting', async () => {
    await using proxy = await startTcpProxy(lab.url)
    proxy.blackHole()
    const began = performance.now()
    await using source = await startSource(proxy.url)
    expect(performance.now() - began).toBeLessThan(1_000)
    expect([source.status, source.reason]).toEqual([
      'UNAVAILABLE',
      `${new URL(proxy.url).host} does not answer`,
    ])
  })

  test('that has no connection to spare goes on with those that are open', async () => {
    const role = `limited_${randomBytes(4).toString('hex')}`
    await run(
      lab.url,
      `CREATE ROLE ${role} LOGIN PASSWORD 'limited' CONNECTION LIMIT 2; GRANT SELECT ON jobs TO ${role}`,
    )
    await using cleanup = new AsyncDisposableStack()
    cleanup.defer(async () => void (await run(lab.url, `DROP OWNED BY ${role}; DROP ROLE ${role}`)))
    const url = new URL(lab.url)
    url.username = role
    url.password = 'limited'
    // One for the watch, one for the pool.
    await using source = await startSource(url.href)
    const underWay = source.guard(() => source.pool.query('SELECT 1 FROM pg_sleep(0.3)'))
    await eventually(async () => source.pool.openCount, 1)
    const { code, error } = await failure(title(source))
    expect([code, error.message]).toEqual(['SOURCE_OVERLOADED', 'lab has no connection to spare.'])
    expect((await underWay).rowCount).toBe(1)
    expect(source.status).toBe('AVAILABLE')
  })

  test('whose connections an administrator ends is back at once', async () => {
    await using source = await startSource(lab.url)
    const ended = failure(sleep(source, 21))
    await eventually(sleeping(21), 1)
    const seen: string[] = []
    source.on('change', ({ status, reason }) => seen.push(`${status} ${reason}`))
    await run(
      lab.url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND query = 'SELECT pg_sleep(21)'`,
    )
    expect((await ended).code).toBe('SOURCE_UNAVAILABLE')
    await until(source, ({ status }) => status === 'AVAILABLE')
    expect(await title(source)).toBe('first')
    expect(seen).toEqual([
      expect.stringMatching(/^UNAVAILABLE .*an administrator did$/),
      'AVAILABLE undefined',
    ])
  })

  test('tells since when it is as it is', async () => {
    let seconds = 0
    await using proxy = await startTcpProxy(lab.url)
    await using source = await startSource(proxy.url, {
      now: () => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)),
    })
    seconds = 7
    proxy.cut()
    await until(source, ({ status }) => status === 'UNAVAILABLE')
    expect(source.since.toISOString()).toBe('2026-01-01T00:00:07.000Z')
  })

  test('ends in good time, whether it answers or not', async () => {
    await using proxy = await startTcpProxy(lab.url)
    const source = await startSource(proxy.url)
    expect(await title(source)).toBe('first')
    const underWay = failure(sleep(source))
    proxy.blackHole()
    const began = performance.now()
    await source[Symbol.asyncDispose]()
    expect(performance.now() - began).toBeLessThan(2_000)
    await underWay
    expect(source.pool.totalCount).toBe(0)
    expect((await failure(title(source))).code).toBe('SOURCE_UNAVAILABLE')
  })

  test('that ends answers what is under way, and stops it in the server', async () => {
    const source = await startSource(lab.url)
    const underWay = Array.from({ length: 10 }, () => failure(sleep(source, 22)))
    await eventually(sleeping(22), 3)
    const began = performance.now()
    await source[Symbol.asyncDispose]()
    expect(performance.now() - began).toBeLessThan(500)
    for (const { code } of await Promise.all(underWay)) expect(code).toBe('SOURCE_UNAVAILABLE')
    await eventually(sleeping(22), 0)
    expect(performance.now() - began).toBeLessThan(2_000)
  })

  test('that ends while connections are being opened lets nothing run on them', async () => {
    const source = await startSource(lab.url)
    const underWay = Array.from({ length: 10 }, () => failure(sleep(source, 23)))
    const began = performance.now()
    await source[Symbol.asyncDispose]()
    expect(performance.now() - began).toBeLessThan(500)
    for (const { code } of await Promise.all(underWay)) expect(code).toBe('SOURCE_UNAVAILABLE')
    expect(await sleeping(23)()).toBe(0)
  })
})
