import { randomUUID } from 'node:crypto'
import type { InputFieldMap, InputShapeFromFields } from '@pothos/core'
import sql from 'sql-template-tag'
import { numberWithin, optionalText, requiredText } from '../../graph/checked-input.ts'
import { once } from '../../graph/idempotency.ts'
import { type MutationDeclaration, mutation } from '../../graph/mutation.ts'
import { inTransaction, type Run } from '../../graph/transaction.ts'
import { IdempotencyKeyReused, InvalidInput, invalid, refusable } from '../../graph/write-failure.ts'
import { callerOf, confirmCaller } from './caller.ts'
import { gitHubName } from './github-name.ts'
import { GpuReservation } from './gpu-reservation.ts'
import { messageVersion, metadata, send, waiting } from './queue.ts'
import { requestSuccess } from './request.ts'

/** The kinds that the service takes; the second list is of those without GPUs. */
const gpuKinds = ['t4', 'l4', 'a10g', 't4-small', 'a100', 'h100', 'h200', 'b200']
const cpuKinds = ['cpu-arm', 'cpu-x86']
const gpuCounts = [1, 2, 4, 8, 16]
const longestHours = 72
const diskSizes = [10, 10_000] as const
const diskName = /^[a-zA-Z0-9_-]{1,255}$/
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/

const input = ((t) => ({
  gpuType: t.string({
    required: true,
    description: `Kind of GPU: ${[...gpuKinds, ...cpuKinds].join(', ')}.`,
  }),
  gpuCount: t.int({
    required: true,
    description: `How many: ${gpuCounts.join(', ')}; 0 of the kinds without GPUs.`,
  }),
  durationHours: t.int({
    required: true,
    defaultValue: 8,
    description: `For how many hours, 1 to ${longestHours}.`,
  }),
  name: t.string({ description: 'What to call it; by default after its key.' }),
  githubUser: t.string({ description: 'GitHub name whose keys may log in.' }),
  jupyterEnabled: t.boolean({
    required: true,
    defaultValue: false,
    description: 'Whether with Jupyter.',
  }),
  dockerImage: t.string({ description: 'Image to run; the service’s own by default.' }),
  instanceType: t.string({ description: 'AWS instance type; the kind’s own by default.' }),
  diskName: t.string({ description: 'Name of the disk to use, which is made where there is none.' }),
  diskSizeGb: t.int({
    description: `Size of a disk that is made, ${diskSizes[0]} to ${diskSizes[1]} GB.`,
  }),
  envVars: t.field({ type: 'JSON', description: 'Variables of the environment: an object of texts.' }),
  command: t.string({ description: 'What to run in it.' }),
})) satisfies MutationDeclaration<InputFieldMap, object, 'gpuUser'>['input']

type Input = InputShapeFromFields<ReturnType<typeof input>>

/** What is asked for, as the service's messages say it. */
function checked(given: Input) {
  const { gpuType, gpuCount } = given
  const isCpu = cpuKinds.includes(gpuType)
  if (!isCpu && !gpuKinds.includes(gpuType))
    throw invalid('gpuType', `gpuType has to be one of ${[...gpuKinds, ...cpuKinds].join(', ')}.`)
  const counts = isCpu ? [0] : gpuCounts
  if (!counts.includes(gpuCount))
    throw invalid('gpuCount', `gpuCount of ${gpuType} has to be ${counts.join(', ')}.`)
  if (given.diskName != null && !diskName.test(given.diskName))
    throw invalid('diskName', 'diskName has to be letters, digits, underscores and hyphens.')
  return {
    gpu_type: gpuType,
    gpu_count: gpuCount,
    github_user: given.githubUser ? gitHubName(given.githubUser, 'githubUser') : '',
    jupyter_enabled: given.jupyterEnabled,
    name: requiredText(given.name ?? undefined, 'name', 255),
    version: messageVersion,
    dockerimage: requiredText(given.dockerImage ?? undefined, 'dockerImage', 1000) ?? null,
    instance_type: requiredText(given.instanceType ?? undefined, 'instanceType', 100) ?? null,
    duration_hours: numberWithin(given.durationHours, 'durationHours', [1, longestHours]),
    disk_name: given.diskName ?? null,
    disk_size_gb: given.diskSizeGb == null ? null : numberWithin(given.diskSizeGb, 'diskSizeGb', diskSizes),
    env_vars: variables(given.envVars ?? {}),
    command: optionalText(given.command, 'command', 10_000) ?? null,
  }
}

function variables(given: NonNullable<unknown>): object {
  if (typeof given !== 'object' || Array.isArray(given))
    throw invalid('envVars', 'envVars has to be a JSON object.')
  for (const [name, value] of Object.entries(given)) {
    if (!variableName.test(name)) throw invalid('envVars', 'A name in envVars is none of a variable.')
    if (typeof value !== 'string') throw invalid('envVars', 'What envVars says has to be text.')
    optionalText(value, 'envVars')
  }
  return given
}

mutation('createGpuReservation', {
  description:
    'Asks for GPUs. For users of GPU Dev, by API key. The service takes the request some seconds later, and queues it where too few are free.',
  access: 'gpuUser',
  input: (t) => ({
    ...input(t),
    idempotencyKey: t.string({
      description:
        'Text that stands for this request, for a day: sent again with the same input, it asks for nothing more.',
    }),
  }),
  success: requestSuccess('createGpuReservation', GpuReservation, {
    field: 'reservationId',
    description: 'Key that the reservation will have.',
  }),
  failures: [InvalidInput, IdempotencyKeyReused],
  run: ({ idempotencyKey, ...given }, { context, principal, session, note }) =>
    refusable(async () => {
      const caller = callerOf(principal)
      const wanted = checked(given)
      const queue = session.gpuDev.reservationQueue
      let messageId: string | null = null
      const { id } = await once({
        session,
        principal,
        action: 'createGpuReservation',
        key: idempotencyKey,
        input: given,
        reserve: async () => ({ id: randomUUID() }),
        make: async (reserved) => {
          messageId = await inTransaction(context, GpuReservation.source, async (run) => {
            const username = await confirmCaller(run, caller)
            const before = idempotencyKey == null ? undefined : await sentBefore(run, queue, reserved.id)
            if (before) return before.messageId
            return send(run, queue, messageOf(reserved.id, username, wanted))
          })
        },
      })
      note({ target: `gpuReservation:${id}`, detail: { messageId } })
      return { messageId, key: id, id }
    }),
})

function messageOf(id: string, username: string, { name, ...wanted }: ReturnType<typeof checked>): object {
  const now = new Date().toISOString()
  return {
    action: 'create_reservation',
    job_id: id,
    reservation_id: id,
    user_id: username,
    username,
    ...wanted,
    name: name ?? `gpu-dev-${id.slice(0, 8)}`,
    submitted_at: now,
    created_at: now,
    status: 'queued',
    ...metadata(now),
  }
}

/**
 * Whether the request was sent already, by somebody who came with the same idempotency key and is perhaps still at it.
 * The service takes a message off its queue only after it has written the row, so one or the other is there.
 */
async function sentBefore(
  run: Run,
  queue: string,
  id: string,
): Promise<{ messageId: string | null } | undefined> {
  await run(sql`SELECT pg_advisory_xact_lock(hashtextextended(${id}, 0))`)
  const messageId = await waiting(run, queue, ['reservation_id', id])
  if (messageId !== undefined) return { messageId }
  const rows = await run(sql`SELECT FROM public.reservations WHERE reservation_id = ${id}`)
  return rows.length > 0 ? { messageId: null } : undefined
}
