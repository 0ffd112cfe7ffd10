/**
 * What a database snapshot sees, by the transactions' numbers.
 *
 * Positions in the write-ahead log do not tell it: a transaction's commit is written first and becomes visible a moment
 * later, so that a snapshot may lack what the log has already, and comparing positions loses or doubles rows. The text of
 * `pg_current_snapshot()`, `xmin:xmax:xip,…`, does: below xmin all have ended, from xmax on none had, and those listed
 * were under way.
 */
export interface PgSnapshot {
  readonly text: string
  readonly xmin: bigint
  readonly xmax: bigint
  /** Those that were under way. */
  readonly xip: ReadonlySet<bigint>
}

/** @throws RangeError for a text that no snapshot has. */
export function parsePgSnapshot(text: string): PgSnapshot {
  const match = /^(\d+):(\d+):([\d,]*)$/.exec(text)
  if (!match) throw new RangeError(`"${text.slice(0, 40)}" is not a snapshot.`)
  const [, xmin = '', xmax = '', list = ''] = match
  return {
    text,
    xmin: BigInt(xmin),
    xmax: BigInt(xmax),
    xip: new Set(list === '' ? [] : list.split(',').map(BigInt)),
  }
}

const epoch = 1n << 32n

/** A transaction's number in full, from its lower 32 bits: the one that is nearest to the snapshot. */
function inFull(xid: number, { xmax }: PgSnapshot): bigint {
  const near = xmax - (xmax % epoch) + BigInt(xid)
  if (near > xmax + epoch / 2n) return near - epoch
  return xmax > near + epoch / 2n ? near + epoch : near
}

/** Whether a snapshot sees what a committed transaction did; the log has the lower 32 bits of its number. */
export function sees(snapshot: PgSnapshot, xid: number): boolean {
  const full = inFull(xid, snapshot)
  return full < snapshot.xmin || (full < snapshot.xmax && !snapshot.xip.has(full))
}
