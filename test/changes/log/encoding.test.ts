import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Transaction } from '../../../src/changes/change.ts'
import { decodeTransaction, encodeTransaction } from '../../../src/changes/log/encoding.ts'
import { anyTransaction, commit } from './transactions.ts'

describe('a transaction as it is kept', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(anyTransaction, fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (rest, lsn) => {
        const transaction = { lsn, ...rest } as Transaction
        expect(decodeTransaction(lsn, encodeTransaction(transaction))).toEqual(transaction)
      }),
    )
  })

  it('is refused when it is cut off', () => {
    expect(() => decodeTransaction(1n, encodeTransaction(commit(1)).slice(0, -2))).toThrow(SyntaxError)
  })
})
