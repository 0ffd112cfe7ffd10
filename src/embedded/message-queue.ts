/*
 * A stand-in for the extension pgmq, which the embedded Postgres has not: the few functions that GPU Dev's messages go
 * by, over tables of the same names and columns. Where the extension, or a stand-in, is there already, nothing is done.
 *
 * A message that is read is hidden for a time and then seen again, unless it is archived: whoever reads it and dies
 * loses nothing. Rows that somebody else is reading are skipped.
 */
import type { Client } from 'pg'

/** Queues that GPU Dev's own set-up creates. */
export const gpuDevQueues = ['gpu_reservations', 'disk_operations'] as const

const functions = `
  CREATE SCHEMA pgmq;

  CREATE TABLE pgmq.meta (
    queue_name     varchar PRIMARY KEY,
    is_partitioned boolean NOT NULL DEFAULT false,
    is_unlogged    boolean NOT NULL DEFAULT false,
    created_at     timestamptz NOT NULL DEFAULT now()
  );

  CREATE TYPE pgmq.message_record AS (
    msg_id bigint, read_ct integer, enqueued_at timestamptz, vt timestamptz, message jsonb
  );

  CREATE FUNCTION pgmq."create"(queue_name text) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    IF queue_name !~ '^[a-zA-Z0-9_]{1,47}$' THEN
      RAISE EXCEPTION 'queue name % is not allowed', queue_name;
    END IF;
    INSERT INTO pgmq.meta VALUES (queue_name) ON CONFLICT DO NOTHING;
    EXECUTE format('CREATE TABLE IF NOT EXISTS pgmq.%I (
      msg_id      bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
      read_ct     integer NOT NULL DEFAULT 0,
      enqueued_at timestamptz NOT NULL DEFAULT now(),
      vt          timestamptz NOT NULL,
      message     jsonb)', 'q_' || queue_name);
    EXECUTE format('CREATE TABLE IF NOT EXISTS pgmq.%I (
      msg_id      bigint PRIMARY KEY,
      read_ct     integer NOT NULL,
      enqueued_at timestamptz NOT NULL,
      archived_at timestamptz NOT NULL DEFAULT now(),
      vt          timestamptz NOT NULL,
      message     jsonb)', 'a_' || queue_name);
  END $$;

  CREATE FUNCTION pgmq.send(queue_name text, msg jsonb) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
  BEGIN
    RETURN QUERY EXECUTE format(
      'INSERT INTO pgmq.%I (vt, message) VALUES (clock_timestamp(), $1) RETURNING msg_id', 'q_' || queue_name
    ) USING msg;
  END $$;

  CREATE FUNCTION pgmq.read(queue_name text, vt integer, qty integer)
  RETURNS SETOF pgmq.message_record LANGUAGE plpgsql AS $$
  BEGIN
    RETURN QUERY EXECUTE format(
      'UPDATE pgmq.%1$I q SET vt = clock_timestamp() + make_interval(secs => $1), read_ct = read_ct + 1
       WHERE msg_id IN (SELECT msg_id FROM pgmq.%1$I WHERE vt <= clock_timestamp()
         ORDER BY msg_id LIMIT $2 FOR UPDATE SKIP LOCKED)
       RETURNING q.msg_id, q.read_ct, q.enqueued_at, q.vt, q.message', 'q_' || queue_name
    ) USING vt, qty;
  END $$;

  CREATE FUNCTION pgmq.archive(queue_name text, msg_id bigint) RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE
    moved integer;
  BEGIN
    EXECUTE format(
      'WITH taken AS (DELETE FROM pgmq.%I WHERE msg_id = $1 RETURNING msg_id, read_ct, enqueued_at, vt, message)
       INSERT INTO pgmq.%I (msg_id, read_ct, enqueued_at, vt, message) SELECT * FROM taken',
      'q_' || queue_name, 'a_' || queue_name
    ) USING msg_id;
    GET DIAGNOSTICS moved = ROW_COUNT;
    RETURN moved > 0;
  END $$;
`

/** Makes the queues, and the functions that they go by where they are not there. */
export async function createQueues(client: Client, queues: readonly string[] = gpuDevQueues): Promise<void> {
  const { rows } = await client.query(`SELECT to_regnamespace('pgmq') IS NULL AS missing`)
  if (rows[0]?.missing) await client.query(`BEGIN; ${functions} COMMIT`)
  for (const queue of queues) await client.query('SELECT pgmq."create"($1)', [queue])
}
