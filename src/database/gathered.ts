/**
 * Looks things up for everyone who asks, many by one statement. Those who ask while a statement is under way are
 * gathered, and looked up by the next. Nobody is told what was read before they asked; one who comes alone waits for
 * nothing, those who come in crowds for a moment; and ten thousand clients who come back at once are some hundreds of
 * statements instead of ten thousand.
 */
import DataLoader from 'dataloader'
import { Crowd } from './crowd.ts'
import { outsideRequests } from './request-scope.ts'

/** Looked up by one statement at most. */
const maxTogether = 1000

/**
 * Looks one thing up, together with those that others ask for, and as part of no request: one who goes away takes the
 * answer from nobody else.
 *
 * @param load Looks up all that are asked for, in their order.
 * @param gatherMs How long those who come in crowds are gathered, in milliseconds.
 */
export function gathered<K, V>(
  load: (keys: readonly K[]) => Promise<readonly V[]>,
  gatherMs = 3,
): (key: K) => Promise<V> {
  let underWay = 0
  const crowd = new Crowd(gatherMs)
  let sendNext: (() => void) | undefined
  const lookUp = async (keys: readonly K[]) => {
    underWay++
    crowd.serve(keys.length)
    try {
      return await load(keys)
    } finally {
      underWay--
      const send = sendNext
      sendNext = undefined
      send?.()
    }
  }
  const loader = new DataLoader<K, V>(lookUp, {
    cache: false,
    maxBatchSize: maxTogether,
    batchScheduleFn: (send) => {
      const soon = () => outsideRequests(() => crowd.soon(send))
      if (underWay > 0 && !sendNext) sendNext = soon
      else soon()
    },
  })
  return (key) => loader.load(key)
}
