import type { InputFieldMap, InputShapeFromFields } from '@pothos/core'
import sql from 'sql-template-tag'
import { keyOfId, numberWithin } from '../../graph/checked-input.ts'
import type { GraphContext } from '../../graph/context.ts'
import type { RowKey } from '../../graph/entity.ts'
import { type MutationDeclaration, mutation } from '../../graph/mutation.ts'
import { secondsBetween } from '../../graph/seconds-between.ts'
import { columnOf, tableName } from '../../graph/statement.ts'
import { inTransaction, type Run } from '../../graph/transaction.ts'
import { rowRuleOf } from '../../graph/visibility.ts'
import { ruleSql } from '../../graph/visibility-sql.ts'
import {
  InvalidInput,
  invalid,
  NotFound,
  notPermitted,
  Refused,
  refusable,
} from '../../graph/write-failure.ts'
import { callerOf, confirmCaller } from './caller.ts'
import { gitHubName } from './github-name.ts'
import { GpuReservation, GpuReservationStatus } from './gpu-reservation.ts'
import { NotInStatus, notInStatus } from './not-in-status.ts'
import { messageVersion, metadata, send } from './queue.ts'
import { requestSuccess } from './request.ts'
import { namesUser } from './user-text.ts'

/** What is looked at before something is asked of a reservation. */
interface Found {
  readonly isOwn: boolean
  readonly status: string
  readonly durationHours: number
  readonly isEndless: boolean
  /** Hours from the launch to the end as it is; null where either is unknown. */
  readonly hoursInAll: number | null
}

interface Request<Input extends InputFieldMap> {
  readonly description: string
  /** The service's word for it. */
  readonly action: string
  /** Labels of the statuses in which it can be done. */
  readonly allowed: readonly string[]
  readonly input?: NonNullable<MutationDeclaration<Input, object, 'gpuUser'>['input']>
  /** Checks the input, and tells what the message says beyond what all do. */
  readonly fields?: (input: InputShapeFromFields<Input>) => object
  /** Looks at the reservation where its status is no obstacle. */
  readonly check?: (found: Found, input: InputShapeFromFields<Input>) => void
}

/** Declares a mutation that asks the service to do something with a reservation of whoever asks. */
function request<Input extends InputFieldMap>(
  name: string,
  { description, action, allowed, input, fields, check }: Request<Input>,
): void {
  mutation(name, {
    description: `${description} For the GPU Dev user whose it is, by API key. The service does it some seconds later.`,
    access: 'gpuUser',
    input: (t) => ({
      id: t.id({ required: true, description: 'The `id` of the GpuReservation.' }),
      ...input?.(t),
    }),
    success: requestSuccess(name, GpuReservation, {
      field: 'reservationId',
      description: 'Key of the reservation.',
    }),
    failures: [NotFound, InvalidInput, NotInStatus],
    run: (given, { context, principal, session, note }) =>
      refusable(async () => {
        const { id, ...rest } = given as unknown as { readonly id: string }
        const asked = rest as InputShapeFromFields<Input>
        const caller = callerOf(principal)
        const key = keyOfId(GpuReservation, id, 'id')
        note({ target: `gpuReservation:${key ?? 'none'}` })
        const more = fields?.(asked)
        const messageId = await inTransaction(context, GpuReservation.source, async (run) => {
          const username = await confirmCaller(run, caller)
          const found = await look(run, context, { key, userId: caller.userId })
          requireStatus(found, allowed)
          check?.(found, asked)
          const now = new Date().toISOString()
          return send(run, session.gpuDev.reservationQueue, {
            action,
            job_id: key,
            reservation_id: key,
            user_id: username,
            username,
            ...more,
            requested_at: now,
            ...metadata(now),
          })
        })
        note({ detail: { messageId } })
        return { messageId, key, id: String(key) }
      }),
  })
}

/** @throws Refused NotFound, NotPermitted. */
async function look(
  run: Run,
  context: GraphContext,
  { key, userId }: { readonly key: RowKey | null; readonly userId: number },
): Promise<Found> {
  const seen = ruleSql(context, GpuReservation, rowRuleOf(context, GpuReservation), 't') ?? sql`TRUE`
  const [found] = await run<Found>(
    sql`SELECT t.status, t.duration_hours AS "durationHours",
        coalesce(t.expires_at = 'infinity', false) AS "isEndless",
        ${secondsBetween(sql`t.launched_at`, sql`t.expires_at`)} / 3600 AS "hoursInAll",
        EXISTS (SELECT FROM public.api_users u WHERE u.user_id = ${userId} AND ${namesUser('t', 'u')}) AS "isOwn"
      FROM ${tableName(GpuReservation.table)} t WHERE ${columnOf('t', GpuReservation.key)} = ${key} AND ${seen}`,
  )
  if (!found) throw new Refused(NotFound, 'There is no such GpuReservation.')
  if (!found.isOwn) throw notPermitted('This GpuReservation is not yours to change.')
  return found
}

function requireStatus({ status }: Found, allowed: readonly string[]): void {
  const label = GpuReservationStatus.label(status)
  if (!allowed.includes(label))
    throw notInStatus(
      `This GpuReservation is ${label}; it would have to be ${allowed.join(' or ')}.`,
      label,
      allowed,
    )
}

request('cancelGpuReservation', {
  description: 'Asks for a reservation to be given up.',
  action: 'cancel',
  allowed: ['PENDING', 'QUEUED', 'PREPARING', 'ACTIVE'],
})

const longestExtension = 72
/** From its launch a reservation lasts no longer, however it is extended. */
const longestExtended = 48

request('extendGpuReservation', {
  description: `Asks for a reservation to end later: in all, ${longestExtended} hours after its launch at the latest.`,
  action: 'extend',
  allowed: ['PREPARING', 'ACTIVE'],
  input: (t) => ({
    hours: t.int({ required: true, description: `Hours more, 1 to ${longestExtension}.` }),
  }),
  fields: ({ hours }) => ({
    extension_hours: numberWithin(hours, 'hours', [1, longestExtension]),
    version: messageVersion,
  }),
  check: ({ isEndless, hoursInAll, durationHours }, { hours }) => {
    if (isEndless) throw invalid('hours', 'It has no end that could be later.')
    const before = hoursInAll ?? durationHours
    if (before + hours > longestExtended)
      throw invalid(
        'hours',
        `It lasts ${rounded(before)} hours from its launch as it is, and may last ${longestExtended} at most.`,
      )
  },
})

const rounded = (hours: number) => Number(hours.toFixed(2))

const activeOnes = ['ACTIVE']

request('enableGpuReservationJupyter', {
  description: 'Asks for a Jupyter server in a reservation that is active.',
  action: 'enable_jupyter',
  allowed: activeOnes,
})

request('disableGpuReservationJupyter', {
  description: 'Asks for the end of the Jupyter server in a reservation that is active.',
  action: 'disable_jupyter',
  allowed: activeOnes,
})

request('addGpuReservationUser', {
  description:
    'Asks for somebody else to be let into a reservation that is active, by the keys that GitHub has.',
  action: 'add_user',
  allowed: activeOnes,
  input: (t) => ({
    githubUsername: t.string({ required: true, description: 'Name of that person at GitHub.' }),
  }),
  fields: ({ githubUsername }) => ({ github_username: gitHubName(githubUsername, 'githubUsername') }),
})
