import { randomBytes } from 'node:crypto'
import { escapeIdentifier, escapeLiteral } from 'pg'
import type { Administrator } from './administrator.ts'
import { scramVerifier } from './scram-verifier.ts'

export type RoleOutcome =
  | { readonly kind: 'existed' }
  | { readonly kind: 'made' }
  /** Made with a password that nobody knows yet. */
  | { readonly kind: 'made-with'; readonly password: string }

/** Makes a role that may sign in and nothing else. One that is there already keeps its password and its rights. */
export async function ensureRole(
  { session }: Administrator,
  name: string,
  password?: string,
): Promise<RoleOutcome> {
  const [found] = await session.query('SELECT FROM pg_roles WHERE rolname = $1', [name])
  if (found) return { kind: 'existed' }
  const given = password || randomBytes(24).toString('base64url')
  await session.query(
    `CREATE ROLE ${escapeIdentifier(name)} LOGIN PASSWORD ${escapeLiteral(scramVerifier(given))}`,
  )
  return password ? { kind: 'made' } : { kind: 'made-with', password: given }
}
