import { randomUUID } from 'node:crypto'
import { hash } from '@node-rs/bcrypt'
import type { Client } from 'pg'
import { vi } from 'vitest'
import { type Asking, ask } from '../../auth/sign-in-kit.ts'
import { cloneDatabases } from '../../support/databases.ts'
import { startGateway, type TestGateway } from '../../support/gateway.ts'

export interface Outcome {
  readonly __typename: string
  readonly code?: string
  readonly message?: string
  readonly field?: string
  readonly from?: string
  readonly to?: string
  readonly allowed?: readonly string[]
  readonly deletedId?: string
  /** The entity's field of a success. */
  readonly [entity: string]: unknown
}

export type Row = Readonly<Record<string, unknown>>

/** Access tokens of people with a place in the project 1. */
export interface People {
  readonly admin: string
  readonly owner: string
  readonly member: string
  readonly viewer: string
  /** A member whose role in the project is guest. */
  readonly guest: string
  readonly outsider: string
}

export type Who = keyof People

export const projectId = 1

/** A gateway over seeded databases, where the project 1 has an owner and members of several roles. */
export interface PlatformWorld extends AsyncDisposable {
  readonly gateway: TestGateway
  readonly platform: Client
  readonly users: Client
  readonly people: People
  /** Keys of the people's accounts. */
  readonly keys: Readonly<Record<Who, number>>
  /** A mutation's answer; the selection is of the success's entity. */
  perform(name: string, input: object, who?: Who | Asking, selection?: string): Promise<Outcome>
  row(table: string, key: unknown): Promise<Row | undefined>
  /** Adds a row of the platform and answers its key. */
  add(table: string, values: Row): Promise<number>
  /** Resolves when somebody waits for what the superuser's transaction on the platform holds. */
  blocked(): Promise<void>
  /** Adds a training job of the project 1. */
  addJob(values?: Row): Promise<number>
}

export const globalId = (type: string, key: unknown) => Buffer.from(`${type}:${key}`).toString('base64')

const emails: Readonly<Record<Who, string>> = {
  admin: 'admin@tributary.test',
  owner: 'engineer@tributary.test',
  outsider: 'labeler@tributary.test',
  member: 'member@tributary.test',
  viewer: 'viewer@tributary.test',
  guest: 'invited@tributary.test',
}

const roles = { member: 'member', viewer: 'viewer', guest: 'guest' } as const

const job = {
  project_id: projectId,
  observability_backends: 'database',
  framework: 'timm',
  model_name: 'resnet50',
  task_type: 'image_classification',
  dataset_format: 'imagefolder',
  output_dir: '/data/outputs/test',
  epochs: 10,
  batch_size: 16,
  learning_rate: 0.001,
  status: 'pending',
}

/** @param env further variables of the environment. */
export async function openPlatformWorld(env: Readonly<Record<string, string>> = {}): Promise<PlatformWorld> {
  await using cleanup = new AsyncDisposableStack()
  const databases = cleanup.use(await cloneDatabases({ seeded: true }))
  const [platform, users] = await Promise.all([databases.client('platform'), databases.client('users')])
  const keys = await enrol(users)
  const gateway = cleanup.use(
    await startGateway({
      urls: databases.urls,
      open: false,
      env: {
        TRUST_PROXY: '1',
        BCRYPT_COST: '4',
        JOB_COMMANDS: 'rows',
        AUTH_ISSUER: 'http://tests.example',
        ...env,
      },
    }),
  )
  const signIns = Object.entries(emails).map(async ([who, email]) => [who, await signIn(gateway, email)])
  const people = Object.fromEntries(await Promise.all(signIns)) as People
  const add = async (table: string, values: Row) => {
    const columns = Object.keys(values)
    const { rows } = await platform.query<{ id: number }>(
      `INSERT INTO ${table} (${columns}) VALUES (${columns.map((_, index) => `$${index + 1}`)}) RETURNING id`,
      Object.values(values),
    )
    return rows[0]?.id ?? 0
  }
  const owned = cleanup.move()
  return {
    gateway,
    platform,
    users,
    people,
    keys,
    perform: (name, input, who = 'owner', selection) =>
      perform(gateway, { name, input, selection }, typeof who === 'string' ? { token: people[who] } : who),
    row: async (table, key) =>
      (await platform.query<Row>(`SELECT * FROM ${table} WHERE id = $1`, [key])).rows[0],
    add,
    blocked: () =>
      vi.waitFor(
        async () => {
          const { rowCount } = await platform.query(
            'SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))',
          )
          if (!rowCount) throw new Error('Nobody waits.')
        },
        { timeout: 5_000, interval: 10 },
      ),
    addJob: (values = {}) => add('training_jobs', { ...job, ...values }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Gives everybody a cheap hash, and the project 1 its members. */
async function enrol(users: Client): Promise<Record<Who, number>> {
  const cheap = await hash('tributary', { cost: 4 })
  await users.query('UPDATE users SET hashed_password = $1 WHERE id <= 4', [cheap])
  await users.query('DELETE FROM project_members WHERE project_id = $1', [projectId])
  const keys: Record<Who, number> = { admin: 1, owner: 2, outsider: 4, member: 0, viewer: 0, guest: 0 }
  for (const [who, role] of Object.entries(roles) as [Who, string][]) {
    const { rows } = await users.query<{ id: number }>(
      `WITH person AS (
         INSERT INTO users (email, hashed_password, system_role, is_active, created_at, updated_at)
         VALUES ($1, $2, 'standard_engineer', true, now(), now()) RETURNING id)
       INSERT INTO project_members (project_id, user_id, role, joined_at)
       SELECT $3, id, $4, now() FROM person RETURNING user_id AS id`,
      [emails[who], cheap, projectId, role],
    )
    keys[who] = rows[0]?.id ?? 0
  }
  return keys
}

/** The access token of a person. */
export async function signIn(gateway: TestGateway, email: string, audience = 'TRIBUTARY'): Promise<string> {
  const answer = await ask<{ signIn: { tokens?: { accessToken: string } } }>(
    gateway,
    `mutation ($input: SignInInput!) { signIn(input: $input) { ... on SignInSuccess { tokens { accessToken } } } }`,
    { input: { email, password: 'tributary', audience } },
  )
  const token = answer.data?.signIn.tokens?.accessToken
  if (!token) throw new Error(`${email} cannot sign in: ${JSON.stringify(answer)}`)
  return token
}

interface Request {
  readonly name: string
  readonly input: object
  readonly selection: string | undefined
}

async function perform(
  gateway: TestGateway,
  { name, input, selection = 'databaseId' }: Request,
  asking: Asking,
): Promise<Outcome> {
  const answer = await ask<{ answer: Outcome }>(gateway, documentOf(name, selection), { input }, asking)
  if (!answer.data?.answer || answer.errors)
    throw new Error(`${name} failed: ${JSON.stringify({ input, answer }, null, 2)}`)
  return answer.data.answer
}

function documentOf(name: string, selection: string): string {
  const Name = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`
  const entity = name.replace(/^[a-z]+/, '').replace(/^./, (letter) => letter.toLowerCase())
  const success = name.startsWith('delete') ? 'deletedId' : `${entity} { ${selection} }`
  const moves = /^(cancel|stop|restart)/.test(name) ? '... on IllegalTransition { from to allowed }' : ''
  return `mutation ($input: ${Name}Input!) { answer: ${name}(input: $input) {
    __typename ... on MutationError { code message } ... on InvalidInput { field } ${moves}
    ... on ${Name}Success { ${success} } } }`
}

/** Text that no other row has. */
export const unique = (word: string) => `${word} ${randomUUID()}`
