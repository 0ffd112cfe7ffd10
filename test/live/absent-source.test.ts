import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Watching } from '../../src/changes/watching.ts'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { openGraph, type TestGraph } from '../support/graph.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { type LiveWorld, openLiveWorld } from './live-kit.ts'

const cleanup = new AsyncDisposableStack()
let databases: TestDatabases
let proxy: TcpProxy
let graph: TestGraph
let world: LiveWorld

beforeAll(async () => {
  databases = cleanup.use(await cloneDatabases({ seeded: true }))
  proxy = cleanup.use(await startTcpProxy(databases.urls.gpudev))
  graph = cleanup.use(await openGraph({ ...databases.urls, gpudev: proxy.url }))
  world = cleanup.use(await openLiveWorld({ over: { databases, graph }, captured: ['platform', 'gpudev'] }))
})

afterAll(() => cleanup.disposeAsync())

const jobs =
  'subscription { jobsChanged(first: 1000) { kind cursor id removed node { id } nodes { source } missing { source code message } } }'
const rename = (notes: string) =>
  world.databases
    .client('platform')
    .then((client) =>
      client.query('UPDATE training_jobs SET notes = $1 WHERE id = (SELECT min(id) FROM training_jobs)', [
        notes,
      ]),
    )

const becomes = (status: string) =>
  new Promise<void>((resolve) => {
    const source = graph.source('gpudev')
    const look = () => {
      if (source.status !== status) return
      stop()
      resolve()
    }
    const stop = source.on('change', look)
    look()
  })

describe('the jobs of every source', () => {
  it('are told without those of a source that does not answer, and with them when it does', async () => {
    await proxy.refuse()
    await becomes('UNAVAILABLE')
    const listener = await world.subscribe(jobs)
    const first = await listener.nth(1)
    expect(first.kind).toBe('SNAPSHOT')
    const sources = new Set(first.nodes.map(({ source }) => source))
    expect(sources).toContain('platform')
    expect(sources).not.toContain('gpudev')
    expect(first.missing).toEqual([
      { source: 'gpudev', code: 'SOURCE_UNAVAILABLE', message: 'gpudev cannot be reached.' },
    ])
    await rename('while it is away')
    expect((await listener.nth(2)).kind).toBe('UPDATED')
    proxy.pass()
    await becomes('AVAILABLE')
    const whole = await listener.nth(3)
    expect(whole.kind).toBe('RESYNC')
    expect(new Set(whole.nodes.map(({ source }) => source))).toContain('gpudev')
    expect(whole.missing).toEqual([])
    await rename('and after')
    expect((await listener.nth(4)).kind).toBe('UPDATED')
    listener.stream?.stop()
  })

  it('go on to be told where a source goes away that answered before', async () => {
    const listener = await world.subscribe(jobs)
    await listener.nth(1)
    await proxy.refuse()
    await becomes('UNAVAILABLE')
    await rename('gone in the middle')
    expect((await listener.nth(2)).kind).toBe('UPDATED')
    listener.stream?.stop()
    proxy.pass()
    await becomes('AVAILABLE')
  })

  it('are gone on with by a cursor of those that answered, while the other is still away', async () => {
    await proxy.refuse()
    await becomes('UNAVAILABLE')
    const before = await world.subscribe(jobs)
    const { cursor } = await before.nth(1)
    before.stream?.stop()
    await rename('between two streams')
    const listener = await world.subscribe(jobs, {}, { after: cursor })
    const missed = await listener.nth(1)
    expect(missed.kind).toBe('UPDATED')
    expect(missed.missing).toMatchObject([{ source: 'gpudev' }])
    listener.stream?.stop()
    proxy.pass()
    await becomes('AVAILABLE')
  })

  it('are told anew without those of a source that is away just then', async () => {
    const listener = await world.subscribe(jobs)
    expect((await listener.nth(1)).missing).toEqual([])
    await proxy.refuse()
    await becomes('UNAVAILABLE')
    // What cannot be told row by row is told anew, and that has to be read.
    const platform = await world.databases.client('platform')
    await platform.query('TRUNCATE inference_jobs CASCADE')
    const partial = await listener.nth(2)
    expect(partial).toMatchObject({ kind: 'RESYNC', missing: [{ source: 'gpudev' }] })
    expect(partial.nodes.map(({ source }) => source)).toContain('platform')
    proxy.pass()
    await becomes('AVAILABLE')
    expect(await listener.nth(3)).toMatchObject({ kind: 'RESYNC', missing: [] })
    listener.stream?.stop()
  })

  it('are told without those of a source that another process watches', async () => {
    let state: Watching['state'] = 'ELSEWHERE'
    const watching = (name: string): Watching => ({
      state: name === 'gpudev' ? state : 'STREAMING',
      reason: 'the slot is taken',
      unwatched: {},
    })
    await using other = await openLiveWorld({ over: { databases, graph }, captured: [], watching })
    const listener = await other.subscribe(jobs)
    const first = await listener.nth(1)
    expect(first.nodes.map(({ source }) => source)).toContain('platform')
    expect(first.missing).toMatchObject([{ source: 'gpudev', code: 'WATCHED_ELSEWHERE' }])
    expect(new Set(first.nodes.map(({ source }) => source))).not.toContain('gpudev')
    state = 'NOT_CAPTURED'
    const whole = await listener.nth(2)
    expect(whole).toMatchObject({ kind: 'RESYNC', missing: [] })
    expect(whole.nodes.map(({ source }) => source)).toContain('gpudev')
    state = 'ELSEWHERE'
    await expect(
      other.subscribe('subscription { jobsChanged(filter: { source: { eq: "gpudev" } }) { kind } }'),
    ).rejects.toMatchObject({ code: 'WATCHED_ELSEWHERE' })
  })
})
