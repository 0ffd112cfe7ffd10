import { randomInt } from 'node:crypto'
import { hash } from '@node-rs/bcrypt'
import type { Client } from 'pg'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { type Answer, startGateway, type TestGateway } from '../support/gateway.ts'

export interface Asking {
  /** Access token. */
  readonly token?: string
  /** Address that the request comes from; each request its own without it. */
  readonly address?: string
  readonly userAgent?: string
}

export interface Tokens {
  readonly accessToken: string
  readonly accessTokenExpiresAt: string
  readonly refreshToken: string
  readonly refreshTokenExpiresAt: string
}

/** The answer of a mutation: the success, or a failure. */
export interface Outcome {
  readonly __typename: string
  readonly code?: string
  readonly message?: string
  readonly retryAfter?: number
  readonly endedSessions?: number
  readonly token?: string
  readonly tokens?: Tokens
}

/** Gateways behind a proxy over the same databases, with people who may sign in. */
export interface SignInWorld extends AsyncDisposable {
  readonly databases: TestDatabases
  readonly gateway: TestGateway
  /** Superuser's connections. */
  readonly state: Client
  readonly users: Client
  /** Adds an account and answers its key. */
  person(options: PersonOptions): Promise<number>
  /** Starts another replica. */
  replica(): Promise<TestGateway>
}

export interface PersonOptions {
  readonly email: string
  /** Default: `correct horse`. */
  readonly password?: string
  /** Instead of a hash of the password. */
  readonly hash?: string | null
  readonly cost?: number
  readonly isActive?: boolean
}

export const rightPassword = 'correct horse'

const env = {
  TRUST_PROXY: '1',
  BCRYPT_COST: '4',
  SERVICE_JWT_SECRET: 'service secret of the tests, 32 letters',
}

/** @param more further variables of the environment. */
export async function startSignInWorld(
  more: Readonly<Record<string, string>> = {},
  { withoutState = false } = {},
): Promise<SignInWorld> {
  await using cleanup = new AsyncDisposableStack()
  const databases = cleanup.use(await cloneDatabases())
  const [state, users] = await Promise.all([databases.client('platform'), databases.client('users')])
  if (withoutState) await state.query('DROP SCHEMA tributary CASCADE')
  const start = () => startGateway({ urls: databases.urls, open: false, env: { ...env, ...more } })
  const gateway = cleanup.use(await start())
  const owned = cleanup.move()
  return {
    databases,
    gateway,
    state,
    users,
    replica: async () => owned.use(await start()),
    async person({ email, password = rightPassword, cost = 4, isActive = true, ...given }) {
      const stored = given.hash === undefined ? await hash(password, { cost }) : given.hash
      const { rows } = await users.query<{ id: number }>(
        `INSERT INTO users (email, hashed_password, system_role, is_active, created_at, updated_at)
         VALUES ($1, $2, 'standard_engineer', $3, now(), now()) RETURNING id`,
        [email, stored, isActive],
      )
      return rows[0]?.id ?? 0
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

const anyAddress = () => `10.${randomInt(256)}.${randomInt(256)}.${randomInt(256)}`

/** Whatever the answer to a document. */
export async function ask<T = Record<string, Outcome>>(
  { url }: Pick<TestGateway, 'url'>,
  document: string,
  variables: object = {},
  { token, address = anyAddress(), userAgent = 'tests' }: Asking = {},
): Promise<Answer<T>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': userAgent,
      'x-forwarded-for': address,
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query: document, variables }),
  })
  return (await response.json()) as Answer<T>
}

const fragments = `... on MutationError { code message } ... on SignInLimited { retryAfter }`
const tokens = 'tokens { accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt }'

const documents = {
  signIn: `mutation ($input: SignInInput!) { answer: signIn(input: $input) { __typename ${fragments} ... on SignInSuccess { ${tokens} } } }`,
  refreshToken: `mutation ($input: RefreshTokenInput!) { answer: refreshToken(input: $input) { __typename ... on MutationError { code message } ... on RefreshTokenSuccess { ${tokens} } } }`,
  signOut: `mutation ($input: SignOutInput!) { answer: signOut(input: $input) { __typename ... on MutationError { code message } ... on SignOutSuccess { endedSessions } } }`,
  signOutEverywhere: `mutation { answer: signOutEverywhere { __typename ... on MutationError { code message } ... on SignOutEverywhereSuccess { endedSessions } } }`,
  changePassword: `mutation ($input: ChangePasswordInput!) { answer: changePassword(input: $input) { __typename ${fragments} ... on ChangePasswordSuccess { endedSessions } } }`,
  labelerSignIn: `mutation { answer: labelerSignIn { __typename ... on MutationError { code message } ... on LabelerSignInSuccess { token expiresAt } } }`,
} as const

export const mutationNames = Object.keys(documents) as (keyof typeof documents)[]

/** The outcome of a mutation; throws when the request failed as a whole. */
export async function perform(
  gateway: Pick<TestGateway, 'url'>,
  name: keyof typeof documents,
  input: object = {},
  asking: Asking = {},
): Promise<Outcome> {
  const answer = await ask<{ answer: Outcome }>(gateway, documents[name], { input }, asking)
  if (!answer.data?.answer) throw new Error(`${name} failed: ${JSON.stringify(answer)}`)
  return answer.data.answer
}

/** The tokens of a person who signs in. */
export async function signedIn(
  gateway: Pick<TestGateway, 'url'>,
  email: string,
  more: object = {},
): Promise<Tokens> {
  const { tokens } = await perform(gateway, 'signIn', { email, password: rightPassword, ...more })
  if (!tokens) throw new Error(`${email} cannot sign in.`)
  return tokens
}
