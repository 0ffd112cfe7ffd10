/*
 * Memberships of projects, which are in another database than the projects themselves. Nothing there holds the two
 * together, so they are locked in one order: a membership is written while its project is kept from being deleted, and
 * whoever deletes a project deletes its memberships afterwards. So none is left of a project that is no more.
 *
 * No key of the table refuses a second membership of the same person: the person's row is locked before one is sought.
 */
import sql from 'sql-template-tag'
import type { UserPrincipal } from '../../auth/principal.ts'
import { claim } from '../../graph/claim.ts'
import type { GraphContext } from '../../graph/context.ts'
import { entityNamed, type RowKey } from '../../graph/entity.ts'
import { failureKind } from '../../graph/failure.ts'
import { inTransaction, type Run } from '../../graph/transaction.ts'
import { insertRow, utcNow } from '../../graph/write.ts'
import { NotFound, Refused } from '../../graph/write-failure.ts'
import { ProjectMember } from './project-member.ts'

export const AlreadyMember = failureKind('AlreadyMember', {
  code: 'ALREADY_MEMBER',
  description: 'The person belongs to it already.',
})

/** A project that stays while its memberships are written. */
export interface HeldProject {
  readonly owner: number | null
  readonly organization: number | null
}

/**
 * Works in the users database while a project stays, for its owner or an administrator.
 *
 * @throws Refused NotFound, NotPermitted.
 */
export function asProjectOwner<T>(
  context: GraphContext,
  { id, role }: UserPrincipal,
  key: RowKey | null,
  work: (run: Run, project: HeldProject) => Promise<T>,
): Promise<T> {
  return inProject(context, Number(key), work, async (platform) => {
    const { user_id: owner, organization_id: organization } = await claim(platform, context, {
      entity: entityNamed('Project'),
      key,
      lock: 'KEY SHARE',
      may: role === 'admin' ? sql`TRUE` : sql`t.user_id = ${id}`,
      columns: ['user_id', 'organization_id'],
    })
    return { owner, organization } as HeldProject
  })
}

/** Works in the users database while a project stays, whoever asks. */
export function withProject<T>(
  context: GraphContext,
  key: number,
  work: (run: Run, project: HeldProject) => Promise<T>,
): Promise<T> {
  return inProject(context, key, work, async (platform) => {
    const [project] = await platform<HeldProject>(
      sql`SELECT user_id AS owner, organization_id AS organization FROM public.projects
        WHERE id = ${key} FOR KEY SHARE`,
    )
    if (!project) throw new Refused(NotFound, 'The project is no more.')
    return project
  })
}

/** What is written changes whom the people of the project see: no scope of theirs that is kept holds from then on. */
async function inProject<T>(
  context: GraphContext,
  key: number,
  work: (run: Run, project: HeldProject) => Promise<T>,
  hold: (platform: Run) => Promise<HeldProject>,
): Promise<T> {
  try {
    return await inTransaction(context, entityNamed('Project').source, async (platform) => {
      const project = await hold(platform)
      return inTransaction(context, ProjectMember.source, (run) => work(run, project))
    })
  } finally {
    context.session.scopes.dropProject(key)
  }
}

export interface Joining {
  /** Of the membership, where it has to be made. */
  readonly key: number
  readonly project: RowKey | null
  readonly user: number
  /** As stored. */
  readonly role: string
  readonly invitedBy: number
}

/** @returns the key of the person's membership: the given one, unless there is another already. */
export async function join(run: Run, { key, project, user, role, invitedBy }: Joining): Promise<number> {
  await run(sql`SELECT FROM public.users WHERE id = ${user} FOR NO KEY UPDATE`)
  const [member] = await run<{ id: number }>(
    sql`SELECT id FROM public.project_members WHERE project_id = ${project} AND user_id = ${user}
      ORDER BY id LIMIT 1`,
  )
  if (member) return member.id
  await insertRow(run, ProjectMember, {
    id: key,
    project_id: project,
    user_id: user,
    role,
    invited_by: invitedBy,
    joined_at: utcNow,
  })
  return key
}
