import { serverAudits } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startToyServer, type ToyServer } from './toy-server.ts'

let toy: ToyServer
beforeAll(async () => {
  toy = await startToyServer()
})
afterAll(() => toy[Symbol.asyncDispose]())

// GET without a header of its own is what a foreign page could send, and the specification lets it be refused.
const refused = ['5A70', '6A70']

describe('GraphQL over HTTP, by the audits of graphql-http', () => {
  for (const audit of serverAudits({ url: () => toy.url }))
    it(`${audit.id} ${audit.name}`, async () => {
      const result = await audit.fn()
      const found = result.status === 'ok' ? 'ok' : `${result.status}: ${result.reason}`
      if (refused.includes(audit.id)) expect(found).toContain('notice')
      else expect(found).toBe('ok')
    })
})
