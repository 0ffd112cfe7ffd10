import { createHash, randomBytes } from 'node:crypto'
import type { GraphQLUnionType } from 'graphql'
import type { Client } from 'pg'
import { createSchema } from '../../../src/schema.ts'
import { type Asking, ask } from '../../auth/sign-in-kit.ts'
import { cloneDatabases } from '../../support/databases.ts'
import { type Answer, startGateway, type TestGateway } from '../../support/gateway.ts'

export type Row = Readonly<Record<string, unknown>>

export interface Outcome {
  readonly __typename: string
  readonly code?: string
  readonly message?: string
  readonly field?: string
  readonly status?: string
  readonly allowed?: readonly string[]
  readonly [field: string]: unknown
}

export interface Message {
  readonly id: string
  readonly message: Readonly<Record<string, unknown>>
}

/** API keys: of gina, number 1; of hal, number 2, whose old rows are by number; of ivy, who is locked. */
export interface Keys {
  readonly gina: string
  readonly hal: string
  readonly ivy: string
}

/** A gateway over GPU Dev's database with its queues, where a few people have keys. */
export interface GpuDevWorld extends AsyncDisposable {
  readonly gateway: TestGateway
  readonly client: Client
  /** The gateway's own tables. */
  readonly state: Client
  readonly keys: Keys
  ask<T = Record<string, unknown>>(document: string, asking?: Asking): Promise<Answer<T>>
  /** A mutation's answer, as gina unless said otherwise. */
  perform(name: string, input: object, selection?: string, asking?: Asking): Promise<Outcome>
  /** Messages that wait on a queue, in their order. */
  messages(queue?: string): Promise<Message[]>
  /** Adds a key of a user, and answers it. */
  addKey(user: number, values?: Row): Promise<string>
  /** Adds a reservation of gina's that is active. */
  addReservation(id: string, values?: Row): Promise<void>
}

export const globalId = (type: string, key: unknown) => Buffer.from(`${type}:${key}`).toString('base64')
export const hashOf = (key: string) => createHash('sha256').update(key).digest('hex')

/** Fields of failures beyond what all have. */
const particulars = { InvalidInput: 'field', NotInStatus: 'status allowed' }

/** What to ask of the failures that a mutation may answer. */
function failuresOf(name: string): string {
  const result = createSchema().getType(`${name}Result`) as GraphQLUnionType
  const kinds = result.getTypes().map((type) => type.name)
  const further = Object.entries(particulars).filter(([kind]) => kinds.includes(kind))
  return [
    '... on MutationError { code message }',
    ...further.map(([kind, fields]) => `... on ${kind} { ${fields} }`),
  ].join(' ')
}

/** @param env further variables of the environment. */
export async function openGpuDevWorld(env: Readonly<Record<string, string>> = {}): Promise<GpuDevWorld> {
  await using cleanup = new AsyncDisposableStack()
  const databases = cleanup.use(await cloneDatabases())
  const [client, state] = await Promise.all([databases.client('gpudev'), databases.client('platform')])
  await client.query(`INSERT INTO api_users (user_id, username, is_active)
    VALUES (1, 'gina', true), (2, 'hal', true), (3, '1', true), (4, 'ivy', false)`)
  const gateway = cleanup.use(
    await startGateway({ urls: databases.urls, env: { TRUST_PROXY: '1', ...env }, open: false }),
  )
  const insert = (table: string, values: Row) =>
    client.query(
      `INSERT INTO ${table} (${Object.keys(values).join(', ')})
       VALUES (${Object.keys(values).map((_, index) => `$${index + 1}`)})`,
      Object.values(values),
    )
  const addKey = async (user: number, values: Row = {}) => {
    const key = randomBytes(64).toString('base64url')
    const expires_at = new Date(Date.now() + 3_600_000)
    await insert('api_keys', {
      user_id: user,
      key_hash: hashOf(key),
      key_prefix: key.slice(0, 8),
      expires_at,
      ...values,
    })
    return key
  }
  const keys = { gina: await addKey(1), hal: await addKey(2), ivy: await addKey(4) }
  const owned = cleanup.move()
  return {
    gateway,
    client,
    state,
    keys,
    addKey,
    ask: <T>(document: string, asking: Asking = { token: keys.gina }) =>
      ask<T>(gateway, document, {}, asking),
    async perform(name, input, selection = '', asking = { token: keys.gina }) {
      const Name = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
      const success = selection && `... on ${Name}Success { ${selection} }`
      const { data, errors } = await ask<{ answer: Outcome }>(
        gateway,
        `mutation ($input: ${Name}Input!) { answer: ${name}(input: $input) { __typename ${failuresOf(Name)} ${success} } }`,
        { input },
        asking,
      )
      if (!data?.answer) throw new Error(JSON.stringify(errors))
      return data.answer
    },
    async messages(queue = 'gpu_reservations') {
      const { rows } = await client.query<Message>(
        `SELECT msg_id::text AS id, message FROM pgmq."q_${queue}" ORDER BY msg_id`,
      )
      return rows
    },
    async addReservation(id, values = {}) {
      await insert('reservations', {
        reservation_id: id,
        user_id: 'gina',
        status: 'active',
        gpu_type: 'h100',
        gpu_count: 1,
        duration_hours: 8,
        created_at: '2026-11-20T08:00:00Z',
        launched_at: '2026-11-20T08:05:00Z',
        expires_at: '2026-11-20T16:05:00Z',
        ...values,
      })
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
