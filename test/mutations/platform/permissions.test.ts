import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  globalId,
  openPlatformWorld,
  type PlatformWorld,
  projectId,
  signIn,
  unique,
  type Who,
} from './platform-world.ts'

let world: PlatformWorld

beforeAll(async () => {
  world = await openPlatformWorld()
})

afterAll(() => world[Symbol.asyncDispose]())

const project = globalId('Project', projectId)

const addExperiment = () =>
  world.add('experiments', {
    project_id: projectId,
    name: 'Experiment',
    num_runs: 0,
    num_completed_runs: 0,
    created_at: '2026-01-01',
    updated_at: '2026-01-01',
  })

const trained = () => world.addJob({ status: 'completed', best_checkpoint_path: '/data/best.pt' })
const trainingJob = async () => ({ trainingJob: globalId('TrainingJob', await trained()) })
const jobWith = async (status: string) => ({ id: globalId('TrainingJob', await world.addJob({ status })) })

/** An input for each mutation, of rows of its own in the project. */
const inputs: Readonly<Record<string, () => Promise<object>>> = {
  createExperiment: async () => ({ project, name: 'Experiment' }),
  updateExperiment: async () => ({ id: globalId('Experiment', await addExperiment()), name: 'Other' }),
  deleteExperiment: async () => ({ id: globalId('Experiment', await addExperiment()) }),
  createTrainingJob: async () => ({
    project,
    modelName: 'resnet50',
    taskType: 'image_classification',
    datasetPath: '/data/datasets/pallets',
    epochs: 3,
    batchSize: 8,
    learningRate: 0.1,
  }),
  updateTrainingJob: async () => ({ ...(await jobWith('running')), notes: 'Look at this.' }),
  cancelTrainingJob: () => jobWith('running'),
  stopTrainingJob: () => jobWith('running'),
  restartTrainingJob: () => jobWith('failed'),
  createExportJob: async () => ({ ...(await trainingJob()), exportFormat: 'ONNX' }),
  createInferenceJob: async () => ({ ...(await trainingJob()), inferenceType: 'SINGLE', inputData: {} }),
  createTestRun: async () => ({ ...(await trainingJob()), datasetPath: '/data/datasets/pallets' }),
}

const answers: Readonly<Record<Who, string>> = {
  admin: 'Success',
  owner: 'Success',
  member: 'Success',
  viewer: 'NotPermitted',
  guest: 'NotPermitted',
  outsider: 'NotFound',
}

describe('what is in a project', () => {
  for (const [name, input] of Object.entries(inputs))
    it(`${name} is for owner, members but viewers and guests, administrators`, async () => {
      for (const [who, answer] of Object.entries(answers) as [Who, string][])
        expect((await world.perform(name, await input(), who)).__typename, who).toMatch(
          new RegExp(`${answer}$`),
        )
    })

  it('is not for those who have not signed in, or whose token is the Labeler’s', async () => {
    const token = await signIn(world.gateway, 'engineer@tributary.test', 'LABELER')
    const projects = {
      createProject: async () => ({ name: unique('Project') }),
      updateProject: async () => ({ id: project, description: 'Other' }),
      deleteProject: async () => ({ id: project }),
    }
    for (const [name, input] of Object.entries({ ...inputs, ...projects })) {
      expect((await world.perform(name, await input(), {})).__typename, name).toBe('NotSignedIn')
      expect((await world.perform(name, await input(), { token })).__typename, name).toBe('NotPermitted')
    }
    expect(await world.row('projects', projectId)).toMatchObject({ name: 'Pallet detection' })
  })

  it('stays as it is where that is refused', async () => {
    const id = await world.addJob({ status: 'running', notes: 'As it was.' })
    for (const who of ['viewer', 'guest', 'outsider'] as const) {
      await world.perform('cancelTrainingJob', { id: globalId('TrainingJob', id) }, who)
      await world.perform('updateTrainingJob', { id: globalId('TrainingJob', id), notes: 'Other' }, who)
    }
    expect(await world.row('training_jobs', id)).toMatchObject({ status: 'running', notes: 'As it was.' })
  })

  it('follows a role that is changed at once', async () => {
    const { id } = await jobWith('running')
    const setRole = (role: string) =>
      world.users.query('UPDATE project_members SET role = $1 WHERE user_id = $2', [role, world.keys.member])
    await setRole('VIEWER')
    expect((await world.perform('cancelTrainingJob', { id }, 'member')).__typename).toBe('NotPermitted')
    await setRole('standard_engineer')
    expect((await world.perform('cancelTrainingJob', { id }, 'member')).__typename).toBe(
      'CancelTrainingJobSuccess',
    )
  })
})

describe('a project itself', () => {
  const addProject = () =>
    world.add('projects', { name: unique('Project'), user_id: world.keys.owner, organization_id: 1 })

  it('is changed and deleted by its owner and administrators alone', async () => {
    for (const who of ['member', 'viewer', 'guest'] as const) {
      const answer = await world.perform('updateProject', { id: project, description: 'Other' }, who)
      expect(answer.__typename, who).toBe('NotPermitted')
      expect((await world.perform('deleteProject', { id: project }, who)).__typename, who).toBe(
        'NotPermitted',
      )
    }
    expect((await world.perform('deleteProject', { id: project }, 'outsider')).__typename).toBe('NotFound')
    for (const who of ['admin', 'owner'] as const) {
      const id = globalId('Project', await addProject())
      expect((await world.perform('updateProject', { id, description: 'Other' }, who)).__typename).toBe(
        'UpdateProjectSuccess',
      )
      expect(await world.perform('deleteProject', { id }, who)).toEqual({
        __typename: 'DeleteProjectSuccess',
        deletedId: id,
      })
    }
  })

  it('that holds what nobody has put anywhere is changed by nobody', async () => {
    const { rows } = await world.platform.query(`SELECT id FROM projects WHERE name = 'Uncategorized'`)
    const id = globalId('Project', rows[0].id)
    expect((await world.perform('updateProject', { id, name: 'Mine' }, 'admin')).__typename).toBe(
      'NotPermitted',
    )
    expect((await world.perform('deleteProject', { id }, 'admin')).__typename).toBe('NotPermitted')
  })
})

describe('a training job without a project', () => {
  it('is for who created it, whose session it came from, and administrators', async () => {
    const { member, viewer } = world.keys
    const session_id = await world.add('sessions', { user_id: viewer, state: 'idle', temp_data: {} })
    const answers = { admin: 'Success', member: 'Success', viewer: 'Success', owner: 'NotFound' }
    for (const [who, answer] of Object.entries(answers) as [Who, string][]) {
      const key = await world.addJob({ project_id: null, created_by: member, session_id, status: 'running' })
      const outcome = await world.perform('stopTrainingJob', { id: globalId('TrainingJob', key) }, who)
      expect(outcome.__typename, who).toMatch(new RegExp(`${answer}$`))
    }
  })

  it('in a project is not for who created it once', async () => {
    const id = await world.addJob({ created_by: world.keys.outsider, status: 'running' })
    const outcome = await world.perform('stopTrainingJob', { id: globalId('TrainingJob', id) }, 'outsider')
    expect(outcome.__typename).toBe('NotFound')
  })
})
