/**
 * Clients who follow the metrics of jobs, whatever happens to the gateways, and keep account of what they were told.
 *
 * A writer numbers the rows of each job (`step`). A client takes up its stream after the last cursor that it saw, at the
 * next gateway of its list, over a WebSocket or as server-sent events by turns. Every number must come once, in order.
 */
import { request } from 'node:http'
import { createInterface } from 'node:readline'
import { WebSocket } from 'ws'
import type { Account, FaultClient } from './fault-clients.ts'

const query = `subscription Follow($job: ID!, $after: String) {
  metricsAppended(jobId: $job, last: 1, after: $after) { kind cursor nodes { step } }
}`

interface Told {
  readonly data?: {
    readonly metricsAppended: {
      readonly kind: string
      readonly cursor: string
      readonly nodes: readonly { readonly step: number }[]
    } | null
  }
  readonly errors?: readonly { readonly message: string }[]
}

const accounts: Account[] = []

class Follower {
  readonly #client: FaultClient
  readonly #account: Account
  readonly #seen = new Set<number>()
  #cursor: string | undefined
  #tries = 0
  #greatest = 0

  constructor(client: FaultClient) {
    this.#client = client
    this.#account = {
      ...client,
      seen: 0,
      doubled: 0,
      disordered: 0,
      resyncs: 0,
      snapshots: 0,
      connections: 0,
      endings: {},
    }
    accounts.push(this.#account)
    void this.#follow()
  }

  async #follow(): Promise<void> {
    for (;;) {
      const { ports } = this.#client
      const port = ports[this.#tries % ports.length] as number
      const overSocket = this.#tries++ % 2 === 0
      await (overSocket ? this.#overSocket(port) : this.#overEvents(port))
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 80))
    }
  }

  get #variables() {
    return { job: String(this.#client.job), after: this.#cursor }
  }

  #overSocket(port: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws')
    const send = (message: object) => socket.send(JSON.stringify(message))
    socket.on('error', () => {})
    socket.once('close', (code, reason) => {
      this.#note(`closed with ${code} ${reason}`)
      resolve()
    })
    socket.once('open', () =>
      send({ type: 'connection_init', payload: { authorization: this.#client.authorization } }),
    )
    socket.on('message', (data) => {
      const { type, payload } = JSON.parse(String(data))
      if (type === 'connection_ack') {
        this.#account.connections++
        send({ id: '1', type: 'subscribe', payload: { query, variables: this.#variables } })
      } else if (type === 'next') this.#hear(payload)
      else if (type === 'error' || type === 'complete') {
        if (type === 'error') this.#hear({ errors: payload })
        socket.close()
      }
    })
    return promise
  }

  #overEvents(port: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { job, after } = this.#variables
    const asked = request({
      host: '127.0.0.1',
      port,
      path: '/graphql',
      method: 'POST',
      headers: {
        accept: 'text/event-stream',
        'content-type': 'application/json',
        authorization: this.#client.authorization,
        ...(after !== undefined && { 'last-event-id': after }),
      },
    })
    asked.on('error', () => resolve())
    asked.once('response', (response) => {
      this.#account.connections++
      response.on('error', () => {})
      response.once('close', () => {
        this.#note('the response ended')
        resolve()
      })
      const lines = createInterface({ input: response })
      lines.on('error', () => {})
      lines.on('line', (line) => {
        if (line.startsWith('data: {')) this.#hear(JSON.parse(line.slice(6)))
      })
    })
    asked.end(JSON.stringify({ query, variables: { job } }))
    return promise
  }

  #hear({ data, errors }: Told): void {
    for (const { message } of errors ?? []) this.#note(message)
    const told = data?.metricsAppended
    if (!told) return
    if (told.kind === 'RESYNC') this.#account.resyncs++
    if (told.kind === 'SNAPSHOT') this.#account.snapshots++
    this.#cursor = told.cursor
    for (const { step } of told.nodes) this.#count(step)
  }

  #note(what: string): void {
    const { endings } = this.#account
    endings[what] = (endings[what] ?? 0) + 1
  }

  #count(step: number): void {
    if (this.#seen.has(step)) {
      this.#account.doubled++
      return
    }
    if (step < this.#greatest) this.#account.disordered++
    this.#greatest = Math.max(this.#greatest, step)
    this.#seen.add(step)
    this.#account.seen = this.#seen.size
  }
}

process.on('message', (order: readonly FaultClient[] | 'account') => {
  if (order === 'account') process.send?.(accounts)
  else for (const client of order) new Follower(client)
})
