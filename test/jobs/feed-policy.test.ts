import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { gpuKey, openGraph, type TestGraph } from '../support/graph.ts'

let databases: TestDatabases
let graph: TestGraph

beforeAll(async () => {
  databases = await cloneDatabases({ seeded: true })
  graph = await openGraph(databases.urls)
})

afterAll(async () => {
  await graph[Symbol.asyncDispose]()
  await databases[Symbol.asyncDispose]()
})

interface Reservation {
  readonly databaseId: string
  readonly sshCommand: string | null
}

describe('a reservation in the feed', () => {
  it('tells its own user how to log in, and whoever else may log in nothing of that', async () => {
    const gpudev = await databases.client('gpudev')
    const { rows } = await gpudev.query(
      `SELECT u.user_id AS "userId", u.username, r.reservation_id AS id, r.ssh_command AS command,
          (SELECT o.user_id FROM api_users o WHERE o.user_id <> u.user_id LIMIT 1) AS "otherId",
          (SELECT o.username FROM api_users o WHERE o.user_id <> u.user_id LIMIT 1) AS other
        FROM reservations r JOIN api_users u ON u.username = r.user_id
        WHERE r.master_reservation_id IS NULL LIMIT 1`,
    )
    const [{ userId, username, id, otherId, other }] = rows
    await gpudev.query(
      `UPDATE reservations SET ssh_command = 'ssh me@there', secondary_users = jsonb_build_array($2::text)
        WHERE reservation_id = $1`,
      [id, other],
    )
    const document = '{ jobs(first: 200) { nodes { ... on GpuReservation { databaseId sshCommand } } } }'
    const seenBy = async (who: { userId: number; username: string }) => {
      const answer = await graph.ask<{ jobs: { nodes: Reservation[] } }>(
        await graph.viewer(gpuKey(who)),
        document,
      )
      expect(answer.errors).toBeUndefined()
      return answer.data?.jobs.nodes.find(({ databaseId }) => databaseId === id)
    }
    expect(await seenBy({ userId, username })).toEqual({ databaseId: id, sshCommand: 'ssh me@there' })
    expect(await seenBy({ userId: otherId, username: other })).toEqual({ databaseId: id, sshCommand: null })
  })
})
