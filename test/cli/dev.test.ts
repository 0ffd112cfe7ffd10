import { on, once } from 'node:events'
import { existsSync, watch } from 'node:fs'
import { chown, mkdir, readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { firstQueries } from '../../src/cli/welcome.ts'
import { canEnter } from '../../src/embedded/accounts.ts'
import { freePort } from '../../src/embedded/free-port.ts'
import { postgresIn } from '../../src/embedded/processes.ts'
import { temporaryFolder } from '../embedded/start-owner.ts'
import { overWebSocket } from '../server/stream-client.ts'
import { query, signIn } from '../support/client.ts'
import { cloneDatabases } from '../support/databases.ts'
import { root, TributaryProcess, tributary } from './tributary-process.ts'

interface Page<T> {
  readonly nodes: readonly T[]
}
interface Series {
  readonly totalPoints: number
  readonly points: readonly object[]
}
type Folder = Awaited<ReturnType<typeof temporaryFolder>>

const lastLine = /Ctrl-C stops it\.\n/
const start = (home: string, env = {}) =>
  new TributaryProcess(['dev'], { env: { TRIBUTARY_HOME: home, REPLAY: 'off', CAPTURE: 'auto', ...env } })

/** Nothing runs in a home, and nobody claims it. */
async function expectQuiet(home: string): Promise<void> {
  expect(await postgresIn(join(home, 'postgres', 'data'))).toEqual([])
  expect((await readdir(home)).filter((name) => !/^(postgres(\.log)?|changes)$/.test(name))).toEqual([])
}

/** The name of a folder's entry that matches, as soon as there is one. */
async function entry(folder: string, pattern: RegExp): Promise<string> {
  const watcher = watch(folder)
  const changes = on(watcher, 'change')
  try {
    for (;;) {
      const found = (await readdir(folder)).find((name) => pattern.test(name))
      if (found !== undefined) return found
      await changes.next()
    }
  } finally {
    watcher.close()
  }
}

async function jobCount(url: string, token?: string): Promise<number> {
  const { trainingJobs } = await query<{ trainingJobs: { totalCount: number } }>(
    url,
    '{ trainingJobs { totalCount } }',
    token,
  )
  return trainingJobs.totalCount
}

describe('tributary dev', { timeout: 60_000 }, () => {
  let folder: Folder
  let home: string
  beforeAll(async () => {
    folder = await temporaryFolder()
    home = join(folder.path, 'home')
  })
  afterAll(() => folder[Symbol.asyncDispose]())

  it('says last where it listens, who may come in and what to try, and then is silent until it is asked', async () => {
    await using gateway = start(home)
    await gateway.printed(lastLine)
    const welcome = gateway.stdout.slice(gateway.stdout.indexOf('\n\n'))
    const url = await gateway.url()
    expect(welcome).toContain(`Tributary listens on ${url}`)
    expect(welcome).toMatch(/Nobody sees anything without signing in/)
    for (const { document } of firstQueries) expect(welcome.replaceAll('\n  ', '\n')).toContain(document)

    expect(await jobCount(url)).toBe(0)
    await gateway.printed(/Ctrl-C stops it\.\n.+request/s)
    expect(gateway.stdout).toMatch(/Ctrl-C stops it\.\n[^\n]*INFO: request [^\n]*\n$/)
    expect(gateway.stderr).toBe('')

    expect(await gateway.end('SIGINT')).toEqual({ status: 0, signal: null })
    await expectQuiet(home)
    await expect(fetch(url)).rejects.toThrow()
  })

  it('keeps its data, and shows something worth seeing', async () => {
    await using gateway = start(home)
    const url = await gateway.url()
    expect(gateway.stdout).not.toMatch(/applied|\d+ rows/)
    const [running, loss, person] = firstQueries.map(({ document }) => document) as [string, string, string]
    const text = expect.any(String)
    const token = await signIn(url)

    const { trainingJobs } = await query<{ trainingJobs: Page<{ progress: number; project: object }> }>(
      url,
      running,
      token,
    )
    expect(trainingJobs.nodes).toHaveLength(5)
    expect(new Set(trainingJobs.nodes.map(({ progress }) => progress)).size).toBeGreaterThan(2)
    expect(trainingJobs.nodes.map(({ project }) => project)).toContainEqual({
      name: text,
      owner: { fullName: text, organization: { name: text } },
    })

    const { trainingJob } = await query<{ trainingJob: { metricSeries: Series } }>(url, loss, token)
    expect(trainingJob.metricSeries.totalPoints).toBeGreaterThan(4000)
    expect(trainingJob.metricSeries.points.length).toBeGreaterThan(300)
    expect(trainingJob.metricSeries.points.length).toBeLessThanOrEqual(320)

    const { user } = await query<{ user: { projects: Page<{ members: Page<object> }> } }>(url, person, token)
    expect(user.projects.nodes.flatMap(({ members }) => members.nodes)).toContainEqual({
      role: text,
      user: { fullName: text },
    })

    expect(await gateway.end('SIGTERM')).toEqual({ status: 0, signal: null })
    await expectQuiet(home)
  })

  it('plays the writers of its databases, and stops them with the rest', async () => {
    await using gateway = start(home, { REPLAY: 'on', REPLAY_SPEED: '100' })
    const url = await gateway.url()
    const token = await signIn(url)
    const before = await jobCount(url, token)
    while ((await jobCount(url, token)) < before + 10) await gateway.printed(/request/)

    // The Labeler is beside it, and reached.
    const { datasets, sources } = await query<{ datasets: Page<object>; sources: object[] }>(
      url,
      '{ datasets(first: 5) { nodes { name } } sources { name status } }',
      token,
    )
    expect(datasets.nodes).toHaveLength(5)
    expect(sources).toContainEqual({ name: 'labeler', status: 'AVAILABLE' })
    expect(await gateway.end('SIGINT')).toEqual({ status: 0, signal: null })
    expect(gateway.stdout).not.toMatch(/WARN|ERROR/)
    await expectQuiet(home)
  })

  it('starts its Postgres again where that is killed, and goes on, whoever watches among it', async () => {
    await using gateway = start(home)
    const url = await gateway.url()
    const token = await signIn(url)
    const jobs = await jobCount(url, token)
    const [pid, , , port] = (await readFile(join(home, 'postgres', 'data', 'postmaster.pid'), 'utf8')).split(
      '\n',
    )
    const password = await readFile(join(home, 'postgres', 'password'), 'utf8')
    const note = async (notes: string) => {
      const client = new Client({
        connectionString: `postgres://postgres:${password}@127.0.0.1:${port}/platform`,
      })
      await client.connect()
      await client.query('UPDATE training_jobs SET notes = $1 WHERE id = 2000', [notes])
      await client.end()
    }
    using watcher = await overWebSocket(url, {
      query: 'subscription { trainingJobChanged(id: "VHJhaW5pbmdKb2I6MjAwMA==") { kind node { notes } } }',
      authorization: `Bearer ${token}`,
    })
    const heard = async () => (await watcher.next()).payload
    expect(await heard()).toMatchObject({ data: { trainingJobChanged: { kind: 'SNAPSHOT' } } })

    process.kill(Number(pid), 'SIGKILL')
    await gateway.printed(/Postgres ended unexpectedly by SIGKILL/)
    await gateway.printed(/Postgres is up again/)
    await gateway.printed(/platform is available.*platform is available/s)
    expect(await jobCount(url, token)).toBe(jobs)
    await note('after the kill')
    expect(await heard()).toEqual({
      data: { trainingJobChanged: { kind: 'UPDATED', node: { notes: 'after the kill' } } },
    })
    expect(await gateway.end('SIGTERM')).toEqual({ status: 0, signal: null })
    await expectQuiet(home)
  })

  it('takes a signal that comes twice, as npm passes it on, for one', async () => {
    await using gateway = start(home)
    await gateway.url()
    gateway.signal('SIGINT')
    gateway.signal('SIGTERM')
    expect(await gateway.end('SIGINT')).toEqual({ status: 0, signal: null })
    await expectQuiet(home)
  })

  it('ends with its terminal', async () => {
    await using gateway = start(home)
    await gateway.url()
    expect(await gateway.end('SIGHUP')).toEqual({ status: 0, signal: null })
    await expectQuiet(home)
  })

  it('recovers by itself after kill -9', async () => {
    await using killed = start(home)
    await killed.url()
    expect(await killed.end('SIGKILL')).toEqual({ status: null, signal: 'SIGKILL' })
    expect((await postgresIn(join(home, 'postgres', 'data'))).length).toBeGreaterThan(0)
    await using gateway = start(home)
    const url = await gateway.url()
    expect(await jobCount(url, await signIn(url))).toBeGreaterThan(2000)
    expect(await gateway.end('SIGINT')).toEqual({ status: 0, signal: null })
    await expectQuiet(home)
  })

  it('says that its port is taken, and leaves nothing running', async () => {
    const port = await freePort()
    const other = createServer().listen(port, '127.0.0.1')
    await once(other, 'listening')
    const env = { TRIBUTARY_HOME: home, PORT: String(port) }
    const { status, stderr } = await tributary(['dev'], { env })
    other.close()
    expect(status).toBe(1)
    expect(stderr).toBe(
      `tributary dev: Port ${port} of 127.0.0.1 is taken by another program. Stop it, or use another port: PORT=${port + 1}.\n`,
    )
    await expectQuiet(home)
  })

  it('brings no Postgres along where the environment names a database', async () => {
    await using databases = await cloneDatabases()
    const unused = join(folder.path, 'unused')
    await using gateway = start(unused, { DATABASE_URL: databases.url('platform'), CAPTURE: 'off' })
    await gateway.printed(lastLine)
    expect(await jobCount(await gateway.url())).toBe(0)
    expect(gateway.stdout).not.toContain('Worth trying')
    expect(await gateway.end('SIGINT')).toEqual({ status: 0, signal: null })
    expect(existsSync(unused)).toBe(false)
  })
})

describe('a first start that is broken off', { timeout: 120_000 }, () => {
  const ordinary = { name: 'nobody', uid: 65_534, gid: 65_534 }

  it('leaves nothing running and is completed by the next, for an ordinary user too', async ({ skip }) => {
    const isRoot = process.getuid?.() === 0
    skip(isRoot && !(await canEnter(ordinary, root)), `nobody cannot enter ${root}`)
    await using folder = await temporaryFolder()
    const home = join(folder.path, 'home')
    await mkdir(home)
    if (isRoot) await chown(home, ordinary.uid, ordinary.gid)
    const begin = () =>
      new TributaryProcess(['dev'], {
        env: { TRIBUTARY_HOME: home, REPLAY: 'off' },
        ...(isRoot && { account: ordinary }),
      })

    await using inInitdb = begin()
    const partial = await entry(home, /^postgres\.partial-/)
    await entry(join(home, partial), /^data$/)
    expect(await inInitdb.end('SIGINT')).toEqual({ status: 0, signal: null })
    // The cluster is there whole, where initdb was quicker than the signal, or not at all.
    await expectQuiet(home)

    for (const stage of [/applied 0001/, /\d rows|rows already/]) {
      await using child = begin()
      await child.printed(stage)
      expect(await child.end('SIGINT')).toEqual({ status: 0, signal: null })
      expect(child.stdout).not.toContain('listens')
      expect(child.stderr).toBe('')
      await expectQuiet(home)
    }

    await using gateway = begin()
    const url = await gateway.url()
    expect(await jobCount(url, await signIn(url))).toBeGreaterThan(2000)
    expect(await gateway.end('SIGINT')).toEqual({ status: 0, signal: null })
    await expectQuiet(home)
  })
})
