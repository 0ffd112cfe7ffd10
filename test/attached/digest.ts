import { Client } from 'pg'

/** All of a database's schema and rows, and how many rows were ever written, as texts that show any change. */
export interface Digest {
  readonly catalogue: string
  readonly rows: Readonly<Record<string, string>>
  readonly written: Readonly<Record<string, number>>
}

/** Catalogue tables with what says when a row of them was written last; of pg_class without what VACUUM and ANALYZE note. */
const catalogue = `
  SELECT md5(string_agg(entry, E'\\n' ORDER BY entry)) AS digest FROM (
    SELECT (to_jsonb(c) - '{relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid}'::text[])::text
      FROM pg_class c WHERE oid >= 16384
    UNION ALL SELECT 'attribute ' || a.xmin || a::text FROM pg_attribute a WHERE attrelid >= 16384
    UNION ALL SELECT 'type ' || t.xmin || t::text FROM pg_type t WHERE oid >= 16384
    UNION ALL SELECT 'label ' || e.xmin || e::text FROM pg_enum e
    UNION ALL SELECT 'constraint ' || c.xmin || c::text FROM pg_constraint c WHERE oid >= 16384
    UNION ALL SELECT 'function ' || p.xmin || p::text FROM pg_proc p WHERE oid >= 16384
    UNION ALL SELECT 'trigger ' || t.xmin || t::text FROM pg_trigger t
    UNION ALL SELECT 'schema ' || n.xmin || n::text FROM pg_namespace n WHERE nspname !~ '^pg_(toast_)?temp'
    UNION ALL SELECT 'publication ' || p::text FROM pg_publication p
    UNION ALL SELECT 'extension ' || e::text FROM pg_extension e
    UNION ALL SELECT 'setting ' || s::text FROM pg_db_role_setting s
    UNION ALL SELECT 'database ' || (to_jsonb(d) - '{datfrozenxid,datminmxid}'::text[])::text
      FROM pg_database d WHERE datname = current_database()
    UNION ALL SELECT 'slot ' || slot_name FROM pg_replication_slots WHERE database = current_database()
  ) entries (entry)`

/**
 * Looks at a database as superuser. The counters are those of its own tables: a database's, in `pg_stat_database`,
 * count what autovacuum writes to the catalogue as well.
 */
export async function digest(url: string): Promise<Digest> {
  const client = new Client({ connectionString: url })
  // Its database may be dropped while it is still saying goodbye.
  client.on('error', () => {})
  await client.connect()
  try {
    const [entry] = (await client.query<{ digest: string }>(catalogue)).rows
    const { rows: tables } = await client.query<{ relname: string; written: number }>(
      `SELECT format('%I.%I', schemaname, relname) AS relname, (n_tup_ins + n_tup_upd + n_tup_del)::float8 AS written
       FROM pg_stat_user_tables ORDER BY 1`,
    )
    const rows: Record<string, string> = {}
    for (const { relname } of tables) {
      const { rows: found } = await client.query<{ digest: string }>(
        `SELECT count(*) || ' ' || md5(string_agg(t.xmin || t::text, '' ORDER BY t.ctid)) AS digest FROM ${relname} t`,
      )
      rows[relname] = found[0]?.digest ?? ''
    }
    return {
      catalogue: entry?.digest ?? '',
      rows,
      written: Object.fromEntries(tables.map(({ relname, written }) => [relname, written])),
    }
  } finally {
    await client.end()
  }
}
