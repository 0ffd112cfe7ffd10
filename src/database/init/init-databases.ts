/*
 * Databases for the sources that may be made here, each with a role that owns it and nothing else.
 *
 * A database that is there already is touched only if it is one of these: owned by the role that it would be given, and
 * either with the project's own table of migrations or still without any table, as a run that was broken off leaves it.
 * Every other belongs to somebody, with its roles and its grants, and is left alone. So is the password of every role
 * that is there.
 */
import { DatabaseError, escapeIdentifier } from 'pg'
import type { Secret } from '../../config/secret.ts'
import { TributaryError } from '../../errors/tributary-error.ts'
import { gatewayState, migrate } from '../migrate.ts'
import { Administrator, type Login } from './administrator.ts'
import { initLabeler, type LabelerPlan } from './labeler.ts'
import { ensureRole } from './role.ts'

/** A database to be made for a source. */
export interface DatabasePlan extends Login {
  /** The source's name. */
  readonly source: string
  /** The variable that will hold its URL. */
  readonly variable: string
  /** Whether the gateway's own state is kept in it too. */
  readonly holdsState: boolean
}

export interface InitPlan {
  readonly adminUrl: Secret
  readonly databases: readonly DatabasePlan[]
  /** Its role is made in the database of the source users, when that is made here. */
  readonly labeler: LabelerPlan
  /** Takes one line for everything done or left alone; random passwords are in them, once. */
  readonly print: (line: string) => void
}

/**
 * Makes what is missing of databases, roles, grants and tables. A second run changes nothing, and one at the same time
 * waits for the first.
 *
 * @throws TributaryError CONFIG_INVALID when the administrator cannot connect or lacks a right; MIGRATION_FAILED.
 */
export async function initDatabases({ adminUrl, databases, labeler, print }: InitPlan): Promise<void> {
  await using admin = await Administrator.connect(adminUrl)
  await admin.session.query(`SELECT pg_advisory_lock(hashtext('tributary db init'))`)
  for (const plan of databases) {
    const isOurs = await explained(plan.source, () => initDatabase(admin, plan, print))
    if (plan.source !== 'users') continue
    if (isOurs)
      await explained('labeler', () => initLabeler(admin, { database: plan.database, labeler, print }))
    else print(`labeler: ${labeler.role} is left alone with it`)
  }
}

/** @throws TributaryError in the place of the server's refusals. */
async function explained<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    throw new TributaryError('CONFIG_INVALID', `${what}: ${error.message}.`, { cause: error })
  }
}

type Print = InitPlan['print']

/** @returns whether the database is one that may be touched. */
async function initDatabase(admin: Administrator, plan: DatabasePlan, print: Print): Promise<boolean> {
  const { source, database, role, holdsState } = plan
  const owner = await ownerOf(admin, database)
  if (owner === undefined) await makeDatabase(admin, plan, print)
  else if (owner !== role) {
    print(
      `${source}: the database ${database} belongs to ${owner}; it is left alone, with its roles and grants`,
    )
    return false
  } else if (!(await isOurs(admin, database))) {
    print(
      `${source}: the tables of the database ${database} were not made here; it is left alone with its grants`,
    )
    return false
  } else print(`${source}: the database ${database} is there, owned by ${role}`)
  await closeToPublic(admin, plan, print)
  const url = admin.urlOf(database, role)
  for (const target of [{ source, url }, ...(holdsState ? [{ ...gatewayState, url }] : [])]) {
    const { applied } = await migrate(target)
    print(`${target.source}: ${applied.length === 0 ? 'up to date' : `applied ${applied.join(', ')}`}`)
  }
  return true
}

async function ownerOf({ session }: Administrator, database: string): Promise<string | undefined> {
  const [found] = await session.query<{ owner: string }>(
    'SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = $1',
    [database],
  )
  return found?.owner
}

async function isOurs(admin: Administrator, database: string): Promise<boolean> {
  await using session = await admin.open(database)
  const [found] = await session.query<{ ours: boolean }>(
    `SELECT to_regclass('public.tributary_migrations') IS NOT NULL OR NOT EXISTS (
       SELECT FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
       WHERE nspname !~ '^pg_' AND nspname <> 'information_schema') AS ours`,
  )
  return found?.ours ?? false
}

async function makeDatabase(admin: Administrator, plan: DatabasePlan, print: Print): Promise<void> {
  const { source, variable, database, role, password } = plan
  const outcome = await ensureRole(admin, role, password)
  if (outcome.kind === 'existed') print(`${source}: the role ${role} is there; its password is left as it is`)
  if (outcome.kind === 'made') print(`${source}: made the role ${role} with the password in ${variable}`)
  if (outcome.kind === 'made-with') {
    print(`${source}: made the role ${role}; its URL is told this once:`)
    print(`${variable}=${admin.urlFor({ database, role, password: outcome.password })}`)
  }
  const [name, owner] = [escapeIdentifier(database), escapeIdentifier(role)]
  // To give something to a role, one has to belong to it.
  if (!admin.isSuperuser && role !== admin.role) await admin.session.query(`GRANT ${owner} TO CURRENT_USER`)
  await admin.session.query(`CREATE DATABASE ${name} OWNER ${owner} TEMPLATE template0 ENCODING 'UTF8'`)
  print(`${source}: made the database ${database}, owned by ${role}`)
}

/** Leaves the database to its owner, where everybody could connect, make temporary tables or, of old, any tables. */
async function closeToPublic(
  admin: Administrator,
  { source, database, role }: DatabasePlan,
  print: Print,
): Promise<void> {
  await using session = await admin.open(database)
  const [open] = await session.query<{ database: boolean; schema: boolean }>(
    `SELECT EXISTS (SELECT FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE grantee = 0) AS database,
       EXISTS (SELECT FROM pg_namespace, aclexplode(nspacl)
         WHERE nspname = 'public' AND grantee = 0 AND privilege_type = 'CREATE') AS schema
     FROM pg_database WHERE datname = current_database()`,
  )
  if (open?.schema) {
    await session.query(`ALTER SCHEMA public OWNER TO ${escapeIdentifier(role)}`)
    await session.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC')
  }
  if (open?.database) await session.query(`REVOKE ALL ON DATABASE ${escapeIdentifier(database)} FROM PUBLIC`)
  if (open?.schema || open?.database) print(`${source}: took from PUBLIC what it was granted in ${database}`)
}
