import type { Plugin } from 'graphql-yoga'
import type { Exchange } from '../exchange.ts'

/** What the HTTP server hands to every plugin beside the request. */
export interface ServerContext extends Record<string, unknown> {
  readonly exchange: Exchange
}

export type ServerPlugin = Plugin<ServerContext, ServerContext>
