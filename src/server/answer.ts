import type { ServerResponse } from 'node:http'
import type { GraphQLError } from 'graphql'

/** Answers with JSON. */
export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  answerText(response, status, JSON.stringify(body))
}

function answerText(response: ServerResponse, status: number, json: string): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
  response.end(json)
}

interface HttpExtension {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** A GraphQL error as an answer that has nothing else: its status, its headers, and a body in JSON. */
export function errorBody(error: GraphQLError) {
  const { http, ...extensions } = error.extensions as { http?: HttpExtension }
  return {
    status: http?.status ?? 500,
    headers: http?.headers ?? {},
    body: JSON.stringify({ errors: [{ message: error.message, extensions }] }),
  }
}

/** Answers with a GraphQL error and nothing else, with the status and headers that it bears. */
export function answerError(response: ServerResponse, error: GraphQLError): void {
  const { status, headers, body } = errorBody(error)
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  answerText(response, status, body)
}
