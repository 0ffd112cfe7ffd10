import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId } from '../../src/graph/global-id.ts'
import { GpuType } from '../../src/sources/gpudev/gpu-type.ts'
import { gpuKey } from '../support/graph.ts'
import { type LiveWorld, openLiveWorld } from './live-kit.ts'

let world: LiveWorld
let client: Client

beforeAll(async () => {
  world = await openLiveWorld({ captured: ['gpudev'] })
  client = await world.databases.client('gpudev')
  await client.query("INSERT INTO api_users (user_id, username) VALUES (1, 'gina'), (2, 'hal')")
  await client.query(
    `INSERT INTO gpu_types (gpu_type, instance_type, max_gpus, cpus, memory_gb, total_cluster_gpus, max_per_node)
     VALUES ('h100', 'p5', 8, 192, 2048, 16, 8), ('t4', 'g4dn', 4, 48, 192, 8, 4)`,
  )
})

afterAll(() => world[Symbol.asyncDispose]())

const document = `subscription ($type: ID!, $after: String) { gpuAvailabilityChanged(gpuType: $type, after: $after) {
  kind cursor gpuType { databaseId availability { total inUse queued available } } } }`

const watch = async (type: string, after?: string) =>
  world.subscribe(
    document,
    { type, after },
    { viewer: await world.graph.viewer(gpuKey({ userId: 1, username: 'gina' })) },
  )

const reserve = (id: string, type: string, status: string) =>
  client.query(
    `INSERT INTO reservations (reservation_id, user_id, status, duration_hours, created_at, gpu_type, gpu_count)
     VALUES ($1, 'hal', $2, 1, now(), $3, 4)`,
    [id, status, type],
  )

const move = (id: string, status: string) =>
  client.query('UPDATE reservations SET status = $2 WHERE reservation_id = $1', [id, status])

const free = (inUse: number, queued: number) => ({
  gpuType: { databaseId: 'h100', availability: { total: 16, inUse, queued, available: 16 - inUse } },
})

describe('GPUs of a kind', () => {
  it('are counted anew with each reservation of it, whoever’s that is, and after a break', async () => {
    const listener = await watch('h100')
    expect(await listener.nth(1)).toMatchObject({ kind: 'SNAPSHOT', ...free(0, 0) })
    await reserve('a', 't4', 'active')
    await reserve('b', 'h100', 'queued')
    expect(await listener.nth(2)).toMatchObject({ kind: 'UPDATED', ...free(0, 4) })
    listener.stream?.stop()
    await move('b', 'active')
    const again = await watch(encodeId(GpuType, 'h100'), listener.cursors.at(-1))
    expect(await again.nth(1)).toMatchObject({ kind: 'UPDATED', ...free(4, 0) })
    await client.query(
      "UPDATE gpu_types SET total_cluster_gpus = 16, description = 'x' WHERE gpu_type = 'h100'",
    )
    expect(await again.nth(2)).toMatchObject({ kind: 'UPDATED', ...free(4, 0) })
    await move('b', 'expired')
    expect(await again.nth(3)).toMatchObject({ kind: 'UPDATED', ...free(0, 0) })
    again.stream?.stop()
  })

  it('are none of a kind that is not there, and of one that goes', async () => {
    const [nothing, going] = [await watch('a100'), await watch('t4')]
    expect(await nothing.nth(1)).toMatchObject({ kind: 'SNAPSHOT', gpuType: null })
    expect(await going.nth(1)).toMatchObject({ gpuType: { databaseId: 't4' } })
    await client.query("DELETE FROM gpu_types WHERE gpu_type = 't4'")
    expect(await going.nth(2)).toMatchObject({ kind: 'REMOVED', gpuType: null })
    for (const listener of [nothing, going]) listener.stream?.stop()
  })

  it('are not told to who is not signed in', async () => {
    const viewer = await world.graph.viewer({ kind: 'anonymous' })
    const listener = await world.subscribe(document, { type: 'h100' }, { viewer })
    expect(await listener.nth(1)).toMatchObject({ kind: 'SNAPSHOT', gpuType: null })
    await reserve('c', 'h100', 'active')
    await world.settled('gpudev')
    expect(listener.results).toHaveLength(1)
    listener.stream?.stop()
  })
})
