import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An issuer's web server. */
export interface KeyServer extends AsyncDisposable {
  readonly address: string
  /** What it publishes; a function answers by itself. */
  publishes: readonly object[] | ((response: ServerResponse) => void)
  /** How often it was asked. */
  readonly asked: number
}

/** A real HTTP server that publishes keys. */
export async function startKeyServer(keys: KeyServer['publishes']): Promise<KeyServer> {
  let publishes = keys
  let asked = 0
  const server = createServer((_, response) => {
    asked++
    if (typeof publishes === 'function') return publishes(response)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys: publishes }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    get publishes() {
      return publishes
    },
    set publishes(next) {
      publishes = next
    },
    get asked() {
      return asked
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
