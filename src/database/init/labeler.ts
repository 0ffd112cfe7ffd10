import { escapeIdentifier } from 'pg'
import type { Administrator, Session } from './administrator.ts'
import { privilegesOf, setPrivileges } from './privileges.ts'
import { ensureRole } from './role.ts'

/** The Labeler's way into the database of accounts. */
export interface LabelerPlan {
  readonly role: string
  /** For the role when it is made. Default: a random one, which is printed. */
  readonly password?: string | undefined
  /**
   * The columns of `users` that it may read, with organizations and memberships. Default: the whole table `users`,
   * hashes of passwords and all, and no other, for a Labeler that checks passwords itself.
   */
  readonly columns?: readonly string[] | undefined
}

type Print = (line: string) => void

/** Functions by which anybody makes a large object, which a reader has no use for. */
const largeObjectMakers = ['lo_creat', 'lo_create', 'lo_from_bytea']

/** Gives the Labeler a role that reads accounts in the database, and nothing else in it. */
export async function initLabeler(
  admin: Administrator,
  { database, labeler, print }: { database: string; labeler: LabelerPlan; print: Print },
): Promise<void> {
  const { role, password, columns } = labeler
  const outcome = await ensureRole(admin, role, password)
  if (outcome.kind === 'existed') print(`labeler: the role ${role} is there; its password is left as it is`)
  if (outcome.kind === 'made') print(`labeler: made the role ${role} with the password of LABELER_PASSWORD`)
  if (outcome.kind === 'made-with') {
    const url = admin.urlFor({ database, role, password: outcome.password })
    print(`labeler: made the role ${role}; its URL is told this once: ${url}`)
  }
  await using session = await admin.open(database)
  await grant(session, { role, columns, print })
  await closeLargeObjects(session, { isSuperuser: admin.isSuperuser, print })
  await warnOfMore(session, role, print)
}

interface Grant {
  readonly role: string
  readonly columns: LabelerPlan['columns']
  readonly print: Print
}

async function grant(session: Session, { role, columns, print }: Grant): Promise<void> {
  const present = await privilegesOf(session, role)
  // Whoever once chose the columns does not give the hashes away by leaving out a word.
  const isNarrower = present.some((privilege) => privilege.startsWith('SELECT ('))
  if (isNarrower && !columns) {
    print(`labeler: ${role} reads single columns, and goes on so; --labeler-columns brings them up to date,`)
    print(
      `labeler: REVOKE ALL ON users FROM ${escapeIdentifier(role)} and another run give it the whole table`,
    )
    return
  }
  const [own] = await session.query<{ connect: string }>(
    `SELECT format('CONNECT ON DATABASE %I', current_database()) AS connect`,
  )
  const { granted, revoked } = await setPrivileges(session, role, [
    ...(own ? [own.connect] : []),
    'USAGE ON SCHEMA public',
    ...reading(columns),
  ])
  for (const privilege of inShort(revoked)) print(`labeler: took from ${role} ${privilege}`)
  for (const privilege of inShort(granted)) print(`labeler: granted ${role} ${privilege}`)
  if (granted.length + revoked.length === 0) print(`labeler: ${role} is granted what it should be`)
}

const reading = (columns: LabelerPlan['columns']): string[] =>
  columns
    ? [
        ...columns.map((column) => `SELECT (${column}) ON TABLE public.users`),
        'SELECT ON TABLE public.organizations',
        'SELECT ON TABLE public.project_members',
      ]
    : ['SELECT ON TABLE public.users']

/** Privileges on single columns of a table as one. */
function inShort(privileges: readonly string[]): string[] {
  const columns = (privilege: string) => /^SELECT \((.+)\) (ON .+)$/.exec(privilege)
  const byTarget = Map.groupBy(privileges, (privilege) => columns(privilege)?.[2] ?? privilege)
  return [...byTarget].map(([target, [first = '', ...others]]) =>
    columns(first)
      ? `SELECT (${[first, ...others].map((privilege) => columns(privilege)?.[1]).join(', ')}) ${target}`
      : first,
  )
}

async function closeLargeObjects(
  session: Session,
  { isSuperuser, print }: { isSuperuser: boolean; print: Print },
): Promise<void> {
  const open = await session.query<{ routine: string }>(
    `SELECT p.oid::regprocedure AS routine
     FROM pg_proc p, aclexplode(coalesce(proacl, acldefault('f', proowner)))
     WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY($1) AND grantee = 0`,
    [largeObjectMakers],
  )
  if (open.length === 0) return
  if (!isSuperuser) {
    print('labeler: every role can make large objects in the database; a superuser could close that')
    return
  }
  for (const { routine } of open) await session.query(`REVOKE EXECUTE ON FUNCTION ${routine} FROM PUBLIC`)
  print('labeler: large objects can be made by superusers alone')
}

/** Tells what the role may do for reasons that are nobody's here to change. */
async function warnOfMore(session: Session, role: string, print: Print): Promise<void> {
  const belongings = await session.query<{ what: string }>(
    `SELECT 'is a superuser' AS what FROM pg_roles WHERE rolname = $1 AND rolsuper
     UNION ALL SELECT 'may make roles' FROM pg_roles WHERE rolname = $1 AND rolcreaterole
     UNION ALL SELECT format('belongs to %I', roleid::regrole) FROM pg_auth_members JOIN pg_roles r ON r.oid = member
     WHERE rolname = $1`,
    [role],
  )
  for (const { what } of belongings)
    print(`labeler: the role ${role} ${what}, so that it may do more than it is granted`)
  const others = await session.query<{ name: string }>(
    `SELECT quote_ident(datname) AS name FROM pg_database
     WHERE datallowconn AND datname <> current_database() AND EXISTS (
       SELECT FROM aclexplode(coalesce(datacl, acldefault('d', datdba)))
       WHERE grantee = 0 AND privilege_type = 'CONNECT')
     ORDER BY datname`,
  )
  if (others.length === 0) return
  print(
    `labeler: ${role} may also connect to ${others.map(({ name }) => name).join(', ')}, as every role may`,
  )
  print('labeler: REVOKE CONNECT ON DATABASE … FROM PUBLIC closes one; grants elsewhere are left alone here')
}
