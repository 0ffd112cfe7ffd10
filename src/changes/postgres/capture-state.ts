import { escapeLiteral } from 'pg'
import type { CapturedTable } from './captured-table.ts'

/** What one database has of what capturing it takes, and whether it could be made. */
export interface CaptureState {
  /** As `server_version_num`: 180000. */
  readonly version: number
  readonly walLevel: string
  readonly isStandby: boolean
  readonly maxSlots: number
  readonly usedSlots: number
  readonly maxSenders: number
  readonly usedSenders: number
  /** How much WAL a slot may keep, in megabytes; -1 without bound. */
  readonly maxKeptMegabytes: number
  readonly database: string
  readonly role: string
  readonly isSuperuser: boolean
  readonly mayReplicate: boolean
  readonly mayCreate: boolean
  /** The end of the write-ahead log, as text. */
  readonly walEnd: string
  readonly slot: SlotState | null
  readonly publication: PublicationState | null
  /** Of the wanted tables, those that there are. */
  readonly tables: readonly TableState[]
  /** Published tables that nobody wants. */
  readonly extra: readonly string[]
}

export interface SlotState {
  readonly plugin: string | null
  readonly database: string | null
  readonly isTemporary: boolean
  /** The process of whoever reads it. */
  readonly activePid: number | null
  readonly confirmed: string | null
  /** reserved, extended, unreserved or lost. */
  readonly walStatus: string | null
  /** Bytes of the write-ahead log that are kept for it. */
  readonly retainedBytes: number | null
}

export interface PublicationState {
  readonly owner: string
  readonly isOwn: boolean
  /** Of all changes, inserts, updates, deletes, truncations, those that it publishes. */
  readonly operations: readonly ('insert' | 'update' | 'delete' | 'truncate')[]
}

export interface TableState {
  readonly name: string
  readonly oid: number
  /** r(elation), p(artitioned), … as in `pg_class`. */
  readonly kind: string
  readonly isLogged: boolean
  /** Columns of its primary key, in order; empty without one. */
  readonly primaryKey: readonly string[]
  /** Whether it, and each table that is a part of it or inherits from it, has what updates and deletes of a published row are named by. */
  readonly hasIdentity: boolean
  readonly owner: string
  readonly isOwn: boolean
  readonly isPublished: boolean
  /** Names its membership in the publication: another after it left and came back. */
  readonly membership: number | null
  /** A row filter or a column list in the publication, which would make its owner's statements fail. */
  readonly isRestricted: boolean
}

const lsnNow = `CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END`

/** Row filters and column lists came with Postgres 15, so they are looked at by way of JSON. */
const statement = (slot: string, publication: string, tables: readonly string[]) => `
WITH wanted AS (
  SELECT * FROM pg_class
  WHERE relnamespace = to_regnamespace('public') AND relkind IN ('r', 'p')
    AND relname = ANY(ARRAY[${tables.map(escapeLiteral).join(', ')}]::text[])
), published AS (
  SELECT tablename FROM pg_publication_tables WHERE pubname = ${escapeLiteral(publication)} AND schemaname = 'public'
)
SELECT json_build_object(
  'version', current_setting('server_version_num')::int,
  'walLevel', current_setting('wal_level'),
  'isStandby', pg_is_in_recovery(),
  'maxSlots', current_setting('max_replication_slots')::int,
  'usedSlots', (SELECT count(*) FROM pg_replication_slots),
  'maxSenders', current_setting('max_wal_senders')::int,
  'usedSenders', (SELECT count(*) FROM pg_stat_replication),
  'maxKeptMegabytes', (SELECT setting::bigint FROM pg_settings WHERE name = 'max_slot_wal_keep_size'),
  'database', current_database(),
  'role', current_user,
  'isSuperuser', role.rolsuper,
  'mayReplicate', role.rolsuper OR role.rolreplication,
  'mayCreate', has_database_privilege(current_database(), 'CREATE'),
  'walEnd', ${lsnNow},
  'slot', (SELECT json_build_object(
    'plugin', plugin, 'database', database, 'isTemporary', temporary, 'activePid', active_pid,
    'confirmed', confirmed_flush_lsn, 'walStatus', wal_status, 'retainedBytes', ${lsnNow} - restart_lsn
  ) FROM pg_replication_slots WHERE slot_name = ${escapeLiteral(slot)}),
  'publication', (SELECT json_build_object(
    'owner', pg_get_userbyid(pubowner), 'isOwn', pg_has_role(pubowner, 'USAGE'),
    'operations', array_remove(ARRAY[CASE WHEN pubinsert THEN 'insert' END, CASE WHEN pubupdate THEN 'update' END,
      CASE WHEN pubdelete THEN 'delete' END, CASE WHEN pubtruncate THEN 'truncate' END], NULL)
  ) FROM pg_publication WHERE pubname = ${escapeLiteral(publication)}),
  'tables', coalesce((SELECT json_agg(json_build_object(
    'name', wanted.relname, 'oid', wanted.oid::bigint, 'kind', wanted.relkind, 'isLogged', wanted.relpersistence = 'p',
    'primaryKey', ARRAY(
      SELECT attname FROM pg_index, unnest(indkey) WITH ORDINALITY AS part(attnum, place)
      JOIN pg_attribute USING (attnum)
      WHERE indrelid = wanted.oid AND indisprimary AND attrelid = wanted.oid AND place <= indnkeyatts ORDER BY place),
    'hasIdentity', NOT EXISTS (
      WITH RECURSIVE part AS (
        SELECT wanted.oid UNION ALL SELECT inhrelid FROM pg_inherits JOIN part ON inhparent = part.oid)
      SELECT FROM part JOIN pg_class holder USING (oid) WHERE relkind = 'r' AND relreplident <> 'f' AND NOT EXISTS (
        SELECT FROM pg_index WHERE indrelid = holder.oid AND indisvalid AND indimmediate
        AND CASE relreplident WHEN 'd' THEN indisprimary WHEN 'i' THEN indisreplident END)),
    'owner', pg_get_userbyid(wanted.relowner), 'isOwn', pg_has_role(wanted.relowner, 'USAGE'),
    'isPublished', wanted.relname IN (SELECT tablename FROM published),
    'membership', member.oid::bigint,
    'isRestricted', coalesce(to_jsonb(member)->>'prqual', to_jsonb(member)->>'prattrs') IS NOT NULL
  ) ORDER BY wanted.relname) FROM wanted
    LEFT JOIN pg_publication_rel member ON member.prrelid = wanted.oid
      AND member.prpubid = (SELECT oid FROM pg_publication WHERE pubname = ${escapeLiteral(publication)})), '[]'),
  'extra', ARRAY(SELECT tablename FROM published WHERE tablename NOT IN (SELECT relname FROM wanted) ORDER BY 1)
) AS state FROM pg_roles role WHERE role.rolname = current_user`

/** Sends a statement to the database in question. */
export type Ask = <Row extends object>(statement: string) => Promise<readonly Row[]>

/** What to look for. */
export interface CaptureNames {
  readonly slot: string
  readonly publication: string
  readonly tables: readonly CapturedTable[]
}

/** Looks, in one statement that needs no privilege. */
export async function readCaptureState(ask: Ask, names: CaptureNames): Promise<CaptureState> {
  const tables = names.tables.map(({ name }) => name)
  const [row] = await ask<{ state: CaptureState }>(statement(names.slot, names.publication, tables))
  if (!row) throw new Error('The catalogue answered no row')
  return row.state
}
