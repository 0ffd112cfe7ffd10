import type { IncomingMessage } from 'node:http'
import { expect, it } from 'vitest'
import { clientAddress } from '../../src/server/client-address.ts'

const from = (forwarded: string, trustedProxies = 1) =>
  clientAddress(
    {
      socket: { remoteAddress: '10.0.0.1' },
      headers: { 'x-forwarded-for': forwarded },
    } as unknown as IncomingMessage,
    trustedProxies,
  )

it.each([
  ['203.0.113.7', '203.0.113.7'],
  ['6.6.6.6, 203.0.113.7', '203.0.113.7'],
  ['203.0.113.7:50123', '203.0.113.7'],
  ['2001:db8::7', '2001:db8::7'],
  ['[2001:db8::7]:50123', '2001:db8::7'],
  ['[2001:db8::7]', '2001:db8::7'],
])('of what a proxy appends, %s, the client is told without its port', (forwarded, address) => {
  expect(from(forwarded)).toBe(address)
})

it.each(['', ' , ', 'unknown', 'x'.repeat(5000), '[203.0.113.7', '203.0.113.7:80:80', "'; --"])(
  'what is no address is nobody’s: %s',
  (forwarded) => {
    expect(from(forwarded)).toBe('10.0.0.1')
  },
)

it('is the other end’s where no proxy is trusted', () => {
  expect(from('203.0.113.7', 0)).toBe('10.0.0.1')
})
