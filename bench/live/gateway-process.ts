import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '../../src/embedded/free-port.ts'
import { type Usage, usageOf } from './usage.ts'

const main = new URL('../../src/main.ts', import.meta.url).pathname
/** How often it is asked whether it is up yet. */
const lookMs = 20

/** `tributary serve`, in a process of its own. */
export class GatewayProcess implements AsyncDisposable {
  readonly port: number
  readonly #env: Record<string, string>
  readonly #flags: readonly string[]
  #child: ChildProcess | undefined

  private constructor(port: number, env: Record<string, string>, flags: readonly string[]) {
    this.port = port
    this.#env = env
    this.#flags = flags
  }

  /**
   * Starts one that takes requests.
   *
   * @param flags Node's own, as `--cpu-prof`.
   */
  static async start(env: Record<string, string>, flags: readonly string[] = []): Promise<GatewayProcess> {
    const gateway = new GatewayProcess(await freePort(), env, flags)
    await gateway.restart()
    return gateway
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/graphql`
  }

  get usage(): Usage {
    return usageOf(this.#child?.pid ?? 0)
  }

  /** Ends it without a word. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Starts it anew, on the same port. */
  async restart(): Promise<void> {
    const child = spawn(process.execPath, [...this.#flags, main, 'serve'], {
      env: { ...process.env, PORT: String(this.port), LOG_FORMAT: 'json', ...this.#env },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    this.#child = child
    while (!(await this.#isReady())) {
      if (child.exitCode !== null) throw new Error(`The gateway ended with status ${child.exitCode}.`)
      await pause(lookMs)
    }
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await fetch(new URL('/health/ready', this.url))).ok
    } catch {
      return false
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGTERM')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
}

/** The folder that a gateway of a bench keeps its log in. */
export const homeIn = (folder: string): string => join(folder, 'gateway')
