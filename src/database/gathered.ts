/**
 * Looks things up for everyone who asks, many by one statement. Those who ask while a statement is under way are
 * gathered, and looked up by the next. Nobody is told what was read before they asked; one who comes alone waits for
 * nothing, those who come in crowds for a moment; and ten thousand clients who come back at once are some hundreds of
 * statements instead of ten thousand.
 */
import DataLoader from 'dataloader'

export interface GatheredOptions<K, V> {
  /** Looks up all that are asked for, in their order. */
  readonly load: (keys: readonly K[]) => Promise<readonly V[]>
  /** Runs work as part of no request, so that one who goes away takes the answer from nobody else. */
  readonly outside: (work: () => void) => void
  /** How long those who come in crowds are gathered, in milliseconds. Default 3. */
  readonly gatherMs?: number
}

/** Looked up by one statement at most. */
const maxTogether = 1000

/** Looks one thing up, together with those that others ask for. */
export function gathered<K, V>({
  load,
  outside,
  gatherMs = 3,
}: GatheredOptions<K, V>): (key: K) => Promise<V> {
  let underWay = 0
  /** When the last statement was sent, where it was for several: then more of them are on their way. */
  let crowdedAt = Number.NEGATIVE_INFINITY
  let sendNext: (() => void) | undefined
  const lookUp = async (keys: readonly K[]) => {
    underWay++
    if (keys.length > 1) crowdedAt = performance.now()
    try {
      return await load(keys)
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
  const loader = new DataLoader<K, V>(lookUp, {
    cache: false,
    maxBatchSize: maxTogether,
    batchScheduleFn: (send) => {
      if (underWay > 0 && !sendNext) sendNext = () => outside(() => sendSoon(send))
      else outside(() => sendSoon(send))
    },
  })
  return (key) => loader.load(key)
}
