import sql, { type Sql } from 'sql-template-tag'
import type { ScopeReader } from '../auth/scope.ts'
import { gathered } from '../database/gathered.ts'
import type { Source } from '../database/source.ts'

interface Membership {
  readonly user_id: number
  readonly project_id: number
}

/** How long those who come in crowds are gathered, in milliseconds: what is read is kept, so few wait for it. */
const gatherMs = 10

/** A person, and the projects that the person is a member of. */
interface Member {
  readonly user: number
  readonly projects: readonly number[]
}

/**
 * Reads scopes from the databases that hold memberships and projects: three statements for all who come at the same
 * time, whatever each of them belongs to.
 */
export function scopeReader({ users, platform }: { users: Source; platform: Source }): ScopeReader {
  const memberProjects = together(async (people: readonly number[]) => {
    const rows = await read<Membership>(
      users,
      sql`SELECT user_id, project_id FROM public.project_members WHERE user_id = ANY(${distinct(people)}::integer[])`,
    )
    const byUser = Map.groupBy(rows, ({ user_id }) => user_id)
    return people.map((user) => (byUser.get(user) ?? []).map(({ project_id }) => project_id))
  })
  const ownership = together(async (members: readonly Member[]) => {
    const rows = await read<{ id: number; user_id: number | null }>(
      platform,
      sql`SELECT id, user_id FROM public.projects WHERE user_id = ANY(${distinct(members.map(({ user }) => user))}::integer[]) OR id = ANY(${distinct(members.flatMap(({ projects }) => projects))}::integer[])`,
    )
    const byOwner = Map.groupBy(rows, ({ user_id }) => user_id)
    const ownerOf = new Map(rows.map(({ id, user_id }) => [id, user_id]))
    return members.map(({ user, projects }) => {
      const owned = (byOwner.get(user) ?? []).map(({ id }) => id)
      const owners = projects.flatMap((project) => ownerOf.get(project) ?? [])
      return { owned, owners: distinct(owned.length > 0 ? [...owners, user] : owners) }
    })
  })
  const members = together(async (wanted: readonly (readonly number[])[]) => {
    const rows = await read<Membership>(
      users,
      sql`SELECT user_id, project_id FROM public.project_members WHERE project_id = ANY(${distinct(wanted.flat())}::integer[])`,
    )
    const byProject = Map.groupBy(rows, ({ project_id }) => project_id)
    return wanted.map((projects) =>
      distinct(projects.flatMap((project) => byProject.get(project) ?? []).map(({ user_id }) => user_id)),
    )
  })
  return {
    memberProjects,
    ownership: (user, projects) => ownership({ user, projects }),
    members,
  }
}

const together = <K, V>(load: (keys: readonly K[]) => Promise<readonly V[]>) => gathered(load, gatherMs)

const distinct = (keys: readonly number[]) => [...new Set(keys)]

const read = <T extends object>(source: Source, { text, values }: Sql): Promise<T[]> =>
  source.guard(async () => (await source.pool.query<T>({ text, values })).rows)
