import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'

let databases: TestDatabases
let gateway: TestGateway
let sql: Awaited<ReturnType<TestDatabases['client']>>

beforeAll(async () => {
  databases = await cloneDatabases()
  gateway = await startGateway({ urls: databases.urls })
  sql = await databases.client('platform')
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await databases[Symbol.asyncDispose]()
})

/** A training job with nothing but what the table demands. */
async function trainingJob({ epochs = 10 } = {}): Promise<number> {
  const { rows } = await sql.query(
    `INSERT INTO training_jobs (observability_backends, framework, model_name, task_type, dataset_format, output_dir, epochs, batch_size, learning_rate, status)
     VALUES ('database', 'timm', 'resnet50', 'image_classification', 'imagefolder', '/out', $1, 32, 0.001, 'running') RETURNING id`,
    [epochs],
  )
  return (rows[0] as { id: number }).id
}

interface Measured {
  readonly epoch: number
  readonly step?: number
  readonly loss?: number
  readonly extra?: object
}

async function measure(job: number, metrics: readonly Measured[]): Promise<void> {
  await sql.query(
    `INSERT INTO metrics (job_id, epoch, step, loss, extra_metrics)
     SELECT $1, m.* FROM unnest($2::integer[], $3::integer[], $4::float8[], $5::json[]) AS m`,
    [
      job,
      metrics.map(({ epoch }) => epoch),
      metrics.map(({ step }) => step),
      metrics.map(({ loss }) => loss),
      metrics.map(({ extra }) => extra && JSON.stringify(extra)),
    ],
  )
}

interface Series {
  readonly totalPoints: number
  readonly points: readonly {
    readonly epoch: number
    readonly step: number | null
    readonly value: number | null
  }[]
}

async function series(job: number, name: string, maxPoints = 320): Promise<Series> {
  const { trainingJob: found } = await gateway.query<{ trainingJob: { metricSeries: Series } }>(
    `query ($job: Int!, $name: String!, $maxPoints: Int!) {
      trainingJob(databaseId: $job) { metricSeries(name: $name, maxPoints: $maxPoints) { totalPoints points { epoch step value } } }
    }`,
    { job, name, maxPoints },
  )
  return found.metricSeries
}

const progress = async (job: number) =>
  (
    await gateway.query<{ trainingJob: { progress: number | null } }>(
      'query ($job: Int!) { trainingJob(databaseId: $job) { progress } }',
      { job },
    )
  ).trainingJob.progress

describe('the progress of a training job', () => {
  it('is its highest epoch over its epochs', async () => {
    const job = await trainingJob({ epochs: 10 })
    expect(await progress(job)).toBe(0)
    await measure(job, [{ epoch: 1 }, { epoch: 2 }, { epoch: 3 }])
    expect(await progress(job)).toBe(0.3)
    await measure(job, [{ epoch: 1 }, { epoch: 2 }])
    expect(await progress(job)).toBe(0.3)
    await measure(job, [{ epoch: 12 }])
    expect(await progress(job)).toBe(1)
  })

  it('is unknown where the number of epochs is', async () => {
    expect(await progress(await trainingJob({ epochs: 0 }))).toBeNull()
  })
})

describe('a metric series', () => {
  it('keeps every point while they are few, in order of epoch and step', async () => {
    const job = await trainingJob()
    await measure(job, [
      { epoch: 2, step: 10, loss: 0.5 },
      { epoch: 1, step: 20, loss: 0.7 },
      { epoch: 1, loss: 0.9 },
      { epoch: 1, step: 10, loss: 0.8 },
    ])
    expect(await series(job, 'loss')).toEqual({
      totalPoints: 4,
      points: [
        { epoch: 1, step: null, value: 0.9 },
        { epoch: 1, step: 10, value: 0.8 },
        { epoch: 1, step: 20, value: 0.7 },
        { epoch: 2, step: 10, value: 0.5 },
      ],
    })
  })

  it('takes the later row of an epoch that was trained again', async () => {
    const job = await trainingJob()
    await measure(job, [
      { epoch: 1, loss: 0.9 },
      { epoch: 2, loss: 0.8 },
      { epoch: 1, loss: 0.6 },
    ])
    expect((await series(job, 'loss')).points.map(({ value }) => value)).toEqual([0.6, 0.8])
  })

  it('has a gap where training diverged', async () => {
    const job = await trainingJob()
    await measure(job, [
      { epoch: 1, loss: 0.9 },
      { epoch: 2, loss: Number.NaN },
      { epoch: 3, loss: Number.POSITIVE_INFINITY },
    ])
    expect((await series(job, 'loss')).points.map(({ value }) => value)).toEqual([0.9, null, null])
  })

  it('is found by name in extraMetrics, where it is a number', async () => {
    const job = await trainingJob()
    await measure(job, [
      { epoch: 1, extra: { 'mAP50-95': 0.25 } },
      { epoch: 2, extra: { 'mAP50-95': 'soon' } },
      { epoch: 3, extra: { other: 1 } },
      { epoch: 4 },
      { epoch: 5, extra: { 'mAP50-95': 1 } },
    ])
    expect(await series(job, 'mAP50-95')).toEqual({
      totalPoints: 2,
      points: [
        { epoch: 1, step: null, value: 0.25 },
        { epoch: 5, step: null, value: 1 },
      ],
    })
    expect(await series(job, "'; DROP TABLE metrics; --")).toEqual({ totalPoints: 0, points: [] })
  })

  it('of a hundred thousand points is 320, with the first, the last, and each stretch’s least and greatest', async () => {
    const job = await trainingJob({ epochs: 100_000 })
    await sql.query(
      `INSERT INTO metrics (job_id, epoch, loss)
       SELECT $1, n, CASE n WHEN 54321 THEN 1000 WHEN 77777 THEN -1000 WHEN 60000 THEN 'NaN' ELSE 1 + sin(n / 500.0) / n END
       FROM generate_series(1, 100000) n`,
      [job],
    )
    const { totalPoints, points } = await series(job, 'loss')
    expect(totalPoints).toBe(100_000)
    expect(points.length).toBeLessThanOrEqual(320)
    expect(points.length).toBeGreaterThan(300)
    expect(points[0]?.epoch).toBe(1)
    expect(points.at(-1)?.epoch).toBe(100_000)

    const { rows } = await sql.query<{ epoch: number; loss: number }>(
      'SELECT epoch, loss FROM metrics WHERE job_id = $1 ORDER BY epoch',
      [job],
    )
    const kept = new Set(points.map(({ epoch }) => epoch))
    const buckets = 159
    const inBucket = Map.groupBy(rows, ({ epoch }) => Math.floor(((epoch - 1) * buckets) / rows.length))
    for (const members of inBucket.values()) {
      const finite = members.map(({ loss }) => loss).filter(Number.isFinite)
      for (const extreme of [Math.min(...finite), Math.max(...finite)])
        expect(members.some(({ epoch, loss }) => loss === extreme && kept.has(epoch))).toBe(true)
    }
  })
})
