import { builder } from '../../graph/builder.ts'
import { timestampToDateTime } from '../../graph/date-time.ts'
import { requireColumns, selectUsable } from '../../graph/statement.ts'
import { GpuReservation, GpuReservationStatus } from './gpu-reservation.ts'

interface Step {
  readonly status: string | null
  readonly at: string | null
  readonly message: string | null
  readonly failureReason: string | null
}

const GpuReservationStep = builder.objectRef<Step>('GpuReservationStep').implement({
  description: 'A step of a GPU reservation, as the service noted it.',
  fields: (t) => ({
    status: t.field({
      type: GpuReservationStatus.ref,
      nullable: true,
      description: 'The status that it came to.',
      resolve: ({ status }) => (status === null ? null : GpuReservationStatus.label(status)),
    }),
    statusRaw: t.exposeString('status', {
      nullable: true,
      description: 'The text of `status` as the database has it.',
    }),
    at: t.expose('at', { type: 'DateTime', nullable: true, description: 'When.' }),
    message: t.exposeString('message', { nullable: true, description: 'What the service said of it.' }),
    failureReason: t.exposeString('failureReason', { nullable: true, description: 'Why it failed.' }),
  }),
})

const textOf = (value: unknown) => (typeof value === 'string' ? value : null)

/** Python's ISO 8601, with its offset or, as in UTC's days of old, without. */
const moment = (value: unknown) =>
  typeof value === 'string' ? timestampToDateTime(value, { local: false }) : null

/**
 * The steps of a `status_history`. Several programs append to it, and people mend it by hand: whatever is not a list
 * has no steps, what in the list is not an object is none, and what is said in another form than expected is null.
 */
export function stepsOf(history: unknown): Step[] {
  if (!Array.isArray(history)) return []
  return history.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return []
    const { status, timestamp, message, failure_reason } = entry as Readonly<Record<string, unknown>>
    return {
      status: textOf(status),
      at: moment(timestamp),
      message: textOf(message),
      failureReason: textOf(failure_reason),
    }
  })
}

builder.prismaObjectField('GpuReservation', 'statusHistory', (t) =>
  t.field({
    type: [GpuReservationStep],
    nullable: true,
    description: 'Its steps in the order in which they were noted.',
    select: (_args, context) => selectUsable(context, GpuReservation, ['status_history']),
    resolve: (row, _args, context) => {
      requireColumns(context, GpuReservation, ['status_history'])
      return stepsOf(row.status_history)
    },
  }),
)
