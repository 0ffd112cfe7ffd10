import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../src/embedded/free-port.ts'
import { RawConnection } from '../server/raw-request.ts'
import { query, signIn } from '../support/client.ts'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { programOfOldNode } from './old-node.ts'
import { TributaryProcess, tributary } from './tributary-process.ts'

const jobs = '{ trainingJobs { totalCount } }'

describe('tributary serve', () => {
  let databases: TestDatabases
  beforeAll(async () => {
    databases = await cloneDatabases({ seeded: true })
  })
  afterAll(() => databases[Symbol.asyncDispose]())

  const start = (env = {}, program?: readonly string[]) =>
    new TributaryProcess(['serve'], {
      ...(program && { program }),
      env: {
        DATABASE_URL: databases.url('platform'),
        USER_DATABASE_URL: databases.url('users'),
        AUTH_ISSUER: 'http://tests.example',
        LOG_FORMAT: 'json',
        NODE_ENV: 'production',
        ...env,
      },
    })

  /** A request that cannot be answered before the table is free. */
  async function startBlockedRequest(url: string) {
    const token = await signIn(url)
    const client = await databases.client('platform')
    await client.query('BEGIN; LOCK TABLE training_jobs IN ACCESS EXCLUSIVE MODE')
    const answer = query(url, jobs, token)
    answer.catch(() => {})
    for (;;) {
      const { rowCount } = await client.query(
        "SELECT FROM pg_locks WHERE relation = 'training_jobs'::regclass AND NOT granted",
      )
      if (rowCount) break
    }
    return { answer, release: () => client.query('ROLLBACK') }
  }

  it('says when it is not ready any more, lets requests under way finish, and exits with 0', async () => {
    await using gateway = start()
    const url = await gateway.url()
    const port = Number(new URL(url).port)
    const { answer, release } = await startBlockedRequest(url)
    // A request that has begun to arrive keeps its connection.
    using probe = await RawConnection.open(port)
    probe.write('GET /health/ready HTTP/1.1\r\nhost: x\r\n')
    expect((await fetch(new URL('/health/ready', url))).status).toBe(200)

    gateway.signal('SIGTERM')
    for (;;) {
      const connection = await RawConnection.open(port).catch(() => undefined)
      if (!connection) break
      connection[Symbol.dispose]()
    }
    probe.write('\r\n')
    expect(await probe.untilClosed()).toMatch(/503 Service Unavailable.*"draining"/s)

    await release()
    expect(await answer).toEqual({ trainingJobs: { totalCount: 3000 } })
    expect(await gateway.ended).toEqual({ status: 0, signal: null })
    expect(gateway.stderr).toBe('')
  })

  it('leaves requests unfinished when it is asked to stop again and again', async () => {
    await using gateway = start({
      SHUTDOWN_GRACE: '3600',
      REQUEST_TIMEOUT: '3600',
      DB_STATEMENT_TIMEOUT: '3600',
    })
    const { answer, release } = await startBlockedRequest(await gateway.url())
    // So often that signals come in its last moment too.
    let isOver = false
    const ended = gateway.ended.finally(() => (isOver = true))
    while (!isOver) {
      gateway.signal('SIGINT')
      await pause(1)
    }
    expect(await ended).toEqual({ status: 0, signal: null })
    await expect(answer).rejects.toThrow('fetch failed')
    await release()
  })

  it('is stopped with the Node that started it, however that ends', async ({ skip }) => {
    const program = await programOfOldNode()
    skip(program === undefined, 'there is no Node here that does not know TypeScript')
    if (!program) return
    await using gateway = start({}, program)
    await gateway.url()
    process.kill(gateway.pid, 'SIGKILL')
    // Its output is closed when the last who writes to it has ended.
    expect(await gateway.ended).toEqual({ status: null, signal: 'SIGKILL' })
  })

  it('logs each thing as a line of JSON', async () => {
    await using gateway = start()
    await query(await gateway.url(), jobs)
    await gateway.end('SIGTERM')
    const lines = gateway.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string; requestId?: string })
    expect(lines.find(({ msg }) => msg === 'request')?.requestId).toBeTruthy()
  })

  it('does not start without a database that it can use', async () => {
    const nowhere = `postgres://somebody:geheim@127.0.0.1:${await freePort()}/platform`
    const { status, stdout, stderr } = await tributary(['serve'], { env: { DATABASE_URL: nowhere } })
    expect(status).toBe(1)
    expect(stderr).toMatch(/^tributary serve: No source can be used:\n {2}platform: no server listens at /)
    expect(stdout + stderr).not.toMatch(/geheim|\n\s+at /)
    const none = await tributary(['serve'])
    expect(none).toMatchObject({ status: 1, stderr: expect.stringContaining('platform: no URL is set') })
  })
})
