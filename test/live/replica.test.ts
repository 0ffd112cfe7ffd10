import { parse } from 'graphql'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { Cursors } from '../../src/changes/cursor.ts'
import { Feed } from '../../src/changes/feed.ts'
import type { ChangeLog } from '../../src/changes/log/change-log.ts'
import { cursorCodec } from '../../src/live/cursors.ts'
import { Engine } from '../../src/live/engine.ts'
import { peopleReader } from '../../src/sources/people-reader.ts'
import { everyone } from '../support/everyone.ts'
import { insertJob } from './job-rows.ts'
import { Listener, openLiveWorld } from './live-kit.ts'

const document = `subscription ($after: String) { metricsAppended(jobId: 1, last: 0, after: $after) {
  kind cursor id removed node { step } nodes { databaseId step } } }`

const stepsOf = (listener: Listener) =>
  listener.changes.flatMap(({ nodes }) => nodes.map(({ step }) => step as number))

it.each([
  { where: 'within a transaction', told: 1, rest: [2, 3, 4] },
  { where: 'after a transaction', told: 3, rest: [4] },
])('goes on $where at a replica that has not heard of it yet', async ({ told, rest }) => {
  await using world = await openLiveWorld()
  const client = await world.databases.client('platform')
  await client.query("INSERT INTO projects (id, name, user_id) VALUES (1, 'one', 1)")
  await insertJob(client, { id: 1 })
  await world.settled('platform')

  const gate = Promise.withResolvers<void>()
  const late: ChangeLog = {
    ...world.log,
    head: (source) => world.log.head(source),
    status: (source) => world.log.status(source),
    async *read(source, after, signal) {
      for await (const batch of world.log.read(source, after, signal)) {
        await gate.promise
        yield batch
      }
    },
  }
  await using feed = new Feed({ source: 'platform', log: late, logger: pino({ level: 'silent' }) })
  await feed.start()
  const { graph } = world
  await using replica = new Engine({
    schema: graph.schema,
    sources: [{ name: 'platform', feed, watching: () => ({ state: 'STREAMING', unwatched: {} }) }],
    cursors: cursorCodec(new Cursors(await world.log.secret())),
    databases: graph,
    people: {
      scopes: graph.scopes,
      read: peopleReader({ users: graph.source('users'), platform: graph.source('platform') }),
    },
  })

  const first = await world.subscribe(document)
  await first.nth(1)
  await client.query('INSERT INTO metrics (job_id, epoch, step) VALUES (1, 1, 1), (1, 1, 2), (1, 1, 3)')
  await first.until(() => stepsOf(first).length === 3)
  const stream = await replica.open({
    document: parse(document),
    operationName: undefined,
    variables: { after: first.cursors[told] },
    context: graph.context(everyone),
    lastEventId: undefined,
    present: (error) => error as never,
  })
  const second = new Listener()
  stream.start(second)
  // It has asked for its place by the time that other questions to the log are answered.
  await world.log.head('platform')
  gate.resolve()
  await client.query('INSERT INTO metrics (job_id, epoch, step) VALUES (1, 1, 4)')
  await second.until(() => stepsOf(second).includes(4))
  expect(stepsOf(second)).toEqual(rest)
  expect(second.changes.map(({ kind }) => kind)).not.toContain('RESYNC')
  stream.stop()
})
