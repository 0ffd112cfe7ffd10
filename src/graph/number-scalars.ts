/*
 * Numbers that a JavaScript number does not hold, as text. The digits of a literal are taken from the document, where
 * they are all there; a JSON number past 2^53 has lost some on its way, and is refused.
 */
import { type ConstValueNode, Kind } from 'graphql'
import { builder } from './builder.ts'

const longest = 1_000

function wholeText(text: string): string {
  if (!/^[+-]?\d{1,30}$/.test(text)) throw new RangeError('A BigInt is a whole number, as 42 or "42".')
  const value = BigInt(text)
  if (BigInt.asIntN(64, value) !== value) throw new RangeError(`A BigInt has 64 bits; ${text} has more.`)
  return value.toString()
}

function decimalText(text: string): string {
  if (text.length <= longest && /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$/.test(text)) return text
  throw new RangeError('A Decimal is a number, as 0.25 or "0.25".')
}

/** What an argument that came as JSON says. */
function ofValue(read: (text: string) => string, isExact: (value: number) => boolean) {
  return (value: unknown): string => {
    if (typeof value === 'string') return read(value)
    if (typeof value !== 'number' || !isExact(value))
      throw new RangeError('Digits of this number may be lost: write it as a string.')
    return read(String(value))
  }
}

/** What a literal in the document says. */
const ofLiteral = (read: (text: string) => string) => (node: ConstValueNode) => {
  if (node.kind === Kind.INT || node.kind === Kind.FLOAT || node.kind === Kind.STRING) return read(node.value)
  throw new RangeError('A number or a string is wanted.')
}

builder.scalarType('BigInt', {
  description:
    'A whole number of 64 bits, as a string: `"9007199254740993"`. An argument may be a number too, where it has all its digits.',
  serialize: (value) => value,
  coerceInputValue: ofValue(wholeText, Number.isSafeInteger),
  coerceInputLiteral: ofLiteral(wholeText),
})

builder.scalarType('Decimal', {
  description:
    'A decimal number with every digit that the database has, as a string: `"0.200000"`. An argument may be a number too.',
  serialize: (value) => value,
  coerceInputValue: ofValue(
    decimalText,
    (value) => Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER,
  ),
  coerceInputLiteral: ofLiteral(decimalText),
})
