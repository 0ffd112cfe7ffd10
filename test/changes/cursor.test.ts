import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Cursor, Cursors } from '../../src/changes/cursor.ts'

const text = fc.string({ unit: 'binary', maxLength: 40 })
const position = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const place = fc.record(
  {
    source: text,
    epoch: text,
    lsn: position,
    index: fc.nat(),
    overlap: fc.record({ snapshot: fc.string({ minLength: 1, maxLength: 200 }), horizon: position }),
  },
  { requiredKeys: ['source', 'epoch', 'lsn'] },
)
const anyCursor = fc.array(place, { minLength: 1, maxLength: 4 })

const secret = randomBytes(32)
const cursors = new Cursors(secret)
const job: Cursor = [{ source: 'platform', epoch: 'vJ3bQ0kN1s2d', lsn: 0x16b3748n }]
const refusal = { code: 'BAD_CURSOR', message: expect.stringMatching(/^after: /) }

describe('a cursor of a stream', () => {
  it('says what it was made of, at every replica of the log', () => {
    fc.assert(
      fc.property(anyCursor, (given) => {
        expect(new Cursors(Buffer.from(secret)).decode(cursors.encode(given as Cursor), 'after')).toEqual(
          given,
        )
      }),
    )
  })

  it('is short, and safe in an address', () => {
    expect(cursors.encode(job)).toMatch(/^[\w-]{1,80}$/)
  })

  it('is refused when a letter is another, or missing, or more', () => {
    fc.assert(
      fc.property(
        anyCursor,
        fc.nat(),
        fc.constantFrom('A', 'b', '7', '_', '=', ' ', ''),
        (given, at, letter) => {
          const made = cursors.encode(given as Cursor)
          // The name of the key is the first letters; with another the cursor is of another log.
          const place = 8 + (at % (made.length - 8))
          const changed = made.slice(0, place) + letter + made.slice(place + 1)
          fc.pre(changed !== made)
          expect(() => cursors.decode(changed, 'after')).toThrow(expect.objectContaining(refusal))
          expect(() => cursors.decode(made.slice(0, place), 'after')).toThrow(
            expect.objectContaining(refusal),
          )
          expect(() => cursors.decode(`${made}${letter || 'A'}`, 'after')).toThrow(
            expect.objectContaining(refusal),
          )
        },
      ),
    )
  })

  it.each(['', 'null', 'WyJhIl0', '🙂', 'A'.repeat(5000)])('is not %j', (given) => {
    expect(() => cursors.decode(given, 'after')).toThrow(expect.objectContaining(refusal))
  })

  it('of another log is told apart from a forged one', () => {
    expect(new Cursors(randomBytes(32)).decode(cursors.encode(job), 'after')).toBeUndefined()
  })
})
