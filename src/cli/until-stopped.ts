import { once } from 'node:events'

/** Waits until the process is asked to stop. */
export async function untilStopped(stop: AbortSignal): Promise<void> {
  if (!stop.aborted) await once(stop, 'abort')
}
