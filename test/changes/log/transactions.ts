import fc from 'fast-check'
import type { Change, Transaction } from '../../../src/changes/change.ts'
import type { ChangeLog, LogPosition } from '../../../src/changes/log/change-log.ts'

/** A commit that updates one job. */
export const commit = (lsn: number | bigint, text = 'running'): Transaction => ({
  lsn: BigInt(lsn),
  xid: Number(BigInt(lsn) & 0xffff_ffffn),
  committedAt: '2026-03-01T10:11:12.000001Z',
  changes: [
    { kind: 'update', table: 'training_jobs', key: '7', values: { id: '7', status: text, notes: null } },
  ],
})

/** So many commits, one after the other. */
export const commits = (from: number, count: number, text?: string): Transaction[] =>
  Array.from({ length: count }, (_, index) => commit(from + index, text))

export const lsnsOf = (transactions: readonly Transaction[]): number[] =>
  transactions.map(({ lsn }) => Number(lsn))

/** Reads until so many transactions have come. */
export async function take(
  log: ChangeLog,
  source: string,
  after: LogPosition,
  count: number,
): Promise<Transaction[]> {
  const stop = new AbortController()
  const taken: Transaction[] = []
  if (count === 0) return taken
  for await (const batch of log.read(source, after, stop.signal)) {
    taken.push(...batch)
    if (taken.length >= count) break
  }
  stop.abort()
  return taken
}

const name = fc.constantFrom('training_jobs', 'metrics', 'Ünïcode table', 'users')
const text = fc.string({ unit: 'binary', maxLength: 30 })
const values = fc.dictionary(fc.constantFrom('id', 'status', 'naïve "name"', 'a', 'b'), fc.option(text))

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constantFrom('insert', 'update'), table: name, key: text, values }),
  fc.record({ kind: fc.constant('update'), table: name, key: text, oldKey: text, values }),
  fc.record({ kind: fc.constant('delete'), table: name, key: text }),
  fc.record({ kind: fc.constant('truncate'), table: name }),
  fc.record({ kind: fc.constant('invalidate'), table: name, reason: text }),
)

/** Any transaction, but for its position. */
export const anyTransaction: fc.Arbitrary<Omit<Transaction, 'lsn'>> = fc.record({
  xid: fc.nat({ max: 2 ** 32 - 1 }),
  committedAt: fc.constant('2026-03-01T10:11:12.000001Z'),
  changes: fc.array(change, { maxLength: 6 }),
})
