import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { scramVerifier } from '../../src/database/init/scram-verifier.ts'
import { passwords, prepareInitialisation } from '../labeler/init-kit.ts'

async function connect(url: string) {
  const client = new Client({ connectionString: url })
  // Its database may be dropped while it is still saying goodbye.
  client.on('error', () => {})
  await client.connect()
  return { client, [Symbol.asyncDispose]: async () => client.end() }
}

/** The first column of the first row. */
async function one(client: Client, statement: string, values: readonly unknown[] = []): Promise<unknown> {
  const { rows } = await client.query<Record<string, unknown>>(statement, [...values])
  return Object.values(rows[0] ?? {})[0]
}

const rights = `SELECT concat_ws(' ', CASE WHEN rolsuper THEN 'super' END, CASE WHEN rolcreatedb THEN 'createdb' END,
  CASE WHEN rolcreaterole THEN 'createrole' END, CASE WHEN rolreplication THEN 'replication' END,
  CASE WHEN rolbypassrls THEN 'bypassrls' END, CASE WHEN rolcanlogin THEN 'login' END) FROM pg_roles WHERE rolname = $1`

/** What access lists say of a role: `r`, `arwd`. */
const grantsIn = (state: string, role: string): string[] =>
  [...state.matchAll(new RegExp(`${role}=([a-zA-Z*]*)/`, 'g'))].map(([, letters = '']) => letters)

describe('on a server without the databases', () => {
  test('makes each with an owner, its tables and the gateway’s state; and once only', async () => {
    await using made = await prepareInitialisation()
    const lines = await made.init()
    const admin = await made.superuser()
    for (const name of Object.values(made.names)) {
      expect(
        await one(admin, 'SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1', [name]),
      ).toBe(name)
      expect(await one(admin, rights, [name])).toBe('login')
    }
    expect(await one(admin, rights, [made.labeler])).toBe('login')
    const counts = [
      [made.env.DATABASE_URL, 'SELECT count(*)::int FROM training_jobs'],
      [made.env.DATABASE_URL, 'SELECT count(*)::int FROM tributary.audit_log'],
      [made.env.USER_DATABASE_URL, 'SELECT count(*)::int FROM users'],
    ] as const
    for (const [url = '', statement] of counts) {
      await using owner = await connect(url)
      expect(await one(owner.client, statement)).toBe(0)
    }

    const told = lines.join('\n')
    for (const password of Object.values(passwords)) expect(told).not.toContain(password)
    const [, random = ''] = /^INFERENCE_DATABASE_URL=(.+)$/m.exec(told) ?? []
    await using owner = await connect(random)
    expect(await one(owner.client, 'SELECT current_database()')).toBe(made.names.inference)

    const before = await made.state()
    const again = (await made.init()).join('\n')
    expect(await made.state()).toBe(before)
    expect(again).not.toContain(new URL(random).password)
    expect(again).not.toMatch(/: (made|granted|took) /)
  })

  test('opens none to other roles', async () => {
    await using made = await prepareInitialisation()
    await made.init()
    const { platform, ...others } = made.names
    const login = { role: platform, password: passwords.platform ?? '' }
    for (const name of Object.values(others))
      await expect(connect(made.url(name, login))).rejects.toMatchObject({ code: '42501' })
    const admin = await made.superuser()
    for (const name of Object.values(made.names))
      expect(
        await one(admin, `SELECT has_database_privilege('pg_monitor', $1, 'CONNECT, TEMPORARY, CREATE')`, [
          name,
        ]),
      ).toBe(false)
  })

  test('makes those that --only names', async () => {
    await using made = await prepareInitialisation()
    const lines = await made.init(['--only', 'inference'])
    expect(lines.filter((line) => !/^(inference: |INFERENCE_DATABASE_URL=)/.test(line))).toEqual([])
    const admin = await made.superuser()
    const roles = await admin.query('SELECT FROM pg_roles WHERE rolname = ANY($1)', [
      [made.labeler, ...Object.values(made.names)],
    ])
    expect(roles.rowCount).toBe(1)
  })

  test('makes them once for two who begin at the same time', async () => {
    await using made = await prepareInitialisation()
    const runs = await Promise.all([made.init(['--only', 'users']), made.init(['--only', 'users'])])
    const makers = runs.filter((lines) => lines.some((line) => line.includes('made the database')))
    expect(makers.length).toBe(1)
  })

  test('works for an administrator who is no superuser', async () => {
    await using made = await prepareInitialisation()
    const admin = await made.superuser()
    await admin.query(`CREATE ROLE ${made.otherRole} LOGIN CREATEDB CREATEROLE PASSWORD 'admin'`)
    const url = made.url('postgres', { role: made.otherRole, password: 'admin' })
    const lines = await made.init(['--url', url])
    expect(lines.join('\n')).toContain('a superuser could close that')
    const before = await made.state()
    await made.init(['--url', url])
    expect(await made.state()).toBe(before)
    await using labeler = await connect(made.labelerUrl(made.names.users))
    expect(await one(labeler.client, 'SELECT count(*)::int FROM users')).toBe(0)
  })
})

describe('a database that is there', () => {
  test('with another owner is left alone, and no role is made for it', async () => {
    await using made = await prepareInitialisation()
    const admin = await made.superuser()
    const superuser = await one(admin, 'SELECT current_user')
    await admin.query(`CREATE DATABASE ${made.names.users}`)
    const before = await made.state()
    const lines = await made.init(['--only', 'users', '--labeler-columns'])
    expect(lines).toEqual([
      `users: the database ${made.names.users} belongs to ${superuser}; it is left alone, with its roles and grants`,
      `labeler: ${made.labeler} is left alone with it`,
    ])
    expect(await made.state()).toBe(before)
  })

  test('with tables that were not made here is left alone, whoever owns it', async () => {
    await using made = await prepareInitialisation()
    const { users } = made.names
    const admin = await made.superuser()
    await admin.query(`CREATE ROLE ${users} LOGIN PASSWORD 'their own'`)
    await admin.query(`CREATE ROLE ${made.labeler} LOGIN PASSWORD 'their own'`)
    await admin.query(`CREATE DATABASE ${users} OWNER ${users}`)
    const theirs = await made.superuser(users)
    await theirs.query('CREATE TABLE users (id serial PRIMARY KEY, hashed_password text)')
    await theirs.query(`GRANT SELECT, UPDATE ON users TO ${made.labeler}`)
    const before = await made.state()
    const lines = await made.init(['--only', 'users'])
    expect(lines[0]).toContain('were not made here; it is left alone')
    expect(await made.state()).toBe(before)
  })

  test('and empty, as a run that was broken off leaves it, is completed', async () => {
    await using made = await prepareInitialisation()
    const { users } = made.names
    const admin = await made.superuser()
    await admin.query(`CREATE ROLE ${users} LOGIN PASSWORD 'kept'`)
    await admin.query(`CREATE DATABASE ${users} OWNER ${users}`)
    const hash = await one(admin, 'SELECT rolpassword FROM pg_authid WHERE rolname = $1', [users])
    await made.init(['--only', 'users'])
    await using owner = await connect(made.url(users, { role: users, password: 'kept' }))
    expect(await one(owner.client, 'SELECT count(*)::int FROM users')).toBe(0)
    expect(await one(admin, 'SELECT rolpassword FROM pg_authid WHERE rolname = $1', [users])).toBe(hash)
  })

  test('and ours gets back the Labeler’s grants as they should be', async () => {
    await using made = await prepareInitialisation()
    const { users } = made.names
    await made.init(['--only', 'users'])
    const before = await made.state()
    expect(grantsIn(before, made.labeler).toSorted()).toEqual(['U', 'c', 'r'])
    const client = await made.superuser(users)
    await client.query(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${made.labeler} WITH GRANT OPTION`)
    await client.query(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${made.labeler}`)
    await client.query(`GRANT UPDATE (email) ON users TO ${made.labeler}`)
    await client.query(`GRANT CREATE, USAGE ON SCHEMA public TO ${made.labeler}`)
    await client.query(`GRANT TEMPORARY ON DATABASE ${users} TO ${made.labeler}`)
    await client.query(
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${users} IN SCHEMA public GRANT SELECT ON TABLES TO ${made.labeler}`,
    )
    await made.init(['--only', 'users'])
    expect(grantsIn(await made.state(), made.labeler)).toEqual(grantsIn(before, made.labeler))
    await using labeler = await connect(made.labelerUrl(users))
    expect(await one(labeler.client, 'SELECT count(*)::int FROM users')).toBe(0)
    for (const statement of ['SELECT FROM organizations', 'CREATE TABLE t ()', 'CREATE TEMP TABLE t ()'])
      await expect(labeler.client.query(statement)).rejects.toMatchObject({ code: '42501' })
  })
})

describe('is told in a line when', () => {
  const refused = async (args: readonly string[], env: Record<string, string> = {}) => {
    await using made = await prepareInitialisation()
    const before = await made.state()
    const error = await made.init(args, env).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' })
    expect(await made.state()).toBe(before)
    const { message } = error as Error
    expect(message).not.toContain('hunter2')
    return message
  }

  test.each([
    ['no administrator is named', [], { ADMIN_DATABASE_URL: '' }, 'set ADMIN_DATABASE_URL'],
    [
      'its URL is none',
      ['--url', 'mysql://root:hunter2@h/x'],
      {},
      'ADMIN_DATABASE_URL must begin with postgresql://',
    ],
    [
      'nobody listens',
      ['--url', 'postgres://a:hunter2@127.0.0.1:1/x'],
      {},
      'no server listens at 127.0.0.1:1',
    ],
    ['an argument is not known', ['--urk', 'postgres://a:hunter2@h/x'], {}, 'takes --url, --only'],
    ['a database is not made here', ['--only', 'users,labeler'], {}, 'not for "labeler"'],
    ['columns are asked of nothing', ['--only', 'platform', '--labeler-columns'], {}, 'leaves out'],
    ['a name is too long', ['--labeler-role', 'x'.repeat(64)], {}, '63 bytes'],
    [
      'two URLs name one database',
      [],
      { DATABASE_URL: 'postgres://a:hunter2@h/x', USER_DATABASE_URL: 'postgres://b:hunter2@h/x' },
      'DATABASE_URL and USER_DATABASE_URL both name',
    ],
  ] as const)('%s', async (_, args, env, said) => {
    expect(await refused(args, env)).toContain(said)
  })

  test('a password is wrong', async ({ skip }) => {
    await using made = await prepareInitialisation()
    await made.init(['--only', 'users'])
    const url = made.url('postgres', { role: made.labeler, password: 'hunter2' })
    const error = await connect(url).catch((thrown: unknown) => thrown)
    skip(!(error instanceof Error), 'the server asks for no password')
    expect(error).toMatchObject({ code: '28P01' })
    expect(await refused(['--url', url])).toContain(`refuses the password of the role ${made.labeler}`)
  })

  test('the administrator may not make roles', async () => {
    await using made = await prepareInitialisation()
    await made.init(['--only', 'users'])
    const url = made.labelerUrl('postgres')
    expect(await refused(['--url', url])).toContain('it needs CREATEDB and CREATEROLE')
  })
})

test('a password is sent as what the server would have made of it', async () => {
  await using made = await prepareInitialisation()
  const admin = await made.superuser()
  for (const password of ['plain', "it's @/:%\\ é ﬁ 한국"]) {
    await admin.query(`CREATE ROLE ${made.labeler} PASSWORD ${admin.escapeLiteral(password)}`)
    const stored = String(
      await one(admin, 'SELECT rolpassword FROM pg_authid WHERE rolname = $1', [made.labeler]),
    )
    const [, salt = ''] = /^SCRAM-SHA-256\$4096:([^$]+)\$/.exec(stored) ?? []
    expect(scramVerifier(password, Buffer.from(salt, 'base64'))).toBe(stored)
    await admin.query(`DROP ROLE ${made.labeler}`)
  }
})
