/**
 * A source, or the tables of one, whose changes nobody captures: what is watched is asked for again, once in an interval,
 * all that is watched one by one in one statement a table.
 *
 * What is found is told as a log would tell it, with places of its own that count up, so that groups need not know. What
 * was between two looks is not told, nor are deletions among appended rows, nor rows of a list past a number; and nothing
 * goes on from a place of it.
 */
import type { ColumnValues, Transaction } from '../changes/change.ts'
import { type LogPosition, PositionLost } from '../changes/log/change-log.ts'
import { parsePgSnapshot } from '../changes/pg-snapshot.ts'
import type { GraphContext } from '../graph/context.ts'
import { type Anchors, anchorEntities } from './anchors.ts'
import type { LiveSource, RowChange, Watcher } from './live-source.ts'
import type { Reading, SnapshotReader } from './snapshot-reader.ts'
import { maximumSnapshot, type Watch } from './watch.ts'

export interface PolledSourceOptions {
  readonly source: string
  readonly anchors: Anchors
  readonly reader: SnapshotReader
  /** Between two looks, in milliseconds. */
  readonly intervalMs: number
}

interface Polled {
  readonly watch: Watch
  /** The watch as it is asked for: a snapshot may be of fewer rows than come between two looks. */
  readonly asked: Watch
  readonly context: () => GraphContext
  /** The rows as they were told last; undefined until they were read. */
  rows?: Map<string, ColumnValues>
  /** The greatest key of appended rows. */
  newest: number
}

/** Sees whatever has been told. */
const everything = parsePgSnapshot('1:1:')

export class PolledSource implements LiveSource {
  readonly name: string
  readonly anchors: Anchors
  readonly #options: PolledSourceOptions
  readonly #polled = new Map<Watcher, readonly Polled[]>()
  #timer: NodeJS.Timeout | undefined
  #isLooking = false
  #place = 0n

  constructor(options: PolledSourceOptions) {
    this.name = `${options.source} (polled)`
    this.anchors = options.anchors
    this.#options = options
  }

  get position(): LogPosition {
    return { epoch: 'polled', lsn: this.#place }
  }

  add(watcher: Watcher, watches: readonly Watch[], context: () => GraphContext): void {
    const polled = watches.map((watch) => ({
      watch,
      asked: watch.by === 'key' ? watch : { ...watch, limit: maximumSnapshot },
      context,
      newest: Number.NEGATIVE_INFINITY,
    }))
    this.#polled.set(watcher, polled)
    this.#timer ??= setInterval(() => void this.#look(), this.#options.intervalMs)
  }

  delete(watcher: Watcher): void {
    this.#polled.delete(watcher)
    if (this.#polled.size === 0) this[Symbol.dispose]()
  }

  async read(watcher: Watcher, watch: Watch): Promise<Reading> {
    const polled = this.#polled.get(watcher)?.find((one) => one.watch === watch)
    if (!polled) throw new Error('Who reads does not watch.')
    const reading = await this.#options.reader.read(polled.asked, polled.context())
    this.#compare(watcher, polled, reading.rows)
    const { limit } = watch
    const from = watch.by === 'parent' ? Math.max(0, reading.rows.length - limit) : 0
    const rows = reading.rows.slice(from, from + limit)
    return { snapshot: everything, horizon: this.#place, rows }
  }

  isAhead(): boolean {
    return false
  }

  // biome-ignore lint/correctness/useYield: nothing is there to be told again
  async *replay(): AsyncGenerator<readonly Transaction[]> {
    throw new PositionLost('Nothing is kept of what was asked for.')
  }

  entriesFor(): undefined {
    return undefined
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    this.anchors.clear()
    try {
      await Promise.all(
        [...this.#polled].flatMap(([watcher, list]) =>
          list.filter(({ rows }) => rows !== undefined).map((polled) => this.#lookAt(watcher, polled)),
        ),
      )
    } finally {
      this.#isLooking = false
    }
    for (const [watcher, list] of [...this.#polled])
      for (const { watch } of list)
        if (watch.by !== 'filter')
          for (const entity of anchorEntities(watch.entity)) {
            watcher.reconsider(entity)
            break
          }
  }

  async #lookAt(watcher: Watcher, polled: Polled): Promise<void> {
    try {
      const { rows } = await this.#options.reader.read(polled.asked, polled.context())
      if (this.#polled.has(watcher)) this.#compare(watcher, polled, rows)
    } catch {
      // A source that does not answer says so elsewhere; the next look may find it again.
    }
  }

  /** Tells what has changed since the last look; the first is what the others are compared with. */
  #compare(watcher: Watcher, polled: Polled, rows: readonly ColumnValues[]): void {
    const { watch, asked, rows: before } = polled
    const { table, key } = watch.entity
    const now = new Map(rows.map((values) => [values[key] ?? '', values]))
    const tell = (change: RowChange) => before && this.#tell(watcher, watch, change)
    for (const [name, values] of now) {
      const former = before?.get(name)
      if (former && isSame(former, values)) continue
      // An older row that comes in sight, since newer ones were deleted, is none that was appended.
      if (!former && watch.by === 'parent' && Number(name) <= polled.newest) continue
      tell({ kind: former ? 'update' : 'insert', table, key: name, values })
    }
    // A list that is cut says nothing of what it lacks.
    const isWhole = watch.by === 'key' || (watch.by === 'filter' && rows.length < asked.limit)
    if (isWhole)
      for (const name of before?.keys() ?? []) if (!now.has(name)) tell({ kind: 'delete', table, key: name })
    if (watch.by === 'parent')
      for (const name of now.keys()) polled.newest = Math.max(polled.newest, Number(name))
    polled.rows = isWhole ? now : new Map([...(before ?? []), ...now].slice(-2 * maximumSnapshot))
  }

  #tell(watcher: Watcher, watch: Watch, change: RowChange): void {
    this.#place++
    const committedAt = new Date().toISOString().replace('Z', '000Z')
    const transaction = { lsn: this.#place, xid: 0, committedAt, changes: [change] }
    watcher.take({ source: this, transaction, index: 0, change, watch })
  }
}

const isSame = (left: ColumnValues, right: ColumnValues) =>
  Object.keys(right).every((name) => left[name] === right[name])
