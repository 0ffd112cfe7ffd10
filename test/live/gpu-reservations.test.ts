import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeId } from '../../src/graph/global-id.ts'
import { GpuReservation } from '../../src/sources/gpudev/gpu-reservation.ts'
import { gpuKey, user } from '../support/graph.ts'
import { type LiveWorld, openLiveWorld } from './live-kit.ts'

let world: LiveWorld
let client: Client

beforeAll(async () => {
  world = await openLiveWorld({ captured: ['gpudev'] })
  client = await world.databases.client('gpudev')
  const accounts = await world.databases.client('users')
  await accounts.query(`INSERT INTO users (id, email, system_role, is_active, created_at, updated_at)
    VALUES (1, 'admin@example.com', 'admin', true, now(), now())`)
  await client.query("INSERT INTO api_users (user_id, username) VALUES (1, 'gina'), (2, 'hal'), (3, '1')")
})

afterAll(() => world[Symbol.asyncDispose]())

const viewers = {
  gina: () => world.graph.viewer(gpuKey({ userId: 1, username: 'gina', isNumberTaken: true })),
  hal: () => world.graph.viewer(gpuKey({ userId: 2, username: 'hal' })),
  admin: () => world.graph.viewer(user({ id: 1, role: 'admin' })),
}

async function reserve(id: string, guests: unknown, owner = 'gina'): Promise<void> {
  await client.query(
    `INSERT INTO reservations (reservation_id, user_id, status, duration_hours, created_at, secondary_users, ssh_command, jupyter_url)
     VALUES ($1, $2, 'active', 1, now(), $3, 'ssh here', 'http://jupyter/?token=t')`,
    [id, owner, JSON.stringify(guests)],
  )
}

const invite = (id: string, guests: unknown) =>
  client.query('UPDATE reservations SET secondary_users = $2 WHERE reservation_id = $1', [
    id,
    JSON.stringify(guests),
  ])

const warn = (id: string, warning: string) =>
  client.query('UPDATE reservations SET warning = $2 WHERE reservation_id = $1', [id, warning])

const watch = async (id: string, who: keyof typeof viewers) =>
  world.subscribe(
    `subscription ($id: ID!) { gpuReservationChanged(id: $id) {
       kind cursor id removed node { status warning sshCommand jupyterUrl user { username } } nodes { databaseId } } }`,
    { id: encodeId(GpuReservation, id) },
    { viewer: await viewers[who]() },
  )

describe('a reservation', () => {
  it('is watched by its user and its guests, who are told where it is at, or are not', async () => {
    await reserve('r1', ['octocat', 'hal'])
    const [owner, guest, admin] = await Promise.all([
      watch('r1', 'gina'),
      watch('r1', 'hal'),
      watch('r1', 'admin'),
    ])
    await Promise.all([owner.nth(1), guest.nth(1), admin.nth(1)])
    await warn('r1', 'soon')
    expect(await owner.nth(2)).toMatchObject({
      kind: 'UPDATED',
      node: { warning: 'soon', sshCommand: 'ssh here', jupyterUrl: null, user: { username: 'gina' } },
    })
    expect(await guest.nth(2)).toMatchObject({
      kind: 'UPDATED',
      node: { warning: 'soon', sshCommand: null, jupyterUrl: null, user: null },
    })
    expect(await admin.nth(2)).toMatchObject({
      kind: 'UPDATED',
      node: { sshCommand: null, jupyterUrl: 'http://jupyter/?token=t', user: { username: 'gina' } },
    })
  })

  it('comes into a guest’s sight and leaves it as the list says', async () => {
    await reserve('r2', [])
    const [owner, guest] = await Promise.all([watch('r2', 'gina'), watch('r2', 'hal')])
    expect(await guest.nth(1)).toMatchObject({ kind: 'SNAPSHOT', node: null })
    await owner.nth(1)
    await invite('r2', ['hal'])
    expect(await guest.nth(2)).toMatchObject({ node: { status: 'ACTIVE', sshCommand: null } })
    await invite('r2', 'hal')
    expect(await guest.nth(3)).toMatchObject({ kind: 'REMOVED', node: null })
    await warn('r2', 'unseen')
    await owner.until(() => owner.changes.at(-1)?.node?.warning === 'unseen')
    await world.settled('gpudev')
    expect(guest.results).toHaveLength(3)
  })

  it('of the user who is called by one’s number is not one’s own', async () => {
    await reserve('r3', [], '1')
    const listener = await watch('r3', 'gina')
    expect(await listener.nth(1)).toMatchObject({ kind: 'SNAPSHOT', node: null, nodes: [] })
    await warn('r3', 'unseen')
    await world.settled('gpudev')
    expect(listener.results).toHaveLength(1)
  })
})
