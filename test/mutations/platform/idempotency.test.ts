import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { globalId, type Outcome, openPlatformWorld, type PlatformWorld, unique } from './platform-world.ts'

let world: PlatformWorld

beforeAll(async () => {
  world = await openPlatformWorld()
})

afterAll(() => world[Symbol.asyncDispose]())

const keyOf = ({ project }: Outcome) => (project as { databaseId: number } | null)?.databaseId
const create = (input: object, who?: 'owner' | 'outsider') => world.perform('createProject', input, who)

const count = async (name: string) => {
  const { rows } = await world.platform.query('SELECT FROM projects WHERE name = $1', [name])
  return rows.length
}

describe('an idempotency key', () => {
  it('makes one row of many requests at once, and answers all with it', async () => {
    const input = { name: unique('Project'), idempotencyKey: unique('key') }
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => create(input)))
    expect(new Set(outcomes.map(({ __typename }) => __typename))).toEqual(new Set(['CreateProjectSuccess']))
    expect(new Set(outcomes.map(keyOf)).size).toBe(1)
    expect(await count(input.name)).toBe(1)
  })

  it('makes one export with one version, also at once', async () => {
    const job = await world.addJob({ status: 'completed', best_checkpoint_path: '/best.pt' })
    const input = {
      trainingJob: globalId('TrainingJob', job),
      exportFormat: 'ONNX',
      isDefault: true,
      idempotencyKey: unique('key'),
    }
    await Promise.all(Array.from({ length: 10 }, () => world.perform('createExportJob', input)))
    const { rows } = await world.platform.query(
      'SELECT version, is_default FROM export_jobs WHERE training_job_id = $1',
      [job],
    )
    expect(rows).toEqual([{ version: 1, is_default: true }])
  })

  it('stands for one input', async () => {
    const input = { name: unique('Project'), idempotencyKey: unique('key') }
    const first = await create(input)
    expect(await create({ ...input, description: 'Other' })).toMatchObject({
      __typename: 'IdempotencyKeyReused',
      code: 'IDEMPOTENCY_KEY_REUSED',
    })
    expect(keyOf(await create(input))).toBe(keyOf(first))
  })

  it('takes JSON for the same whose members are in another order', async () => {
    const job = await world.addJob({ status: 'completed', best_checkpoint_path: '/best.pt' })
    const ask = async (exportConfig: object) => {
      const input = {
        trainingJob: globalId('TrainingJob', job),
        exportFormat: 'ONNX',
        exportConfig,
        idempotencyKey,
      }
      return (await world.perform('createExportJob', input)).__typename
    }
    const idempotencyKey = unique('key')
    expect(await ask({ opset: 17, dynamic: { batch: 0, width: 3 } })).toBe('CreateExportJobSuccess')
    expect(await ask({ dynamic: { width: 3, batch: 0 }, opset: 17 })).toBe('CreateExportJobSuccess')
    expect(await ask({ dynamic: { width: 0, batch: 3 }, opset: 17 })).toBe('IdempotencyKeyReused')
    expect(await ask({ opset: 17, dynamic: [0, 3] })).toBe('IdempotencyKeyReused')
  })

  it('is each person’s and each mutation’s own', async () => {
    const idempotencyKey = unique('key')
    const [one, other] = [unique('Project'), unique('Project')]
    expect((await create({ name: one, idempotencyKey }, 'owner')).__typename).toBe('CreateProjectSuccess')
    expect((await create({ name: other, idempotencyKey }, 'outsider')).__typename).toBe(
      'CreateProjectSuccess',
    )
    const experiment = { project: globalId('Project', 1), name: 'Experiment', idempotencyKey }
    expect((await world.perform('createExperiment', experiment)).__typename).toBe('CreateExperimentSuccess')
  })

  it('does not bring back a row that was deleted since', async () => {
    const input = { name: unique('Project'), idempotencyKey: unique('key') }
    const key = keyOf(await create(input))
    await world.perform('deleteProject', { id: globalId('Project', key) })
    expect(await create(input)).toEqual({ __typename: 'CreateProjectSuccess', project: null })
    expect(await count(input.name)).toBe(0)
  })

  it('finds the row of an attempt that broke off before it could say so', async () => {
    const input = { name: unique('Project'), idempotencyKey: unique('key') }
    const key = keyOf(await create(input))
    await world.platform.query(
      `UPDATE tributary.idempotency_keys SET answer = jsonb_set(answer, '{done}', 'false') WHERE key = $1`,
      [input.idempotencyKey],
    )
    expect(keyOf(await create(input))).toBe(key)
    expect(await count(input.name)).toBe(1)
  })

  it('can be used again where the input was not even looked at, and not where its row was refused', async () => {
    const idempotencyKey = unique('key')
    const name = unique('Project')
    expect((await create({ name: '', idempotencyKey })).__typename).toBe('InvalidInput')
    expect((await create({ name: 'Pallet damage triage', idempotencyKey })).__typename).toBe('NameTaken')
    expect((await create({ name, idempotencyKey })).__typename).toBe('IdempotencyKeyReused')
  })

  it('is text of 1 to 255 characters', async () => {
    for (const idempotencyKey of ['', 'x'.repeat(256), 'a\u0000'])
      expect(await create({ name: unique('Project'), idempotencyKey })).toMatchObject({
        field: 'idempotencyKey',
      })
    expect((await create({ name: unique('Project'), idempotencyKey: 'x'.repeat(255) })).__typename).toBe(
      'CreateProjectSuccess',
    )
  })

  it('is not needed: without one each request makes a row', async () => {
    const input = { project: globalId('Project', 1), name: unique('Experiment') }
    await Promise.all([1, 2].map(() => world.perform('createExperiment', input)))
    const { rows } = await world.platform.query('SELECT FROM experiments WHERE name = $1', [input.name])
    expect(rows.length).toBe(2)
  })
})
