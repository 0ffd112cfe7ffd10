import type { Gateway } from '../gateway.ts'
import type { StopRequest } from './stop-request.ts'

/**
 * Waits until the process is asked to stop, and then for requests under way to finish, unless it is asked again. What
 * is left then ends with the gateway's disposal.
 */
export async function serveUntilStopped(gateway: Gateway, stop: StopRequest): Promise<void> {
  await stop.asked()
  await Promise.race([gateway.drain(), stop.hurried()])
}
