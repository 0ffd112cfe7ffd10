import { randomUUID } from 'node:crypto'
import sql from 'sql-template-tag'
import { keyOfId, numberWithin } from '../../graph/checked-input.ts'
import { once } from '../../graph/idempotency.ts'
import { mutation } from '../../graph/mutation.ts'
import { inTransaction } from '../../graph/transaction.ts'
import { rowRuleOf } from '../../graph/visibility.ts'
import { ruleSql } from '../../graph/visibility-sql.ts'
import {
  IdempotencyKeyReused,
  InvalidInput,
  invalid,
  NameTaken,
  NotFound,
  Refused,
  refusable,
} from '../../graph/write-failure.ts'
import { callerOf, confirmCaller } from './caller.ts'
import { GpuDisk } from './gpu-disk.ts'
import { NotInStatus, notInStatus } from './not-in-status.ts'
import { metadata, send, waiting } from './queue.ts'
import { requestSuccess } from './request.ts'

const diskSizes = [10, 10_000] as const
const diskName = /^[a-zA-Z0-9_-]{1,255}$/
/** Days from the request to the deletion: so long it can be taken back. */
const daysKept = 30

const ids = { field: 'operationId', description: 'What the service calls the operation.' }

mutation('createGpuDisk', {
  description:
    'Asks for a disk that outlives reservations. For users of GPU Dev, by API key. The service makes it some seconds later.',
  access: 'gpuUser',
  input: (t) => ({
    name: t.string({
      required: true,
      description: 'Its name, once among the user’s disks: letters, digits, underscores and hyphens.',
    }),
    sizeGb: t.int({
      description: `Size, ${diskSizes[0]} to ${diskSizes[1]} GB; the service’s own by default.`,
    }),
    idempotencyKey: t.string({
      description:
        'Text that stands for this request, for a day: sent again with the same input, it asks for nothing more.',
    }),
  }),
  success: requestSuccess('createGpuDisk', GpuDisk, ids),
  failures: [InvalidInput, NameTaken, IdempotencyKeyReused],
  run: ({ idempotencyKey, ...given }, { context, principal, session, note }) =>
    refusable(async () => {
      const caller = callerOf(principal)
      const { name, sizeGb } = given
      if (!diskName.test(name))
        throw invalid('name', 'name has to be letters, digits, underscores and hyphens.')
      const size = sizeGb == null ? null : numberWithin(sizeGb, 'sizeGb', diskSizes)
      note({ detail: { name } })
      const queue = session.gpuDev.diskQueue
      let messageId: string | null = null
      const { id } = await once({
        session,
        principal,
        action: 'createGpuDisk',
        key: idempotencyKey,
        input: given,
        reserve: async () => ({ id: randomUUID() }),
        make: async (reserved) => {
          messageId = await inTransaction(context, GpuDisk.source, async (run) => {
            const username = await confirmCaller(run, caller)
            await run(sql`SELECT pg_advisory_xact_lock(hashtextextended(${reserved.id}, 0))`)
            if (idempotencyKey != null) {
              const before = await waiting(run, queue, ['operation_id', reserved.id])
              if (before !== undefined) return before
            }
            const [same] = await run<{ operation: string | null }>(
              sql`SELECT operation_id::text AS operation FROM public.disks
                WHERE user_id = ${username} AND disk_name = ${name}`,
            )
            if (same?.operation === reserved.id) return null
            if (same) throw new Refused(NameTaken, `You have a disk named ${name}.`)
            const now = new Date().toISOString()
            return send(run, queue, {
              action: 'create_disk',
              operation_id: reserved.id,
              user_id: username,
              disk_name: name,
              size_gb: size,
              requested_at: now,
              ...metadata(now),
            })
          })
        },
      })
      return { messageId, key: null, id }
    }),
})

mutation('deleteGpuDisk', {
  description: `Asks for a disk to be deleted, ${daysKept} days on. For the GPU Dev user whose it is, by API key; not while a reservation uses it.`,
  access: 'gpuUser',
  input: (t) => ({ id: t.id({ required: true, description: 'The `id` of the GpuDisk.' }) }),
  success: requestSuccess('deleteGpuDisk', GpuDisk, ids),
  failures: [NotFound, InvalidInput, NotInStatus],
  run: ({ id }, { context, principal, session, note }) =>
    refusable(async () => {
      const caller = callerOf(principal)
      const key = keyOfId(GpuDisk, id as string, 'id')
      const operation = randomUUID()
      note({ target: `gpuDisk:${key ?? 'none'}` })
      const messageId = await inTransaction(context, GpuDisk.source, async (run) => {
        const username = await confirmCaller(run, caller)
        const seen = ruleSql(context, GpuDisk, rowRuleOf(context, GpuDisk), 't') ?? sql`TRUE`
        const [disk] = await run<{ name: string; isUsed: boolean; isDeleted: boolean }>(
          sql`SELECT t.disk_name AS name, t.in_use IS TRUE AS "isUsed", t.is_deleted IS TRUE AS "isDeleted"
            FROM public.disks t WHERE t.disk_id = ${key} AND ${seen}`,
        )
        if (!disk) throw new Refused(NotFound, 'There is no such GpuDisk.')
        if (disk.isDeleted) throw notInStatus('This GpuDisk is to be deleted already.', 'DELETED', ['UNUSED'])
        if (disk.isUsed) throw notInStatus('A reservation uses this GpuDisk.', 'IN_USE', ['UNUSED'])
        const now = new Date()
        return send(run, session.gpuDev.diskQueue, {
          action: 'delete_disk',
          operation_id: operation,
          user_id: username,
          disk_name: disk.name,
          delete_date: new Date(now.getTime() + daysKept * 86_400_000).toISOString().slice(0, 10),
          requested_at: now.toISOString(),
          ...metadata(now.toISOString()),
        })
      })
      note({ detail: { messageId } })
      return { messageId, key, id: operation }
    }),
})
