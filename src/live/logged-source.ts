import type { Change, Transaction } from '../changes/change.ts'
import type { Feed } from '../changes/feed.ts'
import type { LogPosition } from '../changes/log/change-log.ts'
import { type PgSnapshot, sees } from '../changes/pg-snapshot.ts'
import type { GraphContext } from '../graph/context.ts'
import type { Anchors } from './anchors.ts'
import type { Entry, LiveSource, Watcher } from './live-source.ts'
import type { Reading, SnapshotReader } from './snapshot-reader.ts'
import type { Watch } from './watch.ts'
import { type Watched, WatchIndex } from './watch-index.ts'

export interface LoggedSourceOptions {
  readonly feed: Feed
  readonly anchors: Anchors
  readonly reader: SnapshotReader
  /** Told of every change, before those who watch rows are. */
  readonly onChange: (change: Change) => void
  /** Told when changes were missed. */
  readonly onLost: () => void
}

/** How many of the latest transactions a snapshot is compared with. */
const recentTransactions = 1_000

/** A source whose changes come by the log, in the order of their commits. */
export class LoggedSource implements LiveSource {
  readonly name: string
  readonly anchors: Anchors
  readonly #options: LoggedSourceOptions
  readonly #index = new WatchIndex<Watcher>()
  readonly #watched = new Map<Watcher, readonly Watched<Watcher>[]>()
  readonly #recent: Pick<Transaction, 'lsn' | 'xid'>[] = []
  /**
   * The first recent transaction that a snapshot does not see. It is looked for once for all who read that snapshot;
   * what comes later is past the places that they ask about, which they noted before they read.
   */
  readonly #unseen = new WeakMap<PgSnapshot, bigint | null>()
  readonly #detach: () => void

  constructor(options: LoggedSourceOptions) {
    const { feed, anchors } = options
    this.name = feed.source
    this.anchors = anchors
    this.#options = options
    this.#detach = feed.attach({
      transaction: (transaction) => this.#dispatch(transaction),
      lost: (reason) => this.#lost(reason),
    })
  }

  get position(): LogPosition | undefined {
    return this.#options.feed.position
  }

  add(watcher: Watcher, watches: readonly Watch[]): void {
    const watched = watches.map((watch) => ({ owner: watcher, watch }))
    this.#watched.set(watcher, watched)
    for (const one of watched) this.#index.add(one)
  }

  delete(watcher: Watcher): void {
    for (const one of this.#watched.get(watcher) ?? []) this.#index.delete(one)
    this.#watched.delete(watcher)
  }

  read(_watcher: Watcher, watch: Watch, context: GraphContext): Promise<Reading> {
    return this.#options.reader.read(watch, context)
  }

  replay(after: LogPosition, until: bigint, signal: AbortSignal): AsyncIterable<readonly Transaction[]> {
    return this.#options.feed.replay(after, until, signal)
  }

  entriesFor(watcher: Watcher, transaction: Transaction): Entry[] | undefined {
    const index = new WatchIndex<Watcher>()
    for (const one of this.#watched.get(watcher) ?? []) index.add(one)
    const entries: Entry[] = []
    for (const [place, change] of transaction.changes.entries()) {
      if (change.kind === 'truncate' || change.kind === 'invalidate') {
        if (index.has(change.table)) return undefined
      } else
        index.forEach(change, ({ watch }) =>
          entries.push({ source: this, transaction, index: place, change, watch }),
        )
    }
    return entries
  }

  isAhead(snapshot: PgSnapshot, lsn: bigint): boolean {
    let unseen = this.#unseen.get(snapshot)
    if (unseen === undefined) {
      unseen = this.#recent.find(({ xid }) => !sees(snapshot, xid))?.lsn ?? null
      this.#unseen.set(snapshot, unseen)
    }
    return unseen !== null && unseen <= lsn
  }

  [Symbol.dispose](): void {
    this.#detach()
  }

  #dispatch(transaction: Transaction): void {
    this.#recent.push({ lsn: transaction.lsn, xid: transaction.xid })
    if (this.#recent.length > 2 * recentTransactions) this.#recent.splice(0, recentTransactions)
    for (const [index, change] of transaction.changes.entries()) {
      this.#options.onChange(change)
      const touched = this.anchors.apply(change)
      if (change.kind === 'truncate' || change.kind === 'invalidate') {
        const reason = change.kind === 'truncate' ? 'The table was emptied.' : change.reason
        for (const watcher of new Set(this.#index.ofTable(change.table).map(({ owner }) => owner)))
          watcher.lost(reason)
      } else
        this.#index.forEach(change, ({ owner, watch }) =>
          owner.take({ source: this, transaction, index, change, watch }),
        )
      for (const entity of touched)
        for (const watcher of [...this.#watched.keys()]) watcher.reconsider(entity)
    }
  }

  #lost(reason: string): void {
    this.anchors.clear()
    this.#recent.length = 0
    this.#options.onLost()
    for (const watcher of [...this.#watched.keys()]) watcher.lost(reason)
  }
}
