/*
 * A gateway that was started while Redis was away, beside one that was not.
 */
import { describe, expect, it, onTestFinished } from 'vitest'
import { capturedTables } from '../../src/changes/postgres/captured-table.ts'
import { expectedDatabase } from '../../src/sources/expected.ts'
import { publishTables } from '../changes/capture-kit.ts'
import { overEvents, overWebSocket, type Subscribe } from '../server/stream-client.ts'
import { cloneDatabases } from '../support/databases.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'
import { insertJob } from './job-rows.ts'

const query = `subscription ($after: String) { trainingJobChanged(id: 1, after: $after) { kind cursor node { notes } } }`

interface Change {
  readonly kind: string
  readonly cursor: string
}

const ways: [string, Subscribe][] = [
  ['a WebSocket', overWebSocket],
  ['server-sent events', overEvents],
]

async function first(subscribe: Subscribe, { url }: TestGateway, after?: string): Promise<Change> {
  using client = await subscribe(url, { query, variables: { after } })
  const { payload } = await client.next()
  return (payload as { data: { trainingJobChanged: Change } }).data.trainingJobChanged
}

const isStreaming = async (gateway: TestGateway) => {
  const { sources } = await gateway.query<{
    sources: { name: string; watching: { state: string } | null }[]
  }>('{ sources { name watching { state } } }')
  return sources.find(({ name }) => name === 'platform')?.watching?.state === 'STREAMING'
}

describe.skipIf(!hasRedis)('a gateway that Redis was away for (Debian’s redis-server)', () => {
  it.each(ways)('takes up what another told over %s, and the other what it told', async (_, subscribe) => {
    const databases = await cloneDatabases()
    onTestFinished(() => databases[Symbol.asyncDispose]())
    const platform = await databases.client('platform')
    await publishTables(platform, databases.url('platform'), capturedTables(expectedDatabase('platform')))
    await insertJob(platform, { id: 1, project_id: null })
    const redis = await startRedis()
    onTestFinished(() => redis[Symbol.asyncDispose]())
    const started = async (capture: string) => {
      const urls = { platform: databases.url('platform') }
      const gateway = await startGateway({ urls, env: { REDIS_URL: redis.url, CAPTURE: capture } })
      onTestFinished(() => gateway[Symbol.asyncDispose]())
      return gateway
    }
    const early = await started('on')
    await redis.kill()
    const late = await started('off')
    expect(await isStreaming(late)).toBe(false)
    await redis.restart()
    for (const gateway of [early, late])
      await expect.poll(() => isStreaming(gateway), { timeout: 20_000 }).toBe(true)
    for (const [one, other] of [
      [early, late],
      [late, early],
    ] as const) {
      const { cursor } = await first(subscribe, one)
      await platform.query("UPDATE training_jobs SET notes = 'new' WHERE id = 1")
      expect(await first(subscribe, other, cursor)).toMatchObject({ kind: 'UPDATED' })
    }
  })
})
