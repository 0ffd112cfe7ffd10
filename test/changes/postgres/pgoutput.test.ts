import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatLsn, parseLsn } from '../../../src/changes/postgres/lsn.ts'
import { decodePgoutput } from '../../../src/changes/postgres/pgoutput.ts'
import { timeText } from '../../../src/changes/postgres/postgres-time.ts'
import { TransactionReader } from '../../../src/changes/postgres/transaction-reader.ts'
import { createEmptyDatabase } from '../../support/databases.ts'
import { captured, connect, publishTables } from '../capture-kit.ts'

const storable = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replaceAll('\u0000', ''))
const times = fc
  .tuple(
    fc.date({ min: new Date('0010-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
    fc.nat(999),
  )
  .map(([date, micros]) => `${date.toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}`)
const floats = fc.double().map(String)

/** Every type that the declared databases have, and texts of its values. */
const types: Readonly<Record<string, fc.Arbitrary<string>>> = {
  text: storable,
  'varchar(50)': storable.map((text) => text.slice(0, 20)),
  integer: fc.integer().map(String),
  bigint: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  smallint: fc.integer({ min: -32_768, max: 32_767 }).map(String),
  'double precision': floats,
  real: fc.float().map(String),
  numeric: fc.tuple(fc.bigInt(), fc.nat()).map(([whole, part]) => `${whole}.${part}`),
  'numeric(10,2)': fc.integer({ min: -99_999_999, max: 99_999_999 }).map((value) => String(value / 3)),
  boolean: fc.boolean().map(String),
  json: fc.json().filter((text) => !text.includes('u0000')),
  jsonb: fc.json().filter((text) => !/u0000|\\ud[89a-f]/i.test(text)),
  timestamp: times,
  timestamptz: times.map((text) => `${text}+09:30`),
  date: times.map((text) => text.slice(0, 10)),
  uuid: fc.uuid(),
  bytea: fc.uint8Array({ maxLength: 60 }).map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`),
  mood: fc.constantFrom('glad', 'it’s "odd"'),
  'text[]': fc
    .array(fc.option(storable), { maxLength: 4 })
    .map((list) => `{${list.map((text) => (text === null ? 'NULL' : JSON.stringify(text))).join(',')}}`),
  interval: fc.nat().map((seconds) => `${seconds} seconds`),
  inet: fc.ipV4(),
}

const names = Object.keys(types).map((_, index) => `c${index}`)

describe('pgoutput', () => {
  test('tells every value of every type as the database writes it', async () => {
    await using database = await createEmptyDatabase()
    const url = new URL(database.url)
    url.searchParams.set('options', '-c TimeZone=UTC -c DateStyle=ISO -c extra_float_digits=1')
    const client = await connect(url.href)
    await client.query(`CREATE TYPE mood AS ENUM ('glad', 'it’s "odd"')`)
    const columns = Object.keys(types).map((type, index) => `c${index} ${type}`)
    await client.query(`CREATE TABLE rows (id serial PRIMARY KEY, ${columns.join(', ')})`)
    const tables = [{ name: 'rows', key: ['id'], columns: ['id', ...names] }]
    await publishTables(client, database.url, tables)
    await using run = captured({ url: database.url, tables })
    await run.until(({ state }) => state === 'STREAMING')

    const row = fc.tuple(...Object.values(types).map((values) => fc.option(values, { freq: 8 })))
    const insert = `INSERT INTO rows (${names}) VALUES (${Object.keys(types).map((type, index) => `$${index + 1}::text::${type}`)})
      RETURNING id::text, ${names.map((name) => `format('%s', ${name}) AS ${name}, ${name} IS NULL AS ${name}_null`)}`
    let count = 0
    await fc.assert(
      fc.asyncProperty(row, async (values) => {
        const { rows } = await client.query(insert, values)
        count++
        await run.log.until(() => run.log.transactions.length === count)
        const told = Object.fromEntries(
          names.map((name) => [name, rows[0][`${name}_null`] ? null : rows[0][name]]),
        )
        expect(run.log.transactions.at(-1)?.changes).toEqual([
          { kind: 'insert', table: 'rows', key: rows[0].id, values: { id: rows[0].id, ...told } },
        ])
      }),
      { numRuns: 150, endOnFailure: true },
    )
  })

  test('refuses what is cut short or unknown, whatever it is', () => {
    const begin = Buffer.concat([Buffer.from('B'), Buffer.alloc(20)])
    expect(decodePgoutput(begin)).toEqual({ kind: 'begin', commitLsn: 0n, time: 0n, xid: 0 })
    for (let length = 0; length < begin.length; length++)
      expect(() => decodePgoutput(begin.subarray(0, length))).toThrow()
    expect(() => decodePgoutput(Buffer.from('?'))).toThrow(/unknown kind/)
    const insert = Buffer.concat([Buffer.from('I\0\0\0\x01N\0\x01t\0\0\0\x05abc')])
    expect(() => decodePgoutput(insert)).toThrow(/cut short/)
  })

  test('keeps nothing of the buffer that a message came in', () => {
    const insert = Buffer.from('I\0\0\0\x01N\0\x01t\0\0\0\x03abc')
    const message = decodePgoutput(insert)
    insert.fill(0)
    expect(message).toEqual({ kind: 'insert', oid: 1, row: ['abc'] })
  })

  test('reads positions and times to their last digit', () => {
    fc.assert(fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (lsn) => parseLsn(formatLsn(lsn)) === lsn))
    expect(() => parseLsn('16')).toThrow()
    expect(timeText(0n)).toBe('2000-01-01T00:00:00.000000Z')
    expect(timeText(-1n)).toBe('1999-12-31T23:59:59.999999Z')
    expect(timeText(835_000_000_123_456n)).toBe('2026-06-17T08:26:40.123456Z')
  })

  test('keeps a transaction’s memory bounded, and says what it forgot', () => {
    const reader = new TransactionReader([{ name: 't', key: ['id'], columns: ['id'] }], {
      maxRows: 3,
      maxBytes: 1_000,
    })
    const relation = Buffer.from('R\0\0\0\x01public\0t\0d\0\x01\x01id\0\0\0\0\x17\xff\xff\xff\xff', 'latin1')
    const insert = Buffer.from('I\0\0\0\x01N\0\x01t\0\0\0\x01a')
    const begin = Buffer.concat([Buffer.from('B'), Buffer.alloc(20)])
    const commit = Buffer.concat([Buffer.from('C'), Buffer.alloc(25)])
    const transaction = (rows: number, data = insert) => {
      for (const message of [begin, relation, ...Array<Buffer>(rows).fill(data)]) reader.read(message)
      return reader.read(commit)?.changes
    }
    expect(transaction(3)).toHaveLength(3)
    const lost = [{ kind: 'invalidate', table: 't', reason: 'a transaction changed too much of it' }]
    expect(transaction(4)).toEqual(lost)
    const wide = Buffer.concat([
      Buffer.from('I\0\0\0\x01N\0\x01t\0\0\x03\xe9', 'latin1'),
      Buffer.alloc(1001, 'a'),
    ])
    expect(transaction(1, wide)).toEqual(lost)
    expect(transaction(3)).toHaveLength(3)
  })
})
