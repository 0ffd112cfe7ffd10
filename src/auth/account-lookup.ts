import type { TokenAccount } from './token-credentials.ts'
import type { AccountKey } from './tokens/verified-token.ts'

export interface AccountSource {
  /** The account that a token stands for; null where there is none. */
  byToken(key: AccountKey): Promise<TokenAccount | null>
  /** Those of the accounts that are there. */
  byIds(ids: readonly number[]): Promise<readonly TokenAccount[]>
}

/** Makes a lookup of many a lookup of one, which is done together with those of others. */
export type Gather = <K, V>(load: (keys: readonly K[]) => Promise<readonly V[]>) => (key: K) => Promise<V>

/** Looks accounts up anew for everyone who asks, those whose tokens name their account together. */
export function accountLookup(
  accounts: AccountSource,
  gather: Gather,
): (key: AccountKey) => Promise<TokenAccount | null> {
  const byId = gather(async (ids: readonly number[]) => {
    const rows = await accounts.byIds([...new Set(ids)])
    const found = new Map(rows.map((account) => [account.id, account]))
    return ids.map((id) => found.get(id) ?? null)
  })
  return (key) => ('id' in key ? byId(key.id) : accounts.byToken(key))
}
