import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { inject } from 'vitest'
import { dbInit } from '../../src/cli/db-init.ts'
import { type BySource, bySource, environmentOf } from '../../src/config/source-names.ts'

/** Names for databases and roles that nobody else uses, and `tributary db init` over them. */
export interface Initialisation extends AsyncDisposable {
  /** Names of databases, which are their owners' names too. */
  readonly names: BySource<string>
  readonly labeler: string
  /** For a further role; dropped at disposal. */
  readonly otherRole: string
  /** What the gateway's environment would be. */
  readonly env: Readonly<Record<string, string>>
  /** Runs the command, and answers its lines. */
  init(args?: readonly string[], env?: Readonly<Record<string, string>>): Promise<string[]>
  /** URL of a database; as superuser, or as a role with its password. */
  url(database: string, login?: { readonly role: string; readonly password: string }): string
  /** The Labeler's URL of a database. */
  labelerUrl(database: string): string
  /** Connected as superuser; closed at disposal. */
  superuser(database?: string): Promise<Client>
  /** Everything in the catalogues that the command might change, as one text. */
  state(): Promise<string>
}

/** Those that the environment names; the other sources' roles get random ones. */
export const passwords: Partial<BySource<string>> & { readonly labeler: string } = {
  platform: 'it\'s @/:%\\ "é',
  users: 'users-password',
  labeler: 'labeler $$ password',
}

/** Forgets whatever was made under the names. */
async function drop(admin: Client, names: readonly string[]): Promise<void> {
  for (const name of names) await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  for (const name of names) await admin.query(`DROP ROLE IF EXISTS ${name}`)
}

export async function prepareInitialisation(): Promise<Initialisation> {
  const stem = `${inject('databasePrefix')}init_${randomBytes(4).toString('hex')}`
  const names = bySource((source) => `${stem}_${source}`)
  const labeler = `${stem}_labeler`
  const otherRole = `${stem}_other`
  const url: Initialisation['url'] = (database, login) => {
    const address = new URL(inject('postgresUrl'))
    address.pathname = `/${database}`
    if (login) {
      address.username = login.role
      address.password = encodeURIComponent(login.password)
    }
    return address.href
  }
  const env = {
    ...environmentOf(
      bySource((source) => url(names[source], { role: names[source], password: passwords[source] ?? '' })),
    ),
    ADMIN_DATABASE_URL: inject('postgresUrl'),
    LABELER_PASSWORD: passwords.labeler,
  }
  const clients: Client[] = []
  const connect = async (database: string) => {
    const client = new Client({ connectionString: url(database) })
    client.on('error', () => {})
    await client.connect()
    clients.push(client)
    return client
  }
  const admin = await connect('postgres')
  return {
    names,
    labeler,
    otherRole,
    env,
    url,
    labelerUrl: (database) => url(database, { role: labeler, password: passwords.labeler }),
    superuser: (database = 'postgres') => connect(database),
    async init(args = [], others = {}) {
      const lines: string[] = []
      await dbInit.run({
        args: ['--labeler-role', labeler, ...args],
        env: { ...env, ...others },
        print: (line) => lines.push(line),
      })
      return lines
    },
    async state() {
      const parts = [await textOf(admin, shared, stem)]
      const { rows } = await admin.query<{ name: string }>(
        'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1) ORDER BY 1',
        [stem],
      )
      for (const { name } of rows) {
        const client = await connect(name)
        parts.push(name, await textOf(client, inside))
      }
      return parts.join('\n')
    },
    async [Symbol.asyncDispose]() {
      await drop(admin, [...Object.values(names), labeler, otherRole])
      await Promise.all(clients.map((client) => client.end()))
    },
  }
}

async function textOf(client: Client, statement: string, ...values: string[]): Promise<string> {
  const { rows } = await client.query<{ line: string }>(statement, values)
  return rows.map(({ line }) => line).join('\n')
}

/** Databases and roles whose names begin so. */
const shared = `
  SELECT concat_ws(' ', datname, pg_get_userbyid(datdba), datacl, datconnlimit) AS line
  FROM pg_database WHERE starts_with(datname, $1)
  UNION ALL SELECT a::text FROM pg_authid a WHERE starts_with(rolname, $1)
  UNION ALL SELECT concat_ws(' ', roleid::regrole, member::regrole) FROM pg_auth_members
    WHERE starts_with(pg_get_userbyid(member), $1)
  ORDER BY 1`

/** A database's relations and grants. */
const inside = `
  SELECT concat_ws(' ', oid, relname, relowner, relacl) AS line FROM pg_class
  UNION ALL SELECT concat_ws(' ', attrelid, attname, attacl) FROM pg_attribute WHERE attacl IS NOT NULL
  UNION ALL SELECT concat_ws(' ', nspname, nspowner, nspacl) FROM pg_namespace
  UNION ALL SELECT concat_ws(' ', oid, proname, proacl) FROM pg_proc WHERE proacl IS NOT NULL
  UNION ALL SELECT d::text FROM pg_default_acl d
  ORDER BY 1`
