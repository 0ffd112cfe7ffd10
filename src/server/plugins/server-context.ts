import type { Plugin } from 'graphql-yoga'
import type { Exchange } from '../exchange.ts'
import type { Parameters } from '../parameters.ts'

/** What the HTTP server hands to every plugin beside the request. */
export interface ServerContext extends Record<string, unknown> {
  readonly exchange: Exchange
  /** What an HTTP request asks. */
  readonly parameters?: Parameters
}

export type ServerPlugin = Plugin<ServerContext, ServerContext>
