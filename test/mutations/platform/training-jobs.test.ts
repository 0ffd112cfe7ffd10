import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ask } from '../../auth/sign-in-kit.ts'
import { globalId, type Outcome, openPlatformWorld, type PlatformWorld, projectId } from './platform-world.ts'

let world: PlatformWorld

beforeAll(async () => {
  world = await openPlatformWorld()
})

afterAll(() => world[Symbol.asyncDispose]())

const jobId = (key: number) => globalId('TrainingJob', key)

const wanted = {
  project: globalId('Project', projectId),
  modelName: 'yolo11n',
  taskType: 'object_detection',
  datasetPath: '/data/datasets/pallets',
  epochs: 12,
  batchSize: 8,
  learningRate: 0.01,
}

const created = ({ trainingJob }: Outcome) => (trainingJob as { databaseId: number }).databaseId

describe('createTrainingJob', () => {
  it('writes the row that the platform would, with its defaults', async () => {
    const before = Date.now()
    const outcome = await world.perform(
      'createTrainingJob',
      { ...wanted, framework: 'VFM_V1', tags: ['sweep'], advancedConfig: { optimizer: { type: 'SGD' } } },
      'member',
      'databaseId status framework project { name } creator { databaseId } progress primaryMetric',
    )
    expect(outcome.trainingJob).toMatchObject({
      status: 'PENDING',
      framework: 'VFM_V1',
      project: { name: 'Pallet detection' },
      creator: { databaseId: world.keys.member },
      progress: 0,
      primaryMetric: 'mAP50',
    })
    const { created_at, ...row } = (await world.row('training_jobs', created(outcome))) ?? {}
    expect(row).toEqual({
      id: created(outcome),
      session_id: null,
      project_id: projectId,
      experiment_id: null,
      created_by: world.keys.member,
      experiment_name: null,
      tags: ['sweep'],
      notes: null,
      observability_backends: 'database',
      observability_experiment_ids: {},
      framework: 'vfm-v1',
      model_name: 'yolo11n',
      task_type: 'object_detection',
      num_classes: null,
      custom_docker_image: null,
      dataset_id: null,
      dataset_snapshot_id: null,
      dataset_version: null,
      dataset_path: '/data/datasets/pallets',
      dataset_format: 'imagefolder',
      output_dir: `/data/outputs/job_${created(outcome)}`,
      split_strategy: null,
      epochs: 12,
      batch_size: 8,
      learning_rate: 0.01,
      advanced_config: { optimizer: { type: 'SGD' } },
      status: 'pending',
      error_message: null,
      process_id: null,
      workflow_id: null,
      clearml_task_id: null,
      final_accuracy: null,
      best_checkpoint_path: null,
      last_checkpoint_path: null,
      primary_metric: 'mAP50',
      primary_metric_mode: 'max',
      started_at: null,
      completed_at: null,
    })
    const { rows } = await world.platform.query(
      `SELECT extract(epoch FROM created_at AT TIME ZONE 'UTC') * 1000 AS at FROM training_jobs WHERE id = $1`,
      [row.id],
    )
    expect(created_at).not.toBeNull()
    expect(Math.abs(Number(rows[0].at) - before)).toBeLessThan(60_000)
  })

  it('takes the project of its experiment, and the dataset of its snapshot', async () => {
    const { rows } = await world.platform.query(
      'SELECT id, name FROM experiments WHERE project_id = $1 ORDER BY id LIMIT 1',
      [projectId],
    )
    const snapshot = (
      await world.platform.query(
        `SELECT s.id, s.dataset_id FROM dataset_snapshots s JOIN training_jobs j ON j.dataset_snapshot_id = s.id
         WHERE j.project_id = $1 LIMIT 1`,
        [projectId],
      )
    ).rows[0]
    const { project: _project, datasetPath: _path, ...rest } = wanted
    const outcome = await world.perform('createTrainingJob', {
      ...rest,
      experiment: globalId('Experiment', rows[0].id),
      datasetSnapshot: globalId('DatasetSnapshot', snapshot.id),
    })
    expect(await world.row('training_jobs', created(outcome))).toMatchObject({
      project_id: projectId,
      experiment_id: rows[0].id,
      experiment_name: rows[0].name,
      dataset_snapshot_id: snapshot.id,
      dataset_id: snapshot.dataset_id,
      dataset_path: null,
    })
  })

  it('without a project is its creator’s', async () => {
    const { project: _project, ...rest } = wanted
    const outcome = await world.perform('createTrainingJob', rest, 'outsider', 'databaseId')
    expect(await world.row('training_jobs', created(outcome))).toMatchObject({
      project_id: null,
      created_by: world.keys.outsider,
    })
  })

  it('does not tell of snapshots, experiments or projects that one does not see', async () => {
    const snapshot = `snap_${'0'.repeat(12)}`
    await world.platform.query(
      `INSERT INTO dataset_snapshots (id, dataset_id, storage_path, created_at) VALUES ($1, 'ds_1', 's3://x', now())`,
      [snapshot],
    )
    const foreign = await world.platform.query('SELECT id, project_id FROM experiments WHERE project_id = 8')
    const inputs = [
      { ...wanted, datasetSnapshot: globalId('DatasetSnapshot', snapshot) },
      { ...wanted, datasetSnapshot: globalId('DatasetSnapshot', 'snap_none') },
      { ...wanted, project: globalId('Project', 8) },
      { ...wanted, project: globalId('Project', 99_999_999_999) },
      { ...wanted, project: undefined, experiment: globalId('Experiment', foreign.rows[0].id) },
    ]
    for (const input of inputs)
      expect((await world.perform('createTrainingJob', input)).__typename, JSON.stringify(input)).toBe(
        'NotFound',
      )
  })

  it('tells which field cannot be used', async () => {
    let deep: object = {}
    for (let depth = 0; depth < 64; depth++) deep = { deep }
    const inputs = {
      epochs: { epochs: 0 },
      batchSize: { batchSize: -1 },
      learningRate: { learningRate: 0 },
      numClasses: { numClasses: 0 },
      modelName: { modelName: 'x'.repeat(101) },
      taskType: { taskType: ' ' },
      datasetFormat: { datasetFormat: '' },
      datasetPath: { datasetPath: 'a\u0000b' },
      notes: { notes: '\ud800' },
      framework: { framework: 'UNKNOWN' },
      primaryMetricMode: { primaryMetricMode: 'UNKNOWN' },
      primaryMetric: { primaryMetric: 'x'.repeat(101) },
      tags: { tags: [''] },
      advancedConfig: { advancedConfig: deep },
      splitStrategy: { splitStrategy: [1] },
      project: { project: 'none' },
      experiment: { experiment: globalId('Project', 1) },
      datasetSnapshot: { datasetPath: null },
    }
    for (const [field, input] of Object.entries(inputs))
      expect(await world.perform('createTrainingJob', { ...wanted, ...input })).toMatchObject({
        __typename: 'InvalidInput',
        code: 'INVALID_INPUT',
        field,
      })
  })

  it('is refused for an experiment of another project than the one named', async () => {
    const { rows } = await world.platform.query('SELECT id FROM experiments WHERE project_id = 3 LIMIT 1')
    const input = { ...wanted, experiment: globalId('Experiment', rows[0].id) }
    expect(await world.perform('createTrainingJob', input, 'admin')).toMatchObject({
      __typename: 'InvalidInput',
      field: 'experiment',
    })
  })
})

describe('updateTrainingJob', () => {
  it('changes what is given, and nothing else', async () => {
    const key = await world.addJob({ status: 'running', notes: 'Old.', tags: '["old"]' })
    const change = (input: object) =>
      world.perform('updateTrainingJob', { id: jobId(key), ...input }, 'owner', 'notes tags')
    expect((await change({ notes: 'New.' })).trainingJob).toEqual({ notes: 'New.', tags: ['old'] })
    expect((await change({ tags: ['a', 'b'] })).trainingJob).toEqual({ notes: 'New.', tags: ['a', 'b'] })
    expect((await change({ notes: null, tags: null })).trainingJob).toEqual({ notes: null, tags: null })
    expect(await change({})).toMatchObject({ __typename: 'InvalidInput', field: 'input' })
    expect(await world.row('training_jobs', key)).toMatchObject({ status: 'running', started_at: null })
  })
})

const commands = { cancelTrainingJob: 'CANCELLED', stopTrainingJob: 'STOPPED', restartTrainingJob: 'PENDING' }
const statuses = ['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED', 'STOPPED']
const legal = new Set([
  'PENDING CANCELLED',
  'RUNNING CANCELLED',
  'PENDING STOPPED',
  'RUNNING STOPPED',
  'COMPLETED PENDING',
  'FAILED PENDING',
  'CANCELLED PENDING',
])

describe('the state machine', () => {
  for (const [command, to] of Object.entries(commands))
    for (const from of statuses)
      it(`${command} of a job that is ${from}`, async () => {
        const key = await world.addJob({ status: from.toLowerCase() })
        const outcome = await world.perform(command, { id: jobId(key) }, 'owner', 'status completedAt')
        const isLegal = legal.has(`${from} ${to}`)
        if (isLegal) expect(outcome).toMatchObject({ trainingJob: { status: to } })
        else
          expect(outcome).toMatchObject({
            __typename: 'IllegalTransition',
            code: 'ILLEGAL_TRANSITION',
            from,
            to,
            allowed: Object.values(commands).filter((other) => legal.has(`${from} ${other}`)),
            message: expect.stringContaining(`is ${from} and cannot become ${to}`),
          })
        const row = await world.row('training_jobs', key)
        expect(row?.status).toBe((isLegal ? to : from).toLowerCase())
        expect(row?.completed_at === null).toBe(!isLegal || to === 'PENDING')
      })

  it('has no move from a status that it does not know', async () => {
    const key = await world.addJob({ status: 'evicted' })
    expect(await world.perform('cancelTrainingJob', { id: jobId(key) })).toMatchObject({
      __typename: 'IllegalTransition',
      from: 'UNKNOWN',
      allowed: [],
    })
  })

  it('lets exactly one of thirty win each edge', async () => {
    const key = await world.addJob({ status: 'running' })
    const race = async (names: readonly string[]) => {
      const outcomes = await Promise.all(
        Array.from({ length: 30 }, (_, index) => {
          const who = (['owner', 'member', 'admin'] as const)[index % 3] ?? 'owner'
          return world.perform(names[index % names.length] as string, { id: jobId(key) }, who, 'status')
        }),
      )
      const winners = outcomes.filter(({ __typename }) => __typename.endsWith('Success'))
      expect(winners.length).toBe(1)
      expect(outcomes.filter(({ __typename }) => __typename === 'IllegalTransition').length).toBe(29)
    }
    await race(['cancelTrainingJob', 'stopTrainingJob'])
    await world.platform.query(`UPDATE training_jobs SET status = 'failed' WHERE id = $1`, [key])
    await race(['restartTrainingJob'])
  })

  it('waits for a writer that moves the job, and sees what it wrote', async () => {
    const key = await world.addJob({ status: 'running' })
    await world.platform.query('BEGIN')
    await world.platform.query(`UPDATE training_jobs SET status = 'completed' WHERE id = $1`, [key])
    const outcome = world.perform('cancelTrainingJob', { id: jobId(key) })
    await world.blocked()
    await world.platform.query('COMMIT')
    expect(await outcome).toMatchObject({ __typename: 'IllegalTransition', from: 'COMPLETED' })
  })
})

describe('a client that goes away', () => {
  it('leaves a job moved, and an outcome in the audit log', async () => {
    const key = await world.addJob({ status: 'running' })
    await world.platform.query('BEGIN')
    await world.platform.query('SELECT FROM training_jobs WHERE id = $1 FOR UPDATE', [key])
    const leaving = new AbortController()
    const query = `mutation { stopTrainingJob(input: { id: "${jobId(key)}" }) { __typename } }`
    const answer = fetch(world.gateway.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-request-id': 'gone',
        authorization: `Bearer ${world.people.owner}`,
      },
      body: JSON.stringify({ query }),
      signal: leaving.signal,
    })
    await world.blocked()
    leaving.abort()
    await expect(answer).rejects.toThrow('abort')
    await world.gateway.logged(({ requestId }) => requestId === 'gone')
    await world.platform.query('COMMIT')
    await vi.waitFor(async () => {
      const { rows } = await world.platform.query(
        'SELECT outcome FROM tributary.audit_log WHERE request_id = $1',
        ['gone'],
      )
      expect(rows).toEqual([{ outcome: 'SUCCESS' }])
    })
    expect(await world.row('training_jobs', key)).toMatchObject({ status: 'stopped' })
  })
})

describe('restartTrainingJob', () => {
  it('deletes metrics and logs, keeps validations, and forgets how the job ended', async () => {
    const key = await world.addJob({
      status: 'failed',
      started_at: '2026-01-01',
      completed_at: '2026-01-02',
      error_message: 'Out of memory',
      final_accuracy: 0.5,
      process_id: 12,
      clearml_task_id: 'task',
      best_checkpoint_path: '/data/best.pt',
    })
    await world.add('metrics', { job_id: key, epoch: 10 })
    await world.add('logs', { job_id: key, log_type: 'INFO', content: 'Line' })
    await world.add('validation_results', { job_id: key, epoch: 1, task_type: 'image_classification' })
    const outcome = await world.perform(
      'restartTrainingJob',
      { id: jobId(key) },
      'member',
      'status progress metrics { totalCount } logs { totalCount } validationResults { totalCount }',
    )
    expect(outcome.trainingJob).toEqual({
      status: 'PENDING',
      progress: 0,
      metrics: { totalCount: 0 },
      logs: { totalCount: 0 },
      validationResults: { totalCount: 1 },
    })
    expect(await world.row('training_jobs', key)).toMatchObject({
      status: 'pending',
      started_at: null,
      completed_at: null,
      error_message: null,
      final_accuracy: null,
      process_id: null,
      clearml_task_id: null,
      best_checkpoint_path: '/data/best.pt',
    })
  })

  it('shows its own write also where the document has read before', async () => {
    const key = await world.addJob({ status: 'running' })
    await world.add('metrics', { job_id: key, epoch: 10 })
    const input = `(input: { id: "${jobId(key)}" })`
    const answer = await ask<Record<string, { trainingJob: object }>>(
      world.gateway,
      `mutation {
        cancelTrainingJob${input} { ... on CancelTrainingJobSuccess { trainingJob { status progress } } }
        restartTrainingJob${input} { ... on RestartTrainingJobSuccess { trainingJob { status progress } } }
      }`,
      {},
      { token: world.people.owner },
    )
    expect(answer.data).toEqual({
      cancelTrainingJob: { trainingJob: { status: 'CANCELLED', progress: 1 } },
      restartTrainingJob: { trainingJob: { status: 'PENDING', progress: 0 } },
    })
  })

  it('keeps metrics and logs where it is refused', async () => {
    const key = await world.addJob({ status: 'running' })
    const metric = await world.add('metrics', { job_id: key, epoch: 1 })
    await world.perform('restartTrainingJob', { id: jobId(key) })
    expect(await world.row('metrics', metric)).toBeDefined()
  })
})

describe('where workers do not act on rows', () => {
  it('every mutation that asks them for something says so, and notes and tags can be changed', async () => {
    await using without = await openPlatformWorld({ JOB_COMMANDS: 'none' })
    const id = jobId(await without.addJob({ status: 'running' }))
    const inputs = {
      createTrainingJob: wanted,
      cancelTrainingJob: { id },
      stopTrainingJob: { id },
      restartTrainingJob: { id },
      createExportJob: { trainingJob: id, exportFormat: 'ONNX' },
      createInferenceJob: { trainingJob: id, inferenceType: 'SINGLE', inputData: {} },
      createTestRun: { trainingJob: id, datasetPath: '/data' },
    }
    for (const [name, input] of Object.entries(inputs))
      expect(await without.perform(name, input), name).toMatchObject({
        __typename: 'NotAvailable',
        code: 'NOT_AVAILABLE',
        message: expect.stringContaining('JOB_COMMANDS'),
      })
    expect((await without.perform('updateTrainingJob', { id, notes: 'Hi.' })).__typename).toBe(
      'UpdateTrainingJobSuccess',
    )
  })
})
