import { describe, expect, it } from 'vitest'
import { lastAccounts } from '../../src/auth/last-accounts.ts'
import type { TokenAccount } from '../../src/auth/token-credentials.ts'
import { TributaryError } from '../../src/errors/tributary-error.ts'
import { signIn } from '../support/client.ts'
import { cloneDatabases } from '../support/databases.ts'
import { type Answer, startGateway } from '../support/gateway.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

const account: TokenAccount = {
  id: 1,
  email: 'one@example.org',
  role: 'guest',
  organizationId: null,
  isActive: true,
  keycloakId: null,
}

const down = () => new TributaryError('SOURCE_UNAVAILABLE', 'users cannot be reached.')

describe('the last accounts', () => {
  it('serve while the database is down, and five minutes at most', async () => {
    let [time, answer]: [number, TokenAccount | null | Error] = [0, account]
    const lookUp = lastAccounts(
      async () => {
        if (answer instanceof Error) throw answer
        return answer
      },
      { now: () => time },
    )
    answer = down()
    await expect(lookUp({ id: 1 })).rejects.toThrow('cannot be reached')
    answer = account
    expect(await lookUp({ id: 1 })).toBe(account)
    answer = down()
    time = 299_999
    expect(await lookUp({ id: 1 })).toBe(account)
    await expect(lookUp({ id: 2 })).rejects.toThrow('cannot be reached')
    time = 300_000
    await expect(lookUp({ id: 1 })).rejects.toThrow('cannot be reached')
  })

  it('are not those of whom is gone, nor an answer to any other failure', async () => {
    let answer: TokenAccount | null | Error = account
    const lookUp = lastAccounts(async () => {
      if (answer instanceof Error) throw answer
      return answer
    })
    await lookUp({ id: 1 })
    answer = new Error('a fault of ours')
    await expect(lookUp({ id: 1 })).rejects.toThrow('a fault of ours')
    answer = null
    expect(await lookUp({ id: 1 })).toBeNull()
    answer = down()
    await expect(lookUp({ id: 1 })).rejects.toThrow('cannot be reached')
  })
})

describe('somebody who is signed in', () => {
  it('goes on reading the other databases while the accounts’ is down', async () => {
    await using databases = await cloneDatabases({ seeded: true })
    await using proxy = await startTcpProxy(databases.urls.users)
    await using gateway = await startGateway({ urls: { ...databases.urls, users: proxy.url }, open: false })
    const token = await signIn(gateway.url, 'engineer@tributary.test')
    const ask = async (): Promise<Answer<{ trainingJobs: { totalCount: number } | null }>> => {
      const query =
        '{ trainingJobs(first: 1) { totalCount nodes { status project { owner { fullName } } } } }'
      const response = await fetch(gateway.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query }),
      })
      return (await response.json()) as Answer<{ trainingJobs: { totalCount: number } | null }>
    }
    const before = await ask()
    expect(before.errors).toBeUndefined()
    await proxy.refuse()
    const during = await ask()
    expect(during.data?.trainingJobs).toMatchObject({
      totalCount: before.data?.trainingJobs?.totalCount,
      nodes: [{ project: { owner: null } }],
    })
    expect(during.errors?.[0]?.extensions).toMatchObject({ code: 'SOURCE_UNAVAILABLE', source: 'users' })
  })
})
