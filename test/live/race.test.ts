/*
 * Snapshots taken, and streams taken up again, while several writers commit: nothing may be lost, doubled or out of order.
 */
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { insertJob } from './job-rows.ts'
import { type Listener, type LiveWorld, openLiveWorld } from './live-kit.ts'

const writers = 4
const commits = 40
const rounds = 25

let world: LiveWorld
let clients: Client[]

beforeAll(async () => {
  world = await openLiveWorld()
  clients = await Promise.all(Array.from({ length: writers }, () => world.databases.client('platform')))
  await clients[0]?.query("INSERT INTO projects (id, name, user_id) VALUES (1, 'one', 1)")
  await insertJob(clients[0] as Client, { id: 1 })
})

afterAll(async () => {
  await world[Symbol.asyncDispose]()
})

const document = `subscription ($last: Int, $after: String) { metricsAppended(jobId: 1, last: $last, after: $after) {
  kind cursor id removed node { step } nodes { databaseId step } } }`

/** Writes metrics from several connections at once, with steps that say whose they are, in transactions of any length. */
async function write(round: number): Promise<void> {
  await Promise.all(
    clients.map(async (client, writer) => {
      for (let commit = 0; commit < commits; commit++) {
        const step = (round * writers + writer) * commits + commit
        if (commit % 3 === 0) await client.query('BEGIN')
        await client.query('INSERT INTO metrics (job_id, epoch, step) VALUES (1, 1, $1)', [step])
        if (commit % 3 === 2 || commit === commits - 1) await client.query('COMMIT')
      }
    }),
  )
}

const stepsOf = (listener: Listener, round: number) =>
  listener.changes
    .flatMap(({ nodes }) => nodes.map(({ step }) => step as number))
    .filter((step) => Math.floor(step / (writers * commits)) === round)

const everyStep = (round: number) =>
  Array.from({ length: writers * commits }, (_, index) => round * writers * commits + index)

/** Each writer's own steps come in the order in which it wrote them. */
function expectOrder(steps: readonly number[]): void {
  for (const own of Map.groupBy(steps, (step) => Math.floor(step / commits)).values())
    expect(own).toEqual(own.toSorted((left, right) => left - right))
}

describe('while several write', () => {
  it(`who joins gets every row once, ${rounds} times over`, async () => {
    for (let round = 0; round < rounds; round++) {
      const writing = write(round)
      const joined: Listener[] = []
      // Each joins when the one before has heard something, wherever the writers are by then.
      for (let place = 0; place < 4; place++) {
        const listener = await world.subscribe(document, { last: 1_000 - place })
        await listener.nth(1)
        joined.push(listener)
      }
      await writing
      for (const listener of joined) {
        await listener.until(() => stepsOf(listener, round).length >= writers * commits)
        const steps = stepsOf(listener, round)
        expect(steps.toSorted((left, right) => left - right)).toEqual(everyStep(round))
        expectOrder(steps)
        expect(listener.changes.slice(1).every(({ kind }) => kind === 'INSERTED')).toBe(true)
        listener.stream?.stop()
      }
      if (round % 5 === 4) await clients[0]?.query('DELETE FROM metrics')
    }
  }, 120_000)

  it('who breaks off and goes on gets every row once', async () => {
    const round = rounds
    const first = await world.subscribe(document, { last: 0 })
    let { cursor: after } = await first.nth(1)
    first.stream?.stop()
    const writing = write(round)
    const steps: number[] = []
    let breaks = 0
    while (steps.length < writers * commits) {
      const listener = await world.subscribe(document, { last: 0, after })
      const wanted = Math.min(1 + (breaks % 7), writers * commits - steps.length)
      await listener.until(() => stepsOf(listener, round).length >= wanted)
      listener.stream?.stop()
      expect(listener.changes.map(({ kind }) => kind)).not.toContain('RESYNC')
      // As a client that was cut off after so many, whatever was on its way.
      steps.push(...stepsOf(listener, round).slice(0, wanted))
      after = listener.cursors[wanted - 1] as string
      breaks++
    }
    await writing
    expect(steps.toSorted((left, right) => left - right)).toEqual(everyStep(round))
    expectOrder(steps)
    expect(breaks).toBeGreaterThan(10)
  }, 60_000)
})
