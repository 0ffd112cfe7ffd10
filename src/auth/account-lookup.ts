/**
 * Looks accounts up anew for everyone who asks. Those whose tokens name their account are gathered while a statement is
 * under way, and looked up by the next. Nobody is told what was read before they asked; one who comes alone waits for
 * nothing, those who come in crowds for a moment; and ten thousand clients who come back at once are some hundreds of
 * statements instead of ten thousand.
 */
import DataLoader from 'dataloader'
import type { TokenAccount } from './token-credentials.ts'
import type { AccountKey } from './tokens/verified-token.ts'

export interface AccountSource {
  /** The account that a token stands for; null where there is none. */
  byToken(key: AccountKey): Promise<TokenAccount | null>
  /** Those of the accounts that are there. */
  byIds(ids: readonly number[]): Promise<readonly TokenAccount[]>
}

/** Accounts that are looked up by one statement at most. */
const maxTogether = 1000
/** How long those who come in crowds are gathered, in milliseconds. */
const gatherMs = 3

/** @param outside Runs work as part of no request, so that one who goes away takes the answer from nobody else. */
export function accountLookup(
  accounts: AccountSource,
  outside: (work: () => void) => void,
): (key: AccountKey) => Promise<TokenAccount | null> {
  let underWay = 0
  /** When the last statement was sent, where it was for several: then more of them are on their way. */
  let crowdedAt = Number.NEGATIVE_INFINITY
  let sendNext: (() => void) | undefined
  const lookUp = async (ids: readonly number[]) => {
    underWay++
    if (ids.length > 1) crowdedAt = performance.now()
    try {
      const rows = await accounts.byIds([...new Set(ids)])
      const found = new Map(rows.map((account) => [account.id, account]))
      return ids.map((id) => found.get(id) ?? null)
    } finally {
      underWay--
      const send = sendNext
      sendNext = undefined
      send?.()
    }
  }
  const sendSoon = (send: () => void) => {
    const rest = crowdedAt + gatherMs - performance.now()
    if (rest > 0) setTimeout(send, rest)
    else setImmediate(send)
  }
  const gathered = new DataLoader<number, TokenAccount | null>(lookUp, {
    cache: false,
    maxBatchSize: maxTogether,
    batchScheduleFn: (send) => {
      if (underWay > 0 && !sendNext) sendNext = () => outside(() => sendSoon(send))
      else outside(() => sendSoon(send))
    },
  })
  return (key) => ('id' in key ? gathered.load(key.id) : accounts.byToken(key))
}
