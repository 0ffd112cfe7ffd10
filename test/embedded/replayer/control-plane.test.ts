import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { controlPlane } from '../../../src/embedded/replayer/iaas/control-plane.ts'
import { cloneDatabases, type TestDatabases } from '../../support/databases.ts'
import { playWriter } from './stage.ts'

let databases: TestDatabases
let client: Client

beforeAll(async () => {
  databases = await cloneDatabases({ seeded: true })
  client = await databases.client('iaas')
})
afterAll(() => databases[Symbol.asyncDispose]())

const rowsOf = async (sql: string, ...values: unknown[]) => (await client.query(sql, values)).rows
const value = async (sql: string, ...values: unknown[]) => Object.values((await rowsOf(sql, ...values))[0])[0]

const deployment = async (status: string, least: number, most: number) =>
  String(
    await value(
      `INSERT INTO deployments (name, model_name, min_replicas, max_replicas, status)
       VALUES (gen_random_uuid(), 'llama-3.1-8b', $1, $2, $3) RETURNING id`,
      least,
      most,
      status,
    ),
  )
const nodes = async (id: string, status: string) =>
  Number(await value('SELECT count(*) FROM nodes WHERE deployment_id = $1 AND status = $2', id, status))

describe('the control plane', () => {
  test('sends a heartbeat of every node that serves, and of no other', async () => {
    await rowsOf("UPDATE nodes SET last_heartbeat_at = '2026-01-01'")
    await playWriter(controlPlane, { client }).play(2)
    const rows = await rowsOf(
      "SELECT DISTINCT status, last_heartbeat_at > '2026-02-01' AS heard FROM nodes ORDER BY 1",
    )
    const heard = Object.fromEntries(rows.map((row) => [row.status, row.heard]))
    expect(heard).toMatchObject({ active: true, draining: true, unhealthy: false })
  })

  test('launches what a deployment lacks, drains what it has too much, and leaves a paused one alone', async () => {
    const wanted = await deployment('active', 3, 5)
    const paused = await deployment('paused', 3, 5)
    const writer = playWriter(controlPlane, { client })
    await writer.playUntil(async () => (await nodes(wanted, 'active')) >= 3)
    const served = await rowsOf(
      "SELECT DISTINCT m.name FROM nodes n JOIN models m ON m.id = n.model_id WHERE deployment_id = $1 AND n.status = 'active'",
      wanted,
    )
    expect(served).toEqual([{ name: 'llama-3.1-8b' }])
    expect(await value('SELECT count(*)::int FROM nodes WHERE deployment_id = $1', paused)).toBe(0)
    writer.beginAnew()
    await rowsOf('UPDATE deployments SET min_replicas = 0, max_replicas = 1 WHERE id = $1', wanted)
    await writer.playUntil(async () => (await nodes(wanted, 'dead')) >= 2)
    expect(
      await value(
        "SELECT count(*)::int > 0 FROM notification_deliveries WHERE event_type = 'node.terminated' AND event_id LIKE 'replay-%'",
      ),
    ).toBe(true)
  })

  test('writes down what requests cost, to the microdollar, by keys that open', async () => {
    const before = Number(await value('SELECT count(*) FROM usage_records'))
    const writer = playWriter(controlPlane, { client })
    await writer.playUntil(
      async () => Number(await value('SELECT count(*) FROM usage_records')) > before + 20,
    )
    const wrong = await rowsOf(
      `SELECT u.id FROM usage_records u JOIN models m ON m.id = u.model_id JOIN api_keys k ON k.id = u.api_key_id
         JOIN tenants t ON t.id = u.tenant_id
       WHERE request_id LIKE 'replay-%' AND (
         u.cost_microdollars <> round(u.prompt_tokens * m.price_input_per_million + u.completion_tokens * m.price_output_per_million)
         OR u.total_tokens <> u.prompt_tokens + u.completion_tokens
         OR k.status <> 'active' OR t.status <> 'active' OR k.tenant_id <> u.tenant_id)`,
    )
    expect(wrong).toEqual([])
  })
})
