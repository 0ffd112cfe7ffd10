import type { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { encodeId } from '../../src/graph/global-id.ts'
import { TrainingJob } from '../../src/sources/platform/training-job.ts'
import { insertJob } from './job-rows.ts'
import { type Listener, type LiveWorld, openLiveWorld } from './live-kit.ts'

let world: LiveWorld
let platform: Client

beforeAll(async () => {
  world = await openLiveWorld()
  platform = await world.databases.client('platform')
  await platform.query(`INSERT INTO projects (id, name, user_id) VALUES (1, 'one', 1), (2, 'two', 2)`)
})

afterAll(async () => {
  await world[Symbol.asyncDispose]()
})

const open: Listener[] = []

/** Subscribes until the test is over. */
async function subscribe(...asked: Parameters<LiveWorld['subscribe']>): Promise<Listener> {
  const listener = await world.subscribe(...asked)
  open.push(listener)
  return listener
}

afterEach(() => {
  for (const listener of open.splice(0)) listener.stream?.stop()
})

let lastJob = 100

/** A new job; answers its key. */
async function job(values: Readonly<Record<string, unknown>> = {}): Promise<number> {
  const id = ++lastJob
  await insertJob(platform, { id, ...values })
  return id
}

const note = (id: number, notes: string) =>
  platform.query('UPDATE training_jobs SET notes = $2 WHERE id = $1', [id, notes])

const append = (id: number, epoch: number, loss = epoch / 10) =>
  platform.query('INSERT INTO metrics (job_id, epoch, loss, extra_metrics) VALUES ($1, $2, $3, $4)', [
    id,
    epoch,
    loss,
    { top5: epoch },
  ])

const idOf = (key: number) => encodeId(TrainingJob, key)

const fields = 'kind cursor id removed node { databaseId notes } nodes { databaseId notes status }'
const one = `subscription ($id: ID!, $after: String) { trainingJobChanged(id: $id, after: $after) { ${fields} } }`
const many = `subscription ($filter: TrainingJobFilter, $after: String, $maxRate: Float) {
  trainingJobsChanged(filter: $filter, after: $after, maxRate: $maxRate) { ${fields} } }`
const metrics = `subscription ($job: ID!, $after: String, $last: Int, $maxRate: Float) {
  metricsAppended(jobId: $job, after: $after, last: $last, maxRate: $maxRate) {
    kind cursor id removed node { epoch loss } nodes { epoch loss extraMetrics } } }`

describe('one row', () => {
  it('is told as it is, then each time it changes, and when it is gone', async () => {
    const id = await job()
    const listener = await subscribe(one, { id: idOf(id) })
    expect(await listener.nth(1)).toMatchObject({ kind: 'SNAPSHOT', node: { databaseId: id }, id: idOf(id) })
    await note(id, 'one')
    await note(id, 'two')
    expect(await listener.nth(2)).toMatchObject({ kind: 'UPDATED', node: { notes: 'one' } })
    expect(await listener.nth(3)).toMatchObject({ kind: 'UPDATED', node: { notes: 'two' } })
    await platform.query('DELETE FROM training_jobs WHERE id = $1', [id])
    expect(await listener.nth(4)).toMatchObject({
      kind: 'REMOVED',
      node: null,
      id: idOf(id),
      removed: [idOf(id)],
    })
  })

  it('that is not there is told of when it comes', async () => {
    const listener = await subscribe(one, { id: String(lastJob + 1) })
    expect(await listener.nth(1)).toMatchObject({ kind: 'SNAPSHOT', node: null, nodes: [], id: null })
    const id = await job({ notes: 'new' })
    expect(await listener.nth(2)).toMatchObject({ kind: 'INSERTED', node: { databaseId: id, notes: 'new' } })
  })

  it('is told with every change of a transaction, in their order', async () => {
    const id = await job()
    const listener = await subscribe(one, { id })
    await listener.nth(1)
    await platform.query('BEGIN')
    for (const notes of ['a', 'b', 'c']) await note(id, notes)
    await platform.query('COMMIT')
    await listener.nth(4)
    expect(listener.changes.slice(1).map(({ node }) => node?.notes)).toEqual(['a', 'b', 'c'])
  })

  it('of no rolled back transaction', async () => {
    const id = await job()
    const listener = await subscribe(one, { id })
    await listener.nth(1)
    await platform.query('BEGIN')
    await note(id, 'never')
    await platform.query('ROLLBACK')
    await note(id, 'truly')
    expect(await listener.nth(2)).toMatchObject({ node: { notes: 'truly' } })
  })

  it('is told anew when its table is emptied', async () => {
    const listener = await subscribe(one, { id: 1 })
    await listener.nth(1)
    await platform.query('TRUNCATE training_jobs CASCADE')
    expect(await listener.nth(2)).toMatchObject({ kind: 'RESYNC', nodes: [] })
  })

  it('lacks what is stored apart and did not change, and is told with it nevertheless', async () => {
    const id = await job()
    const long = Array.from({ length: 20_000 }, (_, index) => `${index * 7919}`).join(' ')
    await platform.query('UPDATE training_jobs SET error_message = $2 WHERE id = $1', [id, long])
    const listener = await subscribe(
      'subscription ($id: ID!) { trainingJobChanged(id: $id) { kind cursor node { notes errorMessage project { name } } nodes { id } } }',
      { id },
    )
    await listener.nth(1)
    await note(id, 'short')
    expect(await listener.nth(2)).toMatchObject({
      node: { notes: 'short', errorMessage: long, project: { name: 'one' } },
    })
  })
})

describe('rows of a filter', () => {
  it('come, change and leave', async () => {
    const id = await job({ model_name: 'filtered', status: 'pending' })
    const listener = await subscribe(many, {
      filter: { modelName: { eq: 'filtered' }, status: { in: ['PENDING', 'RUNNING'] } },
    })
    expect((await listener.nth(1)).nodes).toMatchObject([{ databaseId: id }])
    const other = await job({ model_name: 'filtered' })
    expect(await listener.nth(2)).toMatchObject({ kind: 'INSERTED', node: { databaseId: other } })
    await platform.query("UPDATE training_jobs SET status = 'completed' WHERE id = $1", [other])
    expect(await listener.nth(3)).toMatchObject({ kind: 'REMOVED', id: idOf(other) })
    await note(other, 'nobody hears of it')
    await platform.query("UPDATE training_jobs SET status = 'running' WHERE id = $1", [other])
    expect(await listener.nth(4)).toMatchObject({ kind: 'UPDATED', node: { databaseId: other } })
    await platform.query('DELETE FROM training_jobs WHERE id = $1', [id])
    expect(await listener.nth(5)).toMatchObject({ kind: 'REMOVED', id: idOf(id) })
  })

  it('are decided by Postgres where the filter is more than equality', async () => {
    const listener = await subscribe(many, {
      filter: { modelName: { startsWith: 'effi', ignoreCase: true }, project: { name: { eq: 'two' } } },
    })
    expect((await listener.nth(1)).nodes).toEqual([])
    await job({ model_name: 'EfficientNet' })
    const id = await job({ model_name: 'EfficientNet', project_id: 2, tags: JSON.stringify({ a: [1] }) })
    expect(await listener.nth(2)).toMatchObject({ kind: 'INSERTED', node: { databaseId: id } })
    await platform.query('UPDATE training_jobs SET project_id = 1 WHERE id = $1', [id])
    expect(await listener.nth(3)).toMatchObject({ kind: 'REMOVED', id: idOf(id) })
  })

  it('refuse conditions over other databases', async () => {
    await expect(subscribe(many, { filter: { creator: { email: { eq: 'a@b.c' } } } })).rejects.toThrow(
      /cannot be asked/,
    )
  })

  it('are gathered at the rate that is asked for, each as it is last', async () => {
    const listener = await subscribe(many, { filter: { modelName: { eq: 'rated' } }, maxRate: 4 })
    await listener.nth(1)
    const first = await job({ model_name: 'rated' })
    await listener.nth(2)
    const second = await job({ model_name: 'rated' })
    for (const notes of ['a', 'b', 'c']) await note(first, notes)
    await note(second, 'd')
    const gathered = await listener.nth(3)
    expect(gathered.kind).toBe('CHANGED')
    expect(gathered.nodes).toMatchObject([
      { databaseId: first, notes: 'c' },
      { databaseId: second, notes: 'd' },
    ])
  })
})

describe('rows that are appended', () => {
  it('are told from the latest on, oldest first', async () => {
    const [id, other] = [await job(), await job()]
    for (const epoch of [1, 2, 3]) await append(id, epoch)
    const listener = await subscribe(metrics, { job: id, last: 2 })
    expect((await listener.nth(1)).nodes).toMatchObject([{ epoch: 2 }, { epoch: 3 }])
    await append(other, 9)
    await append(id, 4, Number.NaN)
    expect(await listener.nth(2)).toMatchObject({ kind: 'INSERTED', node: { epoch: 4, loss: null } })
    await platform.query('DELETE FROM metrics WHERE job_id = $1 AND epoch = 4', [id])
    await append(id, 5)
    expect(await listener.nth(3)).toMatchObject({
      kind: 'INSERTED',
      nodes: [{ epoch: 5, extraMetrics: { top5: 5 } }],
    })
  })

  it('are all told where they are gathered', async () => {
    const id = await job()
    const listener = await subscribe(metrics, { job: id, maxRate: 5 })
    await listener.nth(1)
    await append(id, 1)
    await listener.nth(2)
    for (const epoch of [2, 3, 4]) await append(id, epoch)
    expect((await listener.nth(3)).nodes).toMatchObject([{ epoch: 2 }, { epoch: 3 }, { epoch: 4 }])
  })
})

describe('a table of which all is told anew', () => {
  it.each([
    ['emptied', 'TRUNCATE metrics'],
    ['altered', 'ALTER TABLE metrics ADD extra integer'],
  ])('as it was %s, is not told twice of what the same transaction wrote', async (_, statement) => {
    const id = await job()
    const listener = await subscribe(metrics, { job: id })
    await listener.nth(1)
    await platform.query('BEGIN')
    await platform.query(statement)
    for (const epoch of [1, 2]) await append(id, epoch)
    await platform.query('COMMIT')
    expect(await listener.nth(2)).toMatchObject({ kind: 'RESYNC', nodes: [{ epoch: 1 }, { epoch: 2 }] })
    await append(id, 3)
    expect(await listener.nth(3)).toMatchObject({ kind: 'INSERTED', nodes: [{ epoch: 3 }] })
    expect(new Set(listener.cursors).size).toBe(listener.cursors.length)
  })

  it('as a column of it was renamed, is told without that column to whoever asks for it, and else as before', async () => {
    await using own = await openLiveWorld()
    const client = await own.databases.client('platform')
    await insertJob(client, { id: 1, project_id: null, notes: 'kept' })
    const document = (columns: string) =>
      `subscription { trainingJobChanged(id: 1) { kind cursor node { ${columns} } } }`
    const without = await own.subscribe(document('databaseId'))
    const including = await own.subscribe(document('databaseId notes'))
    await without.nth(1)
    await including.nth(1)
    await client.query('ALTER TABLE training_jobs RENAME notes TO remarks')
    await client.query('UPDATE training_jobs SET status = status')
    expect(await without.nth(2)).toMatchObject({ kind: 'RESYNC', node: { databaseId: 1 } })
    await including.until(() => including.results.length === 2)
    expect(including.results[1]).toMatchObject({
      data: { trainingJobChanged: { kind: 'RESYNC', node: { databaseId: 1, notes: null } } },
      errors: [{ extensions: { code: 'SOURCE_MISMATCH' }, path: ['trainingJobChanged', 'node', 'notes'] }],
    })
  })
})

describe('a stream that is taken up again', () => {
  it.each([
    ['one row', one],
    ['rows of a filter', many],
  ])('tells of %s from every place what it told then', async (_, document) => {
    const id = await job({ model_name: 'history' })
    const variables = document === one ? { id } : { filter: { modelName: { eq: 'history' } } }
    const listener = await subscribe(document, variables)
    await listener.nth(1)
    await note(id, 'a')
    await platform.query('BEGIN')
    for (const notes of ['b', 'c']) await note(id, notes)
    await platform.query('COMMIT')
    await platform.query("UPDATE training_jobs SET model_name = 'else' WHERE id = $1", [id])
    await platform.query("UPDATE training_jobs SET model_name = 'history' WHERE id = $1", [id])
    await note(id, 'd')
    await listener.nth(7)
    const told = listener.changes
    for (const [index, { cursor }] of told.entries()) {
      const again = await subscribe(document, { ...variables, after: cursor })
      await note(id, `after ${index}`)
      await again.until(() => again.changes.at(-1)?.node?.notes === `after ${index}`)
      await listener.until(() => listener.changes.at(-1)?.node?.notes === `after ${index}`)
      expect(again.changes.map(({ kind }) => kind)).not.toContain('RESYNC')
      expect(again.changes).toEqual(listener.changes.slice(index + 1))
      again.stream?.stop()
    }
  })

  it('begins anew after a cursor of another log, and refuses one that is none', async () => {
    const id = await job()
    const listener = await subscribe(one, { id })
    const { cursor } = await listener.nth(1)
    const bytes = Buffer.from(cursor, 'base64url')
    bytes[2] = (bytes[2] as number) ^ 1
    const foreign = bytes.toString('base64url')
    const again = await subscribe(one, { id }, { after: foreign })
    expect(await again.nth(1)).toMatchObject({ kind: 'RESYNC', node: { databaseId: id } })
    await expect(subscribe(one, { id, after: `${cursor}x` })).rejects.toThrow(/cursor/)
  })
})

describe('those who watch the same', () => {
  it('cost one snapshot and one execution, and get the same bytes', async () => {
    const id = await job()
    const before = { ...world.engine.counters }
    const listeners = await Promise.all(Array.from({ length: 50 }, () => subscribe(one, { id })))
    await Promise.all(listeners.map((listener) => listener.nth(1)))
    const late = await subscribe(one, { id })
    await late.nth(1)
    await note(id, 'for all')
    await Promise.all([...listeners, late].map((listener) => listener.nth(2)))
    const { executions, groups, streams } = world.engine.counters
    expect(executions - before.executions).toBe(2)
    expect(streams - before.streams).toBe(51)
    expect(groups).toBeGreaterThan(0)
    expect(new Set([...listeners, late].map(({ shared }) => shared[1]?.json)).size).toBe(1)
    for (const listener of [...listeners, late]) listener.stream?.stop()
    expect(world.engine.counters.streams).toBe(before.streams)
  })

  it('cost the database a snapshot however many they are, and the changes of plain columns nothing', async () => {
    const ids = await Promise.all(Array.from({ length: 40 }, () => job()))
    const statements = vi.spyOn(world.graph.source('platform').pool, 'query')
    const same = await Promise.all(Array.from({ length: 100 }, () => subscribe(one, { id: ids[0] })))
    await Promise.all(same.map((listener) => listener.nth(1)))
    // One, but that a snapshot is read again which does not see yet what the log has told.
    expect(statements.mock.calls.length).toBeLessThan(4)
    // Of many rows that are asked for at once, a few statements, each for as many as wait.
    const others = await Promise.all(ids.slice(1).map((id) => subscribe(one, { id })))
    await Promise.all(others.map((listener) => listener.nth(1)))
    expect(statements.mock.calls.length).toBeLessThan(12)
    const before = statements.mock.calls.length
    for (const id of ids) await note(id, 'costs nothing')
    await Promise.all([...same, ...others].map((listener) => listener.nth(2)))
    expect(statements).toHaveBeenCalledTimes(before)
    for (const listener of [...same, ...others]) listener.stream?.stop()
    statements.mockRestore()
  })
})
