/* Owns an embedded Postgres until SIGTERM: `node owner.ts '{"home": "…"}'` prints what it started as one line. */
import { once } from 'node:events'
import { type EmbeddedPostgresOptions, startEmbeddedPostgres } from '../../src/embedded/cluster.ts'

const options: Omit<EmbeddedPostgresOptions, 'log'> = JSON.parse(process.argv[2] ?? '')
const toldToStop = once(process, 'SIGTERM')
const lines: string[] = []
const startedAt = performance.now()
try {
  const postgres = await startEmbeddedPostgres({ ...options, log: (line) => lines.push(line) })
  const { port, pid, home, dataDir, start } = postgres
  const took = performance.now() - startedAt
  process.stdout.write(
    `${JSON.stringify({ port, pid, home, dataDir, start, url: postgres.url(), lines, took })}\n`,
  )
  await toldToStop
  await postgres.stop()
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: (error as Error).message, lines })}\n`)
  process.exitCode = 1
}
