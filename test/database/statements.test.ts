import { PrismaPg } from '@prisma/adapter-pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PrismaClient } from '../../prisma/platform/generated/client/client.ts'
import { type RequestScope, runInRequest } from '../../src/database/request-scope.ts'
import type { Source } from '../../src/database/source.ts'
import type { TestDatabase } from '../support/databases.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { createLab, eventually, failure, run, startSource } from './source-kit.ts'

let lab: TestDatabase
beforeAll(async () => {
  lab =
    await createLab(`CREATE TABLE projects (id serial PRIMARY KEY, name varchar(200) NOT NULL UNIQUE, description text,
    task_type text, user_id int, organization_id int, created_at timestamp, updated_at timestamp)`)
})
afterAll(() => lab[Symbol.asyncDispose]())

const single = { config: { maxConnections: 1 } }

function request(): RequestScope & { abort(): void } {
  const aborting = new AbortController()
  return {
    id: 'r',
    signal: aborting.signal,
    statements: new Map(),
    abort: () => aborting.abort(new Error('The client went away')),
  }
}

const query = (source: Source, text: string) => source.guard(() => source.pool.query(text))
const prismaOf = (source: Source) => new PrismaClient({ adapter: new PrismaPg(source.pool) })
const active = (word: string) => () =>
  run(lab.url, "SELECT count(*)::int FROM pg_stat_activity WHERE state = 'active' AND query = $1", [word])

describe('a session', () => {
  test('has its time-outs, its name and the forms that the graph reads', async () => {
    const url = `${lab.url}?options=-c%20DateStyle%3DGerman%20-c%20work_mem%3D5MB`
    await using source = await startSource(url, {
      config: { statementTimeoutMs: 7_000, idleInTransactionTimeoutMs: 9_000 },
    })
    const { rows } = await query(source, 'SHOW ALL')
    const settings = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
    expect(settings).toMatchObject({
      application_name: 'tributary',
      statement_timeout: '7s',
      lock_timeout: '5s',
      idle_in_transaction_session_timeout: '9s',
      DateStyle: expect.stringMatching(/^ISO/),
      TimeZone: 'UTC',
      extra_float_digits: '1',
      client_encoding: 'UTF8',
      search_path: 'public',
      work_mem: '5MB',
    })
  })
})

describe('statements are counted', () => {
  test('for their own request, however long they wait for a connection that others give back', async () => {
    await using source = await startSource(lab.url, single)
    const requests = [1, 2, 3, 4].map((count) => ({ count, scope: request() }))
    await Promise.all(
      requests.map(({ count, scope }) =>
        runInRequest(scope, () =>
          Promise.all(Array.from({ length: count }, () => query(source, 'SELECT 1'))),
        ),
      ),
    )
    expect(requests.map(({ scope }) => scope.statements.get('lab'))).toEqual([1, 2, 3, 4])
  })

  test("Prisma's too, in and out of transactions", async () => {
    await using source = await startSource(lab.url, single)
    const prisma = prismaOf(source)
    const [plain, transaction] = [request(), request()]
    await Promise.all([
      runInRequest(plain, () => source.guard(() => prisma.project.findMany())),
      runInRequest(transaction, () =>
        source.guard(() =>
          prisma.$transaction(async (tx) => [await tx.project.count(), await tx.project.count()]),
        ),
      ),
    ])
    expect([plain.statements.get('lab'), transaction.statements.get('lab')]).toEqual([1, 4])
  })
})

describe('an aborted request', () => {
  test('is answered at once, and its statement cancelled in the server', async () => {
    await using source = await startSource(lab.url)
    const scope = request()
    const running = failure(runInRequest(scope, () => query(source, 'SELECT pg_sleep(21)')))
    await eventually(active('SELECT pg_sleep(21)'), 1)
    const began = performance.now()
    scope.abort()
    const { error } = await running
    expect(performance.now() - began).toBeLessThan(50)
    expect(error).toBe(scope.signal.reason)
    await eventually(active('SELECT pg_sleep(21)'), 0)
    expect(source.status).toBe('AVAILABLE')
    expect((await query(source, 'SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  test("cancels Prisma's statements", async () => {
    await using source = await startSource(lab.url)
    const prisma = prismaOf(source)
    const scope = request()
    const running = failure(
      runInRequest(scope, () => source.guard(() => prisma.$queryRaw`SELECT 1 FROM pg_sleep(22)`)),
    )
    await eventually(active('SELECT 1 FROM pg_sleep(22)'), 1)
    scope.abort()
    expect((await running).error).toBe(scope.signal.reason)
    await eventually(active('SELECT 1 FROM pg_sleep(22)'), 0)
  })

  test("never cancels another request's statement on the same connection", async () => {
    await using source = await startSource(lab.url, single)
    for (let round = 0; round < 40; round++) {
      const scope = request()
      // The abort falls anywhere: before, in and after the statement.
      const aborted = runInRequest(scope, () => query(source, `SELECT pg_sleep(${round / 20_000})`)).catch(
        () => {},
      )
      const next = query(source, 'SELECT 1 FROM pg_sleep(0.004)')
      setTimeout(scope.abort, 2)
      await aborted
      expect((await next).rowCount).toBe(1)
    }
  })

  test('leaves the queue for a connection, which goes to the next', async () => {
    await using source = await startSource(lab.url, single)
    const [first, second] = [request(), request()]
    const running = failure(runInRequest(first, () => query(source, 'SELECT pg_sleep(23)')))
    await eventually(active('SELECT pg_sleep(23)'), 1)
    const waiting = failure(runInRequest(second, () => source.pool.query('SELECT 2')))
    const third = query(source, 'SELECT 3 AS three')
    second.abort()
    expect((await waiting).error).toBe(second.signal.reason)
    expect(second.statements.get('lab')).toBeUndefined()
    first.abort()
    await running
    expect((await third).rows).toEqual([{ three: 3 }])
  })

  test('is refused, once aborted', async () => {
    await using source = await startSource(lab.url)
    const scope = request()
    scope.abort()
    const guarded = runInRequest(scope, () => query(source, 'SELECT 1'))
    const direct = runInRequest(scope, () => source.pool.query('SELECT 1'))
    expect([(await failure(guarded)).error, (await failure(direct)).error]).toEqual([
      scope.signal.reason,
      scope.signal.reason,
    ])
    expect(scope.statements.size).toBe(0)
  })

  test('leaves no transaction open', async () => {
    await using source = await startSource(lab.url, single)
    const prisma = prismaOf(source)
    const scope = request()
    const work = () =>
      prisma.$transaction((tx) => tx.$queryRaw`SELECT 2 FROM pg_sleep(24)`, { timeout: 20_000 })
    const running = failure(runInRequest(scope, () => source.guard(work)))
    await eventually(active('SELECT 2 FROM pg_sleep(24)'), 1)
    scope.abort()
    await running
    const { rows } = await query(source, 'SELECT now() = statement_timestamp() AS fresh')
    expect(rows).toEqual([{ fresh: true }])
  })

  test('of which the server cannot be told leaves no connection behind', async () => {
    await using proxy = await startTcpProxy(lab.url)
    await using source = await startSource(proxy.url, {
      ...single,
      timing: { heartbeatMs: 60_000, probeTimeoutMs: 1_000 },
    })
    const scope = request()
    const running = failure(runInRequest(scope, () => query(source, 'SELECT pg_sleep(25)')))
    await eventually(active('SELECT pg_sleep(25)'), 1)
    proxy.blackHole()
    scope.abort()
    expect((await running).took).toBeLessThan(10_000)
    proxy.pass()
    expect((await query(source, 'SELECT 1')).rowCount).toBe(1)
  })
})

describe('a statement', () => {
  test.each(['SELECT pg_sleep(1)', 'SELECT * FROM jobs'])(
    'that takes too long is a time-out: %s',
    async (text) => {
      await using source = await startSource(lab.url, { config: { statementTimeoutMs: 100 } })
      const locker = await source.pool.connect()
      await locker.query('BEGIN; LOCK TABLE jobs')
      const answers = await Promise.all([
        failure(query(source, text)),
        failure(source.guard(() => prismaOf(source).$queryRawUnsafe(text))),
      ])
      locker.release(true)
      for (const { code, error } of answers)
        expect([code, error.message, error.extensions]).toEqual([
          'SOURCE_TIMEOUT',
          'lab took too long to answer.',
          { code: 'SOURCE_TIMEOUT', source: 'lab', retryable: true },
        ])
      expect(source.status).toBe('AVAILABLE')
    },
  )

  test('that reads what is not there is a mismatch, through Prisma too', async () => {
    await using source = await startSource(lab.url)
    const { code } = await failure(source.guard(() => prismaOf(source).trainingJob.findMany()))
    expect(code).toBe('SOURCE_MISMATCH')
  })

  test('that is at fault itself fails as it is', async () => {
    await using source = await startSource(lab.url)
    expect(await failure(query(source, 'SELECT 1 / 0'))).toMatchObject({
      code: '22012',
      error: { severity: 'ERROR' },
    })
    const prisma = prismaOf(source)
    const data = { name: 'twice' }
    await source.guard(() => prisma.project.create({ data }))
    expect((await failure(source.guard(() => prisma.project.create({ data })))).code).toBe('P2002')
    expect(source.status).toBe('AVAILABLE')
  })

  test('that finds the server gone is an unavailability, through Prisma too', async () => {
    await using proxy = await startTcpProxy(lab.url)
    await using source = await startSource(proxy.url)
    const prisma = prismaOf(source)
    await source.guard(() => prisma.project.findMany())
    await proxy.refuse()
    const codes = await Promise.all([
      failure(source.guard(() => prisma.project.findMany())),
      failure(source.guard(() => prisma.$transaction([prisma.project.findMany()]))),
    ])
    expect(codes.map(({ code }) => code)).toEqual(['SOURCE_UNAVAILABLE', 'SOURCE_UNAVAILABLE'])
  })

  test('is refused when too many wait already', async () => {
    await using source = await startSource(lab.url, { ...single, maxWaiting: 2 })
    const held = await source.pool.connect()
    const waiting = [query(source, 'SELECT 1'), query(source, 'SELECT 1')]
    const { code, error, took } = await failure(query(source, 'SELECT 1'))
    expect([code, error.extensions]).toEqual([
      'SOURCE_OVERLOADED',
      { code: 'SOURCE_OVERLOADED', source: 'lab', retryable: true },
    ])
    expect(took).toBeLessThan(50)
    expect((await failure(source.guard(() => prismaOf(source).project.findMany()))).code).toBe(
      'SOURCE_OVERLOADED',
    )
    held.release()
    await Promise.all(waiting)
  })

  test('is refused when it has waited too long, and the source stays', async () => {
    await using source = await startSource(lab.url, {
      config: { maxConnections: 1, connectionTimeoutMs: 200 },
    })
    const held = await source.pool.connect()
    expect((await failure(query(source, 'SELECT 1'))).code).toBe('SOURCE_OVERLOADED')
    expect(source.status).toBe('AVAILABLE')
    held.release()
    expect((await query(source, 'SELECT 1')).rowCount).toBe(1)
  })
})
