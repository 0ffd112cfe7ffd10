import type { RowKey } from '../../graph/entity.ts'
import type { MutationScope } from '../../graph/mutation.ts'
import { alteration } from '../../graph/row-mutation.ts'
import { inTransaction } from '../../graph/transaction.ts'
import { move, type StateMachine } from '../../graph/transition.ts'
import { IllegalTransition } from '../../graph/write-failure.ts'
import { ofTenantKey } from './permission.ts'
import { TenantApiKey } from './tenant-api-key.ts'

const machine: StateMachine = {
  SUSPENDED: ['ACTIVE'],
  ACTIVE: ['SUSPENDED'],
  REVOKED: ['ACTIVE', 'SUSPENDED'],
}

const whose =
  'For administrators, and for the tenant’s own keys but those that only read; none touches a key that may do more than itself.'

/** Declares a mutation that moves a key to another status; it counts at the key's next use. */
function moving(name: string, { to, description }: { to: string; description: string }): void {
  alteration(name, {
    description: `${description} ${whose}`,
    access: 'tenant',
    of: TenantApiKey,
    input: () => ({}),
    failures: [IllegalTransition],
    run: async (
      key: RowKey | null,
      _input: object,
      { context, principal, session }: MutationScope<'tenant'>,
    ) => {
      const may = ofTenantKey(principal)
      await inTransaction(context, TenantApiKey.source, (run) =>
        move(run, context, { entity: TenantApiKey, key, may, machine, to }),
      )
      session.forgetKeys((known) => known.kind === 'tenant' && known.keyId === key)
    },
  })
}

moving('suspendTenantApiKey', {
  to: 'SUSPENDED',
  description: 'Lets a tenant’s key open nothing until it is activated again.',
})

moving('activateTenantApiKey', {
  to: 'ACTIVE',
  description: 'Lets a tenant’s key that was suspended open again.',
})

moving('revokeTenantApiKey', {
  to: 'REVOKED',
  description: 'Lets a tenant’s key open nothing any more. There is no way back.',
})
