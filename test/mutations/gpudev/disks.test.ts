import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type GpuDevWorld, globalId, openGpuDevWorld } from './gpudev-world.ts'

let world: GpuDevWorld

beforeAll(async () => {
  world = await openGpuDevWorld()
})

afterAll(() => world[Symbol.asyncDispose]())

afterEach(() => world.client.query('DELETE FROM pgmq.q_disk_operations; DELETE FROM disks'))

const request = 'state messageId operationId gpuDisk { name }'
const messages = () => world.messages('disk_operations')
const moment = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
const metadata = { retry_count: 0, max_retries: 3, created_at: moment }

async function addDisk(values: Readonly<Record<string, unknown>>): Promise<string> {
  const { rows } = await world.client.query(
    `INSERT INTO disks (user_id, disk_name, in_use, is_deleted, operation_id)
     SELECT user_id, disk_name, in_use, is_deleted, operation_id
     FROM jsonb_populate_record(NULL::disks, $1) RETURNING disk_id`,
    [{ user_id: 'gina', disk_name: 'home', ...values }],
  )
  return globalId('GpuDisk', rows[0].disk_id)
}

describe('asking for a disk', () => {
  it('puts the message of the service’s own API on the queue of disks', async () => {
    const answer = await world.perform('createGpuDisk', { name: 'home_2-b', sizeGb: 100 }, request)
    const [sent, ...others] = await messages()
    expect(others).toEqual([])
    const operation = sent?.message.operation_id
    expect(answer).toMatchObject({
      state: 'REQUESTED',
      messageId: sent?.id,
      operationId: operation,
      gpuDisk: null,
    })
    expect(sent?.message).toEqual({
      action: 'create_disk',
      operation_id: operation,
      user_id: 'gina',
      disk_name: 'home_2-b',
      size_gb: 100,
      requested_at: moment,
      _metadata: metadata,
    })
  })

  it.each([
    ['name', { name: 'my disk' }],
    ['name', { name: '' }],
    ['sizeGb', { name: 'a', sizeGb: 9 }],
    ['sizeGb', { name: 'a', sizeGb: 10_001 }],
  ])('refuses a %s out of bounds: %j', async (field, input) => {
    expect(await world.perform('createGpuDisk', input)).toMatchObject({ __typename: 'InvalidInput', field })
    expect(await messages()).toEqual([])
  })

  it('refuses a name that one’s own disk has, and not one that another’s has', async () => {
    await addDisk({})
    await addDisk({ user_id: 'hal', disk_name: 'other' })
    expect((await world.perform('createGpuDisk', { name: 'home' })).__typename).toBe('NameTaken')
    expect((await world.perform('createGpuDisk', { name: 'other' })).__typename).toBe('CreateGpuDiskSuccess')
  })

  it('asks once for one idempotency key, also when it is sent by many at once', async () => {
    const input = { name: 'once', idempotencyKey: 'disk' }
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => world.perform('createGpuDisk', input, request)),
    )
    const sent = await messages()
    expect(sent).toHaveLength(1)
    expect(new Set(answers.map(({ operationId }) => operationId))).toEqual(
      new Set([sent[0]?.message.operation_id]),
    )
  })
})

describe('asking for the deletion of a disk', () => {
  it('puts the message on the queue, with the day thirty days on', async () => {
    const id = await addDisk({})
    const answer = await world.perform('deleteGpuDisk', { id }, request)
    const [sent] = await messages()
    expect(answer).toMatchObject({ state: 'REQUESTED', messageId: sent?.id, gpuDisk: { name: 'home' } })
    const { requested_at: requested, delete_date: day } = sent?.message ?? {}
    expect(sent?.message).toEqual({
      action: 'delete_disk',
      operation_id: answer.operationId,
      user_id: 'gina',
      disk_name: 'home',
      delete_date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      requested_at: moment,
      _metadata: metadata,
    })
    const days = (Date.parse(String(day)) - Date.parse(String(requested).slice(0, 10))) / 86_400_000
    expect(days).toBe(30)
  })

  it('is refused for a disk that is used, is to go already, or is another’s', async () => {
    const [used, going, hals] = await Promise.all([
      addDisk({ disk_name: 'used', in_use: true }),
      addDisk({ disk_name: 'going', is_deleted: true }),
      addDisk({ user_id: 'hal' }),
    ])
    const answers = await Promise.all([used, going, hals].map((id) => world.perform('deleteGpuDisk', { id })))
    expect(answers.map(({ __typename, status }) => [__typename, status])).toEqual([
      ['NotInStatus', 'IN_USE'],
      ['NotInStatus', 'DELETED'],
      ['NotFound', undefined],
    ])
    expect(await messages()).toEqual([])
  })
})
