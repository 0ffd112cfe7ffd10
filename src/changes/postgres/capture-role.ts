import { escapeIdentifier, escapeLiteral } from 'pg'
import type { Login } from '../../database/init/administrator.ts'
import { scramVerifier } from '../../database/init/scram-verifier.ts'
import type { Ask } from './capture-state.ts'

const grant = ({ role, database }: Login) =>
  `GRANT CONNECT ON DATABASE ${escapeIdentifier(database)} TO ${escapeIdentifier(role)}`

/**
 * Makes the role of a capture, which may connect and replicate and nothing else: it needs no SELECT, and reads every
 * published row all the same.
 *
 * @returns what was done, for people.
 */
export async function ensureCaptureRole(ask: Ask, login: Login): Promise<string[]> {
  const name = escapeIdentifier(login.role)
  const [found] = await ask<{ mayReplicate: boolean }>(
    `SELECT rolreplication OR rolsuper AS "mayReplicate" FROM pg_roles WHERE rolname = ${escapeLiteral(login.role)}`,
  )
  const done: string[] = []
  if (!found) {
    const password = login.password ? ` PASSWORD ${escapeLiteral(scramVerifier(login.password))}` : ''
    await ask(`CREATE ROLE ${name} LOGIN REPLICATION${password}`)
    done.push(`made the role ${login.role}, which may replicate`)
  } else if (!found.mayReplicate) {
    await ask(`ALTER ROLE ${name} REPLICATION`)
    done.push(`let the role ${login.role} replicate`)
  }
  await ask(grant(login))
  return done
}

/** The same for somebody to run; the password is theirs to fill in. */
export const captureRoleStatements = (login: Login): string[] => [
  `CREATE ROLE ${escapeIdentifier(login.role)} LOGIN REPLICATION PASSWORD '…'`,
  grant(login),
]
