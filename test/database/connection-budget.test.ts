import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkConnectionBudget } from '../../src/database/connection-budget.ts'
import { Source } from '../../src/database/source.ts'
import type { TestDatabase } from '../support/databases.ts'
import { createLab, expected, run, startSource } from './source-kit.ts'

let lab: TestDatabase
beforeAll(async () => {
  lab = await createLab()
})
afterAll(() => lab[Symbol.asyncDispose]())

describe('the budget of connections', () => {
  test('adds up the pools of one server, each with its watch', async () => {
    const offered = Number(await run(lab.url, "SELECT current_setting('max_connections')::int - 3"))
    await using one = await startSource(lab.url, { name: 'one', config: { maxConnections: 5 } })
    await using two = await startSource(lab.url, { name: 'two', config: { maxConnections: 7 } })
    await using gone = await startSource('postgres://127.0.0.1:1/lab', { name: 'gone' })
    await using absent = new Source({ name: 'absent', expected, log: { info() {}, warn() {} } })
    expect(checkConnectionBudget([one, gone, two, absent])).toEqual([
      { line: `one, two: up to 14 of the ${offered} connections of their server`, isExceeded: false },
    ])
    expect(checkConnectionBudget([one, gone, two], ['two', 'gone'])).toEqual([
      { line: `one, two: up to 15 of the ${offered} connections of their server`, isExceeded: false },
    ])
  })

  test('says what to do when the server has fewer', async () => {
    await using greedy = await startSource(lab.url, { name: 'greedy', config: { maxConnections: 10_000 } })
    expect(checkConnectionBudget([greedy])).toEqual([
      {
        line: expect.stringMatching(
          /^greedy: up to 10001 of the \d+ connections of its server; lower DB_MAX_CONNECTIONS or raise max_connections there$/,
        ),
        isExceeded: true,
      },
    ])
  })
})
