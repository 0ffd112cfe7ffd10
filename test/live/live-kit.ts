/*
 * The live engine over real databases that are really captured, without a server: whoever one says subscribes.
 */
import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type GraphQLError, parse, validate } from 'graphql'
import type { Client } from 'pg'
import { pino } from 'pino'
import type { Viewer } from '../../src/auth/viewer.ts'
import { Capture } from '../../src/changes/capture.ts'
import { Cursors } from '../../src/changes/cursor.ts'
import { Feed } from '../../src/changes/feed.ts'
import type { ChangeLog } from '../../src/changes/log/change-log.ts'
import { openSqliteLog } from '../../src/changes/log/sqlite-log.ts'
import { capturedTables } from '../../src/changes/postgres/captured-table.ts'
import type { Watching } from '../../src/changes/watching.ts'
import { type SourceKey, sourceNames } from '../../src/config/source-names.ts'
import { entities } from '../../src/graph/entity.ts'
import { cursorCodec } from '../../src/live/cursors.ts'
import { Engine, type EngineOptions } from '../../src/live/engine.ts'
import type { LiveStream, SharedResult, StreamSink } from '../../src/live/stream.ts'
import { expectedDatabase } from '../../src/sources/expected.ts'
import { peopleReader } from '../../src/sources/people-reader.ts'
import { rememberedColumns } from '../../src/sources/remembered.ts'
import { configFor, publishTables, quick } from '../changes/capture-kit.ts'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { everyone } from '../support/everyone.ts'
import { openGraph, type TestGraph } from '../support/graph.ts'

/** A result as a client reads it. */
export interface Told {
  readonly data?: Record<string, ToldChange> | null
  readonly errors?: readonly { readonly message: string; readonly extensions?: Record<string, unknown> }[]
}

export interface ToldChange {
  readonly kind: string
  readonly cursor: string
  readonly node: Record<string, unknown> | null
  readonly nodes: readonly Record<string, unknown>[]
  readonly id: string | null
  readonly removed: readonly string[]
  readonly missing?: readonly { readonly source: string; readonly code: string }[]
}

/** A client that reads, or for a while does not. */
export class Listener implements StreamSink {
  readonly results: Told[] = []
  readonly cursors: string[] = []
  readonly shared: SharedResult[] = []
  errors: readonly GraphQLError[] = []
  isOver = false
  /** Whether it reads. */
  isReady = true
  stream: LiveStream | undefined
  readonly #news = new EventEmitter()
  #onReady: (() => void) | undefined

  next(results: readonly SharedResult[]): void {
    for (const result of results) {
      this.shared.push(result)
      this.results.push(JSON.parse(result.json.toString()) as Told)
      if (result.cursor !== undefined) this.cursors.push(result.cursor)
    }
    this.#news.emit('news')
  }

  fail(errors: readonly GraphQLError[]): void {
    this.errors = errors
    this.isOver = true
    this.#news.emit('news')
  }

  complete(): void {
    this.isOver = true
    this.#news.emit('news')
  }

  onReady(listener: () => void): void {
    this.#onReady = listener
  }

  /** Reads again. */
  read(): void {
    this.isReady = true
    const listener = this.#onReady
    this.#onReady = undefined
    listener?.()
  }

  /** Each result's change. */
  get changes(): ToldChange[] {
    return this.results.map((result) => {
      if (!result.data || result.errors) throw new Error(`The result has errors: ${JSON.stringify(result)}`)
      return Object.values(result.data)[0] as ToldChange
    })
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.isOver) throw new Error(`The stream ended: ${this.errors.map(String).join()}`)
      await once(this.#news, 'news')
    }
  }

  /** Waits for so many results, and answers the last. */
  async nth(count: number): Promise<ToldChange> {
    await this.until(() => this.results.length >= count)
    return this.changes[count - 1] as ToldChange
  }

  async ended(): Promise<void> {
    while (!this.isOver) await once(this.#news, 'news')
  }
}

export interface SubscribeOptions {
  readonly viewer?: Viewer
  readonly after?: string
}

export interface LiveWorld extends AsyncDisposable {
  readonly databases: TestDatabases
  readonly graph: TestGraph
  readonly log: ChangeLog
  readonly engine: Engine
  feed(source: SourceKey): Feed
  /** Waits until the feed has come past what the database has written up to now. */
  settled(source: SourceKey): Promise<void>
  subscribe(document: string, variables?: object, options?: SubscribeOptions): Promise<Listener>
}

export interface LiveWorldOptions extends Partial<EngineOptions> {
  readonly seeded?: boolean
  readonly captured?: readonly SourceKey[]
  /** How the changes of each source come, where that is not as they are captured. */
  readonly watching?: (source: SourceKey) => Watching
  /** Databases that are there already, and the graph over them. */
  readonly over?: { readonly databases: TestDatabases; readonly graph: TestGraph }
}

/** A table of each source that has rows in tests, and its key. */
const touched: Readonly<Partial<Record<SourceKey, readonly [table: string, key: string]>>> = {
  platform: ['training_jobs', 'id'],
  users: ['users', 'id'],
  inference: ['jobs', 'id'],
  gpudev: ['reservations', 'reservation_id'],
}

/** Databases, captured, with an engine over them. */
export async function openLiveWorld({
  seeded = false,
  captured = ['platform'],
  over,
  watching = (name) => ({ state: captured.includes(name) ? 'STREAMING' : 'NOT_CAPTURED', unwatched: {} }),
  ...options
}: LiveWorldOptions = {}): Promise<LiveWorld> {
  await using cleanup = new AsyncDisposableStack()
  const databases = over?.databases ?? cleanup.use(await cloneDatabases({ seeded }))
  const graph = over?.graph ?? cleanup.use(await openGraph(databases.urls))
  const folder = await mkdtemp(join(tmpdir(), 'live-'))
  cleanup.defer(() => rm(folder, { recursive: true, force: true }))
  const silent = pino({ level: 'silent' })
  const log = cleanup.use(await openSqliteLog({ folder, log: silent, retentionMs: 3_600_000, maxBytes: 1e8 }))
  const feeds = new Map<string, Feed>()
  const clients = new Map<string, Client>()
  for (const source of captured) {
    const url = databases.url(source)
    const tables = capturedTables(expectedDatabase(source))
    const client = await databases.client(source)
    clients.set(source, client)
    await publishTables(client, url, tables)
    const config = { ...configFor(url), name: source }
    const remembered = rememberedColumns(source)
    const capture = cleanup.use(
      new Capture({ config, tables, remembered, changes: log, log: silent, timing: quick }),
    )
    capture.start()
    while (capture.status.state !== 'STREAMING')
      await new Promise<void>((resolve) => {
        const stop = capture.onChange(() => {
          stop()
          resolve()
        })
      })
    const feed = cleanup.use(new Feed({ source, log, logger: silent, lookEveryMs: 50 }))
    await feed.start()
    while (!feed.position)
      await new Promise<void>((resolve) => {
        const stop = feed.attach({
          transaction: () => {},
          lost: () => {
            stop()
            resolve()
          },
        })
      })
    feeds.set(source, feed)
  }
  const cursors = cursorCodec(new Cursors(await log.secret()))
  const sources = sourceNames.map(({ name }) => ({
    name,
    feed: feeds.get(name),
    watching: () => watching(name),
  }))
  const people = {
    scopes: graph.scopes,
    read: peopleReader({ users: graph.source('users'), platform: graph.source('platform') }),
  }
  const engine = cleanup.use(
    new Engine({ schema: graph.schema, sources, cursors, databases: graph, people, ...options }),
  )
  const feed = (source: SourceKey) => feeds.get(source) as Feed
  const owned = cleanup.move()
  return {
    databases,
    graph,
    log,
    engine,
    feed,
    async settled(source) {
      const client = clients.get(source) as Client
      const seen = Promise.withResolvers<void>()
      const { rows } = await client.query("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS lsn")
      const place = BigInt(rows[0].lsn)
      const stop = feed(source).attach({
        transaction: ({ lsn }) => lsn > place && seen.resolve(),
        lost: () => seen.resolve(),
      })
      const own = entities().filter((entity) => entity.source === source && entity.kind !== 'view')
      const [named, namedKey] = touched[source] ?? []
      const tables = [...(named ? [{ table: named, key: namedKey }] : []), ...own]
      for (const { table, key } of tables) {
        const which = `WHERE ${key} = (SELECT ${key} FROM ${table} LIMIT 1)`
        const { rowCount } = await client.query(`UPDATE ${table} SET ${key} = ${key} ${which}`)
        if (rowCount) break
      }
      await seen.promise
      stop()
    },
    async subscribe(text, variables = {}, { viewer = everyone, after } = {}) {
      const document = parse(text)
      const errors = validate(graph.schema, document)
      if (errors.length > 0) throw new Error(errors.map(String).join('\n'))
      const stream = await engine.open({
        document,
        operationName: undefined,
        variables: variables as Record<string, unknown>,
        context: graph.context(viewer),
        lastEventId: after,
        present: (error) => error as GraphQLError,
      })
      const listener = new Listener()
      listener.stream = stream
      stream.start(listener)
      return listener
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
