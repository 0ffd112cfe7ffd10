import { expect, test } from 'vitest'
import { temporaryFolder } from '../embedded/start-owner.ts'
import { runFaults } from './fault-run.ts'

test('the log holds every commit once and in order, whatever is killed meanwhile', {
  timeout: 120_000,
}, async () => {
  await using folder = await temporaryFolder()
  const run = await runFaults({
    folder: folder.path,
    commits: 1_200,
    captureKills: 2,
    postgresKills: 1,
    postgresRestarts: 1,
  })
  expect(run).toMatchObject({ committed: 1_200, lost: 0, doubled: 0, disordered: 0, histories: 1 })
})
