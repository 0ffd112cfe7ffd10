/*
 * The GPU Dev service: people put requests on its queues, its processor takes them and writes the rows, and its other
 * jobs expire what is over and count what is free. Whoever asks through the gateway is served as those are who are played
 * here; these are marked by their names, and only they are cleared away.
 */
import type { Client } from 'pg'
import { Random } from '../../seed/random.ts'
import type { PlannedRun } from '../plan.ts'
import type { Stage, Writer } from '../writer.ts'
import { advance, type Course, extend, untilOver } from './course.ts'
import { clearAway, countAvailability } from './housekeeping.ts'
import { takeMessages } from './messages.ts'
import { ask, lastNumber, numberOf } from './requests.ts'

/** Reservations of people who are played, that wait or run. */
const aliveWanted = 6
/** Played seconds between two looks at the queues, and two counts; the original's are 5 and 120. */
const pollSeconds = 2
const countSeconds = 15
/** Reservations that are taken over from before, the newest first. */
const takenOver = 100

export const gpuDevService: Writer = {
  name: 'gpu dev service',
  source: 'gpudev',
  rhythm: 1,
  begin: (stage) => {
    const { client, clock, plan } = stage
    let courses: Map<string, Course> | undefined
    let number = 0
    let polled = Number.NEGATIVE_INFINITY
    let counted = Number.NEGATIVE_INFINITY
    return async () => {
      if (!courses) {
        number = await lastNumber(client)
        courses = await takeOver(stage)
      }
      const played = [...courses.values()].filter((course) => course.isPlayed).length
      // One at a beat: the queue is no flood.
      if (played < aliveWanted && (await ask(client, number + 1))) number++
      if (clock() - polled >= pollSeconds) {
        polled = clock()
        for (const { id, hours, more } of await takeMessages(client)) {
          const known = courses.get(id)
          if (known && more) extend(known, more * 3600)
          if (hours === undefined) continue
          const own = await numberOf(client, id)
          const run = own === undefined ? runFor(id, hours) : plan.submission(own)
          courses.set(id, { id, run, isPlayed: own !== undefined, next: clock() + 1, until: Infinity })
        }
      }
      for (const course of [...courses.values()])
        if (course.next <= clock() && (await advance(client, course, clock()))) courses.delete(course.id)
      if (clock() - counted < countSeconds) return
      counted = clock()
      await countAvailability(client)
      await clearAway(client)
    }
  },
}

/** What a person asks for comes about, and lasts as long as was asked. */
const runFor = (id: string, hours: number): PlannedRun => ({
  waitSeconds: new Random(`gpu ${id}`).between(2, 8),
  runSeconds: hours * 3600,
  fails: false,
})

/** The newest that have not ended. Of those whose time was over while nobody played, it begins anew. */
async function takeOver({ client, clock }: Stage): Promise<Map<string, Course>> {
  const rows = await liveRows(client)
  const courses = new Map<string, Course>()
  for (const { id, name, left } of rows) {
    const random = new Random(`gpu ${id}`)
    const runSeconds = left !== null && left > 0 ? left : random.between(60, 900)
    if (left !== null && left <= 0)
      await client.query(
        'UPDATE reservations SET expires_at = clock_timestamp() + make_interval(secs => $2) WHERE reservation_id = $1',
        [id, runSeconds],
      )
    courses.set(id, {
      id,
      run: { waitSeconds: random.between(2, 40), runSeconds, fails: random.chance(0.1) },
      isPlayed: /^replay-\d+$/.test(name ?? ''),
      ...(left === null
        ? { next: clock() + random.between(1, 20), until: Infinity }
        : untilOver(clock(), runSeconds)),
    })
  }
  return courses
}

async function liveRows(client: Client) {
  const { rows } = await client.query<{ id: string; name: string | null; left: number | null }>(
    `SELECT reservation_id AS id, name,
       CASE WHEN status = 'active' THEN extract(epoch FROM expires_at - clock_timestamp())::float8 END AS left
     FROM reservations WHERE status IN ('pending', 'queued', 'preparing', 'creating_server', 'active')
     ORDER BY created_at DESC LIMIT $1`,
    [takenOver],
  )
  return rows
}
