import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createLogger } from '../../../src/config/logger.ts'
import { seededPlan } from '../../../src/embedded/replayer/plan.ts'
import { startReplayer } from '../../../src/embedded/replayer/replayer.ts'
import { tracePlan } from '../../../src/embedded/replayer/trace-plan.ts'
import type { Writer } from '../../../src/embedded/replayer/writer.ts'
import { clusterTraceFolder } from '../../support/cluster-trace/folder.ts'
import { cloneDatabases } from '../../support/databases.ts'

test('begins a writer anew when it has lost its connection, and leaves none behind', async () => {
  await using databases = await cloneDatabases()
  const admin = await databases.client('users')
  const pids: number[] = []
  let next = Promise.withResolvers<number>()
  const writer: Writer = {
    name: 'writer under test',
    source: 'platform',
    rhythm: 1,
    begin:
      ({ client }) =>
      async () => {
        const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
        next.resolve(rows[0].pid)
      },
  }
  const lines: string[] = []
  const log = createLogger({ level: 'warn', format: 'json' }, { write: (line) => lines.push(line) })
  const replayer = startReplayer({
    urls: databases.urls,
    plan: seededPlan,
    speed: 100,
    log,
    writers: [writer],
  })
  pids.push(await next.promise)
  await admin.query('SELECT pg_terminate_backend($1)', [pids[0]])
  while (pids.at(-1) === pids[0]) {
    next = Promise.withResolvers()
    pids.push(await next.promise)
  }
  expect(lines.join('')).toContain('begins anew')
  await replayer[Symbol.asyncDispose]()
  const { rows } = await admin.query(
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'tributary replay writer under test'",
  )
  expect(rows).toEqual([])
})

test('plays the trace of a real cluster: its outcomes, in its order, again after the last', async ({
  skip,
}) => {
  const folder = clusterTraceFolder()
  if (folder === undefined) return skip('the trace is not at hand')
  const plan = await tracePlan(folder)
  const numbers = Array.from({ length: 8152 }, (_, index) => index + 1)
  const failing = numbers.filter((number) => plan.training(number).pace.failure)
  // grep -c ',Failed,' tasks.csv
  expect(failing).toHaveLength(1870)
  expect(plan.training(8153)).toEqual(plan.training(1))
  for (const number of numbers) {
    const { waitSeconds, runSeconds } = plan.submission(number)
    expect(waitSeconds).toBeGreaterThanOrEqual(1)
    expect(runSeconds).toBeLessThanOrEqual(300)
  }
})

test('says what is wrong with a folder that holds no trace', async () => {
  await expect(tracePlan(join(import.meta.dirname, 'nowhere'))).rejects.toThrow(
    /REPLAY_TRACE=".*nowhere" cannot be played/,
  )
})
