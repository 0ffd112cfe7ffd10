import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { globalId, type Outcome, openPlatformWorld, type PlatformWorld } from './platform-world.ts'

let world: PlatformWorld

beforeAll(async () => {
  world = await openPlatformWorld()
})

afterAll(() => world[Symbol.asyncDispose]())

const best = '/data/outputs/1/weights/best.pt'
const last = '/data/outputs/1/weights/last.pt'

const addTrained = (values = {}) =>
  world.addJob({ status: 'completed', best_checkpoint_path: best, last_checkpoint_path: last, ...values })

const jobOf = (key: number) => ({ trainingJob: globalId('TrainingJob', key) })
const exportOf = (key: number, more = {}) => ({ ...jobOf(key), exportFormat: 'ONNX', ...more })

const exportsOf = async (job: number) =>
  (
    await world.platform.query(
      'SELECT version, is_default, status, checkpoint_path FROM export_jobs WHERE training_job_id = $1 ORDER BY id',
      [job],
    )
  ).rows

describe('createExportJob', () => {
  it('writes the row that the platform would; the first is the one to take', async () => {
    const job = await addTrained()
    const input = exportOf(job, { exportConfig: { opset: 17 }, optimizationConfig: { precision: 'fp16' } })
    const selection =
      'databaseId status version isDefault trainingJob { databaseId exportJobs { totalCount } }'
    const { exportJob } = await world.perform('createExportJob', input, 'member', selection)
    expect(exportJob).toMatchObject({
      status: 'PENDING',
      version: 1,
      isDefault: true,
      trainingJob: { databaseId: job, exportJobs: { totalCount: 1 } },
    })
    expect(await world.row('export_jobs', (exportJob as { databaseId: number }).databaseId)).toMatchObject({
      export_format: 'ONNX',
      checkpoint_path: best,
      export_path: null,
      framework: 'timm',
      task_type: 'image_classification',
      model_name: 'resnet50',
      export_config: { opset: 17 },
      optimization_config: { precision: 'fp16' },
      validation_config: null,
      started_at: null,
    })
  })

  it('counts versions up, and has one default', async () => {
    const job = await addTrained()
    for (const more of [{}, { isDefault: true, checkpointPath: last }, {}])
      await world.perform('createExportJob', exportOf(job, more))
    const row = { status: 'PENDING', checkpoint_path: best }
    expect(await exportsOf(job)).toEqual([
      { ...row, version: 1, is_default: false },
      { ...row, version: 2, is_default: true, checkpoint_path: last },
      { ...row, version: 3, is_default: false },
    ])
  })

  it('gives each of many at once a version of its own, and one of them the default', async () => {
    const job = await addTrained()
    await Promise.all(
      Array.from({ length: 12 }, () => world.perform('createExportJob', exportOf(job, { isDefault: true }))),
    )
    const rows = await exportsOf(job)
    expect(rows.map(({ version }) => version).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 12 }, (_, index) => index + 1),
    )
    expect(rows.filter(({ is_default }) => is_default).length).toBe(1)
  })

  it('is for completed trainings alone', async () => {
    for (const status of ['pending', 'running', 'failed', 'cancelled', 'stopped']) {
      const job = await addTrained({ status })
      expect(await world.perform('createExportJob', exportOf(job)), status).toMatchObject({
        __typename: 'TrainingNotCompleted',
        code: 'TRAINING_NOT_COMPLETED',
        message: expect.stringContaining(status),
      })
      expect(await exportsOf(job)).toEqual([])
    }
  })

  it('takes no format that it does not know, and no settings that are no object', async () => {
    const job = await addTrained()
    const wrong = { exportFormat: 'UNKNOWN', exportConfig: 3, validationConfig: [], optimizationConfig: 'x' }
    for (const [field, value] of Object.entries(wrong))
      expect(await world.perform('createExportJob', exportOf(job, { [field]: value }))).toMatchObject({
        field,
      })
  })
})

describe('a checkpoint', () => {
  const refused = { __typename: 'InvalidInput', field: 'checkpointPath' }
  const inferenceOf = (key: number, more = {}) => ({
    ...jobOf(key),
    inferenceType: 'SINGLE',
    inputData: {},
    ...more,
  })

  it('is one that the job wrote', async () => {
    const job = await addTrained()
    await world.add('metrics', { job_id: job, epoch: 3, checkpoint_path: '/data/outputs/1/epoch3.pt' })
    await world.add('validation_results', {
      job_id: job,
      epoch: 4,
      task_type: 'x',
      checkpoint_path: '/v4.pt',
    })
    const other = await addTrained({ best_checkpoint_path: '/data/outputs/2/weights/best.pt' })
    expect(other).not.toBe(job)
    const ask = (checkpointPath: string) =>
      world.perform('createInferenceJob', inferenceOf(job, { checkpointPath }), 'owner', 'checkpointPath')
    for (const path of [best, last, '/data/outputs/1/epoch3.pt', '/v4.pt'])
      expect((await ask(path)).inferenceJob).toEqual({ checkpointPath: path })
    for (const path of ['/data/outputs/2/weights/best.pt', '/etc/passwd', '', 'x'.repeat(501), 'a\u0000'])
      expect(await ask(path), path).toMatchObject(refused)
  })

  it('has to be there', async () => {
    const job = await addTrained({ best_checkpoint_path: null })
    expect(await world.perform('createInferenceJob', inferenceOf(job))).toMatchObject(refused)
    const named = await world.perform('createInferenceJob', inferenceOf(job, { checkpointPath: last }))
    expect(named.__typename).toBe('CreateInferenceJobSuccess')
  })
})

describe('createInferenceJob and createTestRun', () => {
  const keyOf = (outcome: Outcome, entity: string) => (outcome[entity] as { databaseId: number }).databaseId

  it('write the rows that the platform would', async () => {
    const job = await addTrained()
    const inputData = { image_paths: ['a.jpg'], confidence_threshold: 0.25 }
    const inference = await world.perform('createInferenceJob', {
      ...jobOf(job),
      inferenceType: 'BATCH',
      inputData,
    })
    expect(await world.row('inference_jobs', keyOf(inference, 'inferenceJob'))).toMatchObject({
      training_job_id: job,
      checkpoint_path: best,
      inference_type: 'batch',
      input_data: inputData,
      status: 'pending',
      task_type: 'image_classification',
      total_images: 0,
      started_at: null,
      created_at: expect.any(Date),
    })
    const test = await world.perform('createTestRun', {
      ...jobOf(job),
      datasetPath: '/data/datasets/pallets/test',
    })
    expect(await world.row('test_runs', keyOf(test, 'testRun'))).toMatchObject({
      training_job_id: job,
      checkpoint_path: best,
      dataset_path: '/data/datasets/pallets/test',
      dataset_split: 'test',
      status: 'pending',
      task_type: 'image_classification',
      total_images: 0,
      created_at: expect.any(Date),
    })
  })

  it('tell which field cannot be used', async () => {
    const job = jobOf(await addTrained())
    expect(
      await world.perform('createInferenceJob', { ...job, inferenceType: 'UNKNOWN', inputData: {} }),
    ).toMatchObject({ field: 'inferenceType' })
    expect(
      await world.perform('createInferenceJob', {
        ...job,
        inferenceType: 'SINGLE',
        inputData: { a: 'x\u0000' },
      }),
    ).toMatchObject({ field: 'inputData' })
    for (const [field, value] of Object.entries({ datasetPath: '', datasetSplit: 'x'.repeat(21) }))
      expect(
        await world.perform('createTestRun', { ...job, datasetPath: '/data', [field]: value }),
      ).toMatchObject({
        field,
      })
  })
})
