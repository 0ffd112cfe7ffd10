import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TributaryError } from '../errors/tributary-error.ts'

/** Where a server listens. */
export interface Address {
  /** The URL of the GraphQL endpoint, as a person on this machine would type it. */
  readonly url: string
  readonly port: number
}

interface Place {
  readonly host: string
  readonly port: number
}

const wildcards = ['0.0.0.0', '::']

/** Host as it stands in a URL. */
function hostInUrl(host: string): string {
  if (wildcards.includes(host)) return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

function explained(error: unknown, { host, port }: Place): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE')
    return new TributaryError(
      'PORT_TAKEN',
      `Port ${port} of ${host} is taken by another program. Stop it, or use another port: PORT=${port + 1}.`,
      { cause: error },
    )
  if (code === 'EACCES')
    return new TributaryError('CONFIG_INVALID', `PORT=${port} needs privileges that this process has not.`, {
      cause: error,
    })
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new TributaryError('CONFIG_INVALID', `HOST=${host} is not an address of this machine.`, {
      cause: error,
    })
  return error
}

/**
 * Starts to listen.
 *
 * @throws TributaryError PORT_TAKEN or CONFIG_INVALID.
 */
export async function listen(server: Server, place: Place): Promise<Address> {
  try {
    server.listen(place.port, place.host)
    await once(server, 'listening')
  } catch (error) {
    throw explained(error, place)
  }
  const { port } = server.address() as AddressInfo
  return { url: `http://${hostInUrl(place.host)}:${port}/graphql`, port }
}
