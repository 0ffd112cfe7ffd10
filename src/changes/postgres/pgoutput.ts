/*
 * Messages of `pgoutput`, the logical decoding that comes with Postgres, in version 1 of its protocol: transactions
 * whole, in the order of their commits, values as texts.
 * https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 *
 * The buffer that a message came in is the connection's, which writes the next ones over it: everything is read out of
 * it here and now, and nothing keeps a view of it.
 */

/** A row's values in the order of its relation's columns; undefined where the log does not repeat one (TOAST). */
export type Tuple = readonly (string | null | undefined)[]

export interface RelationColumn {
  readonly name: string
  /** Whether it is told of a row that was deleted, or whose key was changed. */
  readonly isIdentity: boolean
  readonly typeOid: number
  readonly typeModifier: number
}

/** A table, as it is when the messages after it tell of its rows. */
export interface Relation {
  readonly kind: 'relation'
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** Its REPLICA IDENTITY: d(efault), n(othing), f(ull) or i(ndex). */
  readonly identity: string
  readonly columns: readonly RelationColumn[]
}

export type PgoutputMessage =
  | { readonly kind: 'begin'; readonly commitLsn: bigint; readonly time: bigint; readonly xid: number }
  | { readonly kind: 'commit'; readonly commitLsn: bigint; readonly endLsn: bigint; readonly time: bigint }
  | Relation
  | { readonly kind: 'insert'; readonly oid: number; readonly row: Tuple }
  /** `former` is the old row under REPLICA IDENTITY FULL, else its identity alone, where that changed. */
  | {
      readonly kind: 'update'
      readonly oid: number
      readonly former: Tuple | undefined
      readonly row: Tuple
    }
  | { readonly kind: 'delete'; readonly oid: number; readonly former: Tuple }
  | { readonly kind: 'truncate'; readonly oids: readonly number[] }
  /** What a program wrote with `pg_logical_emit_message`. */
  | {
      readonly kind: 'message'
      readonly isTransactional: boolean
      readonly prefix: string
      readonly content: string
    }
  | { readonly kind: 'origin'; readonly name: string }
  | { readonly kind: 'type'; readonly oid: number; readonly name: string }

/** Reads a message from its first byte on. @throws Error for what is none, or is cut short. */
export function decodePgoutput(data: Buffer): PgoutputMessage {
  const reader = new Reader(data)
  const tag = reader.letter()
  switch (tag) {
    case 'B':
      return { kind: 'begin', commitLsn: reader.int64(), time: reader.int64(), xid: reader.uint32() }
    case 'C':
      reader.skip(1)
      return { kind: 'commit', commitLsn: reader.int64(), endLsn: reader.int64(), time: reader.int64() }
    case 'R':
      return relation(reader)
    case 'I':
      return { kind: 'insert', oid: reader.uint32(), row: reader.taggedTuple('N') }
    case 'U': {
      const oid = reader.uint32()
      const former = reader.isNext('N') ? undefined : reader.taggedTuple('K', 'O')
      return { kind: 'update', oid, former, row: reader.taggedTuple('N') }
    }
    case 'D':
      return { kind: 'delete', oid: reader.uint32(), former: reader.taggedTuple('K', 'O') }
    case 'T': {
      const count = reader.uint32()
      reader.skip(1)
      return { kind: 'truncate', oids: Array.from({ length: count }, () => reader.uint32()) }
    }
    case 'M': {
      const isTransactional = (reader.byte() & 1) === 1
      reader.skip(8)
      return { kind: 'message', isTransactional, prefix: reader.name(), content: reader.sizedText() }
    }
    case 'O':
      reader.skip(8)
      return { kind: 'origin', name: reader.name() }
    case 'Y': {
      const oid = reader.uint32()
      reader.name()
      return { kind: 'type', oid, name: reader.name() }
    }
    default:
      throw new Error(`pgoutput sent a message of the unknown kind "${tag}"`)
  }
}

/** The table whose row a message tells of, without reading the row; undefined where it tells of none. */
export function relationOf(data: Buffer): number | undefined {
  const tag = String.fromCharCode(data[0] ?? 0)
  return tag === 'I' || tag === 'U' || tag === 'D' ? data.readUInt32BE(1) : undefined
}

function relation(reader: Reader): Relation {
  const oid = reader.uint32()
  // The schema pg_catalog is sent as an empty name.
  const schema = reader.name() || 'pg_catalog'
  const name = reader.name()
  const identity = reader.letter()
  const columns = Array.from({ length: reader.uint16() }, () => ({
    isIdentity: (reader.byte() & 1) === 1,
    name: reader.name(),
    typeOid: reader.uint32(),
    typeModifier: reader.int32(),
  }))
  return { kind: 'relation', oid, schema, name, identity, columns }
}

/** Reads a buffer from its start; Buffer's own methods throw at its end. */
class Reader {
  readonly #data: Buffer
  #at = 0

  constructor(data: Buffer) {
    this.#data = data
  }

  byte(): number {
    return this.#data.readUInt8(this.#advance(1))
  }

  letter(): string {
    return String.fromCharCode(this.byte())
  }

  isNext(letter: string): boolean {
    return this.#data[this.#at] === letter.charCodeAt(0)
  }

  uint16(): number {
    return this.#data.readUInt16BE(this.#advance(2))
  }

  int32(): number {
    return this.#data.readInt32BE(this.#advance(4))
  }

  uint32(): number {
    return this.#data.readUInt32BE(this.#advance(4))
  }

  int64(): bigint {
    return this.#data.readBigInt64BE(this.#advance(8))
  }

  skip(bytes: number): void {
    this.#at += bytes
  }

  /** Text up to a NUL. */
  name(): string {
    const end = this.#data.indexOf(0, this.#at)
    if (end < 0) throw new Error('pgoutput sent a name without an end')
    const text = this.#data.toString('utf8', this.#at, end)
    this.#at = end + 1
    return text
  }

  /** Text behind its length. */
  sizedText(): string {
    const length = this.uint32()
    const start = this.#advance(length)
    if (this.#at > this.#data.length) throw new RangeError('pgoutput sent a value that is cut short')
    return this.#data.toString('utf8', start, this.#at)
  }

  taggedTuple(...tags: readonly string[]): Tuple {
    const tag = this.letter()
    if (!tags.includes(tag)) throw new Error(`pgoutput sent a row with the unknown mark "${tag}"`)
    const columns = this.uint16()
    const values: (string | null | undefined)[] = []
    for (let index = 0; index < columns; index++) values.push(this.#value())
    return values
  }

  #value(): string | null | undefined {
    const kind = this.letter()
    switch (kind) {
      case 't':
        return this.sizedText()
      case 'n':
        return null
      case 'u':
        return undefined
      default:
        throw new Error(`pgoutput sent a value of the kind "${kind}", though texts were asked for`)
    }
  }

  #advance(bytes: number): number {
    const start = this.#at
    this.#at += bytes
    return start
  }
}
