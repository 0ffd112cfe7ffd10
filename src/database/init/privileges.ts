/*
 * What one role is granted in one database, brought to exactly what is wanted.
 *
 * A privilege is the text that stands between GRANT and TO, so that what is found, what is wanted and what has to be
 * done about it are the same words. Taking a privilege on a table takes those on its columns with it; so the excess
 * goes first, and what is missing is looked up anew.
 */
import { escapeIdentifier } from 'pg'
import type { Session } from './administrator.ts'

/** Everything granted to a role by name; what everybody may is not among it. */
const grantedTo = `
  WITH granted (oid, privilege, is_grantable, target) AS (
    SELECT grantee, privilege_type, is_grantable, format('ON DATABASE %I', datname)
    FROM pg_database, aclexplode(datacl) WHERE datname = current_database()
    UNION ALL SELECT grantee, privilege_type, is_grantable, format('ON SCHEMA %I', nspname)
    FROM pg_namespace, aclexplode(nspacl)
    UNION ALL SELECT grantee, privilege_type, is_grantable,
      format('ON %s %I.%I', CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, relnamespace::regnamespace, relname)
    FROM pg_class, aclexplode(relacl)
    UNION ALL SELECT grantee, format('%s (%I)', privilege_type, attname), is_grantable,
      format('ON TABLE %I.%I', relnamespace::regnamespace, relname)
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid, aclexplode(attacl)
    UNION ALL SELECT grantee, privilege_type, is_grantable, format('ON ROUTINE %s', p.oid::regprocedure)
    FROM pg_proc p, aclexplode(proacl)
  )
  SELECT privilege || ' ' || target AS text FROM granted WHERE oid = $1::regrole
  UNION ALL SELECT 'GRANT OPTION FOR ' || privilege || ' ' || target FROM granted WHERE oid = $1::regrole AND is_grantable`

/** What tables that are made later would be granted to a role. */
const grantedByDefaultTo = `
  SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s REVOKE ALL ON %s FROM %s', pg_get_userbyid(defaclrole),
    CASE WHEN defaclnamespace <> 0 THEN format(' IN SCHEMA %I', defaclnamespace::regnamespace) END,
    CASE defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES' WHEN 'T' THEN 'TYPES'
      WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END, $1::regrole) AS text
  FROM pg_default_acl WHERE EXISTS (SELECT FROM aclexplode(defaclacl) WHERE grantee = $1::regrole)`

async function texts(session: Session, statement: string, role: string): Promise<string[]> {
  const rows = await session.query<{ text: string }>(statement, [escapeIdentifier(role)])
  return rows.map(({ text }) => text)
}

/** What a role is granted by name in the session's database: `SELECT ON TABLE public.users`. */
export const privilegesOf = (session: Session, role: string): Promise<string[]> =>
  texts(session, grantedTo, role)

/** What was done, as clauses of GRANT and REVOKE; nothing where all was well. */
export interface PrivilegeChanges {
  readonly granted: readonly string[]
  readonly revoked: readonly string[]
}

/** Leaves a role with the privileges wanted, and none beside them, in one transaction. */
export async function setPrivileges(
  session: Session,
  role: string,
  wanted: readonly string[],
): Promise<PrivilegeChanges> {
  const name = escapeIdentifier(role)
  await session.query('BEGIN')
  try {
    const revoked = (await privilegesOf(session, role)).filter((privilege) => !wanted.includes(privilege))
    for (const privilege of revoked) await session.query(`REVOKE ${privilege} FROM ${name}`)
    const defaults = await texts(session, grantedByDefaultTo, role)
    for (const statement of defaults) await session.query(statement)
    const left = await privilegesOf(session, role)
    const granted = wanted.filter((privilege) => !left.includes(privilege))
    for (const privilege of granted) await session.query(`GRANT ${privilege} TO ${name}`)
    await session.query('COMMIT')
    return {
      granted,
      revoked: [...revoked, ...(defaults.length > 0 ? ['privileges on tables to come'] : [])],
    }
  } catch (error) {
    await session.query('ROLLBACK')
    throw error
  }
}
