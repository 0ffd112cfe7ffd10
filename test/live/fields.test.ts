import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { insertJob } from './job-rows.ts'
import { type LiveWorld, openLiveWorld } from './live-kit.ts'

let world: LiveWorld
let platform: Client
let inference: Client

beforeAll(async () => {
  world = await openLiveWorld({ captured: ['platform', 'inference', 'gpudev'], pollMs: 100 })
  platform = await world.databases.client('platform')
  inference = await world.databases.client('inference')
  await platform.query("INSERT INTO projects (id, name, user_id) VALUES (1, 'one', 1)")
})

afterAll(async () => {
  await world[Symbol.asyncDispose]()
})

describe('jobsChanged', () => {
  const document = `subscription ($filter: JobFilter, $after: String) { jobsChanged(filter: $filter, after: $after) {
    kind cursor id removed node { __typename state source } nodes { id } } }`
  const slurm = (id: string, status: string) =>
    inference.query(
      'INSERT INTO jobs (id, sbatch_id, fold_index, job_type, status) VALUES ($1, $2, 0, $3, $4)',
      [id, '7', 'TRAINING', status],
    )

  it('tells of the jobs of every database, by their state, and goes on in each where it broke off', async () => {
    const listener = await world.subscribe(document, { filter: { state: { in: ['RUNNING', 'QUEUED'] } } })
    expect(await listener.nth(1)).toMatchObject({ kind: 'SNAPSHOT', nodes: [] })
    await insertJob(platform, { id: 1, status: 'running' })
    expect((await listener.nth(2)).node).toEqual({
      __typename: 'TrainingJob',
      state: 'RUNNING',
      source: 'platform',
    })
    await slurm('11111111-1111-4111-8111-111111111111', 'PENDING')
    const { node, cursor } = await listener.nth(3)
    expect(node).toEqual({ __typename: 'SlurmJob', state: 'QUEUED', source: 'inference' })
    await platform.query("UPDATE training_jobs SET status = 'completed' WHERE id = 1")
    expect((await listener.nth(4)).kind).toBe('REMOVED')
    await inference.query("UPDATE jobs SET status = 'RUNNING'")
    await listener.nth(5)
    const again = await world.subscribe(document, {
      filter: { state: { in: ['RUNNING', 'QUEUED'] } },
      after: cursor,
    })
    await again.nth(2)
    const kinds = ({ changes }: typeof again) => changes.map(({ kind }) => kind)
    expect(kinds(again).toSorted()).toEqual(['REMOVED', 'UPDATED'])
    expect(kinds(again)).not.toContain('RESYNC')
  })

  it('asks one source alone where its filter says so', async () => {
    const listener = await world.subscribe(document, { filter: { source: { eq: 'inference' } } })
    expect((await listener.nth(1)).nodes).toHaveLength(1)
  })
})

describe('trainingProgress', () => {
  const document = `subscription ($job: ID = 2) { trainingProgress(jobId: $job) { kind cursor status epoch epochs progress
    metrics { epoch loss } checkpointPath eta { at secondsPerEpoch epochs } } }`
  const measure = (epoch: number, at: string, job = 2) =>
    platform.query('INSERT INTO metrics (job_id, epoch, loss, created_at) VALUES ($3, $1, 0.5, $2)', [
      epoch,
      at,
      job,
    ])

  it('tells how far a job has come, and when it will be done by how long its epochs took', async () => {
    await insertJob(platform, { id: 2, epochs: 10, status: 'running', last_checkpoint_path: '/c/1' })
    const listener = await world.subscribe(document)
    const progress = async (count: number) =>
      (await listener.nth(count)) as unknown as Record<string, unknown>
    expect(await progress(1)).toMatchObject({
      kind: 'SNAPSHOT',
      status: 'RUNNING',
      epoch: null,
      progress: 0,
      eta: null,
    })
    await measure(1, '2026-01-01 00:00:00')
    expect(await progress(2)).toMatchObject({
      epoch: 1,
      progress: 0.1,
      metrics: { epoch: 1, loss: 0.5 },
      eta: null,
    })
    await measure(3, '2026-01-01 00:01:00')
    expect(await progress(3)).toMatchObject({
      epoch: 3,
      eta: { at: '2026-01-01T00:08:00.000000Z', secondsPerEpoch: 60, epochs: 1 },
    })
    await platform.query(
      "UPDATE training_jobs SET status = 'completed', last_checkpoint_path = '/c/9' WHERE id = 2",
    )
    expect(await progress(4)).toMatchObject({ status: 'COMPLETED', checkpointPath: '/c/9', eta: null })
  })

  it.each([
    [21, '-infinity', 'infinity'],
    [22, '4000-01-01 BC', '9999-01-01'],
    [23, 'infinity', 'infinity'],
  ])('of job %i has no end to tell of, after epochs that ended at %s and %s', async (job, first, second) => {
    await insertJob(platform, { id: job, epochs: 1_000_000, status: 'running' })
    await measure(1, first, job)
    await measure(2, second, job)
    const listener = await world.subscribe(document, { job })
    expect(await listener.nth(1)).toMatchObject({ status: 'RUNNING', epoch: 2, eta: null })
  })
})

describe('logsAppended', () => {
  it('tells the tail first, and goes on over the rotation that deletes the newest lines', async () => {
    await insertJob(platform, { id: 3 })
    const write = (from: number, to: number) =>
      platform.query(
        "INSERT INTO logs (job_id, log_type, content) SELECT 3, 'INFO', n::text FROM generate_series($1::int, $2::int) n",
        [from, to],
      )
    await write(1, 50)
    const listener = await world.subscribe(
      'subscription { logsAppended(jobId: 3, last: 3) { kind cursor node { content } nodes { content } } }',
    )
    expect((await listener.nth(1)).nodes).toEqual([{ content: '48' }, { content: '49' }, { content: '50' }])
    await write(51, 52)
    await platform.query(
      'DELETE FROM logs WHERE id IN (SELECT id FROM logs WHERE job_id = 3 ORDER BY id DESC LIMIT 10)',
    )
    await write(53, 53)
    await listener.nth(4)
    expect(listener.changes.slice(1).map(({ node }) => node?.content)).toEqual(['51', '52', '53'])
  })
})

describe('what nobody captures', () => {
  it('is told as it is by each look, lists and what leaves them among it', async () => {
    const users = await world.databases.client('users')
    const invite = (id: number) =>
      users.query(
        `INSERT INTO invitations (id, invitation_type, status, inviter_id, invitee_email, token, expires_at, created_at, invitee_role)
          VALUES ($1::int, 'PROJECT', 'PENDING', 1, 'a@b.c', 't' || $1::int, now(), now(), 'guest')`,
        [id],
      )
    await users.query(
      `INSERT INTO users (id, email, full_name, system_role, hashed_password, is_active, created_at, updated_at)
        VALUES (1, 'a@b.c', 'A', 'guest', 'x', true, now(), now())`,
    )
    await invite(1)
    const listener = await world.subscribe(
      `subscription { invitationsChanged(filter: { status: { eq: PENDING } }) {
        kind cursor id removed node { databaseId } nodes { databaseId } } }`,
    )
    expect((await listener.nth(1)).nodes).toEqual([{ databaseId: 1 }])
    await invite(2)
    expect(await listener.nth(2)).toMatchObject({ kind: 'INSERTED', node: { databaseId: 2 } })
    await users.query("UPDATE invitations SET status = 'ACCEPTED' WHERE id = 1")
    expect(await listener.nth(3)).toMatchObject({ kind: 'REMOVED', nodes: [] })
    const again = await world.subscribe(
      `subscription { invitationsChanged(filter: { status: { eq: PENDING } }, after: "${listener.cursors[0]}") {
        kind cursor nodes { databaseId } } }`,
    )
    expect(await again.nth(1)).toMatchObject({ kind: 'RESYNC', nodes: [{ databaseId: 2 }] })
  })
})
