import { gathered } from './gathered.ts'
import type { TokenAccount } from './token-credentials.ts'
import type { AccountKey } from './tokens/verified-token.ts'

export interface AccountSource {
  /** The account that a token stands for; null where there is none. */
  byToken(key: AccountKey): Promise<TokenAccount | null>
  /** Those of the accounts that are there. */
  byIds(ids: readonly number[]): Promise<readonly TokenAccount[]>
}

/**
 * Looks accounts up anew for everyone who asks, those whose tokens name their account together.
 *
 * @param outside Runs work as part of no request, so that one who goes away takes the answer from nobody else.
 */
export function accountLookup(
  accounts: AccountSource,
  outside: (work: () => void) => void,
): (key: AccountKey) => Promise<TokenAccount | null> {
  const byId = gathered<number, TokenAccount | null>({
    outside,
    async load(ids) {
      const rows = await accounts.byIds([...new Set(ids)])
      const found = new Map(rows.map((account) => [account.id, account]))
      return ids.map((id) => found.get(id) ?? null)
    },
  })
  return (key) => ('id' in key ? byId(key.id) : accounts.byToken(key))
}
