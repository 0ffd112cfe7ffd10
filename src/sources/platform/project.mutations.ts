import sql, { type Sql } from 'sql-template-tag'
import { TributaryError } from '../../errors/tributary-error.ts'
import { optionalText, requiredText } from '../../graph/checked-input.ts'
import { claim } from '../../graph/claim.ts'
import type { GraphContext } from '../../graph/context.ts'
import type { RowKey } from '../../graph/entity.ts'
import { alteration, creation, deletion } from '../../graph/row-mutation.ts'
import { rowsOf } from '../../graph/statement.ts'
import { inTransaction, type Run, sqlState } from '../../graph/transaction.ts'
import { hasRow, insertRow, requireChange, updateRow, utcNow } from '../../graph/write.ts'
import { invalid, NameTaken, Refused, StillUsed } from '../../graph/write-failure.ts'
import { permissionsOf } from './permission.ts'
import { Project } from './project.ts'

/** The platform keeps jobs there that nobody has put anywhere. */
const reservedName = 'Uncategorized'

const nameTaken = (name: string) => new Refused(NameTaken, `There is a project named “${name}” already.`)

function checkedName<T extends string | null | undefined>(given: T): Exclude<T, null> {
  const name = requiredText(given, 'name', 200)
  if (name === reservedName) throw invalid('name', `The name ${reservedName} is reserved.`)
  return name
}

const mayChange = (owned: Sql) => sql`(${owned}) AND t.name <> ${reservedName}`

creation('createProject', {
  description: 'Makes a project that the person owns, in the person’s organization.',
  of: Project,
  input: (t) => ({
    name: t.string({ required: true, description: 'Unique over all users; 200 characters at most.' }),
    description: t.string({ description: 'What it is for.' }),
    taskType: t.string({ description: 'The task, such as object_detection; 50 characters at most.' }),
  }),
  failures: [NameTaken],
  prepare: async (input, { context, session, principal }) => {
    const values = {
      name: checkedName(input.name),
      description: optionalText(input.description, 'description'),
      task_type: optionalText(input.taskType, 'taskType', 50),
      user_id: principal.id,
      organization_id: principal.organizationId,
      created_at: utcNow,
      updated_at: utcNow,
    }
    return async (id) => {
      await inTransaction(context, Project.source, async (run) => {
        const isThere = (await insertRow(run, Project, { id, ...values })) || (await hasRow(run, Project, id))
        if (!isThere) throw nameTaken(values.name)
      })
      session.scopes.drop(principal.id)
    }
  },
})

alteration('updateProject', {
  description: 'Changes what a project says of itself. For its owner and administrators.',
  of: Project,
  input: (t) => ({
    name: t.string({ description: 'Unique over all users; 200 characters at most.' }),
    description: t.string({ description: 'What it is for; null takes it away.' }),
    taskType: t.string({ description: 'The task; null takes it away.' }),
  }),
  failures: [NameTaken],
  run: async (key, input, { context, principal }) => {
    const values = {
      name: checkedName(input.name),
      description: optionalText(input.description, 'description'),
      task_type: optionalText(input.taskType, 'taskType', 50),
    }
    requireChange(values)
    const may = mayChange((await permissionsOf(context, principal)).project)
    await inTransaction(context, Project.source, async (run) => {
      await claim(run, context, { entity: Project, key, lock: 'NO KEY UPDATE', may })
      await updateRow(run, Project, { key, values: { ...values, updated_at: utcNow } })
    }).catch((error: unknown) => {
      throw sqlState(error) === '23505' ? nameTaken(values.name ?? '') : error
    })
  },
})

deletion('deleteProject', {
  description:
    'Deletes a project with its experiments, its training jobs and everything under them. Its memberships go as well, and its open invitations are cancelled; where the users database does not answer at that moment they stay, and lead nowhere. For its owner and administrators.',
  of: Project,
  failures: [StillUsed],
  run: async (key, { context, principal, note }) => {
    const may = mayChange((await permissionsOf(context, principal)).project)
    await inTransaction(context, Project.source, async (run) => {
      await claim(run, context, { entity: Project, key, lock: 'UPDATE', may })
      await deleteWithin(run, key)
    }).catch((error: unknown) => {
      if (sqlState(error) !== '23503') throw error
      throw new Refused(StillUsed, 'Rows that this graph does not know name something in the project.')
    })
    const isForgotten = await forgetMembers(context, key)
    context.session.scopes.dropProject(Number(key))
    if (!isForgotten) note({ detail: { membershipsStay: true } })
  },
})

/**
 * The database deletes only part of it by itself. The jobs are locked first: a trainer that reports meanwhile waits,
 * and then has no job to report of.
 */
async function deleteWithin(run: Run, project: RowKey | null): Promise<void> {
  const jobs = sql`SELECT id FROM public.training_jobs WHERE project_id = ${project}`
  await run(sql`${jobs} ORDER BY id FOR UPDATE`)
  await run(sql`DELETE FROM public.metrics WHERE job_id IN (${jobs})`)
  await run(sql`DELETE FROM public.logs WHERE job_id IN (${jobs})`)
  await run(sql`DELETE FROM public.validation_results WHERE job_id IN (${jobs})`)
  await run(sql`DELETE FROM public.training_jobs WHERE project_id = ${project}`)
  await run(sql`DELETE FROM public.projects WHERE id = ${project}`)
}

/** @returns whether the users database did so. */
async function forgetMembers(context: GraphContext, project: RowKey | null): Promise<boolean> {
  try {
    await rowsOf(
      context,
      'users',
      sql`WITH cancelled AS (
          UPDATE public.invitations SET status = 'CANCELLED' WHERE project_id = ${project} AND status = 'PENDING')
        DELETE FROM public.project_members WHERE project_id = ${project}`,
    )
    return true
  } catch (error) {
    if (error instanceof TributaryError) return false
    throw error
  }
}
