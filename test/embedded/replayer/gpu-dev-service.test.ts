import { randomUUID } from 'node:crypto'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gpuDevService } from '../../../src/embedded/replayer/gpudev/service.ts'
import { type Plan, seededPlan } from '../../../src/embedded/replayer/plan.ts'
import { cloneDatabases, type TestDatabases } from '../../support/databases.ts'
import { playWriter } from './stage.ts'

let databases: TestDatabases
let client: Client

beforeAll(async () => {
  databases = await cloneDatabases({ seeded: true })
  client = await databases.client('gpudev')
})
afterAll(() => databases[Symbol.asyncDispose]())

const rowsOf = async (sql: string, ...values: unknown[]) => (await client.query(sql, values)).rows
const statusOf = async (id: string) =>
  (await rowsOf('SELECT status FROM reservations WHERE reservation_id = $1', id))[0]?.status
const send = (message: object, queue = 'gpu_reservations') =>
  rowsOf('SELECT pgmq.send($1, $2::jsonb)', queue, JSON.stringify(message))

const running = (runSeconds: number, fails = false): Plan => ({
  ...seededPlan,
  submission: () => ({ waitSeconds: 3, runSeconds, fails }),
})

/** Asks for a reservation as the service's own API does. */
async function request(values: object = {}): Promise<string> {
  const id = randomUUID()
  await send({
    action: 'create_reservation',
    reservation_id: id,
    user_id: 'ada.okafor',
    gpu_type: 'cpu-x86',
    gpu_count: 0,
    duration_hours: 2,
    jupyter_enabled: true,
    disk_name: 'mine',
    name: 'by hand',
    version: '0.4.0',
    ...values,
  })
  return id
}

const about = (id: string, action: string, more: object = {}) =>
  send({ action, reservation_id: id, user_id: 'ada.okafor', ...more })

describe('the service of GPU Dev', () => {
  test('brings what people ask for to its end by the steps that the original takes', async () => {
    const writer = playWriter(gpuDevService, { client, plan: running(40) })
    const id = await request()
    await writer.playUntil(async () => (await statusOf(id)) === 'active')
    const [active] = await rowsOf('SELECT * FROM reservations WHERE reservation_id = $1', id)
    expect(active).toMatchObject({
      user_id: 'ada.okafor',
      name: 'by hand',
      cli_version: '0.4.0',
      node_ip: expect.any(String),
      ssh_command: expect.stringMatching(/^ssh -p \d+ dev@/),
      jupyter_port: expect.any(Number),
    })
    expect(active.expires_at - active.launched_at).toBe(2 * 3_600_000)
    expect(active.status_history.map(({ status }: { status: string }) => status)).toEqual([
      'pending',
      'preparing',
      'active',
    ])
    const disk =
      "SELECT in_use, reservation_id FROM disks WHERE user_id = 'ada.okafor' AND disk_name = 'mine'"
    expect(await rowsOf(disk)).toEqual([{ in_use: true, reservation_id: id }])

    await about(id, 'add_user', { github_username: 'octocat' })
    await about(id, 'extend', { extension_hours: 3, version: '0.4.0' })
    await about(id, 'disable_jupyter')
    await writer.play(5)
    const [changed] = await rowsOf('SELECT * FROM reservations WHERE reservation_id = $1', id)
    expect(changed).toMatchObject({
      secondary_users: ['octocat'],
      jupyter_enabled: false,
      duration_hours: 5,
    })
    expect(changed.expires_at - changed.launched_at).toBe(5 * 3_600_000)

    await about(id, 'cancel')
    await writer.play(5)
    expect(await statusOf(id)).toBe('cancelled')
    expect(await rowsOf(disk)).toEqual([{ in_use: false, reservation_id: null }])
    expect(
      await rowsOf('SELECT FROM pgmq.q_gpu_reservations WHERE message->>$1 = $2', 'reservation_id', id),
    ).toEqual([])
  })

  test('fails what is extended by a message without a version, and heeds nobody but the owner', async () => {
    const writer = playWriter(gpuDevService, { client, plan: running(40) })
    const [first, second] = [await request(), await request({ disk_name: null })]
    await writer.playUntil(
      async () => (await statusOf(first)) === 'active' && (await statusOf(second)) === 'active',
    )
    await about(first, 'extend', { extension_hours: 3 })
    await about(second, 'cancel', { user_id: 'hugo' })
    await writer.play(5)
    expect(await statusOf(first)).toBe('failed')
    expect(await statusOf(second)).toBe('active')
  })

  test('queues what there are too few GPUs for, and never gives more than there are', async () => {
    const writer = playWriter(gpuDevService, { client, plan: running(30) })
    const over = `SELECT t.gpu_type FROM gpu_types t JOIN reservations r ON r.gpu_type = t.gpu_type
      WHERE r.status IN ('active', 'preparing') AND t.gpu_type = 't4-small' GROUP BY t.gpu_type, t.total_cluster_gpus
      HAVING sum(r.gpu_count) > t.total_cluster_gpus`
    const asked = await Promise.all(
      Array.from({ length: 6 }, () => request({ gpu_type: 't4-small', gpu_count: 2, disk_name: null })),
    )
    const met = new Set<string>()
    await writer.playUntil(async () => {
      expect(await rowsOf(over)).toEqual([])
      for (const id of asked) met.add(await statusOf(id))
      return met.has('queued') && met.has('active')
    })
  })

  test('makes and marks disks as it is asked to', async () => {
    const writer = playWriter(gpuDevService, { client })
    const operation = randomUUID()
    const disk = { user_id: 'ada.okafor', disk_name: 'fresh', operation_id: operation }
    await send({ action: 'create_disk', size_gb: 50, ...disk }, 'disk_operations')
    await writer.play(5)
    const row =
      "SELECT size_gb, is_deleted, operation_id, operation_status FROM disks WHERE disk_name = 'fresh'"
    expect(await rowsOf(row)).toEqual([
      { size_gb: 50, is_deleted: false, operation_id: operation, operation_status: 'completed' },
    ])
    await send({ action: 'delete_disk', ...disk, delete_date: '2027-01-01' }, 'disk_operations')
    await writer.play(5)
    expect(await rowsOf(row)).toMatchObject([{ is_deleted: true }])
  })

  test('keeps some alive for ever, also begun anew, and clears away its own alone', async () => {
    const others = async () =>
      (
        await rowsOf(
          "SELECT count(*)::int AS count FROM reservations WHERE name IS DISTINCT FROM 'x' AND name !~ '^replay-'",
        )
      )[0].count
    const before = await others()
    await rowsOf(`INSERT INTO reservations (reservation_id, user_id, status, duration_hours, created_at, name)
      SELECT 'old' || n, 'hugo', 'expired', 1, '2026-01-01', 'replay-1' FROM generate_series(1, 300) n`)
    const writer = playWriter(gpuDevService, { client, plan: running(20) })
    await writer.play(150)
    writer.beginAnew()
    await writer.play(150)
    const rows = await rowsOf(`SELECT name, status FROM reservations WHERE name ~ '^replay-'`)
    expect(rows.filter(({ status }) => status === 'expired').length).toBeGreaterThan(20)
    expect(rows.length).toBeLessThan(250)
    expect(
      rows.filter(({ status }) => ['pending', 'queued', 'preparing', 'active'].includes(status)).length,
    ).toBeGreaterThan(2)
    const twice = await rowsOf(
      "SELECT name FROM reservations WHERE name ~ '^replay-' AND name <> 'replay-1' GROUP BY 1 HAVING count(*) > 1",
    )
    expect(twice).toEqual([])
    expect(await others()).toBe(before)
    const [counted] = await rowsOf(
      'SELECT count(*)::int AS count FROM gpu_types WHERE last_availability_update > now() - interval $$1 hour$$',
    )
    expect(counted.count).toBe(10)
  })
})
