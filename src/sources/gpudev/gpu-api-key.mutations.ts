import { createHash, randomBytes } from 'node:crypto'
import sql from 'sql-template-tag'
import type { GpuUserPrincipal } from '../../auth/principal.ts'
import { builder } from '../../graph/builder.ts'
import { claim } from '../../graph/claim.ts'
import { once } from '../../graph/idempotency.ts'
import { type MutationScope, mutation } from '../../graph/mutation.ts'
import { rowField } from '../../graph/row-field.ts'
import { alteration } from '../../graph/row-mutation.ts'
import { inTransaction, type Run } from '../../graph/transaction.ts'
import { insertRow, nextKey, updateRow } from '../../graph/write.ts'
import { IdempotencyKeyReused, InvalidInput, refusable } from '../../graph/write-failure.ts'
import { callerOf, confirmCaller } from './caller.ts'
import { GpuApiKey } from './gpu-api-key.ts'

const keyBytes = 64
const prefixLength = 8

interface Made {
  readonly row: number
  /** A secret, for whoever asked. */
  readonly key: string | null
}

const keySuccess = (name: string) =>
  builder.objectRef<Made>(name).implement({
    description: 'A key is made.',
    fields: (t) => ({
      key: t.exposeString('key', {
        nullable: true,
        description:
          'The key, 86 characters for the header Authorization; a secret. Told this once: null where the request was sent again with its idempotency key.',
      }),
      gpuApiKey: t.field(rowField<Made>(GpuApiKey, ({ row }) => row, 'What is told of the key from now on.')),
    }),
  })

interface Making {
  readonly action: string
  readonly idempotencyKey: string | null | undefined
  readonly input: object
  /** What goes with it in the same transaction. */
  readonly also?: (run: Run, caller: GpuUserPrincipal) => Promise<unknown>
}

/** Makes a key for whoever asks, as the service itself makes them. */
async function makeKey(
  { context, session, principal, note }: MutationScope<'gpuUser'>,
  { action, idempotencyKey, input, also }: Making,
): Promise<Made> {
  const caller = callerOf(principal)
  const key = randomBytes(keyBytes).toString('base64url')
  let isMade = false
  const row = await once({
    session,
    principal,
    action,
    key: idempotencyKey,
    input,
    reserve: () => nextKey(context, GpuApiKey),
    make: async (reserved) => {
      isMade = await inTransaction(context, GpuApiKey.source, async (run) => {
        await confirmCaller(run, caller)
        const isNew = await insertRow(run, GpuApiKey, {
          key_id: reserved,
          user_id: caller.userId,
          key_hash: createHash('sha256').update(key).digest('hex'),
          key_prefix: key.slice(0, prefixLength),
          created_at: sql`now()`,
          expires_at: sql`now() + make_interval(hours => ${session.gpuDev.apiKeyHours}::integer)`,
          is_active: true,
        })
        await also?.(run, caller)
        return isNew
      })
    },
  })
  note({ target: `gpuApiKey:${row}` })
  return { row, key: isMade ? key : null }
}

const idempotencyDescription =
  'Text that stands for this request, for a day: sent again with the same input, it makes no further key.'

mutation('createGpuApiKey', {
  description:
    'Makes a further key, good for two hours where the operator says no other. For users of GPU Dev, by API key.',
  access: 'gpuUser',
  input: (t) => ({ idempotencyKey: t.string({ description: idempotencyDescription }) }),
  success: keySuccess('CreateGpuApiKeySuccess'),
  failures: [InvalidInput, IdempotencyKeyReused],
  run: ({ idempotencyKey }, scope) =>
    refusable(() => makeKey(scope, { action: 'createGpuApiKey', idempotencyKey, input: {} })),
})

mutation('rotateGpuApiKey', {
  description:
    'Makes a key to go on with. The one that the request came by lives on until it expires, unless it is to be revoked. For users of GPU Dev, by API key.',
  access: 'gpuUser',
  input: (t) => ({
    revokeOld: t.boolean({
      required: true,
      defaultValue: false,
      description: 'Whether the key that the request came by opens nothing any more.',
    }),
    idempotencyKey: t.string({ description: idempotencyDescription }),
  }),
  success: keySuccess('RotateGpuApiKeySuccess'),
  failures: [InvalidInput, IdempotencyKeyReused],
  run: ({ idempotencyKey, revokeOld }, scope) =>
    refusable(async () => {
      const made = await makeKey(scope, {
        action: 'rotateGpuApiKey',
        idempotencyKey,
        input: { revokeOld },
        ...(revokeOld && {
          also: (run: Run, { keyId }: GpuUserPrincipal) =>
            updateRow(run, GpuApiKey, { key: keyId, values: { is_active: false } }),
        }),
      })
      const { keyId } = callerOf(scope.principal)
      if (revokeOld) forget(scope, keyId)
      return made
    }),
})

alteration('revokeGpuApiKey', {
  description: 'Makes a key open nothing any more, at once. For the GPU Dev user whose it is, by API key.',
  access: 'gpuUser',
  of: GpuApiKey,
  input: () => ({}),
  run: async (key, _input, scope) => {
    const caller = callerOf(scope.principal)
    await inTransaction(scope.context, GpuApiKey.source, async (run) => {
      await confirmCaller(run, caller)
      const may = sql`t.user_id = ${caller.userId}`
      await claim(run, scope.context, { entity: GpuApiKey, key, lock: 'NO KEY UPDATE', may })
      await updateRow(run, GpuApiKey, { key, values: { is_active: false } })
    })
    forget(scope, Number(key))
  },
})

const forget = ({ session }: MutationScope<'gpuUser'>, keyId: number) =>
  session.forgetKeys((principal) => principal.kind === 'gpuUser' && principal.keyId === keyId)
