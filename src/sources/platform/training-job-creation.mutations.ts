import sql from 'sql-template-tag'
import {
  jsonObject,
  keyOfId,
  numberWithin,
  optionalText,
  requiredText,
  storedLabel,
  tagList,
} from '../../graph/checked-input.ts'
import { claim } from '../../graph/claim.ts'
import type { GraphContext } from '../../graph/context.ts'
import type { RowKey } from '../../graph/entity.ts'
import { enumerationOf } from '../../graph/entity-enumeration.ts'
import { creation } from '../../graph/row-mutation.ts'
import { inTransaction, type Run } from '../../graph/transaction.ts'
import { insertRow, utcNow, type Values } from '../../graph/write.ts'
import { invalid } from '../../graph/write-failure.ts'
import { DatasetSnapshot } from './dataset-snapshot.ts'
import { Experiment } from './experiment.ts'
import { Framework } from './framework.ts'
import { type Permissions, permissionsOf } from './permission.ts'
import { Project } from './project.ts'
import { TrainingJob } from './training-job.ts'

const MetricMode = enumerationOf(TrainingJob, 'primary_metric_mode')

const mostEpochs = 1_000_000
const largestBatch = 65_536

/** The metric that decides which checkpoint is best, where none is named. */
const usualMetrics: Readonly<Record<string, string>> = {
  image_classification: 'accuracy',
  object_detection: 'mAP50',
  instance_segmentation: 'mAP50',
  pose_estimation: 'mAP50',
}

interface MetricChoice {
  readonly taskType: string
  readonly primaryMetric?: string | null | undefined
  readonly primaryMetricMode?: string | null | undefined
}

function primaryMetricOf({ taskType, primaryMetric, primaryMetricMode }: MetricChoice): Values {
  const metric = requiredText(primaryMetric ?? undefined, 'primaryMetric', 100) ?? usualMetrics[taskType]
  const mode = primaryMetricMode && storedLabel(MetricMode, primaryMetricMode, 'primaryMetricMode')
  return metric === undefined
    ? { primary_metric: 'loss', primary_metric_mode: mode ?? 'min' }
    : { primary_metric: metric, primary_metric_mode: mode ?? 'max' }
}

interface Place {
  /** Undefined where none is asked for; null where no row can have the key. */
  readonly project: RowKey | null | undefined
  readonly experiment: RowKey | null | undefined
}

/**
 * The columns that say where a job belongs; the project is the experiment's where one is named. The project is locked
 * first, as by whoever deletes it.
 */
async function settle(
  run: Run,
  context: GraphContext,
  { project, experiment }: Place,
  permissions: Permissions,
): Promise<Values> {
  if (experiment === undefined) {
    if (project === undefined) return {}
    await claim(run, context, {
      entity: Project,
      key: project,
      lock: 'KEY SHARE',
      may: permissions.inProject,
    })
    return { project_id: project }
  }
  await run(sql`SELECT FROM public.projects p JOIN public.experiments e ON e.project_id = p.id
    WHERE e.id = ${experiment} FOR KEY SHARE OF p`)
  const { project_id, name } = await claim(run, context, {
    entity: Experiment,
    key: experiment,
    lock: 'KEY SHARE',
    may: permissions.experiment,
    columns: ['project_id', 'name'],
  })
  if (project !== undefined && project !== project_id)
    throw invalid('experiment', 'The experiment is of another project.')
  return { project_id, experiment_id: experiment, experiment_name: name }
}

creation('createTrainingJob', {
  description:
    'Asks for a training: a job that waits to be started. In a project, for its owner, its members but viewers and guests, administrators; without one, for whoever asks.',
  of: TrainingJob,
  commandsWorkers: true,
  input: (t) => ({
    project: t.id({ description: 'The `id` of the project; the experiment’s by default.' }),
    experiment: t.id({ description: 'The `id` of the experiment that it is a run of.' }),
    tags: t.stringList({ description: 'Free labels.' }),
    notes: t.string({ description: 'What people write about it.' }),
    framework: t.field({
      type: Framework.ref,
      required: true,
      defaultValue: 'TIMM',
      description: 'The library that trains.',
    }),
    modelName: t.string({
      required: true,
      description: 'The architecture to train; 100 characters at most.',
    }),
    taskType: t.string({ required: true, description: 'The task, such as object_detection.' }),
    numClasses: t.int({ description: 'Classes to tell apart; found in the dataset by default.' }),
    datasetSnapshot: t.id({ description: 'The `id` of the frozen dataset to train on.' }),
    datasetPath: t.string({ description: 'Where the dataset lies, where it is no snapshot.' }),
    datasetFormat: t.string({
      required: true,
      defaultValue: 'imagefolder',
      description: 'Layout of the dataset, such as imagefolder, coco or yolo.',
    }),
    splitStrategy: t.field({ type: 'JSON', description: 'How to split the dataset: an object.' }),
    epochs: t.int({ required: true, description: 'Epochs to train.' }),
    batchSize: t.int({ required: true, description: 'Images a step.' }),
    learningRate: t.float({ required: true, description: 'Learning rate at the start.' }),
    advancedConfig: t.field({
      type: 'JSON',
      description: 'Optimizer, scheduler, augmentation: an object.',
    }),
    primaryMetric: t.string({
      description: 'The metric that decides which checkpoint is best; the task’s usual one by default.',
    }),
    primaryMetricMode: t.field({ type: MetricMode.ref, description: 'Which way that metric is better.' }),
  }),
  prepare: async (input, { context, principal }) => {
    if (input.datasetSnapshot == null && input.datasetPath == null)
      throw invalid('datasetSnapshot', 'Name the dataset: datasetSnapshot or datasetPath.')
    const place = {
      project: input.project == null ? undefined : keyOfId(Project, input.project, 'project'),
      experiment: input.experiment == null ? undefined : keyOfId(Experiment, input.experiment, 'experiment'),
    }
    const snapshot =
      input.datasetSnapshot == null
        ? undefined
        : keyOfId(DatasetSnapshot, input.datasetSnapshot, 'datasetSnapshot')
    const taskType = requiredText(input.taskType, 'taskType', 50)
    const values = {
      created_by: principal.id,
      tags: tagList(input.tags, 'tags'),
      notes: optionalText(input.notes, 'notes'),
      observability_backends: 'database',
      observability_experiment_ids: '{}',
      framework: storedLabel(Framework, input.framework, 'framework'),
      model_name: requiredText(input.modelName, 'modelName', 100),
      task_type: taskType,
      num_classes:
        input.numClasses == null ? undefined : numberWithin(input.numClasses, 'numClasses', [1, 1_000_000]),
      dataset_snapshot_id: snapshot,
      dataset_path: requiredText(input.datasetPath ?? undefined, 'datasetPath', 500),
      dataset_format: requiredText(input.datasetFormat, 'datasetFormat', 50),
      split_strategy: jsonObject(input.splitStrategy, 'splitStrategy'),
      epochs: numberWithin(input.epochs, 'epochs', [1, mostEpochs]),
      batch_size: numberWithin(input.batchSize, 'batchSize', [1, largestBatch]),
      learning_rate: numberWithin(input.learningRate, 'learningRate', [Number.MIN_VALUE, 1000]),
      advanced_config: jsonObject(input.advancedConfig, 'advancedConfig'),
      status: 'pending',
      ...primaryMetricOf({ ...input, taskType }),
      created_at: utcNow,
    }
    const permissions = await permissionsOf(context, principal)
    return (id) =>
      inTransaction(context, TrainingJob.source, async (run) => {
        const settled = await settle(run, context, place, permissions)
        const dataset =
          snapshot === undefined
            ? {}
            : await claim(run, context, {
                entity: DatasetSnapshot,
                key: snapshot,
                lock: 'KEY SHARE',
                columns: ['dataset_id'],
              })
        const output_dir = `/data/outputs/job_${id}`
        await insertRow(run, TrainingJob, { id, ...values, ...settled, ...dataset, output_dir })
      })
  },
})
