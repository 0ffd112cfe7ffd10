import { Client } from 'pg'
import type { Secret } from '../../config/secret.ts'
import { TributaryError } from '../../errors/tributary-error.ts'
import { reasonOf } from '../failure.ts'

/** Connecting takes no longer than this, in milliseconds. */
const connectionTimeoutMs = 10_000

/** One connection to a database; closed at disposal. */
export interface Session extends AsyncDisposable {
  query<Row extends object>(statement: string, values?: readonly unknown[]): Promise<readonly Row[]>
}

/** Whose URL it is, as the driver reads it. */
export interface Login {
  readonly database: string
  readonly role: string
  readonly password: string | undefined
}

/** What a database's URL says. */
export function loginOf(url: string): Login {
  const { database = '', user = '', password } = new Client({ connectionString: url })
  return { database, role: user, password: password ?? undefined }
}

async function connect(url: string): Promise<Session> {
  const client = new Client({
    connectionString: url,
    application_name: 'tributary init',
    connectionTimeoutMillis: connectionTimeoutMs,
  })
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    const { host, port, database = '', user = '' } = client
    const reason = reasonOf(error as Error, { host, port, database, role: user })
    throw new TributaryError('CONFIG_INVALID', `the administrator cannot connect: ${reason}.`, {
      cause: error,
    })
  }
  return {
    async query<Row extends object>(statement: string, values: readonly unknown[] = []) {
      const { rows } = await client.query<Row>(statement, [...values])
      return rows
    },
    [Symbol.asyncDispose]: async () => client.end(),
  }
}

/** A role that may make databases and roles, and where it does so. */
export class Administrator implements AsyncDisposable {
  readonly #url: string
  /** In the database that its URL names. */
  readonly session: Session
  readonly role: string
  readonly isSuperuser: boolean

  private constructor(url: string, session: Session, { role, isSuperuser }: Rights) {
    this.#url = url
    this.session = session
    this.role = role
    this.isSuperuser = isSuperuser
  }

  /** @throws TributaryError CONFIG_INVALID when it cannot connect, or may not make what is to be made. */
  static async connect(url: Secret): Promise<Administrator> {
    const session = await connect(url.reveal())
    try {
      const [rights] = await session.query<Rights>(
        `SELECT rolname AS role, rolsuper AS "isSuperuser", rolcreatedb AND rolcreaterole AS "mayCreate"
         FROM pg_roles WHERE rolname = current_user`,
      )
      if (!rights?.isSuperuser && !rights?.mayCreate)
        throw new TributaryError(
          'CONFIG_INVALID',
          `the role ${rights?.role} may not make databases and roles; it needs CREATEDB and CREATEROLE.`,
        )
      return new Administrator(url.reveal(), session, rights)
    } catch (error) {
      await session[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Its own URL, of another database; acting as another role, where that is given. */
  urlOf(database: string, actingAs?: string): string {
    const url = new URL(this.#url)
    url.pathname = `/${encodeURI(database)}`
    const asked = url.searchParams.get('options')
    const role = actingAs && `-c role=${actingAs.replace(/[\\\s]/g, '\\$&')}`
    if (role) url.searchParams.set('options', [asked, role].filter(Boolean).join(' '))
    return url.href
  }

  /** The URL by which a role of its own connects to a database. */
  urlFor({ database, role, password = '' }: Login): string {
    const url = new URL(this.urlOf(database))
    for (const name of ['user', 'password', 'options']) url.searchParams.delete(name)
    if (url.hostname === '') {
      url.searchParams.set('user', role)
      url.searchParams.set('password', password)
    } else {
      url.username = encodeURIComponent(role)
      url.password = encodeURIComponent(password)
    }
    return url.href
  }

  /** Opens another database. */
  open(database: string): Promise<Session> {
    return connect(this.urlOf(database))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session[Symbol.asyncDispose]()
  }
}

interface Rights {
  readonly role: string
  readonly isSuperuser: boolean
  readonly mayCreate: boolean
}
