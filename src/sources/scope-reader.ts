import sql from 'sql-template-tag'
import type { ScopeReader } from '../auth/scope.ts'
import type { Source } from '../database/source.ts'

/** Reads scopes from the databases that hold memberships and projects. */
export function scopeReader({ users, platform }: { users: Source; platform: Source }): ScopeReader {
  return {
    memberProjects: async (user) => {
      const rows = await read<{ project_id: number }>(
        users,
        sql`SELECT project_id FROM public.project_members WHERE user_id = ${user}`,
      )
      return rows.map(({ project_id }) => project_id)
    },
    ownership: async (user, projects) => {
      const rows = await read<{ id: number; user_id: number | null }>(
        platform,
        sql`SELECT id, user_id FROM public.projects WHERE user_id = ${user} OR id = ANY(${[...projects]}::integer[])`,
      )
      return {
        owned: rows.filter(({ user_id }) => user_id === user).map(({ id }) => id),
        owners: rows.flatMap(({ user_id }) => user_id ?? []),
      }
    },
    members: async (projects) => {
      const rows = await read<{ user_id: number }>(
        users,
        sql`SELECT DISTINCT user_id FROM public.project_members WHERE project_id = ANY(${[...projects]}::integer[])`,
      )
      return rows.map(({ user_id }) => user_id)
    },
  }
}

const read = <T extends object>(
  source: Source,
  statement: { text: string; values: unknown[] },
): Promise<T[]> =>
  source.guard(
    async () => (await source.pool.query<T>({ text: statement.text, values: statement.values })).rows,
  )
