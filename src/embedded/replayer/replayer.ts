/*
 * Plays the programs that write into the sources' databases, so that everything live can be seen without them. Each has
 * a connection of its own and a rhythm, as the real ones do, and knows of the others by rows alone. A writer that fails,
 * for its database is gone or a person has changed a table, is begun anew after a pause; the others go on.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import type { Logger } from 'pino'
import type { BySource } from '../../config/source-names.ts'
import type { Plan } from './plan.ts'
import type { Writer } from './writer.ts'
import { writers as allWriters } from './writers.ts'

export interface ReplayerOptions {
  /** Migrated databases, as a role that may write them. */
  readonly urls: BySource<string>
  readonly plan: Plan
  /** How many seconds are played in one. */
  readonly speed: number
  readonly log: Logger
  /** Default: all. */
  readonly writers?: readonly Writer[]
}

/** Milliseconds between two turns of a writer, however high the speed. */
const shortestPause = 10
const pauseAfterFailure = 2_000

/** Starts playing; disposal ends it between two turns. */
export function startReplayer({
  urls,
  plan,
  speed,
  log,
  writers = allWriters,
}: ReplayerOptions): AsyncDisposable {
  const stopping = new AbortController()
  const { signal } = stopping
  const began = performance.now()
  const clock = () => ((performance.now() - began) / 1000) * speed

  async function play(writer: Writer): Promise<void> {
    while (!signal.aborted) {
      try {
        await using connection = await connect(urls[writer.source], writer.name)
        const turn = writer.begin({ client: connection.client, plan, clock })
        while (!signal.aborted) {
          await turn()
          await rest((writer.rhythm * 1000) / speed)
        }
      } catch (error) {
        if (signal.aborted) return
        log.warn({ err: error, writer: writer.name }, 'a replayed writer failed and begins anew')
        await rest(pauseAfterFailure)
      }
    }
  }

  const rest = (milliseconds: number) =>
    pause(Math.max(shortestPause, milliseconds), undefined, { signal }).catch(() => {})

  const playing = Promise.all(writers.map(play))
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await playing
    },
  }
}

async function connect(url: string, name: string) {
  const client = new Client({ connectionString: url, application_name: `tributary replay ${name}` })
  // It is told by the statement that fails.
  client.on('error', () => {})
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}
