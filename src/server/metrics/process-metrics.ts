import { collectDefaultMetrics, Registry } from 'prom-client'

let registry: Registry | undefined

/**
 * What there is to tell of the process: memory, CPU, the event loop, the garbage collector. There is one process, and
 * what observes it cannot be taken back, so it is made once, when somebody first looks.
 */
export function processMetrics(): Registry {
  if (!registry) {
    registry = new Registry()
    collectDefaultMetrics({ register: registry })
  }
  return registry
}
