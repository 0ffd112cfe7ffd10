import type { Cursors } from '../changes/cursor.ts'
import { parsePgSnapshot } from '../changes/pg-snapshot.ts'
import type { CursorCodec, Position } from './position.ts'

/** Where changes do not come by a log: nothing goes on from there. */
const nowhere: Position = { source: '', epoch: '', lsn: 0n }

/** Positions as signed cursors of a log. */
export const cursorCodec = (cursors: Cursors): CursorCodec => ({
  encode: (positions) =>
    cursors.encode(
      (positions.length > 0 ? positions : [nowhere]).map(({ overlap, ...place }) => ({
        ...place,
        ...(overlap && { overlap: { ...overlap, snapshot: overlap.snapshot.text } }),
      })),
    ),
  // A cursor of another log is one of no source: nothing goes on from it.
  decode: (text) =>
    (cursors.decode(text, 'after') ?? []).map(({ overlap, ...place }) => ({
      ...place,
      ...(overlap && { overlap: { ...overlap, snapshot: parsePgSnapshot(overlap.snapshot) } }),
    })),
})
