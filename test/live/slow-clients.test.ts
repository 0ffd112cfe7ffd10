import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { insertJob } from './job-rows.ts'
import { type LiveWorld, openLiveWorld } from './live-kit.ts'

let world: LiveWorld
let platform: Client

beforeAll(async () => {
  world = await openLiveWorld({ patienceMs: 400 })
  platform = await world.databases.client('platform')
  await platform.query("INSERT INTO projects (id, name, user_id) VALUES (1, 'one', 1)")
  for (const id of [1, 2, 3]) await insertJob(platform, { id })
})

afterAll(async () => {
  await world[Symbol.asyncDispose]()
})

const one = `subscription { trainingJobChanged(id: 1) { kind cursor id removed node { notes } nodes { notes } } }`
const many = `subscription { trainingJobsChanged { kind cursor id removed node { databaseId notes } nodes { notes } } }`
const metrics = `subscription ($job: ID!) { metricsAppended(jobId: $job) { kind cursor id removed node { epoch } nodes { epoch } } }`

const note = (id: number, notes: string) =>
  platform.query('UPDATE training_jobs SET notes = $2 WHERE id = $1', [id, notes])
const drops = () => ({ ...world.engine.counters.drops })

describe('a client that does not read', () => {
  it('is told the latest of each row, once it reads again, and delays nobody', async () => {
    const [slow, quick] = [await world.subscribe(many), await world.subscribe(many)]
    await Promise.all([slow.nth(1), quick.nth(1)])
    const before = drops()
    slow.isReady = false
    for (const notes of ['a', 'b', 'c']) for (const id of [1, 2]) await note(id, notes)
    await quick.nth(7)
    expect(slow.results).toHaveLength(1)
    slow.read()
    await slow.nth(3)
    expect(slow.changes.slice(1).map(({ node }) => node)).toEqual([
      { databaseId: 1, notes: 'c' },
      { databaseId: 2, notes: 'c' },
    ])
    expect((drops().conflated ?? 0) - (before.conflated ?? 0)).toBe(4)
    await note(1, 'd')
    expect((await slow.nth(4)).node).toMatchObject({ notes: 'd' })
    for (const listener of [slow, quick]) listener.stream?.stop()
  })

  it('is told every appended row, from the log where too many waited', async () => {
    const slow = await world.subscribe(metrics, { job: 2 })
    await slow.nth(1)
    slow.isReady = false
    await platform.query('INSERT INTO metrics (job_id, epoch) SELECT 2, n FROM generate_series(1, 700) n')
    await world.settled('platform')
    const before = drops()
    expect(before.deferred).toBeGreaterThan(200)
    slow.read()
    await slow.nth(701)
    await platform.query('INSERT INTO metrics (job_id, epoch) VALUES (2, 701)')
    await slow.nth(702)
    expect(slow.changes.slice(1).map(({ node }) => node?.epoch)).toEqual(
      Array.from({ length: 701 }, (_, index) => index + 1),
    )
    expect(new Set(slow.changes.map(({ kind }) => kind))).toEqual(new Set(['SNAPSHOT', 'INSERTED']))
  })

  it.each([
    ['a field of states', one, {}, () => note(1, 'unread')],
    [
      'a field of appended rows',
      metrics,
      { job: 3 },
      () => platform.query('INSERT INTO metrics (job_id, epoch) SELECT 3, n FROM generate_series(1, 700) n'),
    ],
  ])('for ever is sent away, with where to go on: %s', async (_, document, variables, change) => {
    const stalled = await world.subscribe(document, variables)
    await stalled.nth(1)
    const before = drops()
    stalled.isReady = false
    await change()
    await stalled.ended()
    expect(stalled.errors[0]?.message).toMatch(/more slowly/)
    expect(stalled.errors[0]?.extensions).toMatchObject({
      code: 'TOO_SLOW',
      retryable: true,
      cursor: stalled.cursors.at(-1),
    })
    expect((drops().stalled ?? 0) - (before.stalled ?? 0)).toBeGreaterThan(0)
    const again = await world.subscribe(
      document.replace(/\((id|jobId): ([^)]+)\)/, `($1: $2, after: "${stalled.cursors.at(-1)}")`),
      variables,
    )
    const told = await again.nth(1)
    expect(told.kind).not.toBe('RESYNC')
    expect(told.kind).not.toBe('SNAPSHOT')
  })
})
