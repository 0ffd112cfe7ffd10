/**
 * A program that writes to the platform database and knows nothing of the gateway. Each row that it writes bears the
 * moment at which its statement was sent, so that what is measured from there holds the commit itself.
 *
 * It keeps to the rate that it was told: what falls due while a statement is under way goes out on another connection.
 */
import { Pool } from 'pg'
import type { WriteOrder, Written } from './writer.ts'

const stamp = () => `@${(performance.timeOrigin + performance.now()).toFixed(3)}@`

const statements = {
  jobs: 'UPDATE training_jobs SET notes = $2 WHERE id = $1',
  metrics: `INSERT INTO metrics (job_id, epoch, step, loss, accuracy, checkpoint_path, created_at)
    SELECT $1, 1, n, 1.0 / n, 0.5, $2, now() FROM generate_series(1, 20) n`,
}

async function write({ url, what, ids, rate, seconds }: WriteOrder): Promise<Written> {
  const pool = new Pool({ connectionString: url, max: 8 })
  await Promise.all(Array.from({ length: 8 }, () => pool.query('SELECT 1')))
  const total = Math.round(rate * seconds)
  const begun = performance.now()
  const underWay = new Set<Promise<unknown>>()
  let late = 0
  for (let at = 0; at < total; at++) {
    const due = begun + (at * 1000) / rate
    const ahead = due - performance.now()
    if (ahead > 1) await new Promise((resolve) => setTimeout(resolve, ahead))
    else if (ahead < -1000) late++
    const done = pool.query({ name: what, text: statements[what], values: [ids[at % ids.length], stamp()] })
    underWay.add(done)
    void done.finally(() => underWay.delete(done))
  }
  await Promise.all(underWay)
  const took = (performance.now() - begun) / 1000
  await pool.end()
  return { type: 'written', commits: total, rate: total / took, late }
}

process.on('message', async (order: WriteOrder) => {
  process.send?.(await write(order))
})
