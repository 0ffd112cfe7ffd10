/*
 * Asking the GPU Dev service for something: a message on a queue of pgmq, by its function alone. The service takes it
 * some seconds later and writes the rows; its own API writes none either.
 *
 * What a message depends on is looked at in the transaction that sends it. It is not locked: for that the gateway would
 * need to be allowed to change the service's rows, and the service looks again anyway.
 */
import sql, { raw } from 'sql-template-tag'
import { NotAvailable } from '../../graph/failure.ts'
import type { Run } from '../../graph/transaction.ts'
import { Refused } from '../../graph/write-failure.ts'

/**
 * Puts a message on a queue; it is there when the transaction is committed.
 *
 * @returns the number that pgmq gave it.
 * @throws Refused NotAvailable where pgmq, or the queue, is not there.
 */
export async function send(run: Run, queue: string, message: object): Promise<string> {
  await tableOf(run, queue)
  const [sent] = await run<{ id: string }>(
    sql`SELECT id::text FROM pgmq.send(${queue}::text, ${JSON.stringify(message)}::jsonb) AS s(id)`,
  )
  if (!sent) throw new Error(`pgmq.send gave no number for a message on ${queue}.`)
  return sent.id
}

/**
 * The number of the message with an id in a field, while it waits; to be asked only where it may have been sent before.
 *
 * @throws Refused NotAvailable where pgmq, or the queue, is not there.
 */
export async function waiting(
  run: Run,
  queue: string,
  [field, id]: readonly [string, string],
): Promise<string | undefined> {
  const table = await tableOf(run, queue)
  const [found] = await run<{ id: string }>(
    sql`SELECT msg_id::text AS id FROM ${raw(table)} WHERE message->>${field} = ${id}`,
  )
  return found?.id
}

/** The table of a queue, quoted. It is looked for first: a statement that fails would end the transaction. */
async function tableOf(run: Run, queue: string): Promise<string> {
  const [found] = await run<{ hasFunction: boolean; table: string | null }>(
    sql`SELECT to_regprocedure('pgmq.send(text, jsonb)') IS NOT NULL AS "hasFunction",
      coalesce(to_regclass(format('pgmq.%I', ${`q_${queue}`}::text)),
        to_regclass(format('pgmq.%I', ${`q_${queue}`.toLowerCase()}::text)))::text AS "table"`,
  )
  const unavailable = (why: string) =>
    new Refused(NotAvailable, `GPU Dev cannot be asked for anything here: ${why}`)
  if (!found?.hasFunction)
    throw unavailable(
      'its database has no function pgmq.send(text, jsonb). Install the extension pgmq there.',
    )
  if (found.table === null)
    throw unavailable(`pgmq has no queue ${queue} there. Create it, or name the one that the service reads.`)
  return found.table
}

/** What the service notes of a message’s course. */
export const metadata = (now: string) => ({
  _metadata: { retry_count: 0, created_at: now, max_retries: 3 },
})

/** The version of the service’s own client whose messages these are. */
export const messageVersion = '0.4.0'
