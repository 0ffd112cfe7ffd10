/*
 * Writing in a source. A mutation's statements are one transaction: what is locked first is still so when it is
 * written, and all of it is there or nothing.
 *
 * A client that goes away cancels nothing here, so that the audit log's outcome is what became of it. Where two
 * transactions wait for each other, Postgres ends one; that one is run again.
 */
import type { PoolClient } from 'pg'
import type { Sql } from 'sql-template-tag'
import { currentRequest, runInRequest } from '../database/request-scope.ts'
import type { GraphContext } from './context.ts'
import { refusedValue } from './statement.ts'

/** Sends a statement of the transaction, and answers its rows. */
export type Run = <Row extends object>(statement: Sql) => Promise<Row[]>

const attempts = 5
const neverAborted = new AbortController().signal

/** The SQLSTATE of an error of Postgres. */
export const sqlState = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined

/** 40P01: a deadlock; 40001: what it read has changed. */
const mayRunAgain = (error: unknown) => ['40P01', '40001'].includes(sqlState(error) ?? '')

/**
 * Runs work in a transaction of a source; it is rolled back when the work throws. What the request has loaded before
 * is forgotten, so that its answer shows what was written.
 *
 * @throws TributaryError SOURCE_* when the source cannot answer; BAD_INPUT when it refuses a value.
 */
export async function inTransaction<T>(
  context: GraphContext,
  source: string,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const request = currentRequest()
  const attempt = () => context.source(source).guard(() => transaction(context, source, work))
  const perform = async () => {
    for (let left = attempts; ; left--)
      try {
        return await attempt()
      } catch (error) {
        if (left === 1 || !mayRunAgain(error)) throw error
      }
  }
  try {
    return await (request ? runInRequest({ ...request, signal: neverAborted }, perform) : perform())
  } finally {
    context.memo.clear()
  }
}

async function transaction<T>(
  context: GraphContext,
  source: string,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const client = await context.source(source).pool.connect()
  let broken: Error | undefined
  try {
    await client.query('BEGIN')
    const result = await work((statement) => send(client, statement))
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch((cause: Error) => {
      broken = cause
    })
    throw error
  } finally {
    client.release(broken)
  }
}

async function send<Row extends object>(client: PoolClient, { text, values }: Sql): Promise<Row[]> {
  try {
    return (await client.query<Row>({ text, values: [...values] })).rows
  } catch (error) {
    throw refusedValue(error)
  }
}
