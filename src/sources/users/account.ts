import { randomInt } from 'node:crypto'
import sql from 'sql-template-tag'
import type { Run } from '../../graph/transaction.ts'
import { insertRow, utcNow, type Values } from '../../graph/write.ts'
import { User } from './user.ts'

/** The account of an e-mail address. */
export interface KnownAccount {
  readonly id: number
  readonly organization: number | null
}

/** Keeps others from inviting an address, and from making its account, until the transaction ends. */
export async function lockAddress(run: Run, email: string): Promise<void> {
  await run(sql`SELECT pg_advisory_xact_lock(hashtextextended(lower(${email}), 0))`)
}

/** The one that is written so, or else the oldest that differs in case alone. */
export async function accountOf(run: Run, email: string): Promise<KnownAccount | undefined> {
  const [account] = await run<KnownAccount>(
    sql`SELECT id, organization_id AS organization FROM public.users
      WHERE email = ${email} OR lower(email) = lower(${email}) ORDER BY email <> ${email}, id LIMIT 1`,
  )
  return account
}

const adjectives = ['happy', 'brave', 'clever', 'wise', 'swift', 'calm']
const animals = ['panda', 'tiger', 'eagle', 'dolphin', 'fox', 'otter']
const anyOf = (words: readonly string[]) => words[randomInt(words.length)]

export interface NewAccount {
  readonly id: number
  readonly email: string
  readonly hash: string
  readonly role: string
  readonly organization: number | null
  readonly profile: Values
}

/** @returns whether it is made; not where the address has an account. */
export function makeAccount(run: Run, account: NewAccount): Promise<boolean> {
  const { id, email, hash, role, organization, profile } = account
  return insertRow(run, User, {
    id,
    email,
    hashed_password: hash,
    system_role: role,
    is_active: true,
    organization_id: sql`(SELECT id FROM public.organizations WHERE id = ${organization})`,
    avatar_name: `${anyOf(adjectives)}-${anyOf(animals)}-${randomInt(100, 1000)}`,
    ...profile,
    created_at: utcNow,
    updated_at: utcNow,
  })
}
