/**
 * Writes numbered metrics of some jobs, each job's on a connection of its own, one commit a row; and goes on when Postgres
 * went away. Whether a row was committed whose answer never came, it asks when it is back.
 */
import { Client } from 'pg'
import type { NumberedWrites } from './faults.ts'

const retryMs = 100

async function connected(url: string): Promise<Client> {
  for (;;) {
    const client = new Client({ connectionString: url })
    client.on('error', () => {})
    try {
      await client.connect()
      return client
    } catch {
      await new Promise((resolve) => setTimeout(resolve, retryMs))
    }
  }
}

async function number({ url, rate, each }: NumberedWrites, job: number): Promise<void> {
  let client = await connected(url)
  const begun = performance.now()
  let paused = 0
  for (let step = 1; step <= each; ) {
    const ahead = begun + paused + (step * 1000) / rate - performance.now()
    if (ahead > 2) await new Promise((resolve) => setTimeout(resolve, ahead))
    try {
      await client.query({
        name: 'number',
        text: 'INSERT INTO metrics (job_id, epoch, step, loss, created_at) VALUES ($1, 1, $2, 0.5, now())',
        values: [job, step],
      })
      step++
    } catch {
      const lost = performance.now()
      void client.end().catch(() => {})
      client = await connected(url)
      const { rows } = await client.query('SELECT max(step) AS step FROM metrics WHERE job_id = $1', [job])
      step = (rows[0]?.step ?? 0) + 1
      paused += performance.now() - lost
    }
  }
  await client.end()
}

process.on('message', async (order: NumberedWrites) => {
  await Promise.all(order.jobs.map((job) => number(order, job)))
  process.send?.('written')
})
