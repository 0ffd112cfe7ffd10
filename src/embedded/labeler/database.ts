import type { Pool } from 'pg'
import { Client, escapeIdentifier, escapeLiteral } from 'pg'
import { datasetRows } from './datasets.ts'

/** The Labeler's own tables, as far as its API for the platform reads them. */
const tables = `
CREATE TABLE IF NOT EXISTS datasets (
  id                   varchar(100) PRIMARY KEY,
  name                 varchar(200) NOT NULL,
  description          text,
  owner_id             integer NOT NULL,
  visibility           varchar(20) NOT NULL DEFAULT 'private',
  tags                 text,
  storage_path         varchar(500) NOT NULL,
  storage_type         varchar(20) NOT NULL DEFAULT 's3',
  format               varchar(50) NOT NULL DEFAULT 'images',
  labeled              boolean NOT NULL DEFAULT false,
  annotation_path      varchar(500),
  num_classes          integer,
  num_images           integer NOT NULL DEFAULT 0,
  class_names          text,
  version              integer NOT NULL DEFAULT 1,
  content_hash         varchar(64),
  created_at           timestamp NOT NULL DEFAULT now(),
  updated_at           timestamp NOT NULL DEFAULT now(),
  published_task_types varchar(20)[] NOT NULL DEFAULT '{}'
);
CREATE TABLE IF NOT EXISTS dataset_permissions (
  id         serial PRIMARY KEY,
  dataset_id varchar(100) NOT NULL REFERENCES datasets ON DELETE CASCADE,
  user_id    integer NOT NULL,
  role       varchar(20) NOT NULL CHECK (role IN ('owner', 'member')),
  granted_by integer NOT NULL,
  granted_at timestamp NOT NULL DEFAULT now(),
  UNIQUE (dataset_id, user_id)
);
CREATE TABLE IF NOT EXISTS annotation_projects (
  id               varchar(50) PRIMARY KEY,
  dataset_id       varchar(50) NOT NULL UNIQUE,
  owner_id         integer NOT NULL,
  task_types       varchar(50)[] NOT NULL,
  annotated_images integer
);`

/**
 * Makes the Labeler's database and the role that owns it, which may nothing elsewhere, where they are not there yet.
 *
 * @param adminUrl of a superuser of the server.
 * @returns the role's URL.
 */
export async function createLabelerDatabase(adminUrl: string, password: string): Promise<string> {
  const name = 'labeler'
  const client = new Client({ connectionString: adminUrl })
  await client.connect()
  try {
    const role = escapeIdentifier(name)
    const known = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [name])
    await client.query(
      `${known.rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE ${role} LOGIN PASSWORD ${escapeLiteral(password)}`,
    )
    const there = await client.query('SELECT FROM pg_database WHERE datname = $1', [name])
    if (there.rowCount === 0) await client.query(`CREATE DATABASE ${role} OWNER ${role}`)
  } finally {
    await client.end()
  }
  const url = new URL(adminUrl)
  Object.assign(url, { pathname: `/${name}`, username: name, password })
  return url.href
}

/** Makes the tables and, where they are empty, fills them with the datasets that the seeded world speaks of. */
export async function prepareLabeler(pool: Pool): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(tables)
    await client.query('LOCK TABLE datasets IN SHARE ROW EXCLUSIVE MODE')
    const { rowCount } = await client.query('SELECT FROM datasets LIMIT 1')
    if (rowCount === 0)
      for (const [table, rows] of Object.entries(datasetRows()))
        await client.query(
          `INSERT INTO ${table} (${Object.keys(rows[0] ?? {})}) SELECT ${Object.keys(rows[0] ?? {})}
           FROM json_populate_recordset(NULL::${table}, $1)`,
          [JSON.stringify(rows)],
        )
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}
