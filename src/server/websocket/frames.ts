/**
 * Results as WebSocket frames.
 *
 * A result that a thousand operations share is one buffer, made once; only what stands before it is an operation's own.
 * Sent by `ws`, each would first become a string with its message around it, and that a buffer again. So the frames are
 * built here: unmasked, whole, of text. A few small ones are copied into one buffer, which costs less than what it takes
 * to write several; large ones go as they are.
 */
import type { SharedResult } from '../../live/stream.ts'

/** FIN, and the opcode of text. */
const textFrame = 0x81
const closingBrace = Buffer.from('}')
/** Up to this many bytes, copying costs less than writing in pieces. */
const copiedBytes = 32 * 1024

/** What stands before an operation's results: ASCII, so that its length is its size. */
export function headOf(id: string): string {
  const ascii = JSON.stringify(id).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `{"id":${ascii},"type":"next","payload":`
}

const headerBytes = (payload: number) => (payload < 126 ? 2 : payload < 65_536 ? 4 : 10)

/** Writes the header of a frame; tells where its payload begins. */
function writeHeader(frame: Buffer, at: number, payload: number): number {
  frame[at] = textFrame
  if (payload < 126) {
    frame[at + 1] = payload
    return at + 2
  }
  if (payload < 65_536) {
    frame[at + 1] = 126
    frame.writeUInt16BE(payload, at + 2)
    return at + 4
  }
  frame[at + 1] = 127
  frame.writeUInt32BE(0, at + 2)
  frame.writeUInt32BE(payload, at + 6)
  return at + 10
}

/**
 * The frames of some results of one operation, to be written one after the other.
 *
 * @param head The operation's, by `headOf`.
 */
export function framesOf(head: string, results: readonly SharedResult[]): readonly Buffer[] {
  let size = 0
  for (const { json } of results) {
    const payload = head.length + json.length + 1
    size += headerBytes(payload) + payload
  }
  return size <= copiedBytes ? [joined(head, results, size)] : results.flatMap((each) => inPieces(head, each))
}

function joined(head: string, results: readonly SharedResult[], size: number): Buffer {
  const frames = Buffer.allocUnsafe(size)
  let at = 0
  for (const { json } of results) {
    at = writeHeader(frames, at, head.length + json.length + 1)
    at += frames.write(head, at, 'latin1')
    frames.set(json, at)
    at += json.length
    frames[at++] = 0x7d
  }
  return frames
}

function inPieces(head: string, { json }: SharedResult): Buffer[] {
  const payload = head.length + json.length + 1
  const start = Buffer.allocUnsafe(headerBytes(payload) + head.length)
  start.write(head, writeHeader(start, 0, payload), 'latin1')
  return [start, json, closingBrace]
}
