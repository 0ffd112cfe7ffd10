/**
 * Where a stream of changes was broken off, for a client to keep: opaque, and signed, so that nobody reads the log from
 * places of his own choosing.
 *
 * The key comes from the log's secret: a cursor means nothing without its log, and whoever reads the log can check it.
 * A cursor signed by another key is therefore no forgery but a cursor of a log that is gone, and is told apart by the
 * key's name: its stream begins anew, as from any other position that is lost. One that names this key and does not fit
 * its signature is refused.
 *
 * Bytes: version, name of the key, signature, and then a record a source, all of it in base64url.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { TributaryError } from '../errors/tributary-error.ts'

/** How far a stream has come in the history of one source. */
export interface CursorPlace {
  readonly source: string
  readonly epoch: string
  /** Everything up to this commit was delivered, and of the commit itself: */
  readonly lsn: bigint
  /** its changes up to this one, from 0; where it is missing, all of them. */
  readonly index?: number
  /** What a snapshot saw beyond the place, as `pg_current_snapshot()` tells it, until the log is past its horizon. */
  readonly overlap?: { readonly snapshot: string; readonly horizon: bigint }
}

/** A stream over several sources has a place in each. */
export type Cursor = readonly CursorPlace[]

const version = 1
const [nameAt, macAt, bodyAt] = [1, 5, 17]

const derive = (secret: Buffer, use: string) => createHmac('sha256', secret).update(use).digest()

const keyOf = (secret: Buffer) => createSecretKey(derive(secret, 'tributary cursor'))

const nameOf = (secret: Buffer) => derive(secret, 'tributary cursor key').subarray(0, macAt - nameAt)

/** Makes and checks the cursors of one log. */
export class Cursors {
  /** Made once: to make it of bytes at each signature costs five times as much as to sign. */
  #key: KeyObject
  #name: Buffer

  /** @param secret The log's. */
  constructor(secret: Buffer) {
    this.#key = keyOf(secret)
    this.#name = nameOf(secret)
  }

  /** Goes on as those of a log with another secret. */
  signWith(secret: Buffer): void {
    this.#key = keyOf(secret)
    this.#name = nameOf(secret)
  }

  encode(cursor: Cursor): string {
    const body = Buffer.concat(cursor.flatMap(encodePlace))
    return Buffer.concat([Buffer.of(version), this.#name, this.#sign(body), body]).toString('base64url')
  }

  /**
   * What a cursor says; undefined for one of another log, whose stream is lost.
   *
   * @param argument Where the cursor was given, for the message.
   * @throws TributaryError BAD_CURSOR when it is none, damaged or forged.
   */
  decode(text: string, argument: string): Cursor | undefined {
    const refuse = (why: string) =>
      new TributaryError('BAD_CURSOR', `${argument}: ${why} Use a cursor that this stream gave, whole.`)
    const bytes = Buffer.from(text, 'base64url')
    if (bytes.length <= bodyAt || bytes[0] !== version || bytes.toString('base64url') !== text)
      throw refuse('this is no cursor of a stream.')
    const body = bytes.subarray(bodyAt)
    if (!bytes.subarray(nameAt, macAt).equals(this.#name)) return undefined
    if (!timingSafeEqual(bytes.subarray(macAt, bodyAt), this.#sign(body)))
      throw refuse('the cursor is damaged.')
    return decodePlaces(body)
  }

  #sign(body: Buffer): Buffer {
    return createHmac('sha256', this.#key)
      .update(body)
      .digest()
      .subarray(0, bodyAt - macAt)
  }
}

function encodePlace({ source, epoch, lsn, index, overlap }: CursorPlace): Buffer[] {
  const place = Buffer.alloc(12)
  place.writeBigUInt64BE(lsn)
  place.writeUInt32BE(index === undefined ? 0 : index + 1, 8)
  const horizon = Buffer.alloc(overlap ? 8 : 0)
  if (overlap) horizon.writeBigUInt64BE(overlap.horizon)
  return [...encodeText(source), ...encodeText(epoch), place, ...encodeText(overlap?.snapshot ?? ''), horizon]
}

function encodeText(text: string): Buffer[] {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return [length, bytes]
}

/** Of bytes whose signature fits: they are as they were made. */
function decodePlaces(body: Buffer): Cursor {
  const places: CursorPlace[] = []
  let at = 0
  const text = () => {
    const from = at + 2
    at = from + body.readUInt16BE(at)
    return body.toString('utf8', from, at)
  }
  while (at < body.length) {
    const [source, epoch] = [text(), text()]
    const lsn = body.readBigUInt64BE(at)
    const index = body.readUInt32BE(at + 8)
    at += 12
    const snapshot = text()
    const horizon = snapshot === '' ? undefined : body.readBigUInt64BE(at)
    if (horizon !== undefined) at += 8
    places.push({
      source,
      epoch,
      lsn,
      ...(index === 0 ? {} : { index: index - 1 }),
      ...(horizon === undefined ? {} : { overlap: { snapshot, horizon } }),
    })
  }
  return places
}
