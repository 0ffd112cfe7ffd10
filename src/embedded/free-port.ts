import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below 32768, where the system hands out the ports of outgoing connections. */
const lowest = 20_000
const highest = 32_000

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

/**
 * A TCP port between 20000 and 32000 that nothing listened on a moment ago, on 127.0.0.1.
 *
 * @throws Error when a hundred ports in a row were taken.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest))
    if (await isFree(port)) return port
  }
  throw new Error(`no free port found between ${lowest} and ${highest}`)
}
