import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

export const root = join(import.meta.dirname, '../..')

export interface StartOptions {
  /** Over an environment that has PATH alone, PORT=0 and CAPTURE=off. */
  readonly env?: Readonly<Record<string, string>>
  /** Program and its first arguments. Default: this Node and src/main.ts. */
  readonly program?: readonly string[]
  readonly cwd?: string
  /** Account to run under. Default: our own. */
  readonly account?: { readonly uid: number; readonly gid: number }
}

/** How a process ended. */
export interface Ending {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
}

/** Milliseconds that a process is given to end when its test is over. */
const patience = 5_000

/**
 * A `tributary` in a process group of its own, as a shell puts it into one. It ends with its test, also with one that
 * ran out of time.
 */
export class TributaryProcess implements AsyncDisposable {
  /** What it has written so far. */
  stdout = ''
  stderr = ''
  /** Resolves when it has ended and all that it wrote has been read. */
  readonly ended: Promise<Ending>
  readonly pid: number
  #wake = Promise.withResolvers<void>()
  #isOver = false

  constructor(args: readonly string[], options: StartOptions = {}) {
    const [program = '', ...first] = options.program ?? [process.execPath, join(root, 'src/main.ts')]
    const child = spawn(program, [...first, ...args], {
      cwd: options.cwd ?? '/',
      env: { PATH: process.env.PATH, PORT: '0', CAPTURE: 'off', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...options.account,
    })
    this.pid = child.pid ?? 0
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        this[name] += text
        this.#notify()
      })
    this.ended = once(child, 'close').then(([status, signal]) => {
      this.#isOver = true
      this.#notify()
      return { status, signal }
    })
    onTestFinished(() => this[Symbol.asyncDispose]())
  }

  /** Waits until its standard output holds the pattern. @throws Error with all that it wrote if it ends before. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.stdout)
      if (found) return found
      if (this.#isOver) throw new Error(`It ended without ${pattern}:\n${this.stdout}${this.stderr}`)
      await this.#wake.promise
    }
  }

  /** Where it listens, once it does. */
  async url(): Promise<string> {
    const [url] = await this.printed(/http:\/\/127\.0\.0\.1:\d+\/graphql(?=[\s"])/)
    return url
  }

  /** Signals the whole group, as a terminal's Ctrl-C does. */
  signal(name: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, name)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }

  /** Signals and waits for the end. */
  async end(name: NodeJS.Signals): Promise<Ending> {
    this.signal(name)
    return this.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return
    this.signal('SIGTERM')
    const isStuck = await Promise.race([this.ended.then(() => false), pause(patience, true, { ref: false })])
    if (isStuck) await this.end('SIGKILL')
  }

  #notify(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }
}

/** Runs a command to its end. */
export async function tributary(args: readonly string[], options: StartOptions = {}) {
  await using child = new TributaryProcess(args, options)
  const { status, signal } = await child.ended
  return { status, signal, stdout: child.stdout, stderr: child.stderr }
}
