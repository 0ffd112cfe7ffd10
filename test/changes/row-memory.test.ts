import { describe, expect, it, test } from 'vitest'
import type { Change, Transaction } from '../../src/changes/change.ts'
import type { LogWriter } from '../../src/changes/log/change-log.ts'
import { RememberingWriter } from '../../src/changes/remembering-writer.ts'
import { RowMemory } from '../../src/changes/row-memory.ts'
import { createEmptyDatabase } from '../support/databases.ts'
import { memoryLog } from '../support/memory-log.ts'
import { captured, connect, publishTables } from './capture-kit.ts'

const columns = new Map([['jobs', ['project', 'owner']]])

const commit = (lsn: number, ...changes: Change[]): Transaction => ({
  lsn: BigInt(lsn),
  xid: lsn,
  committedAt: '2026-03-01T10:11:12.000001Z',
  changes,
})

const row = (kind: 'insert' | 'update', key: string, project: string | null, more: object = {}): Change => ({
  kind,
  table: 'jobs',
  key,
  values: { id: key, project, owner: null, note: 'n' },
  ...more,
})
const update = (key: string, project: string | null, more?: object) => row('update', key, project, more)
const removal = (key: string): Change => ({ kind: 'delete', table: 'jobs', key })

/** What a memory tells of changes, of each what the row was. */
const formers = (memory: RowMemory, ...changes: Change[]) =>
  memory.tell(commit(1, ...changes)).changes.map((change) => ('former' in change ? change.former : undefined))

describe('what is remembered of rows', () => {
  it('is what was otherwise before, from the first change on', () => {
    const memory = new RowMemory(columns, new Map())
    expect(
      formers(
        memory,
        update('7', '1'),
        update('7', '1'),
        update('7', null),
        update('8', '2', { oldKey: '7' }),
        removal('7'),
        removal('8'),
        row('insert', '8', '3'),
        removal('8'),
      ),
    ).toEqual([
      undefined,
      {},
      { project: '1' },
      { project: null },
      undefined,
      { project: '2', owner: null },
      undefined,
      { project: '3', owner: null },
    ])
  })

  it('leaves other tables alone, and does not doubt what the log does not repeat', () => {
    const memory = new RowMemory(columns, new Map())
    const other = commit(1, { kind: 'delete', table: 'others', key: '1' })
    expect(memory.tell(other)).toBe(other)
    const part: Change = { kind: 'update', table: 'jobs', key: '1', values: { id: '1', owner: 'x' } }
    expect(formers(memory, part, update('1', '5'), part, removal('1'))).toEqual([
      undefined,
      undefined,
      { project: '5', owner: null },
      { project: '5', owner: 'x' },
    ])
  })

  it('is forgotten where the table was emptied or is doubtful, and of the first where there are too many', () => {
    const memory = new RowMemory(columns, new Map(), 2)
    expect(formers(memory, ...['1', '2', '3'].map((key) => row('insert', key, '1')))).toHaveLength(3)
    expect(formers(memory, update('1', '2'), update('3', '2'))).toEqual([undefined, { project: '1' }])
    const doubt: Change = { kind: 'invalidate', table: 'jobs', reason: 'too much' }
    for (const end of [doubt, { kind: 'truncate', table: 'jobs' } as const])
      expect(formers(memory, row('insert', '9', '1'), end, removal('9')).at(-1)).toBeUndefined()
  })

  it('is there for the next who writes, as long as the same columns are wanted', () => {
    const notes = new Map<string, string>()
    const keep = (memory: RowMemory) => {
      for (const [name, text] of memory.takeNotes())
        if (text === null) notes.delete(name)
        else notes.set(name, text)
    }
    const memory = new RowMemory(columns, notes)
    formers(memory, row('insert', 'a b', '1'), row('insert', '2', '1'), removal('2'))
    keep(memory)
    expect(formers(new RowMemory(columns, notes), removal('a b'), removal('2'))).toEqual([
      { project: '1', owner: null },
      undefined,
    ])
    const other = new RowMemory(new Map([['jobs', ['project']]]), notes)
    expect(formers(other, removal('a b'))).toEqual([undefined])
    keep(other)
    expect([...notes.keys()]).toEqual(['jobs'])
  })
})

describe('a table that is read', () => {
  const writing = async () => {
    const log = memoryLog()
    const inner = (await log.write('platform', { origin: 'one', confirmed: 10n })) as LogWriter
    const writer = await RememberingWriter.over(inner, columns)
    const read = (horizon: number, ...keys: string[]) =>
      writer.read('jobs', 100, async ({ table }) => ({
        table,
        horizon: BigInt(horizon),
        rows: keys.map((key) => [key, ['read', null]] as const),
      }))
    return { log, writer, read }
  }
  const formersOf = (changes: readonly Change[]) =>
    changes.map((change) => ('former' in change ? change.former?.project : undefined))

  it('counts when the log has come past the reading, but for the rows that it told of meanwhile', async () => {
    const { log, writer, read } = await writing()
    await writer.append([commit(11, update('1', 'told'))])
    await read(14, '1', '2', '3', '4')
    await writer.append([commit(12, update('2', 'told'), removal('3'))])
    // The reading may have seen it.
    await writer.append([commit(14, update('4', 'told'))])
    await writer.append([commit(15, removal('1'), removal('2'), removal('3'), removal('4'))])
    expect(formersOf(log.changes)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      ...['told', 'told', undefined, 'told'],
    ])
    expect(writer.unread).toEqual([])
    await read(15, '5')
    await writer.append([commit(16, { kind: 'truncate', table: 'jobs' }, row('insert', '6', 'new'))])
    expect(writer.unread).toEqual(['jobs'])
    await read(16, '5', '6')
    await writer.append([commit(17, removal('5'), removal('6'))])
    expect(formersOf(log.changes).slice(-2)).toEqual(['read', 'new'])
  })
})

test('a capture remembers the rows that were there before it, and goes on remembering after another', async () => {
  await using database = await createEmptyDatabase()
  const { url } = database
  const client = await connect(url)
  await client.query(
    'CREATE TABLE jobs (id int PRIMARY KEY, project int, note text); INSERT INTO jobs SELECT id, id % 3 FROM generate_series(1, 5) id',
  )
  const tables = [{ name: 'jobs', key: ['id'], columns: ['id', 'project', 'note'] }]
  await publishTables(client, url, tables)
  const into = memoryLog()
  const options = { url, tables, into, remembered: new Map([['jobs', ['project']]]) }
  {
    await using _ = captured(options)
    await into.until(() => into.notes.size === 6)
    await client.query("UPDATE jobs SET note = 'x' WHERE id = 2; DELETE FROM jobs WHERE id = 1")
    await into.until(() => into.changes.length === 2)
  }
  await client.query('UPDATE jobs SET project = NULL WHERE id = 2; DELETE FROM jobs WHERE id = 5')
  await using _ = captured(options)
  await into.until(() => into.changes.length === 4)
  expect(into.changes.map((change) => ('former' in change ? change.former : undefined))).toEqual([
    {},
    { project: '1' },
    { project: '2' },
    { project: '2' },
  ])
})
