import { EventEmitter, once } from 'node:events'
import type { Change, Transaction } from '../../src/changes/change.ts'
import type { CaptureReport, ChangeLog, LogIdentity } from '../../src/changes/log/change-log.ts'

/** A change log that forgets with its process; what it does not need for tests of the capture it does not do. */
export interface MemoryLog extends Pick<ChangeLog, 'write'> {
  readonly transactions: readonly Transaction[]
  readonly changes: readonly Change[]
  /** Histories begun so far. */
  readonly epochs: readonly string[]
  readonly last: bigint
  readonly reports: readonly CaptureReport[]
  readonly notes: ReadonlyMap<string, string>
  /** Waits until the log is as wanted. */
  until(holds: () => boolean): Promise<void>
  /** What an append and an advance wait for; they fail with what it throws. */
  beforeWrite: () => Promise<void>
}

export function memoryLog(): MemoryLog {
  const news = new EventEmitter()
  const transactions: Transaction[] = []
  const epochs: string[] = []
  const reports: CaptureReport[] = []
  const notes = new Map<string, string>()
  let origin: string | undefined
  let last = 0n
  const reach = (lsn: bigint) => {
    if (lsn > last) last = lsn
    news.emit('news')
  }
  return {
    transactions,
    epochs,
    reports,
    notes,
    get last() {
      return last
    },
    get changes() {
      return transactions.flatMap(({ changes }) => changes)
    },
    async until(holds) {
      while (!holds()) await once(news, 'news')
    },
    beforeWrite: async () => {},
    async write(_source: string, identity: LogIdentity) {
      if (identity.origin !== origin || last < identity.confirmed) {
        notes.clear()
        epochs.push(`epoch ${epochs.length + 1}`)
        origin = identity.origin
        last = identity.confirmed
      }
      const log = this
      return {
        epoch: epochs.at(-1) ?? '',
        get last() {
          return last
        },
        notes: async () => new Map(notes),
        async append(batch, news = new Map()) {
          await log.beforeWrite()
          for (const [name, text] of news)
            if (text === null) notes.delete(name)
            else notes.set(name, text)
          transactions.push(...batch.filter(({ lsn }) => lsn > last))
          reach(batch.at(-1)?.lsn ?? 0n)
        },
        async advance(lsn) {
          await log.beforeWrite()
          reach(lsn)
        },
        async report(report) {
          reports.push(report)
          news.emit('news')
        },
      }
    },
  }
}
