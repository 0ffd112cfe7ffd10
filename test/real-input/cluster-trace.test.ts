import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clusterTraceFolder } from '../support/cluster-trace/folder.ts'
import { loadClusterTrace } from '../support/cluster-trace/load.ts'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'

const folder = clusterTraceFolder()
const title = `the graph over a real cluster’s trace${folder ? '' : ' (skipped: the trace is not at hand)'}`

/** Lines of a file of the trace as lists of values; on purpose not by the loader's own reader. */
const linesOf = (file: string): string[][] =>
  readFileSync(join(folder ?? '', file), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))

const epoch = Date.UTC(2024, 5, 1)
const dateTime = (milliseconds: number) => new Date(milliseconds).toISOString().replace('Z', '000Z')
const second = (text: string | undefined) => dateTime(epoch + Number(text) * 1000)

const tally = (values: readonly (string | undefined)[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const value of values) counts[value ?? ''] = (counts[value ?? ''] ?? 0) + 1
  return counts
}

interface Count {
  readonly [alias: string]: { readonly totalCount: number }
}

interface Jobs {
  readonly trainingJobs: {
    readonly nodes: readonly { readonly notes: string }[]
    readonly pageInfo: {
      readonly hasNextPage: boolean
      readonly hasPreviousPage: boolean
      readonly startCursor: string | null
      readonly endCursor: string | null
    }
  }
}

describe.skipIf(!folder)(title, () => {
  let databases: TestDatabases
  let gateway: TestGateway

  beforeAll(async () => {
    databases = await cloneDatabases()
    await loadClusterTrace({ urls: databases.urls, folder: folder ?? '' })
    gateway = await startGateway({ urls: databases.urls })
  })

  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await databases?.[Symbol.asyncDispose]()
  })

  const countByStatus = async (plural: string, statuses: readonly string[], more = '') => {
    const aliases = statuses.map(
      (status) =>
        `${status}: ${plural}(first: 0, filter: { status: { eq: ${status} }${more} }) { totalCount }`,
    )
    const data = await gateway.query<Count>(`{ ${aliases.join('\n')} }`)
    return Object.fromEntries(statuses.map((status) => [status, data[status]?.totalCount]))
  }

  it('is loaded into empty databases only, and says so', async () => {
    await expect(loadClusterTrace({ urls: databases.urls, folder: folder ?? '' })).rejects.toThrow(
      /has rows already/,
    )
    await expect(loadClusterTrace({ urls: databases.urls, folder: '/nowhere' })).rejects.toThrow(
      '/nowhere holds no cluster trace',
    )
  })

  it('counts training jobs, SLURM jobs and trainings by status as the trace does', async () => {
    const phases = tally(linesOf('tasks.csv').map((line) => line[7]))
    const { Succeeded, Running, Failed, Pending } = phases
    expect(await countByStatus('trainingJobs', ['COMPLETED', 'RUNNING', 'FAILED', 'PENDING'])).toEqual({
      COMPLETED: Succeeded,
      RUNNING: Running,
      FAILED: Failed,
      PENDING: Pending,
    })
    const ofTraining = ', jobType: { eq: TRAINING }'
    expect(
      await countByStatus('slurmJobs', ['COMPLETED', 'RUNNING', 'FAILED', 'PENDING'], ofTraining),
    ).toEqual({ COMPLETED: Succeeded, RUNNING: Running, FAILED: Failed, PENDING: Pending })
    expect(await countByStatus('trainings', ['TRAINED', 'TRAINING', 'FAILED'])).toEqual({
      TRAINED: Succeeded,
      TRAINING: (Running ?? 0) + (Pending ?? 0),
      FAILED: Failed,
    })
  })

  it('counts predictions by status, and by model through the relation, as the trace does', async () => {
    const lines = linesOf('inference-requests.csv')
    const statuses = tally(lines.map((line) => line[2]))
    expect(await countByStatus('inferences', ['COMPLETED', 'FAILED', 'PENDING', 'PROCESSING'])).toEqual({
      COMPLETED: statuses.SUCCEED,
      FAILED: statuses.FAILED,
      PENDING: statuses.PENDING,
      PROCESSING: statuses.PROCESSING,
    })
    const versions = tally(lines.map((line) => line[9]))
    const { models } = await gateway.query<{
      models: { nodes: { name: string; inferences: { totalCount: number } }[] }
    }>(
      `{ models(first: 200, filter: { or: [{ name: { startsWith: "M0" } }, { name: { eq: "default" } }] }) {
           nodes { name inferences(first: 0) { totalCount } } } }`,
    )
    const { '': unnamed, ...named } = versions
    expect(
      Object.fromEntries(models.nodes.map((model) => [model.name, model.inferences.totalCount])),
    ).toEqual({ ...named, default: unnamed })
  })

  it('keeps each job’s moments', async () => {
    const lines = linesOf('tasks.csv')
    const places = [0, 61, 33, 4895, lines.length - 1]
    const { data } = await gateway.execute<Record<string, Record<string, string | null>>>(
      `{ ${places.map((place) => `at${place}: trainingJob(databaseId: ${place + 1}) { notes createdAt startedAt completedAt }`).join('\n')} }`,
    )
    for (const place of places) {
      const [name, , , , , , , , created, deleted, scheduled] = lines[place] ?? []
      const wasCutOff = deleted === '12902960'
      expect(data?.[`at${place}`]).toEqual({
        notes: name,
        createdAt: second(created),
        startedAt: scheduled ? second(scheduled) : null,
        completedAt: wasCutOff ? null : second(deleted),
      })
    }
  })

  it('filters jobs by moments', async () => {
    const lines = linesOf('tasks.csv')
    const [from, to] = [11_000_000, 11_700_000]
    const { trainingJobs } = await gateway.query<Record<string, { totalCount: number }>>(
      `query ($from: DateTime!, $to: DateTime!) {
        trainingJobs(first: 0, filter: { createdAt: { gte: $from, lt: $to }, startedAt: { isNull: true } }) { totalCount }
      }`,
      { from: second(String(from)), to: second(String(to)) },
    )
    const expected = lines.filter(
      (line) => Number(line[8]) >= from && Number(line[8]) < to && line[10] === '',
    )
    expect(expected.length).toBeGreaterThan(10)
    expect(trainingJobs?.totalCount).toBe(expected.length)
  })

  it.each([
    ['the key', '[{ field: DATABASE_ID, direction: ASC }]'],
    ['when they started, many never and many at once', '[{ field: STARTED_AT, direction: DESC }]'],
    ['status and creation', '[{ field: STATUS, direction: ASC }, { field: CREATED_AT, direction: DESC }]'],
  ])('walks all jobs forward and backward exactly once by %s', async (_name, orderBy) => {
    const walk = async (backward: boolean) => {
      const names: string[] = []
      const [size, cursor] = backward ? ['last', 'before'] : ['first', 'after']
      const page = async (variables: { at: string | null }) =>
        (
          await gateway.query<Jobs>(
            `query ($at: String) {
              trainingJobs(${size}: 200, ${cursor}: $at, orderBy: ${orderBy}) {
                nodes { notes } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
              }
            }`,
            variables,
          )
        ).trainingJobs
      for (let at: string | null = null; ; ) {
        const { nodes, pageInfo } = await page({ at })
        const found = nodes.map(({ notes }) => notes)
        names.push(...(backward ? found.toReversed() : found))
        if (!(backward ? pageInfo.hasPreviousPage : pageInfo.hasNextPage)) return names
        at = backward ? pageInfo.startCursor : pageInfo.endCursor
      }
    }
    const forward = await walk(false)
    expect(forward.toSorted()).toEqual(
      linesOf('tasks.csv')
        .map(([name]) => name)
        .toSorted(),
    )
    expect(await walk(true)).toEqual(forward.toReversed())
  })

  it('samples three thousand measurements and keeps their extremes, their ends and their order', async () => {
    const times = linesOf('minibatch-times.csv').map((line) => Number(line[4]))
    interface Job {
      readonly notes: string
      readonly status: string
      readonly progress: number
      readonly metrics: { readonly totalCount: number }
      readonly metricSeries: {
        readonly totalPoints: number
        readonly points: readonly { readonly step: number; readonly value: number }[]
      }
    }
    const { trainingMetrics } = await gateway.query<{ trainingMetrics: { nodes: { job: Job }[] } }>(
      `{ trainingMetrics(first: 1) { nodes { job {
        notes status progress metrics(first: 0) { totalCount }
        metricSeries(name: "batch_time", maxPoints: 320) { totalPoints points { step value } }
      } } } }`,
    )
    const job = trainingMetrics.nodes[0]?.job
    expect(job).toMatchObject({
      notes: 'openb-pod-4895',
      status: 'RUNNING',
      progress: 0.5,
      metrics: { totalCount: times.length },
      metricSeries: { totalPoints: times.length },
    })
    const points = job?.metricSeries.points ?? []
    const values = points.map(({ value }) => value)
    expect(points.length).toBeLessThanOrEqual(320)
    expect(points.length).toBeGreaterThan(160)
    expect([Math.min(...values), Math.max(...values)]).toEqual([Math.min(...times), Math.max(...times)])
    expect([values[0], values.at(-1)]).toEqual([times[0], times.at(-1)])
    expect(points.map(({ step }) => step)).toEqual(points.map(({ step }) => step).toSorted((a, b) => a - b))
    expect(values).toEqual(points.map(({ step }) => times[step - 1]))
  })

  it('leads from jobs to their projects, owners and organizations, in one statement a database', async () => {
    const { data, statements } = await gateway.measure<{
      trainingJobs: {
        nodes: {
          notes: string
          tags: string[]
          creator: { email: string } | null
          project: {
            name: string
            owner: { databaseId: number; organization: { name: string } }
            organization: { name: string }
          }
        }[]
      }
    }>(
      `{ trainingJobs(first: 200, orderBy: [{ field: CREATED_AT, direction: ASC }]) { nodes {
        notes tags creator { email }
        project { name owner { databaseId organization { name } } organization { name } }
      } } }`,
    )
    const qosOf = new Map(linesOf('tasks.csv').map((line) => [line[0], line[6]]))
    expect(data.trainingJobs.nodes).toHaveLength(200)
    for (const { notes, tags, project, creator } of data.trainingJobs.nodes) {
      const qos = qosOf.get(notes)
      expect(tags).toEqual([qos])
      expect(project.organization.name).toBe(qos)
      expect(project.owner.organization.name).toBe(qos)
      expect(creator === null).toBe(qos === 'BE')
    }
    expect(statements.platform).toBe(2)
    expect(statements.users).toBeLessThanOrEqual(2)
  })

  it('leads from a prediction’s own SLURM job back to it, and to the task that trained its model', async () => {
    const { slurmJobs } = await gateway.query<{
      slurmJobs: {
        totalCount: number
        nodes: {
          startTime: string
          endTime: string
          inferences: { nodes: { inputData: { group: string }; model: { training: { status: string } } }[] }
        }[]
      }
    }>(
      `{ slurmJobs(first: 50, filter: { jobType: { eq: INFERENCE } }, orderBy: [{ field: SBATCH_ID, direction: ASC }]) {
        totalCount
        nodes { startTime endTime inferences(first: 2) { nodes { inputData model { training { status } } } } }
      } }`,
    )
    const long = linesOf('inference-requests.csv').filter((line) => Number(line[3]) >= 60)
    expect(slurmJobs.totalCount).toBe(long.length)
    slurmJobs.nodes.forEach(({ startTime, endTime, inferences }, index) => {
      const [created = '', , , seconds, group] = long[index] ?? []
      const start = Date.parse(`${created.replace(' ', 'T')}Z`)
      expect([startTime, endTime]).toEqual([dateTime(start), dateTime(start + Number(seconds) * 1000)])
      expect(inferences.nodes).toHaveLength(1)
      expect(inferences.nodes[0]).toMatchObject({
        inputData: { group },
        model: { training: { status: 'TRAINED' } },
      })
    })
  })

  it('finds predictions by what lies in their input', async () => {
    const lines = linesOf('inference-requests.csv')
    const expected = lines.filter((line) => line[4] === 'G0264' && line[1] === 'IMG_2_IMG').length
    const { inferences } = await gateway.query<Record<string, { totalCount: number }>>(
      `query ($part: JSON!) { inferences(first: 0, filter: { inputData: { contains: $part } }) { totalCount } }`,
      { part: { group: 'G0264', kind: 'IMG_2_IMG' } },
    )
    expect(inferences?.totalCount).toBe(expected)
  })
})
