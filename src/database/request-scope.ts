import { AsyncLocalStorage } from 'node:async_hooks'
import { setMaxListeners } from 'node:events'

/** One request, as far as its statements need to know it. */
export interface RequestScope {
  readonly id: string
  /** Aborted when nobody waits for the answer any more: the request's statements are then cancelled. */
  readonly signal: AbortSignal
  /** Statements sent so far, by source. */
  readonly statements: Map<string, number>
}

const storage = new AsyncLocalStorage<RequestScope>()

/** Runs work, and all that it starts, as part of a request. */
export function runInRequest<T>(scope: RequestScope, work: () => T): T {
  // Every statement under way listens, and Node takes more than ten listeners for a leak.
  setMaxListeners(0, scope.signal)
  return storage.run(scope, work)
}

/** Runs work, and all that it starts, as part of no request. */
export const outsideRequests = <T>(work: () => T): T => storage.exit(work)

/** The request that the caller works for, if any. */
export const currentRequest = (): RequestScope | undefined => storage.getStore()
