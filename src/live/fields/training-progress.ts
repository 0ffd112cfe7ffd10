import sql from 'sql-template-tag'
import { loadBatched } from '../../graph/batch.ts'
import { builder } from '../../graph/builder.ts'
import type { GraphContext } from '../../graph/context.ts'
import { secondsToDateTime, timestampToDateTime } from '../../graph/date-time.ts'
import { entityRef } from '../../graph/entity-ref.ts'
import type { Enumeration } from '../../graph/enumeration.ts'
import { loadRow, selectionAt } from '../../graph/rows.ts'
import { secondsBetween } from '../../graph/seconds-between.ts'
import { requireColumns, rowsOf } from '../../graph/statement.ts'
import { TrainingJob } from '../../sources/platform/training-job.ts'
import { TrainingMetric } from '../../sources/platform/training-metric.ts'
import type { LiveEvent } from '../live-event.ts'
import { keyNamed } from '../watch.ts'
import { ChangeKind, liveArguments, notServed, stateKey, stateKind } from './change-type.ts'
import { registerLiveField } from './live-field.ts'

/** How far a training job has come. */
interface ProgressRow {
  readonly id: number
  readonly status: string
  readonly epochs: number
  readonly last_checkpoint_path: string | null
  readonly best_checkpoint_path: string | null
  /** The metric of the highest epoch; of one that was measured twice, the later. */
  readonly metric: number | null
  readonly epoch: number | null
  /** How many epochs the estimate goes by, how long they took, and when the last was reported. */
  readonly measured: string
  readonly seconds: number | null
  readonly reported: string | null
}

interface Eta {
  readonly at: string
  readonly secondsPerEpoch: number
  readonly epochs: number
}

interface Progress {
  readonly event: LiveEvent
  readonly row: ProgressRow | undefined
}

/** Epochs at most that an estimate goes by. */
const basis = 20

const readProgress = (context: GraphContext, job: number) =>
  loadBatched(context, 'training progress', job, async (jobs) => {
    requireColumns(context, TrainingJob, ['status', 'epochs', 'last_checkpoint_path', 'best_checkpoint_path'])
    requireColumns(context, TrainingMetric, ['job_id', 'epoch', 'created_at'])
    const rows = await rowsOf<ProgressRow>(
      context,
      TrainingJob.source,
      sql`SELECT j.id, j.status, j.epochs, j.last_checkpoint_path, j.best_checkpoint_path, m.id AS metric, m.epoch,
          greatest(b.measured - 1, 0) AS measured, b.seconds, b.reported::text AS reported
        FROM public.training_jobs j
        LEFT JOIN LATERAL (
          SELECT id, epoch FROM public.metrics WHERE job_id = j.id ORDER BY epoch DESC, id DESC LIMIT 1) m ON TRUE
        CROSS JOIN LATERAL (
          SELECT count(*) AS measured, ${secondsBetween(sql`min(created_at)`, sql`max(created_at)`)} AS seconds,
            max(created_at) AS reported
          FROM (SELECT DISTINCT ON (epoch) epoch, created_at FROM public.metrics
            WHERE job_id = j.id AND created_at IS NOT NULL AND epoch > m.epoch - ${basis + 1}::integer
            ORDER BY epoch, id DESC) recent) b
        WHERE j.id = ANY(${jobs}::integer[])`,
    )
    return new Map(rows.map((row) => [row.id, row]))
  })

/** When it will be done, if it goes on as in the last epochs. */
function etaOf(
  { status, epochs, epoch, measured, seconds, reported }: ProgressRow,
  zone: string,
): Eta | null {
  const count = Number(measured)
  if (status !== 'running' || epoch === null || count < 1 || !seconds || reported === null) return null
  const last = timestampToDateTime(reported, { local: true, zone })
  if (last === null) return null
  const secondsPerEpoch = seconds / count
  const end = Date.parse(last) + Math.max(0, epochs - epoch) * secondsPerEpoch * 1000
  const at = secondsToDateTime(end / 1000)
  return at === null ? null : { at, secondsPerEpoch, epochs: count }
}

const EtaType = builder.objectRef<Eta>('TrainingEta').implement({
  description: 'When a training job will be done, by how long its last epochs took.',
  fields: (t) => ({
    at: t.field({ type: 'DateTime', nullable: false, description: 'When.', resolve: ({ at }) => at }),
    secondsPerEpoch: t.exposeFloat('secondsPerEpoch', {
      nullable: false,
      description: 'What it goes by: the mean of the last epochs.',
    }),
    epochs: t.exposeInt('epochs', { nullable: false, description: 'How many epochs that is the mean of.' }),
  }),
})

const Status = TrainingJob.columns.get('status')?.enumeration as Enumeration

const ProgressType = builder.objectRef<Progress>('TrainingProgress').implement({
  description: 'How far a training job has come.',
  fields: (t) => ({
    kind: t.field({
      type: ChangeKind,
      nullable: false,
      description: 'What the result tells of: how things are, or that the job or its metrics changed.',
      resolve: ({ event }) => stateKind(event),
    }),
    cursor: t.string({
      nullable: false,
      description: 'Where the subscription can be taken up again.',
      resolve: ({ event }) => event.cursor,
    }),
    jobId: t.int({
      nullable: true,
      description: 'Key of the job in the platform database; null where there is none.',
      resolve: ({ row }) => row?.id,
    }),
    status: t.field({
      type: Status.ref,
      nullable: true,
      description: 'How far it has come.',
      resolve: ({ row }) => row && Status.label(row.status),
    }),
    epoch: t.int({
      nullable: true,
      description: 'The highest epoch that was measured.',
      resolve: ({ row }) => row?.epoch,
    }),
    epochs: t.int({ nullable: true, description: 'Epochs to train.', resolve: ({ row }) => row?.epochs }),
    progress: t.float({
      nullable: true,
      description: 'How much is done, from 0 to 1.',
      resolve: ({ row }) =>
        row && row.epochs > 0 ? Math.min(1, Math.max(0, (row.epoch ?? 0) / row.epochs)) : null,
    }),
    metrics: t.field({
      type: entityRef(TrainingMetric),
      nullable: true,
      description: 'What was measured last.',
      resolve: ({ row }, _args, context, info) =>
        row?.metric == null
          ? null
          : loadRow(context, TrainingMetric, row.metric, selectionAt(context, info, TrainingMetric)),
    }),
    checkpointPath: t.string({
      nullable: true,
      description: 'The latest checkpoint.',
      resolve: ({ row }) => row?.last_checkpoint_path,
    }),
    bestCheckpointPath: t.string({
      nullable: true,
      description: 'The checkpoint with the best primary metric.',
      resolve: ({ row }) => row?.best_checkpoint_path,
    }),
    eta: t.field({
      type: EtaType,
      nullable: true,
      description: 'When it will be done; null where nothing tells.',
      resolve: ({ row }, _args, context) =>
        row ? etaOf(row, context.source(TrainingJob.source).timeZone) : null,
    }),
  }),
})

/** Adds the subscription field. */
export function addTrainingProgress(): void {
  registerLiveField({
    name: 'trainingProgress',
    kind: 'state',
    watches: ({ jobId }) => {
      const key = keyNamed(TrainingJob, jobId as string)
      return [
        { entity: TrainingJob, by: 'key', key, limit: 1 },
        { entity: TrainingMetric, by: 'parent', column: 'job_id', parent: TrainingJob, key, limit: 1 },
      ]
    },
  })
  builder.subscriptionField('trainingProgress', (t) =>
    t.field({
      type: ProgressType,
      nullable: true,
      description:
        'How far a training job has come: as it is, then each time its row or its metrics change, and always as it is by then.',
      args: {
        jobId: t.arg.id({ required: true, description: 'The TrainingJob, by its id or its key.' }),
        ...liveArguments,
      },
      subscribe: notServed,
      resolve: async (root, _args, context) => {
        const event = root as unknown as LiveEvent
        const job = stateKey(event)
        return { event, row: job === undefined ? undefined : await readProgress(context, job as number) }
      },
    }),
  )
}
