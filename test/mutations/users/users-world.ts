import { randomUUID } from 'node:crypto'
import { hash } from '@node-rs/bcrypt'
import type { Client } from 'pg'
import { vi } from 'vitest'
import { type Asking, ask } from '../../auth/sign-in-kit.ts'
import { cloneDatabases } from '../../support/databases.ts'
import { type Answer, startGateway, type TestGateway } from '../../support/gateway.ts'

export type Row = Readonly<Record<string, unknown>>

/** A mutation's answer: a success or a failure. */
export interface Outcome {
  readonly __typename: string
  readonly code?: string
  readonly message?: string
  readonly field?: string
  readonly from?: string
  readonly to?: string
  readonly allowed?: readonly string[]
  readonly deletedId?: string
  /** The success's own fields. */
  readonly [field: string]: unknown
}

const emails = {
  admin: 'admin@tributary.test',
  /** Owns the project 1. */
  owner: 'engineer@tributary.test',
  /** A guest, in the owner's organization. */
  guest: 'guest@tributary.test',
  /** Of another organization. */
  outsider: 'labeler@tributary.test',
  manager: 'manager@tributary.test',
  otherManager: 'other.manager@tributary.test',
  otherAdmin: 'other.admin@tributary.test',
  /** Member of the project 1. */
  member: 'member@tributary.test',
} as const

export type Who = keyof typeof emails

export const projectId = 1

/** A gateway over seeded databases, with people of every role. */
export interface UsersWorld extends AsyncDisposable {
  readonly gateway: TestGateway
  readonly users: Client
  readonly platform: Client
  /** Keys of the accounts. */
  readonly keys: Readonly<Record<Who, number>>
  readonly emails: typeof emails
  /** @param fields of the success. */
  perform(name: string, input: object, who: Who | Asking, fields?: string): Promise<Outcome>
  query(document: string, who: Who | Asking, variables?: object): Promise<Answer>
  token(who: Who): string
  /** Adds an account, and answers its key. */
  addUser(values?: Row): Promise<number>
  /** Adds a row of the users database, and answers its key. */
  add(table: string, values: Row): Promise<number>
  row(table: string, key: unknown): Promise<Row | undefined>
  /** Resolves when that many wait for what the superuser's transaction on the users database holds. */
  waiting(count: number): Promise<void>
  /** Makes a person's session a new one: some tests end it. */
  signIn(who: Who): Promise<void>
}

export const globalId = (type: string, key: unknown) => Buffer.from(`${type}:${key}`).toString('base64')
export const project = globalId('Project', projectId)

/** An address that nobody has. */
export const anyEmail = () => `${randomUUID()}@partner.example`

const roles: Partial<Record<Who, string>> = {
  manager: 'manager',
  otherManager: 'manager',
  otherAdmin: 'admin',
  member: 'standard_engineer',
}

export const rightPassword = 'tributary'

export async function openUsersWorld(env: Readonly<Record<string, string>> = {}): Promise<UsersWorld> {
  await using cleanup = new AsyncDisposableStack()
  const databases = cleanup.use(await cloneDatabases({ seeded: true }))
  const [platform, users] = await Promise.all([databases.client('platform'), databases.client('users')])
  const cheap = await hash(rightPassword, { cost: 4 })
  const add = async (table: string, values: Row) => {
    const columns = Object.keys(values)
    const { rows } = await users.query<{ id: number }>(
      `INSERT INTO ${table} (${columns}) VALUES (${columns.map((_, index) => `$${index + 1}`)}) RETURNING id`,
      Object.values(values),
    )
    return rows[0]?.id ?? 0
  }
  const addUser = (values: Row = {}) =>
    add('users', {
      email: anyEmail(),
      hashed_password: cheap,
      system_role: 'guest',
      is_active: true,
      organization_id: 1,
      created_at: '2026-01-01',
      updated_at: '2026-01-01',
      ...values,
    })
  await users.query('UPDATE users SET hashed_password = $1 WHERE id <= 4', [cheap])
  await users.query('DELETE FROM project_members WHERE project_id = $1', [projectId])
  const keys: Record<string, number> = { admin: 1, owner: 2, guest: 3, outsider: 4 }
  for (const [who, system_role] of Object.entries(roles))
    keys[who] = await addUser({ email: emails[who as Who], system_role })
  await add('project_members', {
    project_id: projectId,
    user_id: keys.member,
    role: 'member',
    joined_at: '2026-01-01',
  })
  const gateway = cleanup.use(
    await startGateway({
      urls: databases.urls,
      open: false,
      env: { TRUST_PROXY: '1', BCRYPT_COST: '4', AUTH_ISSUER: 'http://tests.example', ...env },
    }),
  )
  const tokens: Record<string, string> = {}
  const signIn = async (who: Who) => {
    tokens[who] = await accessToken(gateway, emails[who])
  }
  await Promise.all((Object.keys(emails) as Who[]).map(signIn))
  const token = (who: Who) => tokens[who] ?? ''
  const asking = (who: Who | Asking) => (typeof who === 'string' ? { token: token(who) } : who)
  const owned = cleanup.move()
  return {
    gateway,
    users,
    platform,
    keys: keys as Record<Who, number>,
    emails,
    token,
    signIn,
    add,
    addUser,
    waiting: (count) =>
      vi.waitFor(
        async () => {
          const { rowCount } = await users.query(
            `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
          )
          if (rowCount !== count) throw new Error(`${rowCount} wait.`)
        },
        { timeout: 5_000, interval: 10 },
      ),
    row: async (table, key) =>
      (await users.query<Row>(`SELECT * FROM ${table} WHERE id = $1`, [key])).rows[0],
    query: (document, who, variables) => ask(gateway, document, variables, asking(who)),
    perform: (name, input, who, fields = '__typename') =>
      perform(gateway, { name, input, fields }, asking(who)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

interface Request {
  readonly name: string
  readonly input: object
  readonly fields: string
}

async function perform(
  gateway: TestGateway,
  { name, input, fields }: Request,
  asking: Asking,
): Promise<Outcome> {
  const Name = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`
  const moves = /Invitation$/.test(name) && name !== 'createInvitation'
  const document = `mutation ($input: ${Name}Input!) { answer: ${name}(input: $input) {
    __typename ... on MutationError { code message } ... on InvalidInput { field }
    ${moves ? '... on IllegalTransition { from to allowed }' : ''} ... on ${Name}Success { ${fields} } } }`
  const answer = await ask<{ answer: Outcome }>(gateway, document, { input }, asking)
  if (!answer.data?.answer || answer.errors)
    throw new Error(`${name} failed: ${JSON.stringify({ input, answer }, null, 2)}`)
  return answer.data.answer
}

/** The access token of a person who signs in. */
export async function accessToken(
  gateway: TestGateway,
  email: string,
  { password = rightPassword, audience = 'TRIBUTARY' } = {},
): Promise<string> {
  const answer = await ask<{ signIn: { tokens?: { accessToken: string } } }>(
    gateway,
    `mutation ($input: SignInInput!) { signIn(input: $input) { ... on SignInSuccess { tokens { accessToken } } } }`,
    { input: { email, password, audience } },
  )
  const token = answer.data?.signIn.tokens?.accessToken
  if (!token) throw new Error(`${email} cannot sign in: ${JSON.stringify(answer)}`)
  return token
}
