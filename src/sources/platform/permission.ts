import sql, { type Sql } from 'sql-template-tag'
import type { UserPrincipal } from '../../auth/principal.ts'
import type { GraphContext } from '../../graph/context.ts'
import { rowsOf } from '../../graph/statement.ts'

/** Who may change a row of the platform, as conditions on it as `t`. */
export interface Permissions {
  /** A project itself: its owner, administrators. */
  readonly project: Sql
  /** What a project holds: also its members, but viewers and guests. */
  readonly inProject: Sql
  readonly experiment: Sql
  /** A job without a project is for who created it, and whose session it came from. */
  readonly trainingJob: Sql
}

const everything: Permissions = {
  project: sql`TRUE`,
  inProject: sql`TRUE`,
  experiment: sql`TRUE`,
  trainingJob: sql`TRUE`,
}

/** What a person may change, by the memberships of this moment. */
export async function permissionsOf(
  context: GraphContext,
  { id, role }: UserPrincipal,
): Promise<Permissions> {
  if (role === 'admin') return everything
  const memberships = await rowsOf<{ project: number }>(
    context,
    'users',
    sql`SELECT project_id AS project FROM public.project_members
      WHERE user_id = ${id} AND lower(role) NOT IN ('viewer', 'guest')`,
  )
  const joined = memberships.map(({ project }) => project)
  const worksIn = sql`EXISTS (SELECT FROM public.projects p
    WHERE p.id = t.project_id AND (p.user_id = ${id} OR p.id = ANY(${joined}::integer[])))`
  return {
    project: sql`t.user_id = ${id}`,
    inProject: sql`t.user_id = ${id} OR t.id = ANY(${joined}::integer[])`,
    experiment: worksIn,
    trainingJob: sql`${worksIn} OR (t.project_id IS NULL AND (t.created_by = ${id}
      OR EXISTS (SELECT FROM public.sessions s WHERE s.id = t.session_id AND s.user_id = ${id})))`,
  }
}
