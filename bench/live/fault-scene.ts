import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startEmbeddedPostgres } from '../../src/embedded/cluster.ts'
import { freePort } from '../../src/embedded/free-port.ts'
import { type Stage, setStage } from './stage.ts'

const main = new URL('../../src/main.ts', import.meta.url).pathname

/** Something that is killed, and comes back. */
export interface Victim {
  readonly name: string
  killAndRevive(): Promise<void>
}

/** Databases, gateways over them, and what may be killed, in the order in which it is. */
export interface Scene extends AsyncDisposable {
  readonly platformUrl: string
  readonly jobs: Stage['jobs']
  readonly ports: readonly number[]
  readonly victims: readonly Victim[]
}

/** Before a process that ended by itself is started again, in milliseconds. */
const respiteMs = 200

/** A process that is started again with the same words whenever it ends, as a supervisor does. */
class Revived implements Victim, AsyncDisposable {
  readonly name: string
  readonly #start: () => ChildProcess
  readonly #port: number | undefined
  #child: ChildProcess
  #isOver = false

  /** @param port Where it answers, once it is back. */
  constructor(name: string, start: () => ChildProcess, port?: number) {
    this.name = name
    this.#start = start
    this.#port = port
    this.#child = this.#supervised()
  }

  async killAndRevive(): Promise<void> {
    await this.#kill()
    if (this.#port !== undefined) await untilAnswers([this.#port])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await this.#kill()
  }

  async #kill(): Promise<void> {
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  #supervised(): ChildProcess {
    const child = this.#start()
    child.once('exit', async () => {
      if (child.signalCode === null) await pause(respiteMs)
      if (!this.#isOver) this.#child = this.#supervised()
    })
    return child
  }
}

const tributary = (command: string, env: Record<string, string>): ChildProcess =>
  spawn(process.execPath, [main, command], {
    env: { ...process.env, LOG_LEVEL: 'warn', LOG_FORMAT: 'json', ...env },
    stdio: ['ignore', process.env.BENCH_LOG ? 'inherit' : 'ignore', 'ignore'],
  })

/** Postgres, which ends as in a power cut, and recovers. */
class FailingPostgres implements Victim, AsyncDisposable {
  readonly name = 'Postgres'
  readonly #home: string
  readonly #port: number
  #server: Awaited<ReturnType<typeof startEmbeddedPostgres>> | undefined

  constructor(home: string, port: number) {
    this.#home = home
    this.#port = port
  }

  async start(): Promise<void> {
    this.#server = await startEmbeddedPostgres({ home: this.#home, port: this.#port, log: () => {} })
  }

  async killAndRevive(): Promise<void> {
    await this.#server?.stop('immediate')
    await this.start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.stop()
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const isOpen = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false)
  socket.destroy()
  return isOpen
}

const untilAnswers = async (ports: readonly number[]) => {
  for (const port of ports) while (!(await answers(port))) await pause(50)
}

interface Beginning {
  readonly cleanup: AsyncDisposableStack
  readonly stage: Stage
  readonly postgres: FailingPostgres
}

async function begin(cleanup: AsyncDisposableStack, jobs: number): Promise<Beginning> {
  const stage = cleanup.use(await setStage(jobs))
  await stage.releasePostgres()
  const postgres = cleanup.use(
    new FailingPostgres(stage.postgresHome, Number(new URL(stage.platformUrl).port)),
  )
  await postgres.start()
  return { cleanup, stage, postgres }
}

/** One gateway that captures itself, with its log in a file. */
export async function oneGateway(jobs: number): Promise<Scene> {
  await using stack = new AsyncDisposableStack()
  const { stage, postgres } = await begin(stack, jobs)
  const port = await freePort()
  const gateway = stack.use(
    new Revived('the gateway', () => tributary('serve', { ...stage.env, PORT: String(port) }), port),
  )
  await untilAnswers([port])
  const owned = stack.move()
  return {
    platformUrl: stage.platformUrl,
    jobs: stage.jobs,
    ports: [port],
    victims: [gateway, gateway, gateway, postgres],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Two gateways, two captures that stand by for each other, and Redis. */
export async function severalGateways(jobs: number): Promise<Scene> {
  await using stack = new AsyncDisposableStack()
  const { stage, postgres } = await begin(stack, jobs)
  const redisPort = await freePort()
  const folder = join(stage.postgresHome, '..', 'redis')
  await mkdir(folder, { recursive: true })
  const settings = ['--port', String(redisPort), '--dir', folder, '--appendonly', 'yes']
  const redis = stack.use(
    new Revived(
      'Redis',
      () =>
        spawn('redis-server', [...settings, '--appendfsync', 'always', '--save', ''], { stdio: 'ignore' }),
      redisPort,
    ),
  )
  await untilAnswers([redisPort])
  const env = { ...stage.env, REDIS_URL: `redis://127.0.0.1:${redisPort}` }
  const captures = [1, 2].map((number) =>
    stack.use(new Revived(`capture ${number}`, () => tributary('capture', env))),
  )
  const ports = [await freePort(), await freePort()]
  const gateways = ports.map((port, index) =>
    stack.use(new Revived(`gateway ${index + 1}`, () => tributary('serve', { ...env, PORT: String(port) }))),
  )
  await untilAnswers(ports)
  const owned = stack.move()
  return {
    platformUrl: stage.platformUrl,
    jobs: stage.jobs,
    ports,
    victims: [...gateways, ...captures, redis, ...captures, ...gateways, postgres],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
