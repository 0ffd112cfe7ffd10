import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Attack,
  algorithmAttacks,
  claimAttacks,
  formAttacks,
  keyAttacks,
  kindAttacks,
  legacyAttacks,
  legacyToken,
  outsideAttacks,
  outsideToken,
  ownToken,
  serviceToken,
} from './attacks.ts'
import { startTokenKit, type TokenKit } from './token-kit.ts'

const families: readonly (readonly [string, readonly Attack[]])[] = [
  ['of another form', formAttacks],
  ['of another algorithm', algorithmAttacks],
  ['by another key', keyAttacks],
  ['with other claims', claimAttacks],
  ['of another kind', kindAttacks],
  ['of an outside issuer', outsideAttacks],
  ['of the platform’s backend', legacyAttacks],
]

let kit: TokenKit
beforeAll(async () => {
  kit = await startTokenKit()
})
afterAll(() => kit[Symbol.asyncDispose]())

describe('a token as it should be', () => {
  it.each([
    ['access', () => ownToken(kit)],
    ['access', () => ownToken(kit, { aud: ['tributary'] })],
    ['access', () => ownToken(kit, { aud: 'labeler' })],
    ['service', () => serviceToken(kit)],
    ['outside', () => outsideToken(kit)],
    ['outside', () => outsideToken(kit, { aud: 'graph' }, { typ: 'at+jwt' })],
    ['legacy', () => legacyToken()],
  ] as const)(
    'of kind %s is accepted, so that what differs from it below is what is refused',
    async (kind, make) => {
      expect((await kit.verify(make())).kind).toBe(kind)
    },
  )
})

describe.each(families)('a token %s', (_, attacks) => {
  it.each(attacks.map((attack) => [attack.name, attack] as const))(
    'is refused without a word to the caller: %s',
    async (_name, { make, reason }) => {
      const before = kit.reasons.length
      await expect(kit.verify(await make(kit))).rejects.toMatchObject({
        code: 'UNAUTHENTICATED',
        message: 'The credentials are not accepted.',
        extensions: { code: 'UNAUTHENTICATED', retryable: false },
      })
      expect(kit.reasons.slice(before)).toEqual([expect.stringMatching(reason)])
    },
  )
})

it('is tried in well over a hundred ways, no two of them the same', () => {
  const names = families.flatMap(([family, attacks]) => attacks.map(({ name }) => `${family}: ${name}`))
  expect(names.length).toBeGreaterThan(120)
  expect(new Set(names).size).toBe(names.length)
})

it('leaves nothing of itself in the log', async () => {
  const token = ownToken(kit, { exp: 1 })
  await expect(kit.verify(token)).rejects.toThrow()
  for (const part of [...token.split('.'), 'ada@example.org']) expect(kit.logged()).not.toContain(part)
})
