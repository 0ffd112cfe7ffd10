/**
 * `node bench/writers.ts [commits a second] [seconds]`: what capturing costs those who write. Commits are offered at a
 * pace (1,000 a second) over 16 connections, in turns without and with a slot and `tributary capture` reading it. Tells
 * the rate and the latency of both, what the WAL sender and the capture take of the CPU for a commit, and exits 1 where
 * the writers keep less than 95 % of their rate.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { readCaptureState } from '../src/changes/postgres/capture-state.ts'
import { capturedTables } from '../src/changes/postgres/captured-table.ts'
import { setUpCapture, tearDownCapture } from '../src/changes/postgres/set-up.ts'
import { readConfig } from '../src/config/config.ts'
import { migrate } from '../src/database/migrate.ts'
import { startEmbeddedPostgres } from '../src/embedded/cluster.ts'
import { expectedDatabase } from '../src/sources/expected.ts'
import '../src/sources/table.ts'

const [perSecond = 1_000, seconds = 10] = process.argv.slice(2).map(Number)
const turns = 3
const connections = 16
const say = (line: string) => void process.stdout.write(`${line}\n`)

interface Turn {
  readonly rate: number
  readonly latencies: readonly number[]
}

const open = async (url: string) => {
  const client = new Client({ connectionString: url })
  // The server stops under it where something else fails.
  client.on('error', () => {})
  await client.connect()
  return client
}

/** Offers commits at the pace; those that are late are not made up for by skipping. */
async function write(clients: readonly Client[]): Promise<Turn> {
  const wanted = perSecond * seconds
  const latencies: number[] = []
  const begun = performance.now()
  let next = 0
  const one = async (client: Client) => {
    for (;;) {
      const due = begun + (next++ * 1000) / perSecond
      if (due >= begun + seconds * 1000) return
      const early = due - performance.now()
      if (early > 1) await pause(early)
      await client.query('UPDATE projects SET description = $1 WHERE id = $2', [
        `step ${next}`,
        1 + (next % 1000),
      ])
      latencies.push(performance.now() - due)
    }
  }
  await Promise.all(clients.map(one))
  const took = (performance.now() - begun) / 1000
  return { rate: Math.min(wanted, latencies.length) / Math.max(took, seconds), latencies }
}

/** Milliseconds of the CPU that a process has taken. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

const percentile = (values: readonly number[], share: number) =>
  (values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN).toFixed(2)

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

const folder = await mkdtemp(join(tmpdir(), 'tributary-writers-'))
// As root the server runs under another account.
await chmod(folder, 0o755)
const postgres = await startEmbeddedPostgres({ home: join(folder, 'home'), log: () => {} })
try {
  const url = postgres.url()
  await migrate({ source: 'platform', url })
  const [config] = readConfig({ DATABASE_URL: url }).sources
  if (!config?.capture) throw new Error('No source is configured.')
  const names = { ...config.capture, tables: capturedTables(expectedDatabase('platform')) }
  const admin = await open(url)
  const ask = async <Row extends object>(statement: string) => (await admin.query<Row>(statement)).rows
  await admin.query('INSERT INTO projects (id, name) SELECT n, n FROM generate_series(1, 1000) n')
  const clients = await Promise.all(Array.from({ length: connections }, () => open(url)))
  await write(clients)

  const without: Turn[] = []
  const withSlot: Turn[] = []
  const senderCpu: number[] = []
  const captureCpu: number[] = []
  for (let turn = 1; turn <= turns; turn++) {
    without.push(await write(clients))
    await setUpCapture(ask, names)
    const capture = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts'), 'capture'], {
      env: { PATH: process.env.PATH, DATABASE_URL: url, CHANGE_LOG_DIR: join(folder, `changes-${turn}`) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    for await (const line of createInterface(capture.stdout)) if (line.includes('streaming')) break
    capture.stdout.resume()
    const sender = (await readCaptureState(ask, names)).slot?.activePid ?? 0
    const before = [cpuOf(sender), cpuOf(capture.pid ?? 0)] as const
    const measured = await write(clients)
    const commits = measured.latencies.length
    senderCpu.push(((cpuOf(sender) - before[0]) * 1000) / commits)
    captureCpu.push(((cpuOf(capture.pid ?? 0) - before[1]) * 1000) / commits)
    withSlot.push(measured)
    const ended = once(capture, 'exit')
    capture.kill('SIGTERM')
    await ended
    await tearDownCapture(ask, names)
    const [plain, slot] = [without.at(-1), withSlot.at(-1)]
    say(`turn ${turn}: ${plain?.rate.toFixed(0)} commits/s without, ${slot?.rate.toFixed(0)} with`)
  }
  const ratio = mean(withSlot.map(({ rate }) => rate)) / mean(without.map(({ rate }) => rate))
  for (const [word, measured] of [
    ['without', without],
    ['with', withSlot],
  ] as const) {
    const all = measured.flatMap(({ latencies }) => latencies)
    say(`${word}: from due to done ${percentile(all, 0.5)} ms median, ${percentile(all, 0.99)} ms p99`)
  }
  say(`CPU a commit: WAL sender ${mean(senderCpu).toFixed(0)} µs, capture ${mean(captureCpu).toFixed(0)} µs`)
  say(`the writers keep ${(ratio * 100).toFixed(1)} % of their rate`)
  process.exitCode = ratio >= 0.95 ? 0 : 1
  await Promise.all([admin, ...clients].map((client) => client.end()))
} finally {
  await postgres.stop('immediate')
  await rm(folder, { recursive: true, force: true })
}
