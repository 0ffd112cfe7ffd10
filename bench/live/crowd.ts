import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { usageOf } from './usage.ts'

/** One socket and what it subscribes to. */
export interface Member {
  /** The address that it comes from. */
  readonly from: string
  readonly authorization?: string
  readonly operations: readonly { readonly query: string; readonly variables?: object }[]
  /** Of a server that speaks no GraphQL: where its socket is; nothing is sent there. */
  readonly path?: string
  readonly protocol?: string
}

export type CrowdOrder =
  | {
      readonly type: 'open'
      readonly port: number
      readonly members: readonly Member[]
      readonly atOnce: number
    }
  | { readonly type: 'count' }
  | { readonly type: 'progress' }
  | { readonly type: 'report' }

export interface CrowdReport {
  readonly type: 'report'
  readonly messages: number
  readonly latencies: Float64Array
  /** What closed sockets or ended operations before their time, and how often. */
  readonly closes: readonly (readonly [string, number])[]
}

/** Clients, in processes of their own. */
export class Crowd implements AsyncDisposable {
  readonly #processes: readonly ChildProcess[]

  /** @param processes How many processes to spread them over. */
  constructor(processes: number) {
    this.#processes = Array.from({ length: processes }, () =>
      fork(new URL('crowd-process.ts', import.meta.url), { serialization: 'advanced' }),
    )
  }

  /** Opens sockets; resolves when every operation has had its first result. */
  async open(port: number, members: readonly Member[], atOnce = 64): Promise<void> {
    const share = Math.ceil(members.length / this.#processes.length)
    await this.#ask((index) => ({
      type: 'open',
      port,
      members: members.slice(index * share, (index + 1) * share),
      atOnce: Math.ceil(atOnce / this.#processes.length),
    }))
  }

  /** Begins to count what comes. */
  async count(): Promise<void> {
    await this.#ask(() => ({ type: 'count' }))
  }

  /** How many deliveries of stamped rows have come since. */
  async arrived(): Promise<number> {
    const counts = (await this.#ask(() => ({ type: 'progress' }))) as number[]
    return counts.reduce((sum, count) => sum + count, 0)
  }

  async report(): Promise<Omit<CrowdReport, 'type'>> {
    const reports = (await this.#ask(() => ({ type: 'report' }))) as CrowdReport[]
    const latencies = new Float64Array(reports.reduce((sum, report) => sum + report.latencies.length, 0))
    let at = 0
    for (const report of reports) {
      latencies.set(report.latencies, at)
      at += report.latencies.length
    }
    const closes = new Map<string, number>()
    for (const [why, count] of reports.flatMap((report) => report.closes))
      closes.set(why, (closes.get(why) ?? 0) + count)
    return {
      messages: reports.reduce((sum, report) => sum + report.messages, 0),
      latencies,
      closes: [...closes],
    }
  }

  /** Milliseconds of CPU that the processes have used. */
  get cpuMs(): number {
    return this.#processes.reduce((sum, { pid }) => sum + (pid ? usageOf(pid).cpuMs : 0), 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#processes.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const gone = once(child, 'exit')
        child.kill('SIGKILL')
        await gone
      }),
    )
  }

  async #ask(orderFor: (index: number) => CrowdOrder): Promise<unknown[]> {
    return await Promise.all(
      this.#processes.map(async (child, index) => {
        const answer = once(child, 'message')
        child.send(orderFor(index))
        const [message] = await answer
        return message
      }),
    )
  }
}
