import { describe, expect, it } from 'vitest'
import { accountLookup } from '../../src/auth/account-lookup.ts'
import type { TokenAccount } from '../../src/auth/token-credentials.ts'
import { gathered } from '../../src/database/gathered.ts'
import { currentRequest, runInRequest } from '../../src/database/request-scope.ts'

const account = (id: number): TokenAccount => ({
  id,
  email: `${id}@example.org`,
  role: 'guest',
  organizationId: null,
  isActive: true,
  keycloakId: null,
})

/** Accounts 1 to 9, which are found when they are let be. */
class SlowAccounts {
  readonly asked: (readonly number[])[] = []
  readonly #answers: PromiseWithResolvers<void>[] = []

  readonly lookUp = accountLookup(
    {
      byToken: async () => account(100),
      byIds: async (ids) => {
        if (currentRequest() !== undefined) throw new Error('It is part of a request.')
        this.asked.push(ids)
        const answer = Promise.withResolvers<void>()
        this.#answers.push(answer)
        await answer.promise
        return ids.filter((id) => id < 10).map(account)
      },
    },
    gathered,
  )

  /** Lets so many statements be answered, each when it has been sent. */
  async answer(count = 1): Promise<void> {
    for (let at = 0; at < count; at++) {
      while (this.#answers.length === 0) await new Promise((resolve) => setImmediate(resolve))
      this.#answers.shift()?.resolve()
    }
  }

  async fail(): Promise<void> {
    while (this.#answers.length === 0) await new Promise((resolve) => setImmediate(resolve))
    this.#answers.shift()?.reject(new Error('down'))
  }
}

describe('accounts that are looked up at once', () => {
  it('take one statement, which is nobody’s request', async () => {
    const accounts = new SlowAccounts()
    const request = { id: 'a', signal: new AbortController().signal, statements: new Map() }
    const found = runInRequest(request, () => Promise.all([1, 2, 1, 11].map((id) => accounts.lookUp({ id }))))
    await accounts.answer()
    expect((await found).map((one) => one?.id ?? null)).toEqual([1, 2, 1, null])
    expect(accounts.asked).toEqual([[1, 2, 11]])
  })

  it('are gathered while a statement is under way, and read by one that is sent after they were asked for', async () => {
    const accounts = new SlowAccounts()
    const first = accounts.lookUp({ id: 1 })
    while (accounts.asked.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const second = accounts.lookUp({ id: 1 })
    await Promise.resolve()
    const third = accounts.lookUp({ id: 3 })
    await accounts.answer(2)
    expect(await Promise.all([first, second, third])).toEqual([1, 1, 3].map(account))
    expect(accounts.asked).toEqual([[1], [1, 3]])
  })

  it('are looked up again after a failure, which only those hear of who asked', async () => {
    const accounts = new SlowAccounts()
    const failing = accounts.lookUp({ id: 1 })
    const failed = expect(failing).rejects.toThrow('down')
    while (accounts.asked.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const next = accounts.lookUp({ id: 2 })
    await accounts.fail()
    await failed
    await accounts.answer()
    expect(await next).toEqual(account(2))
  })

  it('are looked up one by one where a token names them otherwise', async () => {
    const accounts = new SlowAccounts()
    expect(await accounts.lookUp({ keycloakId: 'x' })).toEqual(account(100))
    expect(accounts.asked).toEqual([])
  })
})
