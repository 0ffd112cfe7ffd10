/*
 * Makes whole transactions of pgoutput's messages.
 *
 * A transaction is kept in memory until its commit is there, so its size is bounded: past a number of rows or of bytes
 * its rows are forgotten and not even read any more, and each table that it touched is told to be unknown instead. Who
 * shows such a table reads it again, once, which is cheaper than 400,000 single changes anyway.
 *
 * Within a transaction nothing else is sent, so one is open at a time.
 */
import type { Change, Transaction } from '../change.ts'
import { type CapturedTable, TableReader } from './captured-table.ts'
import { decodePgoutput, type PgoutputMessage, type Relation, relationOf } from './pgoutput.ts'
import { timeText } from './postgres-time.ts'

/** `pg_logical_emit_message` with this prefix and `{"table": …, "reason": …}` declares a table's rows unknown. */
export const invalidationPrefix = 'tributary.invalidate'

export interface TransactionLimits {
  readonly maxRows: number
  /** Of the messages as they come. */
  readonly maxBytes: number
}

export const defaultLimits: TransactionLimits = { maxRows: 10_000, maxBytes: 16 * 2 ** 20 }

/** A commit, and about how many bytes of memory it takes. */
export interface ReadTransaction extends Transaction {
  readonly bytes: number
}

interface Open {
  readonly xid: number
  readonly changes: Change[]
  rows: number
  bytes: number
  /** Tables whose rows are unknown, and why. */
  readonly unknown: Map<string, string>
  /** Whether it is too large: its rows are no longer read. */
  isTooLarge: boolean
}

export class TransactionReader {
  readonly #wanted: ReadonlyMap<string, CapturedTable>
  readonly #limits: TransactionLimits
  /** By the relation's oid; undefined for tables that are not wanted. */
  readonly #readers = new Map<number, TableReader | undefined>()
  readonly #byName = new Map<string, TableReader>()
  #open: Open | undefined

  constructor(tables: readonly CapturedTable[], limits: TransactionLimits = defaultLimits) {
    this.#wanted = new Map(tables.map((table) => [table.name, table]))
    this.#limits = limits
  }

  /** Whether a transaction has begun and not ended. */
  get isOpen(): boolean {
    return this.#open !== undefined
  }

  /** A connection was lost: what it had begun to tell comes again on the next. */
  reset(): void {
    this.#open = undefined
    this.#readers.clear()
  }

  /** Reads a message; answers the transaction that it ends. */
  read(data: Buffer): ReadTransaction | undefined {
    const open = this.#open
    if (open) {
      open.bytes += data.length
      const oid = relationOf(data)
      if (oid !== undefined && this.#isSkipped(open, oid)) return undefined
    }
    return this.#take(decodePgoutput(data))
  }

  /** Whether a row need not be read. */
  #isSkipped(open: Open, oid: number): boolean {
    const reader = this.#readers.get(oid)
    if (!reader) return true
    open.rows++
    const { maxRows, maxBytes } = this.#limits
    if (!open.isTooLarge && (open.rows > maxRows || open.bytes > maxBytes)) {
      open.isTooLarge = true
      for (const { table } of open.changes) this.#lose(open, table)
      open.changes.length = 0
    }
    if (open.isTooLarge) this.#lose(open, reader.table.name)
    return open.isTooLarge
  }

  #lose(open: Open, table: string): void {
    if (!open.unknown.has(table)) open.unknown.set(table, 'a transaction changed too much of it')
  }

  #take(message: PgoutputMessage): ReadTransaction | undefined {
    switch (message.kind) {
      case 'begin': {
        const { xid } = message
        this.#open = { xid, changes: [], rows: 0, bytes: 0, unknown: new Map(), isTooLarge: false }
        return undefined
      }
      case 'commit':
        return this.#commit(message)
      case 'relation':
        this.#define(message)
        return undefined
      case 'insert':
      case 'update':
      case 'delete': {
        const reader = this.#readers.get(message.oid)
        if (reader) this.#opened().changes.push(reader.change(message))
        return undefined
      }
      case 'truncate':
        for (const oid of message.oids) {
          const table = this.#readers.get(oid)?.table.name
          if (table !== undefined) this.#opened().changes.push({ kind: 'truncate', table })
        }
        return undefined
      case 'message':
        if (message.isTransactional && message.prefix === invalidationPrefix)
          this.#invalidate(message.content)
        return undefined
      case 'origin':
      case 'type':
        return undefined
    }
  }

  #opened(): Open {
    if (!this.#open) throw new Error('pgoutput told of a change outside a transaction')
    return this.#open
  }

  #commit({ endLsn, time }: { endLsn: bigint; time: bigint }): ReadTransaction {
    const { xid, changes, unknown, bytes, isTooLarge } = this.#opened()
    this.#open = undefined
    const invalidations = [...unknown].map(
      ([table, reason]): Change => ({ kind: 'invalidate', table, reason }),
    )
    return {
      lsn: endLsn,
      xid,
      committedAt: timeText(time),
      changes: [...invalidations, ...changes.filter(({ table }) => !unknown.has(table))],
      bytes: isTooLarge ? 0 : bytes,
    }
  }

  /** What is known of a table that comes with other columns, or is another of the name, is doubtful from here on. */
  #define(relation: Relation): void {
    const table = relation.schema === 'public' ? this.#wanted.get(relation.name) : undefined
    if (!table) {
      this.#readers.set(relation.oid, undefined)
      return
    }
    const former = this.#byName.get(table.name)
    const reader = new TableReader(table, relation)
    this.#readers.set(relation.oid, reader)
    this.#byName.set(table.name, reader)
    if (!former || former.isStill(relation)) return
    if (former.relation.oid !== relation.oid) this.#readers.delete(former.relation.oid)
    const reason = former.relation.oid === relation.oid ? 'its columns changed' : 'it was made anew'
    this.#opened().changes.push({ kind: 'invalidate', table: table.name, reason })
  }

  /** Anybody may write such a message, so one that is none is passed over. */
  #invalidate(content: string): void {
    const { table, reason } = parsed(content)
    if (typeof table !== 'string' || !this.#wanted.has(table)) return
    this.#opened().changes.push({ kind: 'invalidate', table, reason: String(reason) })
  }
}

function parsed(content: string): { readonly table?: unknown; readonly reason?: unknown } {
  try {
    return Object(JSON.parse(content))
  } catch {
    return {}
  }
}
