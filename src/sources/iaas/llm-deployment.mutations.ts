import { numberWithin } from '../../graph/checked-input.ts'
import { claim } from '../../graph/claim.ts'
import type { RowKey } from '../../graph/entity.ts'
import { failureKind } from '../../graph/failure.ts'
import type { MutationScope } from '../../graph/mutation.ts'
import { alteration } from '../../graph/row-mutation.ts'
import { inTransaction } from '../../graph/transaction.ts'
import { move, type StateMachine } from '../../graph/transition.ts'
import { requireChange, updateRow } from '../../graph/write.ts'
import { IllegalTransition, invalid, Refused } from '../../graph/write-failure.ts'
import { LlmDeployment } from './llm-deployment.ts'
import { ofOperator } from './permission.ts'

const machine: StateMachine = { PAUSED: ['ACTIVE'], ACTIVE: ['PAUSED'] }
const mostReplicas = 1_000

const DeploymentDeleted = failureKind('DeploymentDeleted', {
  code: 'DEPLOYMENT_DELETED',
  description: 'The deployment is no more; nothing of it can be changed.',
})

function moving(name: string, { to, description }: { to: string; description: string }): void {
  alteration(name, {
    description: `${description} For administrators.`,
    of: LlmDeployment,
    input: () => ({}),
    failures: [IllegalTransition],
    run: async (key: RowKey | null, _input: object, { context, principal }: MutationScope<'person'>) => {
      await inTransaction(context, LlmDeployment.source, (run) =>
        move(run, context, { entity: LlmDeployment, key, may: ofOperator(principal), machine, to }),
      )
    },
  })
}

moving('pauseLlmDeployment', {
  to: 'PAUSED',
  description: 'Has the controller leave a deployment as it is: no node is launched or ended for it.',
})

moving('resumeLlmDeployment', {
  to: 'ACTIVE',
  description: 'Has the controller keep a deployment up again.',
})

const replicas = (value: number | null | undefined, field: string) =>
  value == null ? undefined : numberWithin(value, field, [0, mostReplicas])

alteration('scaleLlmDeployment', {
  description:
    'Changes how many replicas of a deployment there may be. The controller, which looks every 30 seconds, follows. For administrators.',
  of: LlmDeployment,
  input: (t) => ({
    minReplicas: t.int({ description: 'Replicas at least; as it is by default.' }),
    maxReplicas: t.int({ description: 'Replicas at most, not below the least; as it is by default.' }),
  }),
  failures: [DeploymentDeleted],
  run: async (key, input, { context, principal, note }) => {
    const values = {
      min_replicas: replicas(input.minReplicas, 'minReplicas'),
      max_replicas: replicas(input.maxReplicas, 'maxReplicas'),
    }
    requireChange(values)
    await inTransaction(context, LlmDeployment.source, async (run) => {
      const now = await claim(run, context, {
        entity: LlmDeployment,
        key,
        may: ofOperator(principal),
        lock: 'NO KEY UPDATE',
        columns: ['status', 'min_replicas', 'max_replicas'],
      })
      if (now.status === 'deleted') throw new Refused(DeploymentDeleted, 'This deployment is deleted.')
      const least = values.min_replicas ?? Number(now.min_replicas ?? 0)
      const most = values.max_replicas ?? Number(now.max_replicas ?? mostReplicas)
      if (least > most)
        throw invalid(
          values.min_replicas === undefined ? 'maxReplicas' : 'minReplicas',
          `There cannot be ${least} replicas at least and ${most} at most.`,
        )
      await updateRow(run, LlmDeployment, { key, values })
    })
    note({ detail: { ...values } })
  },
})
