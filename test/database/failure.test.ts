import { describe, expect, it } from 'vitest'
import { outlineOf, reasonOf } from '../../src/database/failure.ts'

const address = { host: 'db.example.org', port: 5433, database: 'payroll', role: 'reader' }
const saying = (code: string | undefined, message: string) => Object.assign(new Error(message), { code })
const telling =
  'no pg_hba.conf entry for host "10.1.2.3", user "reader", database "payroll" at db.example.org'

describe('why a source cannot be reached', () => {
  it.each([
    'ECONNREFUSED',
    'ENOENT',
    'ENOTFOUND',
    'EHOSTUNREACH',
    'ECONNRESET',
    'ETIMEDOUT',
    '28P01',
    '28000',
    '3D000',
    '42501',
    '53300',
    '57P01',
    '57P03',
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'XX000',
    undefined,
  ])('is told for %s with the place, and without', (code) => {
    const error = saying(code, telling)
    expect(reasonOf(error, address)).toMatch(/db\.example\.org/)
    expect(outlineOf(error)).not.toMatch(/example|10\.1|5433|payroll|reader|undefined/)
  })

  it.each([
    'timeout expired',
    'Connection terminated unexpectedly',
    'The server does not support SSL connections',
  ])('is told of "%s"', (message) => {
    expect(outlineOf(saying(undefined, message))).not.toBe('it cannot be used')
  })
})
