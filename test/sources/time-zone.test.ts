import { expect, it } from 'vitest'
import { cloneDatabases } from '../support/databases.ts'
import { startGateway } from '../support/gateway.ts'

const document = `query ($from: DateTime!, $to: DateTime!) {
  slurmJobs(filter: { startTime: { gte: $from, lt: $to } }, orderBy: { field: START_TIME }) {
    nodes { sbatchId startTime trainings { nodes { job { startTime } } } }
  }
}`

it('reads and filters what PIC’s services wrote by the clock on the wall of INFERENCE_TIME_ZONE', async () => {
  await using databases = await cloneDatabases()
  const client = await databases.client('inference')
  await client.query(`INSERT INTO jobs (id, sbatch_id, fold_index, job_type, status, start_time) VALUES
    ('w', 'winter', 0, 'TRAINING', 'RUNNING', '2026-01-10 12:00:00.000001'),
    ('s', 'summer', 0, 'TRAINING', 'RUNNING', '2026-07-10 12:00:00.000001')`)
  await client.query(`INSERT INTO training (id, name, job_id, status) VALUES ('t', 'x', 's', 'TRAINING')`)
  await using gateway = await startGateway({
    urls: databases.urls,
    env: { INFERENCE_TIME_ZONE: 'Asia/Jerusalem' },
  })

  const summer = await gateway.query(document, { from: '2026-07-10T09:00:00Z', to: '2026-07-10T09:00:01Z' })
  expect(summer).toEqual({
    slurmJobs: {
      nodes: [
        {
          sbatchId: 'summer',
          startTime: '2026-07-10T09:00:00.000001Z',
          trainings: { nodes: [{ job: { startTime: '2026-07-10T09:00:00.000001Z' } }] },
        },
      ],
    },
  })
  const winter = await gateway.query<{ slurmJobs: { nodes: { startTime: string }[] } }>(document, {
    from: '2026-01-10T12:00:00+02:00',
    to: '2026-01-10T12:00:01+02:00',
  })
  expect(winter.slurmJobs.nodes.map(({ startTime }) => startTime)).toEqual(['2026-01-10T10:00:00.000001Z'])
})
