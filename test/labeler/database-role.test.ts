/*
 * The Labeler at the database itself: what its role reads, and everything that it is refused.
 */
import { hash } from '@node-rs/bcrypt'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Initialisation, prepareInitialisation } from './init-kit.ts'
import { lackingForPython, python } from './python.ts'

const lacking = lackingForPython()

const secrets = ['hashed_password', 'password_reset_token']

const people = `
  INSERT INTO organizations (id, name, company, created_at, updated_at) VALUES (1, 'Lab', 'Acme', now(), now());
  INSERT INTO users (id, email, hashed_password, password_reset_token, organization_id, system_role, is_active,
    created_at, updated_at)
  VALUES (1, 'ada@example.com', 'hash-sentinel', 'reset-sentinel', 1, 'guest', true, now(), now());
  INSERT INTO project_members (project_id, user_id, role, joined_at) VALUES (1, 1, 'member', now());
  INSERT INTO invitations (token, invitation_type, status, inviter_id, invitee_email, invitee_role, expires_at,
    created_at)
  VALUES ('invitation-sentinel', 'PROJECT', 'PENDING', 1, 'bob@example.com', 'guest', now(), now())`

/** Attempts to change something, or to reach beyond the accounts, whichever grants the role has. */
const refusedAlways: readonly string[] = [
  `INSERT INTO users (email) VALUES ('eve@example.com')`,
  `INSERT INTO users SELECT * FROM users`,
  `UPDATE users SET system_role = 'admin'`,
  `UPDATE users SET is_active = false WHERE false`,
  'DELETE FROM users',
  'WITH gone AS (DELETE FROM users RETURNING id) SELECT * FROM gone',
  'EXPLAIN ANALYZE DELETE FROM users',
  'DO $$ BEGIN DELETE FROM users; END $$',
  'MERGE INTO users u USING (SELECT 1 AS id) s ON u.id = s.id WHEN MATCHED THEN DELETE',
  'TRUNCATE users CASCADE',
  'SELECT id FROM users FOR UPDATE',
  'SELECT id FROM users FOR KEY SHARE',
  'BEGIN; LOCK TABLE users IN ROW EXCLUSIVE MODE',
  'BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE',
  'COPY users (email) FROM STDIN',
  `COPY (SELECT 1) TO '/tmp/labeler'`,
  `COPY (SELECT 1) TO PROGRAM 'cat'`,
  'CREATE TABLE mine ()',
  'CREATE TEMP TABLE mine ()',
  'CREATE TEMP TABLE mine AS SELECT id FROM users',
  'SELECT id INTO mine FROM users',
  'CREATE VIEW mine AS SELECT id FROM users',
  'CREATE SCHEMA mine',
  'CREATE SEQUENCE mine',
  'CREATE TYPE mine AS ENUM ()',
  'CREATE FUNCTION mine() RETURNS int LANGUAGE sql RETURN 1',
  'CREATE EXTENSION pgcrypto',
  'CREATE PUBLICATION mine FOR TABLE users',
  'CREATE ROLE mine',
  'CREATE DATABASE mine',
  'CREATE INDEX ON users (bio)',
  'CREATE RULE mine AS ON DELETE TO users DO INSTEAD NOTHING',
  'CREATE POLICY mine ON users',
  'ALTER TABLE users ADD COLUMN mine int',
  'ALTER TABLE users DISABLE TRIGGER ALL',
  'ALTER TABLE users OWNER TO CURRENT_USER',
  `ALTER TYPE userrole ADD VALUE 'mine'`,
  'ALTER SCHEMA public RENAME TO mine',
  'ALTER SYSTEM SET work_mem = 64',
  'ALTER ROLE CURRENT_USER SUPERUSER',
  'DROP TABLE users CASCADE',
  `COMMENT ON TABLE users IS 'mine'`,
  'REINDEX TABLE users',
  'CLUSTER users USING users_pkey',
  `SELECT nextval('users_id_seq')`,
  `SELECT setval('users_id_seq', 1)`,
  'SELECT lo_create(0)',
  'SELECT lo_creat(-1)',
  `SELECT lo_from_bytea(0, 'mine')`,
  `SELECT lo_import('/etc/hostname')`,
  'SET ROLE pg_write_all_data',
  'SET session_replication_role = replica',
  'SELECT rolpassword FROM pg_authid',
  `SELECT pg_read_file('PG_VERSION')`,
  `SELECT pg_ls_dir('.')`,
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename <> current_user`,
  'SELECT * FROM invitations',
  'SELECT token FROM invitations',
  'SELECT * FROM tributary_migrations',
]

/** Grants that take effect nowhere: Postgres answers them with a warning. */
const withoutEffect = [
  'GRANT SELECT ON users TO PUBLIC',
  'GRANT UPDATE ON users TO CURRENT_USER',
  'VACUUM users',
  'ANALYZE users',
]

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  return client
}

describe.each([
  {
    title: 'granted users',
    args: [],
    refused: ['SELECT * FROM organizations', 'SELECT * FROM project_members'],
  },
  {
    title: 'granted columns',
    args: ['--labeler-columns'],
    refused: [
      'SELECT * FROM users',
      'SELECT users FROM users',
      'SELECT to_jsonb(u) FROM users u',
      'TABLE users',
      'COPY users TO STDOUT',
      ...secrets.flatMap((secret) => [
        `SELECT ${secret} FROM users`,
        `SELECT id FROM users WHERE ${secret} LIKE 'h%'`,
        `SELECT id FROM users ORDER BY ${secret}`,
        `SELECT count(${secret}) FROM users`,
        `COPY users (${secret}) TO STDOUT`,
      ]),
      'UPDATE organizations SET max_users = 1',
      'DELETE FROM project_members',
      'INSERT INTO project_members SELECT * FROM project_members',
      `SELECT nextval('project_members_id_seq')`,
    ],
  },
])('the role $title', ({ args, refused }) => {
  let made: Initialisation
  let labeler: Client
  let superuser: Client

  beforeAll(async () => {
    made = await prepareInitialisation()
    await made.init(args)
    superuser = await made.superuser(made.names.users)
    await superuser.query(people)
    await superuser.query('ANALYZE')
    labeler = await connect(made.labelerUrl(made.names.users))
  })
  afterAll(async () => {
    await labeler.end()
    await made[Symbol.asyncDispose]()
  })

  const contents = async () => {
    const { rows } = await superuser.query(
      `SELECT (SELECT jsonb_agg(to_jsonb(u)) FROM users u) AS users, (SELECT last_value FROM users_id_seq) AS sequence,
         (SELECT jsonb_agg(to_jsonb(o)) FROM organizations o) AS organizations,
         (SELECT jsonb_agg(to_jsonb(m)) FROM project_members m) AS members,
         (SELECT count(*) FROM pg_largeobject_metadata) AS objects`,
    )
    return rows
  }

  test('changes nothing, whatever it tries', async () => {
    const before = { catalogue: await made.state(), contents: await contents() }
    const otherwise: string[] = []
    const asOwner = [
      `SET ROLE ${made.names.users}`,
      `SET SESSION AUTHORIZATION ${made.names.users}`,
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${made.names.users} GRANT ALL ON TABLES TO PUBLIC`,
      `GRANT ${made.names.users} TO CURRENT_USER`,
      `ALTER ROLE ${made.names.users} PASSWORD 'mine'`,
      `ALTER DATABASE ${made.names.users} SET work_mem = 64`,
    ]
    for (const statement of [...refusedAlways, ...asOwner, ...refused]) {
      const code = await labeler.query(statement).then(
        () => 'done',
        (error: { readonly code?: string }) => error.code,
      )
      await labeler.query('ROLLBACK')
      if (code !== '42501') otherwise.push(`${code}: ${statement}`)
    }
    expect(otherwise).toEqual([])
    for (const statement of withoutEffect) await labeler.query(statement).catch(() => {})
    expect({ catalogue: await made.state(), contents: await contents() }).toEqual(before)
  })

  test('connects to no other database that was made with it', async () => {
    for (const name of [made.names.platform, made.names.inference])
      await expect(connect(made.labelerUrl(name))).rejects.toMatchObject({ code: '42501' })
  })

  test('sees the statistics of what it reads alone', async () => {
    const { rows } = await labeler.query('SELECT FROM pg_stats WHERE attname = ANY($1)', [secrets])
    expect(rows.length).toBe(args.length === 0 ? secrets.length : 0)
  })

  test('reads what it is for', async () => {
    const { rows } = await labeler.query('SELECT id, email, system_role FROM users')
    expect(rows).toEqual([{ id: 1, email: 'ada@example.com', system_role: 'guest' }])
    if (args.length === 0) {
      const whole = await labeler.query('SELECT * FROM users')
      expect(whole.rows[0]).toMatchObject({ hashed_password: 'hash-sentinel' })
      return
    }
    const { rows: columns } = await superuser.query<{ attname: string }>(
      `SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0 AND attname <> ALL ($1)`,
      [secrets],
    )
    expect(columns.length).toBeGreaterThan(15)
    await labeler.query(`SELECT ${columns.map(({ attname }) => attname).join(', ')} FROM users`)
    expect((await labeler.query('SELECT * FROM organizations')).rowCount).toBe(1)
    expect((await labeler.query('SELECT * FROM project_members')).rowCount).toBe(1)
  })
})

test('columns once chosen are kept by a run that does not speak of them', async () => {
  await using made = await prepareInitialisation()
  await made.init(['--only', 'users', '--labeler-columns'])
  const before = await made.state()
  const lines = await made.init(['--only', 'users'])
  expect(lines.join('\n')).toContain('reads single columns, and goes on so')
  expect(await made.state()).toBe(before)
})

test.skipIf(lacking)(
  `a Labeler in Python checks passwords itself${lacking ? ` (skipped: ${lacking})` : ''}`,
  async () => {
    await using made = await prepareInitialisation()
    await made.init(['--only', 'users'])
    const superuser = await made.superuser(made.names.users)
    await superuser.query(people)
    await superuser.query('UPDATE users SET hashed_password = $1', [await hash('correct horse', { cost: 4 })])
    const args = ['login', made.labelerUrl(made.names.users), 'ada@example.com']
    expect(await python(args, 'correct horse')).toEqual({
      status: 0,
      answer: { id: 1, email: 'ada@example.com', role: 'guest' },
    })
    expect(await python(args, 'wrong horse')).toEqual({ status: 1, answer: { refused: 'wrong password' } })
    await made.init(['--only', 'users', '--labeler-columns'])
    expect((await python(args, 'correct horse')).answer.refused).toMatch(/^42501 /)
  },
)
