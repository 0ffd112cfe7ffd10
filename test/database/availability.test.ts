import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Source } from '../../src/database/source.ts'
import type { TestDatabase } from '../support/databases.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { createLab, failure, run, startSource, until } from './source-kit.ts'

let lab: TestDatabase
beforeAll(async () => {
  lab = await createLab()
})
afterAll(() => lab[Symbol.asyncDispose]())

const title = (source: Source) =>
  source.guard(
    async () => (await source.pool.query<{ title: string }>('SELECT title FROM jobs')).rows[0]?.title,
  )
const sleep = (source: Source) => source.guard(() => source.pool.query('SELECT pg_sleep(20)'))

describe('a source', () => {
  test('that is killed answers at once, what is under way too, and rejoins', async () => {
    await using proxy = await startTcpProxy(lab.url)
    await using source = await startSource(proxy.url)
    // More than the pool has connections: some run, some wait.
    const underWay = Array.from({ length: 20 }, () => failure(sleep(source)))
    await Promise.all([until(source, () => proxy.connections >= 0), pause(50)])
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
    proxy.blackHole()
    const underWay = Array.from({ length: 20 }, () => failure(title(source)))
    await until(source, ({ status }) => status === 'UNAVAILABLE')
    const found = performance.now()
    const answers = await Promise.all(underWay)
    expect(performance.now() - found).toBeLessThan(50)
    expect(new Set(answers.map(({ code }) => code))).toEqual(new Set(['SOURCE_UNAVAILABLE']))
    expect(source.reason).toMatch(/ does not answer$/)
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
    const began = performance.now()
    const waiting = Array.from({ length: 10 }, () => title(slow))
    await Promise.all(Array.from({ length: 10 }, () => title(other)))
    const took = performance.now() - began
    await Promise.all(waiting)
    expect(took).toBeLessThan(100)
    expect(performance.now() - began).toBeGreaterThan(200)
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

  test('whose connections an administrator ends is back at once', async () => {
    await using source = await startSource(lab.url)
    const ended = failure(sleep(source))
    const seen: string[] = []
    source.on('change', ({ status, reason }) => seen.push(`${status} ${reason}`))
    const terminate = `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%'`
    while ((await run(lab.url, terminate)) === '0');
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
})
