import sql from 'sql-template-tag'
import { optionalText, tagList } from '../../graph/checked-input.ts'
import { claim } from '../../graph/claim.ts'
import { alteration } from '../../graph/row-mutation.ts'
import { inTransaction, type Run } from '../../graph/transaction.ts'
import { move, type StateMachine } from '../../graph/transition.ts'
import { requireChange, updateRow, utcNow, type Values } from '../../graph/write.ts'
import { IllegalTransition } from '../../graph/write-failure.ts'
import { permissionsOf } from './permission.ts'
import { TrainingJob } from './training-job.ts'

const audience = 'For the project’s owner, its members but viewers and guests, administrators.'

alteration('updateTrainingJob', {
  description: `Changes the notes and tags of a training job. ${audience}`,
  of: TrainingJob,
  input: (t) => ({
    notes: t.string({ description: 'What people write about it; null takes it away.' }),
    tags: t.stringList({ description: 'Free labels, in the place of those before.' }),
  }),
  run: async (key, input, { context, principal }) => {
    const values = { notes: optionalText(input.notes, 'notes'), tags: tagList(input.tags, 'tags') }
    requireChange(values)
    const { trainingJob: may } = await permissionsOf(context, principal)
    await inTransaction(context, TrainingJob.source, async (run) => {
      await claim(run, context, { entity: TrainingJob, key, lock: 'NO KEY UPDATE', may })
      await updateRow(run, TrainingJob, { key, values })
    })
  },
})

/** What people may ask for; trainers and the platform’s backend move jobs in other ways. */
const machine: StateMachine = {
  CANCELLED: ['PENDING', 'RUNNING'],
  STOPPED: ['PENDING', 'RUNNING'],
  PENDING: ['COMPLETED', 'FAILED', 'CANCELLED'],
}

interface Command {
  readonly description: string
  readonly to: string
  readonly values: Values
  /** What goes with it in the same transaction. */
  readonly also?: (run: Run, key: number | string | null) => Promise<void>
}

function command(name: string, { description, to, values, also }: Command): void {
  alteration(name, {
    description: `${description} ${audience}`,
    of: TrainingJob,
    input: () => ({}),
    failures: [IllegalTransition],
    commandsWorkers: true,
    run: async (key, _input, { context, principal, note }) => {
      const { trainingJob: may } = await permissionsOf(context, principal)
      const from = await inTransaction(context, TrainingJob.source, async (run) => {
        const before = await move(run, context, { entity: TrainingJob, key, may, machine, to, values })
        await also?.(run, key)
        return before
      })
      note({ detail: { from } })
    },
  })
}

command('cancelTrainingJob', {
  description: 'Cancels a training job that is pending or running.',
  to: 'CANCELLED',
  values: { completed_at: utcNow },
})

command('stopTrainingJob', {
  description: 'Stops a training job that is pending or running; what it has learnt so far is kept.',
  to: 'STOPPED',
  values: { completed_at: utcNow },
})

command('restartTrainingJob', {
  description:
    'Sends a training job that is completed, failed or cancelled back to wait, and deletes its metrics and logs.',
  to: 'PENDING',
  values: {
    started_at: null,
    completed_at: null,
    error_message: null,
    final_accuracy: null,
    process_id: null,
    clearml_task_id: null,
  },
  also: async (run, key) => {
    await run(sql`DELETE FROM public.metrics WHERE job_id = ${key}`)
    await run(sql`DELETE FROM public.logs WHERE job_id = ${key}`)
  },
})
