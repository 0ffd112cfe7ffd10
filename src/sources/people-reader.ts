import sql from 'sql-template-tag'
import type { Source } from '../database/source.ts'

/** What decides what a person sees, as the databases have it. */
interface Person {
  readonly role: string
  readonly email: string
  readonly organizationId: number | null
  readonly memberProjects: readonly number[]
  readonly ownProjects: readonly number[]
}

interface AccountRow extends Omit<Person, 'ownProjects'> {
  readonly id: number
}

/**
 * Reads what decides what people see: a statement a database, however many they are. Those who are gone or locked are
 * left out.
 */
export const peopleReader =
  ({ users, platform }: { readonly users: Source; readonly platform: Source }) =>
  async (ids: readonly number[]): Promise<ReadonlyMap<number, Person>> => {
    const [accounts, owned] = await Promise.all([
      read<AccountRow>(
        users,
        sql`SELECT id, system_role::text AS role, email, organization_id AS "organizationId",
          ARRAY(SELECT project_id FROM public.project_members m WHERE m.user_id = u.id) AS "memberProjects"
        FROM public.users u WHERE is_active AND id = ANY(${[...ids]}::integer[])`,
      ),
      read<{ user_id: number; id: number }>(
        platform,
        sql`SELECT user_id, id FROM public.projects WHERE user_id = ANY(${[...ids]}::integer[])`,
      ),
    ])
    const projects = Map.groupBy(owned, ({ user_id }) => user_id)
    return new Map(
      accounts.map(({ id, ...facts }) => [
        id,
        { ...facts, ownProjects: (projects.get(id) ?? []).map((project) => project.id) },
      ]),
    )
  }

const read = async <T extends object>(
  source: Source,
  { text, values }: { text: string; values: unknown[] },
): Promise<T[]> => source.guard(async () => (await source.pool.query<T>({ text, values })).rows)
