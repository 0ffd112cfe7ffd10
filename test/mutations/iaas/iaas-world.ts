import { hash } from '@node-rs/bcrypt'
import type { Client } from 'pg'
import { seededTenantKeys } from '../../../src/embedded/seed/tenants.ts'
import { ask } from '../../auth/sign-in-kit.ts'
import { cloneDatabases, type TestDatabases } from '../../support/databases.ts'
import { startGateway, type TestGateway } from '../../support/gateway.ts'
import { type Outcome, signIn } from '../platform/platform-world.ts'

/** Credentials: of a person, of a tenant's keys, and of another tenant's. */
export interface Credentials {
  readonly admin: string
  readonly engineer: string
  readonly tenantAdmin: string
  readonly developer: string
  readonly readOnly: string
  readonly stranger: string
}

export type Who = keyof Credentials

/** A gateway over seeded databases, for the people of the platform and the keys of two tenants. */
export interface IaasWorld extends AsyncDisposable {
  readonly databases: TestDatabases
  readonly gateway: TestGateway
  readonly iaas: Client
  readonly credentials: Credentials
  /** Keys of the tenant whose keys are known, of its environment, and of another tenant. */
  readonly tenant: string
  readonly environment: string
  readonly otherTenant: string
  /** A mutation's answer. */
  perform(name: string, input: object, who: Who, selection?: string): Promise<Outcome>
  query<T>(document: string, who: Who | { readonly token: string }, variables?: object): Promise<T>
  row(table: string, key: unknown): Promise<Readonly<Record<string, unknown>> | undefined>
}

/** The key of the stranger, whose tenant is the last that is active. */
const strangersKey = 'clsk_prod_00112233445566778899aabbccddeeff'

export async function openIaasWorld(): Promise<IaasWorld> {
  await using cleanup = new AsyncDisposableStack()
  const databases = cleanup.use(await cloneDatabases({ seeded: true }))
  const [iaas, users] = await Promise.all([databases.client('iaas'), databases.client('users')])
  const cheap = await hash('tributary', { cost: 4 })
  await users.query('UPDATE users SET hashed_password = $1 WHERE id <= 4', [cheap])
  const { rows } = await iaas.query<{ tenant: string; environment: string }>(
    `SELECT k.tenant_id AS tenant, k.environment_id AS environment FROM api_keys k WHERE k.key_hash = encode(sha256($1), 'hex')`,
    [seededTenantKeys.admin],
  )
  const { tenant = '', environment = '' } = rows[0] ?? {}
  const { rows: others } = await iaas.query<{ id: string }>(
    `WITH other AS (SELECT e.id, e.tenant_id FROM environments e JOIN tenants t ON t.id = e.tenant_id
       WHERE t.status = 'active' AND e.status = 'active' AND t.id <> $1 ORDER BY t.name LIMIT 1)
     INSERT INTO api_keys (key_hash, key_prefix, tenant_id, environment_id, role)
     SELECT encode(sha256($2), 'hex'), left($3, 12), tenant_id, id, 'admin' FROM other RETURNING tenant_id AS id`,
    [tenant, strangersKey, strangersKey],
  )
  const gateway = cleanup.use(
    await startGateway({
      urls: databases.urls,
      open: false,
      env: { TRUST_PROXY: '1', BCRYPT_COST: '4', AUTH_ISSUER: 'http://tests.example' },
    }),
  )
  const credentials: Credentials = {
    admin: await signIn(gateway, 'admin@tributary.test'),
    engineer: await signIn(gateway, 'engineer@tributary.test'),
    tenantAdmin: seededTenantKeys.admin,
    developer: seededTenantKeys.developer,
    readOnly: seededTenantKeys.readOnly,
    stranger: strangersKey,
  }
  const send = async <T>(document: string, who: Who | { readonly token: string }, variables: object) => {
    const { token } = typeof who === 'string' ? { token: credentials[who] } : who
    const answer = await ask<T>(gateway, document, variables, { token })
    if (!answer.data || answer.errors) throw new Error(`It failed: ${JSON.stringify({ document, answer })}`)
    return answer.data
  }
  const owned = cleanup.move()
  return {
    databases,
    gateway,
    iaas,
    credentials,
    tenant,
    environment,
    otherTenant: others[0]?.id ?? '',
    perform: async (name, input, who, selection = '') => {
      const { answer } = await send<{ answer: Outcome }>(documentOf(name, selection), who, { input })
      return answer
    },
    query: (document, who, variables = {}) => send(document, who, variables),
    row: async (table, key) => (await iaas.query(`SELECT * FROM ${table} WHERE id = $1`, [key])).rows[0],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function documentOf(name: string, selection: string): string {
  const Name = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`
  const moves = /^(suspend|activate|revoke|pause|resume)/.test(name)
    ? '... on IllegalTransition { from to allowed }'
    : ''
  return `mutation ($input: ${Name}Input!) { answer: ${name}(input: $input) {
    __typename ... on MutationError { code message } ... on InvalidInput { field } ${moves}
    ${selection && `... on ${Name}Success { ${selection} }`} } }`
}
