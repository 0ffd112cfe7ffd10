/*
 * The graph through a token of the Labeler: accounts, organizations and memberships in full, whatever the person's role
 * on the platform, and nothing else; and no way to change anything.
 */
import { hash } from '@node-rs/bcrypt'
import {
  type GraphQLInputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemRoles } from '../../src/auth/principal.ts'
import { type SourceKey, sourceNames } from '../../src/config/source-names.ts'
import { type Entity, entities } from '../../src/graph/entity.ts'
import { encodeId } from '../../src/graph/global-id.ts'
import { createSchema } from '../../src/schema.ts'
import { ask, perform, rightPassword, signedIn } from '../auth/sign-in-kit.ts'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { lackingForPython, python } from './python.ts'

const schema = createSchema()
const readable = ['User', 'Organization', 'ProjectMember']
const sources = sourceNames.map(({ name }) => name)
const lacking = lackingForPython()

let databases: TestDatabases
let gateway: TestGateway

beforeAll(async () => {
  databases = await cloneDatabases({ seeded: true })
  const users = await databases.client('users')
  const hashed = await hash(rightPassword, { cost: 4 })
  for (const role of systemRoles)
    await users.query(
      `INSERT INTO users (email, hashed_password, system_role, is_active, keycloak_id, created_at, updated_at)
       VALUES ($1, $2, $3, true, $1, now(), now())`,
      [`${role}@labeler.example`, hashed, role],
    )
  gateway = await startGateway({
    urls: databases.urls,
    open: false,
    env: { TRUST_PROXY: '1', BCRYPT_COST: '4', AUTH_ISSUER: 'https://graph.example.org' },
  })
}, 120_000)
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await databases[Symbol.asyncDispose]()
})

const labelerToken = async (role: string) =>
  (await signedIn(gateway, `${role}@labeler.example`, { audience: 'LABELER' })).accessToken

/** A key that the entity's table has. */
async function someKey({ source, table, key }: Entity): Promise<string | number> {
  const client = await databases.client(source as SourceKey)
  const { rows } = await client.query<Record<string, string | number>>(`SELECT ${key} FROM ${table} LIMIT 1`)
  const found = rows[0]?.[key]
  if (found === undefined) throw new Error(`The seed has no row in ${table}.`)
  return found
}

const countOf = async (source: SourceKey, table: string) => {
  const client = await databases.client(source)
  const { rows } = await client.query<{ count: number }>(`SELECT count(*)::int FROM ${table}`)
  return rows[0]?.count
}

/** Every row of every table, as one text a table; what the gateway notes of its own among them. */
async function contents(): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  for (const source of sources) {
    const client = await databases.client(source)
    const { rows: tables } = await client.query<{ name: string }>(
      'SELECT relid::regclass::text AS name FROM pg_stat_user_tables',
    )
    for (const { name } of tables) {
      const { rows } = await client.query(
        `SELECT md5(string_agg(t.xmin || t::text, '' ORDER BY ctid)) FROM ${name} t`,
      )
      found[`${source} ${name}`] = rows[0]
    }
  }
  return found
}

interface Page {
  readonly totalCount: number
  readonly edges: readonly unknown[]
}

interface Sight {
  readonly page: Page | null
  readonly row: object | null
  readonly node: object | null
  readonly nodes: readonly (object | null)[]
}

/** What a token sees of an entity, on every way to it. */
async function sightOf(entity: Entity, token: string): Promise<Sight> {
  const { singular, plural, name } = entity
  const key = await someKey(entity)
  const { data } = await ask<Sight>(
    gateway,
    `query ($id: ID!) {
      page: ${plural}(first: 3) { totalCount edges { node { id } } }
      row: ${singular}(databaseId: ${JSON.stringify(key)}) { id }
      node(id: $id) { __typename }
      nodes(ids: [$id]) { __typename }
    }`,
    { id: encodeId(entity, key) },
    { token },
  )
  if (!data) throw new Error(`Nothing is answered about ${name}.`)
  return data
}

describe.each(['guest', 'admin'])('a token of the Labeler for a person with the role %s', (role) => {
  let token: string

  beforeAll(async () => {
    token = await labelerToken(role)
  })

  test.each(readable)('reads every %s', async (name) => {
    const entity = entities().find((one) => one.name === name) as Entity
    const { page, row, node, nodes } = await sightOf(entity, token)
    expect(page?.totalCount).toBe(await countOf('users', entity.table))
    expect([page?.edges.length, row, node, nodes]).toEqual([
      3,
      { id: expect.any(String) },
      { __typename: name },
      [{ __typename: name }],
    ])
  })

  test('reads accounts in full, but for what is the administrator’s', async () => {
    const { data } = await ask<{ users: { edges: { node: Record<string, unknown> }[] } }>(
      gateway,
      `{ users(filter: { email: { eq: "admin@labeler.example" } }) { edges { node {
        email systemRole isActive createdAt keycloakId passwordResetExpires } } } }`,
      {},
      { token },
    )
    expect(data?.users.edges.map(({ node }) => node)).toEqual([
      {
        email: 'admin@labeler.example',
        systemRole: 'ADMIN',
        isActive: true,
        createdAt: expect.any(String),
        keycloakId: null,
        passwordResetExpires: null,
      },
    ])
  })

  test('sees nothing else, by whichever way', async () => {
    const seen: string[] = []
    const others = entities().filter(({ name }) => !readable.includes(name))
    expect(others.length).toBeGreaterThan(15)
    for (const entity of others) {
      const { page, row, node, nodes } = await sightOf(entity, token)
      const isOnPage = page !== null && (page.totalCount > 0 || page.edges.length > 0)
      const ways = { page: isOnPage, row, node, nodes: nodes.some(Boolean) }
      for (const [way, sight] of Object.entries(ways)) if (sight) seen.push(`${entity.name} by ${way}`)
    }
    expect(seen).toEqual([])
  })

  test('sees nothing else beside what it reads', async () => {
    const seen: string[] = []
    for (const name of readable) {
      const entity = entities().find((one) => one.name === name) as Entity
      for (const selection of onwards(name)) {
        const { data } = await ask<{ page: { edges: { node: { next: unknown } }[] } }>(
          gateway,
          `{ page: ${entity.plural}(first: 100) { edges { node { next: ${selection} } } } }`,
          {},
          { token },
        )
        if (!data) throw new Error(`Nothing is answered about ${name}.${selection}`)
        for (const { node } of data.page.edges)
          if (node.next && (node.next as { totalCount?: number }).totalCount !== 0)
            seen.push(`${name}.${selection}`)
      }
    }
    expect([...new Set(seen)]).toEqual([])
  })

  test('changes nothing: every mutation is refused', async () => {
    const before = await contents()
    const mutations = Object.values(schema.getMutationType()?.getFields() ?? {})
    expect(mutations.length).toBeGreaterThan(5)
    const outcomes: Record<string, unknown> = {}
    for (const { name, args } of mutations) {
      const parameters = args.map((arg) => `$${arg.name}: ${arg.type}`).join(', ')
      const passed = args.map((arg) => `${arg.name}: $${arg.name}`).join(', ')
      const { data, errors } = await ask<{ answer: { __typename: string } }>(
        gateway,
        `mutation ${parameters && `(${parameters})`} { answer: ${name}${passed && `(${passed})`} { __typename } }`,
        Object.fromEntries(args.map((arg) => [arg.name, sample(arg.type)])),
        { token },
      )
      outcomes[name] = data?.answer?.__typename ?? errors
    }
    expect(outcomes).toEqual(Object.fromEntries(mutations.map(({ name }) => [name, 'NotPermitted'])))
    expect(await contents()).toEqual(before)
  })
})

/** Selections of an entity's fields that lead to what the Labeler does not read. */
function onwards(name: string): string[] {
  const type = schema.getType(name)
  if (!isObjectType(type)) throw new Error(`${name} is no object type.`)
  const others = entities()
    .map((entity) => entity.name as string)
    .filter((other) => !readable.includes(other))
  return Object.values(type.getFields()).flatMap((field) => {
    const target = getNamedType(field.type).name
    if (others.includes(target)) return [`${field.name} { id }`]
    return others.some((other) => target.endsWith(`${other}Connection`))
      ? [`${field.name} { totalCount }`]
      : []
  })
}

/** A value that an argument takes. */
function sample(type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return sample(type.ofType)
  if (isListType(type)) return []
  if (isEnumType(type)) return type.getValues()[0]?.name
  if (isInputObjectType(type))
    return Object.fromEntries(
      Object.values(type.getFields())
        .filter((field) => isNonNullType(field.type))
        .map((field) => [field.name, sample(field.type)]),
    )
  const samples: Record<string, unknown> = {
    Int: 1,
    Float: 1,
    Boolean: true,
    DateTime: '2026-01-01T00:00:00Z',
    ID: Buffer.from('Project:1').toString('base64'),
    JSON: {},
  }
  return samples[type.name] ?? 'text'
}

test('a session of the Labeler goes on and ends without its access token', async () => {
  const tokens = await signedIn(gateway, 'guest@labeler.example', { audience: 'LABELER' })
  const { refreshToken } = tokens
  const refreshed = await perform(gateway, 'refreshToken', { refreshToken })
  expect(refreshed.__typename).toBe('RefreshTokenSuccess')
  const ended = await perform(gateway, 'signOut', { refreshToken: refreshed.tokens?.refreshToken })
  expect(ended).toMatchObject({ __typename: 'SignOutSuccess', endedSessions: 1 })
})

test.skipIf(lacking)(
  `a Labeler in Python reads accounts${lacking ? ` (skipped: ${lacking})` : ''}`,
  async () => {
    const origin = new URL(gateway.url).origin
    const { answer } = await python(['accounts', origin], await labelerToken('guest'))
    expect(answer).toEqual({
      users: await countOf('users', 'users'),
      organizations: await countOf('users', 'organizations'),
      projectMembers: await countOf('users', 'project_members'),
    })
  },
)
