import type { ServerResponse } from 'node:http'
import type { GraphQLError } from 'graphql'

/** Answers with JSON. */
export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify(body))
}

interface HttpExtension {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers with a GraphQL error and nothing else, with the status and headers that it bears. */
export function answerError(response: ServerResponse, error: GraphQLError): void {
  const { http, ...extensions } = error.extensions as { http?: HttpExtension }
  for (const [name, value] of Object.entries(http?.headers ?? {})) response.setHeader(name, value)
  answerJson(response, http?.status ?? 500, { errors: [{ message: error.message, extensions }] })
}
