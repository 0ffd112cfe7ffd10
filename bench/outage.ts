/**
 * `node bench/outage.ts`: what a failing source costs the others. Over an embedded Postgres with the usual data, a
 * gateway in a process of its own is asked for two sources at once; one of them, behind a proxy, is cut off,
 * black-holed and slowed in turn. Tells for each phase the other's latency against the quiet phase before it, and how
 * long after the first failure the failing one's requests were answered.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { environmentOf } from '../src/config/source-names.ts'
import { startDevelopmentDatabases } from '../src/embedded/development-databases.ts'
import { freePort } from '../src/embedded/free-port.ts'
import { signIn } from '../test/support/client.ts'
import { startTcpProxy } from '../test/support/tcp-proxy.ts'

const healthy =
  '{ trainingJobs(first: 20) { nodes { status project { name } metrics(first: 5) { nodes { loss } } } } }'
const failing = '{ slurmJobs(first: 20) { nodes { status trainings { nodes { name } } } } }'
const phaseMs = 8_000

const say = (line: string) => void process.stdout.write(`${line}\n`)

interface Sample {
  readonly at: number
  readonly ms: number
  readonly failed: boolean
}

/** Asks one query after the other from each of so many clients, until it is told to stop. */
function load(
  { url, token, clients, stop }: { url: string; token: string; clients: number; stop: AbortSignal },
  query: string,
): { samples: Sample[]; done: Promise<unknown> } {
  const samples: Sample[] = []
  const client = async () => {
    while (!stop.aborted) {
      const begun = performance.now()
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query }),
      })
      const { errors } = (await response.json()) as { errors?: unknown }
      const at = performance.now()
      samples.push({ at, ms: at - begun, failed: errors !== undefined })
      await pause(20)
    }
  }
  return { samples, done: Promise.all(Array.from({ length: clients }, client)) }
}

const percentile = (values: readonly number[], share: number) =>
  values.toSorted((left, right) => left - right)[Math.floor(values.length * share)] ?? Number.NaN

const home = await mkdtemp(join(tmpdir(), 'tributary-bench-'))
await using cleanup = new AsyncDisposableStack()
cleanup.defer(() => rm(home, { recursive: true, force: true }))
const databases = cleanup.use(await startDevelopmentDatabases(home, () => {}))
const proxy = cleanup.use(await startTcpProxy(databases.urls.inference))
const port = String(await freePort())
const gateway = spawn(process.execPath, [new URL('../src/main.ts', import.meta.url).pathname, 'serve'], {
  env: {
    ...process.env,
    PORT: port,
    LOG_FORMAT: 'json',
    ...environmentOf({ ...databases.urls, inference: proxy.url }),
  },
  stdio: ['ignore', 'pipe', 'inherit'],
})
cleanup.defer(async () => {
  gateway.kill('SIGTERM')
  await once(gateway, 'exit')
})
for await (const chunk of gateway.stdout) if (String(chunk).includes('listening')) break
gateway.stdout.resume()

const url = `http://127.0.0.1:${port}/graphql`
const stop = new AbortController()
const asking = { url, token: await signIn(url), clients: 4, stop: stop.signal }
const other = load(asking, healthy)
const own = load(asking, failing)

async function phase(name: string, begin: () => unknown): Promise<number> {
  const begun = performance.now()
  await begin()
  await pause(phaseMs)
  const within = other.samples.filter(({ at }) => at > begun)
  const p99 = percentile(
    within.map(({ ms }) => ms),
    0.99,
  )
  const failures = own.samples.filter(({ at, failed }) => at > begun && failed)
  const first = failures[0]?.at ?? Number.NaN
  const late = own.samples.filter(({ at, ms }) => at > first && at - ms < first).map(({ at }) => at - first)
  say(
    `${name.padEnd(12)} other source: ${within.length} answers, p99 ${p99.toFixed(1)} ms; this one: ${failures.length} failures${
      failures.length > 0
        ? `, all under way answered within ${Math.max(0, ...late).toFixed(0)} ms of the first`
        : ''
    }`,
  )
  return p99
}

await pause(5_000)
for (const [name, begin] of [
  ['cut', () => proxy.refuse()],
  ['black hole', () => proxy.blackHole()],
  ['slow 300 ms', () => proxy.pass(300)],
] as const) {
  const before = await phase('quiet', () => proxy.pass())
  const during = await phase(name, begin)
  say(`             p99 ${(during / before).toFixed(2)} of what it was`)
}
await phase('quiet', () => proxy.pass())
const last = own.samples.at(-1)
say(last?.failed ? 'The source did NOT rejoin.' : 'The source has rejoined.')
stop.abort()
await Promise.all([other.done, own.done])
