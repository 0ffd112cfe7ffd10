import sql, { type Sql } from 'sql-template-tag'
import { storedLabel } from '../../graph/checked-input.ts'
import { claim } from '../../graph/claim.ts'
import type { RowKey } from '../../graph/entity.ts'
import type { MutationScope } from '../../graph/mutation.ts'
import { alteration } from '../../graph/row-mutation.ts'
import { inTransaction } from '../../graph/transaction.ts'
import { updateRow, utcNow, type Values } from '../../graph/write.ts'
import { notPermitted } from '../../graph/write-failure.ts'
import { SystemRole } from './system-role.ts'
import { User } from './user.ts'

interface Administration {
  readonly scope: MutationScope<'person'>
  readonly key: RowKey | null
  /** Who may beside administrators: a condition on who asks, `a`, and the account, `t`. */
  readonly orElse?: Sql
  readonly values: Values
}

/**
 * Changes the account of somebody else. Both rows are locked, in one order, before anybody's role is looked at: of two
 * administrators who lock each other out at the same time, the first succeeds.
 *
 * @returns the role that the account had.
 */
function administer({ scope, key, orElse = sql`FALSE`, values }: Administration): Promise<unknown> {
  const { context, principal } = scope
  if (key === principal.id) throw notPermitted('Nobody does this to their own account.')
  return inTransaction(context, User.source, async (run) => {
    await run(
      sql`SELECT FROM public.users WHERE id IN (${principal.id}, ${key}) ORDER BY id FOR NO KEY UPDATE`,
    )
    const may = sql`EXISTS (SELECT FROM public.users a
      WHERE a.id = ${principal.id} AND a.is_active AND (a.system_role::text = 'admin' OR ${orElse}))`
    const columns = ['system_role'] as const
    const { system_role } = await claim(run, context, {
      entity: User,
      key,
      lock: 'NO KEY UPDATE',
      may,
      columns,
    })
    await updateRow(run, User, { key, values: { ...values, updated_at: utcNow } })
    return system_role
  })
}

alteration('deactivateUser', {
  description: 'Locks an account and ends its sessions. For administrators; nobody locks their own.',
  of: User,
  input: () => ({}),
  run: async (key, _input, scope) => {
    await administer({ scope, key, values: { is_active: false } })
    await scope.session.sessions.signOutEverywhere(Number(key))
  },
})

alteration('reactivateUser', {
  description: 'Unlocks an account. For administrators.',
  of: User,
  input: () => ({}),
  run: async (key, _input, scope) => {
    await administer({ scope, key, values: { is_active: true } })
  },
})

alteration('setUserRole', {
  description:
    'Gives an account another system role and ends its sessions. Administrators give any; managers give those up to ADVANCED_ENGINEER, to accounts that are neither manager nor administrator. Nobody changes their own.',
  of: User,
  input: (t) => ({
    role: t.field({ type: SystemRole.ref, required: true, description: 'The role from now on.' }),
  }),
  run: async (key, input, scope) => {
    const role = storedLabel(SystemRole, input.role, 'role')
    const orElse = sql`(a.system_role::text = 'manager' AND t.system_role::text NOT IN ('manager', 'admin')
      AND ${role}::text IN ('guest', 'standard_engineer', 'advanced_engineer'))`
    const from = await administer({ scope, key, orElse, values: { system_role: role } })
    scope.note({ detail: { from, to: role } })
    await scope.session.sessions.signOutEverywhere(Number(key))
  },
})
