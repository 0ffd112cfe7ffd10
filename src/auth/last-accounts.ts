import { TributaryError } from '../errors/tributary-error.ts'
import type { TokenAccount } from './token-credentials.ts'
import type { AccountKey } from './tokens/verified-token.ts'

export interface LastAccountsOptions {
  /** How long an account serves while its database is down, in milliseconds. Default 300,000, as scopes do. */
  readonly staleMs?: number
  /** Accounts at most that are remembered. Default 10,000. */
  readonly size?: number
  readonly now?: () => number
}

type LookUp = (key: AccountKey) => Promise<TokenAccount | null>

/**
 * Lets people in by what was last read of their accounts while the users database is down, for as long as their scopes
 * serve: an outage of accounts must not take the other databases from those who are signed in. While it answers, every
 * account is looked up anew; one that is gone is forgotten.
 */
export function lastAccounts(lookUp: LookUp, options: LastAccountsOptions = {}): LookUp {
  const { staleMs = 300_000, size = 10_000, now = () => performance.now() } = options
  const known = new Map<string, { readonly account: TokenAccount; readonly readAt: number }>()
  return async (key) => {
    const name = JSON.stringify(key)
    const readAt = now()
    try {
      const account = await lookUp(key)
      known.delete(name)
      if (account) known.set(name, { account, readAt })
      for (const oldest of known.keys()) {
        if (known.size <= size) break
        known.delete(oldest)
      }
      return account
    } catch (error) {
      const last = known.get(name)
      const isDown = error instanceof TributaryError && error.code === 'SOURCE_UNAVAILABLE'
      if (isDown && last && now() - last.readAt < staleMs) return last.account
      throw error
    }
  }
}
