import sql from 'sql-template-tag'
import { systemRole, systemRoles, type UserPrincipal } from '../../auth/principal.ts'
import { keyOfId, storedLabel } from '../../graph/checked-input.ts'
import { claim } from '../../graph/claim.ts'
import type { GraphContext } from '../../graph/context.ts'
import { entityNamed, type RowKey } from '../../graph/entity.ts'
import { enumerationOf } from '../../graph/entity-enumeration.ts'
import { alteration, creation, deletion } from '../../graph/row-mutation.ts'
import { inTransaction, type Run } from '../../graph/transaction.ts'
import { updateRow } from '../../graph/write.ts'
import { invalid, notPermitted, Refused } from '../../graph/write-failure.ts'
import { refreshScope } from './fresh-scope.ts'
import { AlreadyMember, asProjectOwner, join } from './membership.ts'
import { ProjectMember } from './project-member.ts'
import { mayShare } from './role-grants.ts'
import { User } from './user.ts'

const ProjectRole = enumerationOf(ProjectMember, 'role')

/** The role as stored. Of the system roles, which memberships bear as well, one gives none that is above one's own. */
function checkedRole(label: string, { role: own }: UserPrincipal): string {
  if (label === 'OWNER') throw invalid('role', 'A project has one owner, who is not a member.')
  const role = storedLabel(ProjectRole, label, 'role')
  const isSystemRole = (systemRoles as readonly string[]).includes(role)
  if (isSystemRole && !mayShare(own, systemRole(role)))
    throw notPermitted(`You may not let others take part as ${label}.`)
  return role
}

/** Works on a membership as its project's owner; it is locked, and its project stays meanwhile. */
async function asOwnerOf<T>(
  context: GraphContext,
  principal: UserPrincipal,
  key: RowKey | null,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  await refreshScope(context)
  const member = { entity: ProjectMember, key, lock: 'NO KEY UPDATE' } as const
  const { project_id: project } = await inTransaction(context, ProjectMember.source, (run) =>
    claim(run, context, { ...member, columns: ['project_id'] }),
  )
  const claimed = async (run: Run) => {
    await claim(run, context, member)
    return work(run)
  }
  if (principal.role !== 'admin') return asProjectOwner(context, principal, project as number, claimed)
  // Who administers may also clear away a membership of a project that is no more.
  const result = await inTransaction(context, ProjectMember.source, claimed)
  context.session.scopes.dropProject(project as number)
  return result
}

creation('addProjectMember', {
  description:
    'Makes a person whom one sees a member of a project; others are invited by e-mail. For its owner and administrators.',
  of: ProjectMember,
  input: (t) => ({
    project: t.id({ required: true, description: 'The `id` of the project.' }),
    user: t.id({ required: true, description: 'The `id` of the person.' }),
    role: t.field({
      type: ProjectRole.ref,
      required: true,
      defaultValue: 'MEMBER',
      description: 'What the person may do; viewers and guests read only.',
    }),
  }),
  failures: [AlreadyMember],
  prepare: async (input, { context, principal, session }) => {
    const project = keyOfId(entityNamed('Project'), input.project, 'project')
    const user = keyOfId(User, input.user, 'user')
    const role = checkedRole(input.role, principal)
    return async (key) => {
      await asProjectOwner(context, principal, project, async (run, { owner }) => {
        await claim(run, context, { entity: User, key: user, lock: 'NO KEY UPDATE' })
        if (owner === user) throw new Refused(AlreadyMember, 'The project is the person’s own.')
        const person = Number(user)
        const member = await join(run, { key, project, user: person, role, invitedBy: principal.id })
        if (member !== key) throw new Refused(AlreadyMember, 'The person is a member already.')
      })
      session.scopes.drop(Number(user))
      await refreshScope(context)
    }
  },
})

alteration('setProjectMemberRole', {
  description: 'Gives a member another role in the project. For its owner and administrators.',
  of: ProjectMember,
  input: (t) => ({
    role: t.field({ type: ProjectRole.ref, required: true, description: 'The role from now on.' }),
  }),
  run: async (key, input, { context, principal, note }) => {
    const role = checkedRole(input.role, principal)
    await asOwnerOf(context, principal, key, (run) =>
      updateRow(run, ProjectMember, { key, values: { role } }),
    )
    note({ detail: { to: role } })
  },
})

deletion('removeProjectMember', {
  description: 'Ends a person’s membership of a project. For its owner and administrators.',
  of: ProjectMember,
  run: (key, { context, principal }) =>
    asOwnerOf(context, principal, key, async (run) => {
      await run(sql`DELETE FROM public.project_members WHERE id = ${key}`)
    }),
})
