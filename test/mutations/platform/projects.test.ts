import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { globalId, openPlatformWorld, type PlatformWorld, unique } from './platform-world.ts'

let world: PlatformWorld

beforeAll(async () => {
  world = await openPlatformWorld()
})

afterAll(() => world[Symbol.asyncDispose]())

const count = async (table: string, condition: string, value: unknown) => {
  const { rows } = await world.platform.query<{ count: string }>(
    `SELECT count(*) FROM ${table} WHERE ${condition}`,
    [value],
  )
  return Number(rows[0]?.count)
}

const addProject = (values = {}) =>
  world.add('projects', { name: unique('Project'), user_id: world.keys.owner, ...values })

describe('createProject', () => {
  it('makes a project of the person and its organization, and shows it', async () => {
    const name = unique('プロジェクト')
    const input = { name, description: 'What for', taskType: 'object_detection' }
    const selection =
      'databaseId name owner { databaseId } organization { databaseId } experiments { totalCount }'
    const { project } = await world.perform('createProject', input, 'owner', selection)
    expect(project).toMatchObject({
      name,
      owner: { databaseId: world.keys.owner },
      organization: { databaseId: 1 },
      experiments: { totalCount: 0 },
    })
    const row = await world.row('projects', (project as { databaseId: number }).databaseId)
    expect(row).toMatchObject({
      name,
      description: 'What for',
      task_type: 'object_detection',
      user_id: world.keys.owner,
      organization_id: 1,
      updated_at: row?.created_at,
    })
    expect(row?.created_at).not.toBeNull()
  })

  it('refuses a name that is taken, whoever has it', async () => {
    const name = unique('Project')
    expect((await world.perform('createProject', { name }, 'owner')).__typename).toBe('CreateProjectSuccess')
    expect(await world.perform('createProject', { name }, 'outsider')).toMatchObject({
      __typename: 'NameTaken',
      code: 'NAME_TAKEN',
    })
  })

  it('refuses names that cannot be', async () => {
    for (const name of ['', ' \t', 'x'.repeat(201), 'a\u0000b', '\udfff', 'Uncategorized'])
      expect(await world.perform('createProject', { name }), name).toMatchObject({
        __typename: 'InvalidInput',
        field: 'name',
      })
    expect((await world.perform('createProject', { name: '😀'.repeat(200) })).__typename).toBe(
      'CreateProjectSuccess',
    )
  })
})

describe('a sequence that is behind its rows', () => {
  const behind = (value: number) => world.platform.query(`SELECT setval('experiments_id_seq', $1)`, [value])

  it('is told of, and no other row is taken for the new one', async () => {
    const { rows } = await world.platform.query('SELECT max(id) AS last FROM experiments')
    await behind(1)
    const input = {
      project: globalId('Project', 1),
      name: unique('Experiment'),
      idempotencyKey: unique('key'),
    }
    await expect(world.perform('createExperiment', input)).rejects.toThrow('SOURCE_MISMATCH')
    await behind(rows[0].last)
    expect((await world.perform('createExperiment', input, 'owner', 'name')).experiment).toEqual({
      name: input.name,
    })
  })
})

describe('updateProject', () => {
  it('changes what is given, and when', async () => {
    const key = await addProject({ description: 'Old', task_type: 'old', updated_at: '2020-01-01' })
    const id = globalId('Project', key)
    const name = unique('Renamed')
    const outcome = await world.perform(
      'updateProject',
      { id, name, taskType: null },
      'owner',
      'name taskType',
    )
    expect(outcome.project).toEqual({ name, taskType: null })
    const { rows } = await world.platform.query(
      `SELECT description, updated_at > now() AT TIME ZONE 'UTC' - interval '1 minute' AS touched
       FROM projects WHERE id = $1`,
      [key],
    )
    expect(rows[0]).toEqual({ description: 'Old', touched: true })
  })

  it('refuses a name that is taken or cannot be', async () => {
    const id = globalId('Project', await addProject())
    const taken = await world.perform('updateProject', { id, name: 'Pallet damage triage' })
    expect(taken.__typename).toBe('NameTaken')
    for (const name of [null, '', 'Uncategorized'])
      expect(await world.perform('updateProject', { id, name })).toMatchObject({ field: 'name' })
  })

  it('finds no project that no id can name, and takes no id of something else', async () => {
    const rename = (id: string) => world.perform('updateProject', { id, description: 'x' }, 'admin')
    expect((await rename(globalId('Project', 99_999))).__typename).toBe('NotFound')
    expect((await rename(globalId('Project', 99_999_999_999))).__typename).toBe('NotFound')
    for (const id of ['', '1', globalId('Experiment', 1), globalId('Project', 'x')])
      expect(await rename(id), id).toMatchObject({ __typename: 'InvalidInput', field: 'id' })
  })
})

describe('deleteProject', () => {
  it('deletes everything below it, its memberships, and cancels its open invitations', async () => {
    const project = 8
    const jobs = 'job_id IN (SELECT id FROM training_jobs WHERE project_id = $1)'
    const trainings = 'training_job_id IN (SELECT id FROM training_jobs WHERE project_id = $1)'
    const job = await world.addJob({ project_id: project, status: 'completed' })
    await world.add('metrics', { job_id: job, epoch: 1 })
    await world.add('logs', { job_id: job, log_type: 'INFO', content: 'x' })
    await world.add('validation_results', { job_id: job, epoch: 1, task_type: 'x' })
    const below = [
      ['metrics', jobs],
      ['logs', jobs],
      ['validation_results', jobs],
      ['test_runs', trainings],
      ['inference_jobs', trainings],
      ['export_jobs', trainings],
      ['deployments', trainings],
      ['training_jobs', 'project_id = $1'],
      ['experiments', 'project_id = $1'],
    ] as const
    const counts = async (conditionOf: (condition: string) => string) => {
      const numbers: number[] = []
      for (const [table, condition] of below)
        numbers.push(await count(table, conditionOf(condition), project))
      return numbers
    }
    const everywhere = () => counts(() => '$1::integer IS NOT NULL')
    await world.users.query(
      `INSERT INTO invitations (token, invitation_type, status, project_id, inviter_id, invitee_email, invitee_role,
         expires_at, created_at) VALUES ('t', 'PROJECT', 'PENDING', $1, 4, 'a@example.org', 'guest', now(), now())`,
      [project],
    )
    const [before, everything] = [await counts((condition) => condition), await everywhere()]
    expect(before.every((number) => number > 0)).toBe(true)
    const id = globalId('Project', project)
    expect((await world.perform('deleteProject', { id }, 'outsider')).deletedId).toBe(id)
    expect(await everywhere()).toEqual(everything.map((number, index) => number - (before[index] ?? 0)))
    expect(await world.row('projects', project)).toBeUndefined()
    const { rows } = await world.users.query(
      `SELECT (SELECT count(*)::integer FROM project_members WHERE project_id = $1) AS members,
         (SELECT status FROM invitations WHERE token = 't') AS invitation`,
      [project],
    )
    expect(rows[0]).toEqual({ members: 0, invitation: 'CANCELLED' })
    expect((await world.perform('deleteProject', { id }, 'outsider')).__typename).toBe('NotFound')
  })

  it('deletes nothing where a table that the graph does not know names something in it', async () => {
    const key = await addProject()
    const job = await world.addJob({ project_id: key })
    const metric = await world.add('metrics', { job_id: job, epoch: 1 })
    await world.platform.query('CREATE TABLE stars (job integer REFERENCES training_jobs)')
    await world.platform.query('INSERT INTO stars VALUES ($1)', [job])
    expect(await world.perform('deleteProject', { id: globalId('Project', key) })).toMatchObject({
      __typename: 'StillUsed',
      code: 'STILL_USED',
    })
    expect(await world.row('metrics', metric)).toBeDefined()
  })

  it('goes on where a trainer reports at the same time', async () => {
    const key = await addProject()
    const job = await world.addJob({ project_id: key, status: 'running' })
    await world.platform.query('BEGIN')
    await world.platform.query('INSERT INTO metrics (job_id, epoch) VALUES ($1, 1)', [job])
    const deleted = world.perform('deleteProject', { id: globalId('Project', key) })
    await world.blocked()
    await world.platform.query('COMMIT')
    expect((await deleted).__typename).toBe('DeleteProjectSuccess')
    expect(await count('metrics', 'job_id = $1', job)).toBe(0)
  })
})

describe('a mutation that a deadlock ends', () => {
  it('is done again', async () => {
    const key = await addProject()
    const job = await world.addJob({ project_id: key })
    await world.platform.query('BEGIN')
    await world.platform.query('SELECT FROM training_jobs WHERE id = $1 FOR UPDATE', [job])
    const deleted = world.perform('deleteProject', { id: globalId('Project', key) })
    await world.blocked()
    await world.platform.query('SELECT FROM projects WHERE id = $1 FOR UPDATE', [key])
    await world.platform.query('COMMIT')
    expect((await deleted).__typename).toBe('DeleteProjectSuccess')
  })
})

describe('deleting a project while trainings are asked for in it', () => {
  it('leaves the one or the other out, and fails for nobody', async () => {
    for (let round = 0; round < 5; round++) {
      const key = await addProject()
      const now = '2026-01-01'
      const experiment = await world.add('experiments', {
        project_id: key,
        name: 'x',
        num_runs: 0,
        num_completed_runs: 0,
        created_at: now,
        updated_at: now,
      })
      const asked = {
        experiment: globalId('Experiment', experiment),
        modelName: 'x',
        taskType: 'x',
        datasetPath: '/x',
        epochs: 1,
        batchSize: 1,
        learningRate: 1,
      }
      const create = () => world.perform('createTrainingJob', asked)
      const remove = () => world.perform('deleteProject', { id: globalId('Project', key) })
      const [deleted, ...created] = await Promise.all([remove(), create(), create(), create(), create()])
      expect(deleted.__typename).toBe('DeleteProjectSuccess')
      for (const { __typename } of created)
        expect(['CreateTrainingJobSuccess', 'NotFound']).toContain(__typename)
      expect(await count('training_jobs', 'project_id = $1', key)).toBe(0)
    }
  })
})

describe('experiments', () => {
  it('are made, changed and deleted; their jobs stay', async () => {
    const project = globalId('Project', 1)
    const made = await world.perform(
      'createExperiment',
      { project, name: 'Baseline', tags: ['a'] },
      'member',
      'id databaseId name tags numRuns project { databaseId }',
    )
    const experiment = made.experiment as { id: string; databaseId: number }
    expect(experiment).toMatchObject({
      name: 'Baseline',
      tags: ['a'],
      numRuns: 0,
      project: { databaseId: 1 },
    })
    expect(await world.row('experiments', experiment.databaseId)).toMatchObject({
      num_completed_runs: 0,
      mlflow_experiment_id: null,
      best_metrics: null,
    })
    const changed = await world.perform(
      'updateExperiment',
      { id: experiment.id, description: 'Why', tags: [] },
      'member',
      'name description tags',
    )
    expect(changed.experiment).toEqual({ name: 'Baseline', description: 'Why', tags: [] })
    const job = await world.addJob({ experiment_id: experiment.databaseId })
    expect((await world.perform('deleteExperiment', { id: experiment.id }, 'member')).deletedId).toBe(
      experiment.id,
    )
    expect(await world.row('training_jobs', job)).toMatchObject({ experiment_id: null, project_id: 1 })
  })

  it('have tags by default, and a name', async () => {
    const project = globalId('Project', 1)
    const made = await world.perform('createExperiment', { project, name: 'x' }, 'owner', 'tags')
    expect(made.experiment).toEqual({ tags: [] })
    expect(await world.perform('createExperiment', { project, name: '' })).toMatchObject({ field: 'name' })
    expect(await world.perform('createExperiment', { project: 'x', name: 'x' })).toMatchObject({
      field: 'project',
    })
    const tags = Array.from({ length: 51 }, String)
    expect(await world.perform('createExperiment', { project, name: 'x', tags })).toMatchObject({
      field: 'tags',
    })
  })
})

describe('the audit log', () => {
  it('has each attempt with its outcome and what it was done to', async () => {
    const id = globalId('Project', await addProject())
    await world.perform('updateProject', { id, description: 'Confidential plan' })
    await world.perform('updateProject', { id, name: '' })
    await world.perform('updateProject', { id, description: 'x' }, 'outsider')
    const key = Buffer.from(id, 'base64').toString().split(':')[1]
    const { rows } = await world.platform.query(
      `SELECT actor, action, outcome, finished_at IS NOT NULL AS done FROM tributary.audit_log
       WHERE target = $1 ORDER BY id`,
      [`project:${key}`],
    )
    const row = { actor: `user:${world.keys.owner}`, action: 'updateProject', done: true }
    expect(rows).toEqual([
      { ...row, outcome: 'SUCCESS' },
      { ...row, outcome: 'INVALID_INPUT' },
      { ...row, actor: `user:${world.keys.outsider}`, outcome: 'NOT_FOUND' },
    ])
    const all = await world.platform.query('SELECT audit_log::text AS line FROM tributary.audit_log')
    const lines = `${JSON.stringify(all.rows)} ${JSON.stringify(world.gateway.log)}`
    for (const secret of ['Confidential plan', world.people.owner]) expect(lines).not.toContain(secret)
  })

  it('has what a job was before', async () => {
    const key = await world.addJob({ status: 'running' })
    await world.perform('cancelTrainingJob', { id: globalId('TrainingJob', key) })
    const { rows } = await world.platform.query(
      'SELECT outcome, detail FROM tributary.audit_log WHERE target = $1',
      [`trainingJob:${key}`],
    )
    expect(rows).toEqual([{ outcome: 'SUCCESS', detail: { from: 'running' } }])
  })
})
