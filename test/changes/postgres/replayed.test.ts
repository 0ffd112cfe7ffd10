import fc from 'fast-check'
import type { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import type { Change } from '../../../src/changes/change.ts'
import { createEmptyDatabase } from '../../support/databases.ts'
import { captured, connect, publishTables } from '../capture-kit.ts'

const tables = [{ name: 'jobs', key: ['id', 'part'], columns: ['id', 'part', 'name', 'note'] }]

const id = fc.nat(5)
const note = fc.option(fc.constantFrom('short', 'x'.repeat(9_000), 'y'.repeat(9_000)))
const step = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), id, name: fc.string({ maxLength: 3 }), note }),
  fc.record({ kind: fc.constant('rename' as const), id, name: fc.string({ maxLength: 3 }) }),
  fc.record({ kind: fc.constant('move' as const), id, to: id }),
  fc.record({ kind: fc.constant('remove' as const), id }),
  fc.record({ kind: fc.constant('empty' as const), id }),
)
const transaction = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 5 }),
  /** Steps that are taken back again. */
  undone: fc.array(step, { maxLength: 2 }),
  isCommitted: fc.boolean(),
})

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

async function make(client: Client, one: Step): Promise<void> {
  const clean = (text: string) => text.replaceAll('\u0000', '')
  switch (one.kind) {
    case 'put':
      await client.query(
        `INSERT INTO jobs (id, part, name, note) VALUES ($1, 'p', $2, $3)
         ON CONFLICT (part, id) DO UPDATE SET name = excluded.name, note = excluded.note`,
        [one.id, clean(one.name), one.note],
      )
      return
    case 'rename':
      await client.query(`UPDATE jobs SET name = $2 WHERE id = $1 AND part = 'p'`, [one.id, clean(one.name)])
      return
    case 'move':
      await client.query(
        `UPDATE jobs SET id = $2 WHERE id = $1 AND part = 'p'
         AND NOT EXISTS (SELECT FROM jobs WHERE id = $2 AND part = 'p')`,
        [one.id, one.to],
      )
      return
    case 'remove':
      await client.query(`DELETE FROM jobs WHERE id = $1 AND part = 'p'`, [one.id])
      return
    case 'empty':
      if (one.id === 0) await client.query('TRUNCATE jobs')
  }
}

/** A table as somebody has it who was told its changes and nothing else. */
class Copy {
  readonly rows = new Map<string, Record<string, string | null>>()

  apply(change: Change): void {
    switch (change.kind) {
      case 'insert':
      case 'update': {
        const former = this.rows.get(change.oldKey ?? change.key)
        // What is stored apart and did not change is not told again.
        if (change.oldKey !== undefined) this.rows.delete(change.oldKey)
        this.rows.set(change.key, { ...(change.kind === 'update' && former), ...change.values })
        return
      }
      case 'delete':
        expect(this.rows.delete(change.key)).toBe(true)
        return
      case 'truncate':
        this.rows.clear()
        return
      case 'invalidate':
        throw new Error(change.reason)
    }
  }
}

describe.each(['DEFAULT', 'FULL'])('what is told of a table with REPLICA IDENTITY %s', (identity) => {
  test('makes a copy of it, transaction by transaction, whatever is done', async () => {
    await using database = await createEmptyDatabase()
    const client = await connect(database.url)
    await client.query(`CREATE TABLE jobs (note text, name text, part text, id int, PRIMARY KEY (part, id));
      ALTER TABLE jobs ALTER note SET STORAGE EXTERNAL; ALTER TABLE jobs REPLICA IDENTITY ${identity}`)
    await publishTables(client, database.url, tables)
    await using run = captured({ url: database.url, tables })
    await run.until(({ state }) => state === 'STREAMING')
    const copy = new Copy()
    let applied = 0
    let marks = 0
    await fc.assert(
      fc.asyncProperty(transaction, async ({ steps, undone, isCommitted }) => {
        await client.query('BEGIN')
        for (const one of steps) await make(client, one)
        await client.query('SAVEPOINT before')
        for (const one of undone) await make(client, one)
        await client.query('ROLLBACK TO before')
        await client.query(isCommitted ? 'COMMIT' : 'ROLLBACK')
        // A row of its own says when all before it has been told.
        await client.query(`INSERT INTO jobs (id, part) VALUES ($1, 'mark')`, [++marks])
        const mark = JSON.stringify([String(marks), 'mark'])
        await run.log.until(() => run.log.changes.some((change) => 'key' in change && change.key === mark))
        for (const { changes } of run.log.transactions.slice(applied))
          for (const change of changes) copy.apply(change)
        applied = run.log.transactions.length
        const { rows } = await client.query('SELECT id::text, part, name, note FROM jobs')
        const expected = new Map(rows.map((row) => [JSON.stringify([row.id, row.part]), row]))
        expect(copy.rows).toEqual(expected)
      }),
      { numRuns: 100, endOnFailure: true },
    )
  })
})
