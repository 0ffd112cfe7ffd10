import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BySource, SourceKey } from '../../src/config/source-names.ts'
import { freePort } from '../../src/embedded/free-port.ts'
import { sourceTable } from '../../src/sources/table.ts'
import { createEmptyDatabase, type TestDatabase } from '../support/databases.ts'
import { type Answer, startGateway, type TestGateway } from '../support/gateway.ts'
import { createLookalikes, execute, hasLookalikes, type Lookalikes } from '../support/lookalikes.ts'
import { fill } from './fill.ts'
import { type Verdict, verify, verifyAsProcess } from './verify.ts'

type SourceUrls = BySource<string>
type Data = Readonly<Record<string, unknown>>

interface SourceAnswer {
  readonly name: string
  readonly status: string
  readonly reason: string | null
  readonly differences: readonly Data[]
}

/** A gateway over databases of which one has a fault, and what `tributary db verify` says of them. */
interface Faulty extends AsyncDisposable {
  readonly gateway: TestGateway
  readonly verdict: Verdict
  /** What the command says of the source. */
  readonly lines: readonly string[]
  readonly source: SourceAnswer
}

const title = `faults of databases of others${hasLookalikes ? '' : ' (skipped: no descriptions of them at hand)'}`

interface Refusal {
  readonly code: string
  readonly source: SourceKey
  readonly retryable: boolean
}

/** Errors of an answer by path, as a caller's program sees them. */
const errorsOf = ({ errors = [] }: Answer<Data>) =>
  errors.map(({ path = [], extensions }) => ({ path: path.join('.'), ...extensions }))

const mismatch = (source: SourceKey): Refusal => ({ code: 'SOURCE_MISMATCH', source, retryable: false })
const unavailable = (source: SourceKey): Refusal => ({ code: 'SOURCE_UNAVAILABLE', source, retryable: true })

const admits = (url: string) =>
  execute(url).then(
    () => true,
    () => false,
  )

const database = (url: string) => new URL(url).pathname.slice(1)

describe.skipIf(!hasLookalikes)(title, () => {
  let lookalikes: Lookalikes
  let empty: TestDatabase
  let jobOfProject: number

  beforeAll(async () => {
    lookalikes = await createLookalikes()
    empty = await createEmptyDatabase()
    await fill(lookalikes.ownerUrls)
    await using gateway = await startGateway({ urls: lookalikes.urls })
    const { trainingMetrics } = await gateway.query<{
      trainingMetrics: { nodes: { job: { databaseId: number } }[] }
    }>(
      '{ trainingMetrics(first: 1, filter: { job: { projectId: { isNull: false } } }) { nodes { job { databaseId } } } }',
    )
    jobOfProject = trainingMetrics.nodes[0]?.job.databaseId ?? 0
  })

  afterAll(async () => {
    await lookalikes?.[Symbol.asyncDispose]()
    await empty?.[Symbol.asyncDispose]()
  })

  async function meet(fault: SourceKey, urls: SourceUrls): Promise<Faulty> {
    const [gateway, verdict] = await Promise.all([startGateway({ urls }), verify(urls)])
    const { sources } = await gateway.query<{ sources: SourceAnswer[] }>(
      '{ sources { name status reason differences { table column expected found remedy disabling } } }',
    )
    const source = sources.find(({ name }) => name === fault)
    if (!source) throw new Error(`The gateway tells of no source ${fault}.`)
    const rest = sourceTable.map(({ name }) => name).filter((name) => name !== fault)
    expect(sources.filter(({ name }) => rest.some((one) => one === name))).toEqual(
      rest.map((name) => ({ name, status: 'AVAILABLE', reason: null, differences: [] })),
    )
    expect(verdict.lines.filter((line) => !line.startsWith(fault))).toEqual(
      rest.map((name) => `${name}: as expected`),
    )
    return {
      gateway,
      verdict,
      source,
      lines: verdict.lines.filter((line) => line.startsWith(fault)),
      [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
    }
  }

  it('a missing table: its fields alone are null', async () => {
    const urls = await lookalikes.altered('platform', 'DROP TABLE logs')
    await using faulty = await meet('platform', urls)
    expect(faulty.verdict.status).toBe(1)
    expect(faulty.lines).toEqual([
      `platform (database ${database(urls.platform)}), logs: expected a table, found none. ${faulty.source.differences[0]?.remedy}`,
    ])
    expect(await verifyAsProcess(urls)).toEqual(faulty.verdict)
    expect(faulty.source).toMatchObject({
      status: 'AVAILABLE',
      differences: [{ table: 'logs', column: null, found: 'none', disabling: true }],
    })
    const answer = await faulty.gateway.execute<Data>(
      `{ trainingLogs(first: 1) { nodes { content } }
         trainingLog(databaseId: 1) { content }
         trainingJob(databaseId: ${jobOfProject}) { databaseId status logs(first: 1) { nodes { content } } metrics(first: 1) { totalCount } project { owner { email } } } }`,
    )
    expect(errorsOf(answer).toSorted((a, b) => a.path.localeCompare(b.path))).toEqual([
      { path: 'trainingJob.logs', ...mismatch('platform') },
      { path: 'trainingLog', ...mismatch('platform') },
      { path: 'trainingLogs', ...mismatch('platform') },
    ])
    expect(answer.errors?.[0]?.message).toContain('logs')
    expect(answer.data).toMatchObject({
      trainingLogs: null,
      trainingLog: null,
      trainingJob: {
        databaseId: jobOfProject,
        logs: null,
        project: { owner: { email: expect.any(String) } },
      },
    })
  })

  it('a missing column: the other fields of its type answer, on every way to it', async () => {
    const urls = await lookalikes.altered('users', 'ALTER TABLE users DROP COLUMN bio')
    await using faulty = await meet('users', urls)
    expect(faulty.verdict.status).toBe(1)
    expect(faulty.lines).toEqual([
      `users (database ${database(urls.users)}), users.bio: expected a column of type text, found none. ${faulty.source.differences[0]?.remedy}`,
    ])
    expect(faulty.source.differences).toMatchObject([{ table: 'users', column: 'bio', disabling: true }])
    const sound = { email: expect.any(String), fullName: expect.any(String) }
    const answer = await faulty.gateway.execute<Data>(
      `{ users(first: 2, orderBy: [{ field: DATABASE_ID, direction: ASC }]) { totalCount nodes { email bio fullName } }
         user(databaseId: 1) { email bio fullName }
         organization(databaseId: 1) { users(first: 1) { nodes { email bio fullName } } }
         trainingJob(databaseId: ${jobOfProject}) { project { owner { email bio fullName } } } }`,
    )
    expect(errorsOf(answer).toSorted((a, b) => a.path.localeCompare(b.path))).toEqual(
      [
        'organization.users.nodes.0.bio',
        'trainingJob.project.owner.bio',
        'user.bio',
        'users.nodes.0.bio',
        'users.nodes.1.bio',
      ].map((path) => ({ path, ...mismatch('users') })),
    )
    expect(answer.data).toMatchObject({
      users: { nodes: [sound, sound] },
      user: sound,
      organization: { users: { nodes: [sound] } },
      trainingJob: { project: { owner: sound } },
    })
    const byIt = await faulty.gateway.execute<Data>(
      `{ filtered: users(first: 1, filter: { bio: { contains: "x" } }) { totalCount }
         ordered: users(first: 1, orderBy: [{ field: BIO, direction: ASC }]) { nodes { email } }
         sound: users(first: 1, filter: { email: { contains: "@" } }) { nodes { email } } }`,
    )
    expect(errorsOf(byIt)).toEqual([
      { path: 'ordered', ...mismatch('users') },
      { path: 'filtered.totalCount', ...mismatch('users') },
    ])
    expect(byIt.data?.sound).toEqual({ nodes: [{ email: expect.any(String) }] })
  })

  it('a missing key: nothing of its type answers, the types beside it do', async () => {
    const urls = await lookalikes.altered('inference', 'ALTER TABLE inference DROP COLUMN predict_id')
    await using faulty = await meet('inference', urls)
    expect(faulty.verdict.status).toBe(1)
    expect(faulty.lines).toHaveLength(1)
    expect(faulty.lines[0]).toContain('inference.predict_id: expected a column of type text, found none')
    const answer = await faulty.gateway.execute<Data>(
      `{ inferences(first: 1) { nodes { status } } slurmJobs(first: 1) { nodes { status inferences(first: 1) { totalCount } } } }`,
    )
    expect(errorsOf(answer)).toEqual([
      { path: 'inferences', ...mismatch('inference') },
      { path: 'slurmJobs.nodes.0.inferences', ...mismatch('inference') },
    ])
    expect(answer.data).toMatchObject({ slurmJobs: { nodes: [{ status: expect.any(String) }] } })
  })

  it('a column of another type: it alone is null', async () => {
    const urls = await lookalikes.altered('platform', 'ALTER TABLE training_jobs ALTER epochs TYPE text')
    await using faulty = await meet('platform', urls)
    expect(faulty.verdict.status).toBe(1)
    expect(faulty.lines).toEqual([
      `platform (database ${database(urls.platform)}), training_jobs.epochs: expected integer, found text. Give the column the type integer.`,
    ])
    const answer = await faulty.gateway.execute<Data>(
      `{ trainingJob(databaseId: ${jobOfProject}) { epochs progress batchSize } }`,
    )
    expect(errorsOf(answer).toSorted((a, b) => a.path.localeCompare(b.path))).toEqual([
      { path: 'trainingJob.epochs', ...mismatch('platform') },
      { path: 'trainingJob.progress', ...mismatch('platform') },
    ])
    expect(answer.data).toEqual({
      trainingJob: { epochs: null, progress: null, batchSize: expect.any(Number) },
    })
  })

  it('a column that rows are listed by: they come in the order that is left', async () => {
    const urls = await lookalikes.altered('iaas', 'ALTER TABLE tenants ALTER created_at TYPE date')
    await using faulty = await meet('iaas', urls)
    const answer = await faulty.gateway.execute<Data>(
      `{ tenants(first: 5) { totalCount nodes { databaseId createdAt } }
         asked: tenants(first: 5, orderBy: [{ field: CREATED_AT }]) { totalCount } }`,
    )
    const { tenants } = answer.data as { tenants: { nodes: { databaseId: string }[] } }
    const keys = tenants.nodes.map(({ databaseId }) => databaseId)
    expect(keys.length).toBeGreaterThan(0)
    expect(keys).toEqual(keys.toSorted())
    const paths = ['asked', ...keys.map((_key, index) => `tenants.nodes.${index}.createdAt`)]
    expect(errorsOf(answer)).toEqual(paths.map((path) => ({ path, ...mismatch('iaas') })))
  })

  it('a column that usage is told by: its other figures stand', async () => {
    const urls = await lookalikes.altered(
      'iaas',
      'ALTER TABLE usage_records ALTER latency_ms TYPE float8, DROP cached_tokens',
    )
    await using faulty = await meet('iaas', urls)
    const answer = await faulty.gateway.execute<Data>(
      `query ($from: DateTime!, $to: DateTime!) {
         usage(from: $from, to: $to) { requests costMicrodollars latencyP95Ms }
         cached: usage(from: $from, to: $to) { cachedTokens } }`,
      { from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' },
    )
    expect(errorsOf(answer).toSorted((a, b) => a.path.localeCompare(b.path))).toEqual([
      { path: 'cached.0.cachedTokens', ...mismatch('iaas') },
      { path: 'usage.0.latencyP95Ms', ...mismatch('iaas') },
    ])
    expect(answer.data).toMatchObject({
      usage: [
        {
          requests: expect.stringMatching(/^[1-9]/),
          costMicrodollars: expect.any(String),
          latencyP95Ms: null,
        },
      ],
      cached: null,
    })
  })

  it('a column that jobs are listed and counted by: those of its type are missing, the others stand', async () => {
    const urls = await lookalikes.altered(
      'platform',
      'ALTER TABLE export_jobs ALTER created_at TYPE timestamptz, ALTER status TYPE text',
    )
    await using faulty = await meet('platform', urls)
    const told = 'missing { source code message }'
    const { jobs, jobCounts } = await faulty.gateway.query<
      Record<'jobs' | 'jobCounts', { missing: Data[] } & Data>
    >(
      `{ jobs(filter: { source: { eq: "platform" } }, first: 200) { ${told} nodes { __typename } }
         jobCounts(filter: { source: { eq: "platform" } }) { ${told} counts { type count } } }`,
    )
    for (const { missing } of [jobs, jobCounts])
      expect(missing).toEqual([
        {
          source: 'platform',
          code: 'SOURCE_MISMATCH',
          message: expect.stringContaining('export_jobs.'),
        },
      ])
    const types = new Set((jobs.nodes as { __typename: string }[]).map(({ __typename }) => __typename))
    const counted = new Set((jobCounts.counts as { type: string }[]).map(({ type }) => type))
    for (const each of [types, counted])
      expect([...each].toSorted()).toEqual(['InferenceJob', 'TestRun', 'TrainingJob'])
  })

  it('an enum label more: told, disables nothing, and reads as UNKNOWN with its text', async () => {
    const urls = await lookalikes.altered(
      'platform',
      "ALTER TYPE exportjobstatus ADD VALUE 'QUEUED'",
      "UPDATE export_jobs SET status = 'QUEUED' WHERE id = 1",
      "UPDATE training_jobs SET status = 'paused' WHERE id = 1",
    )
    await using faulty = await meet('platform', urls)
    expect(faulty.verdict.status).toBe(0)
    expect(faulty.lines).toHaveLength(1)
    expect(faulty.lines[0]).toMatch(
      /export_jobs\.status: expected the labels .*, found also QUEUED\. Nothing has to be done/,
    )
    expect(faulty.source.differences).toMatchObject([
      { table: 'export_jobs', column: 'status', found: 'also QUEUED', disabling: false },
    ])
    const data = await faulty.gateway.query<Data>(
      `{ exportJob(databaseId: 1) { status statusRaw } trainingJob(databaseId: 1) { status statusRaw }
         exportJobs(first: 0, filter: { status: { eq: COMPLETED } }) { totalCount } }`,
    )
    expect(data).toEqual({
      exportJob: { status: 'UNKNOWN', statusRaw: 'QUEUED' },
      trainingJob: { status: 'UNKNOWN', statusRaw: 'paused' },
      exportJobs: { totalCount: expect.any(Number) },
    })
  })

  it('a column and a table more: no matter', async () => {
    const urls = await lookalikes.altered(
      'platform',
      "ALTER TABLE projects ADD COLUMN budget numeric NOT NULL DEFAULT 'NaN'",
      'CREATE TABLE quotas ()',
    )
    await using faulty = await meet('platform', urls)
    expect(faulty.verdict).toMatchObject({ status: 0 })
    expect(faulty.lines).toEqual(['platform: as expected'])
    expect(faulty.source).toMatchObject({ status: 'AVAILABLE', differences: [] })
    const { projects } = await faulty.gateway.query<{ projects: { nodes: unknown[] } }>(
      '{ projects(first: 3) { nodes { databaseId name trainingJobs(first: 1) { totalCount } } } }',
    )
    expect(projects.nodes).toHaveLength(3)
  })

  it('the original’s table names: recognised and explained', async () => {
    await using originals = await createLookalikes({ originalNames: true })
    const urls = { ...lookalikes.urls, platform: originals.urls.platform }
    await execute(
      originals.ownerUrls.platform,
      `INSERT INTO projects (id, name, user_id) VALUES (1, 'one', 1)`,
    )
    await using faulty = await meet('platform', urls)
    expect(faulty.verdict.status).toBe(1)
    const named = [
      ['deployments', 'deployment_targets'],
      ['logs', 'training_logs'],
      ['metrics', 'training_metrics'],
    ] as const
    expect(faulty.lines.toSorted()).toEqual(
      named.map(
        ([table, original]) =>
          `platform (database ${database(urls.platform)}), ${table}: expected a table of this name, found ${original}, its name in the original system. ` +
          `Rename it, or \`CREATE VIEW public.${table} AS SELECT * FROM public.${original}\`.`,
      ),
    )
    const answer = await faulty.gateway.execute<Data>(
      '{ trainingMetrics(first: 1) { nodes { loss } } projects(first: 1) { nodes { name owner { email } } } }',
    )
    expect(errorsOf(answer)).toEqual([{ path: 'trainingMetrics', ...mismatch('platform') }])
    expect(answer.data).toMatchObject({
      projects: { nodes: [{ name: 'one', owner: { email: expect.any(String) } }] },
    })
  })

  it('a privilege less: says what to grant', async () => {
    const { urls } = lookalikes
    const role = new URL(urls.users).username
    const altered = await lookalikes.altered('users', `REVOKE SELECT ON invitations FROM ${role}`)
    await using faulty = await meet('users', altered)
    expect(faulty.verdict.status).toBe(1)
    expect(faulty.lines).toHaveLength(1)
    expect(faulty.lines[0]).toContain(`GRANT SELECT ON public.invitations TO "${role}".`)
    const answer = await faulty.gateway.execute<Data>(
      '{ invitations(first: 1) { totalCount } users(first: 1) { nodes { email } } }',
    )
    expect(errorsOf(answer)).toEqual([{ path: 'invitations', ...mismatch('users') }])
    expect(answer.data).toMatchObject({ users: { nodes: [{}] } })
  })

  const rootFields = { users: 'users', platform: 'projects', inference: 'slurmJobs' } as const

  interface Wrong {
    readonly name: string
    readonly fault: keyof typeof rootFields
    /** Makes the right URL a wrong one. */
    readonly change: (url: URL) => void | Promise<void>
    readonly reason: RegExp
    /** What its fields answer; default: it cannot be reached. */
    readonly answer?: typeof mismatch
  }

  it.for<Wrong>([
    {
      name: 'a wrong password',
      fault: 'users',
      change: (url) => {
        url.password = 'guessed'
      },
      reason: /^127\.0\.0\.1:\d+ refuses the password of the role \w+_users_ro; correct it in the URL$/,
    },
    {
      name: 'a port where nobody listens',
      fault: 'inference',
      change: async (url) => {
        url.port = String(await freePort())
      },
      reason: /^no server listens at 127\.0\.0\.1:\d+$/,
    },
    {
      name: 'a host that does not exist',
      fault: 'users',
      change: (url) => {
        url.hostname = 'postgres.invalid'
      },
      reason: /^the host postgres\.invalid is not known/,
    },
    {
      name: 'a database that does not exist',
      fault: 'platform',
      change: (url) => {
        url.pathname = '/nowhere'
      },
      reason: /^127\.0\.0\.1:\d+ has no database nowhere; correct its name in the URL$/,
    },
    {
      name: 'another source’s database',
      fault: 'inference',
      change: (url) => {
        const { username, pathname } = new URL(lookalikes.urls.users)
        Object.assign(url, { username, pathname })
      },
      reason:
        /expected the tables .*, found the tables of the source users\. Name the right database in the URL of the source inference\.$/,
      answer: mismatch,
    },
    {
      name: 'a database without tables',
      fault: 'platform',
      change: (url) => {
        url.pathname = new URL(empty.url).pathname
      },
      reason: /expected the tables .*, found a database without tables\./,
      answer: mismatch,
    },
  ])('$name: the source is unavailable and says why in one line', async (wrong, { skip }) => {
    const { fault, change, reason, answer: refusal = unavailable } = wrong
    const changed = new URL(lookalikes.urls[fault])
    await change(changed)
    const url = changed.href
    if (changed.password === 'guessed' && (await admits(url))) skip('this server asks for no password')
    await using faulty = await meet(fault, { ...lookalikes.urls, [fault]: url })
    expect(faulty.source).toMatchObject({ status: 'UNAVAILABLE', reason: expect.stringMatching(reason) })
    expect(faulty.verdict.status).toBe(1)
    expect(faulty.lines).toHaveLength(1)
    expect(faulty.lines[0]).toContain(faulty.source.reason)
    expect(faulty.lines[0]).not.toContain('readonly')
    expect(faulty.lines[0]).not.toContain('guessed')
    const answer = await faulty.gateway.execute<Data>(
      `{ users(first: 1) { nodes { email } } projects(first: 1) { nodes { name } } slurmJobs(first: 1) { nodes { status } } }`,
    )
    const root = rootFields[fault]
    expect(errorsOf(answer)).toEqual([{ path: root, ...refusal(fault) }])
    const row = { nodes: [expect.anything()] }
    expect(answer.data).toEqual({ users: row, projects: row, slurmJobs: row, [root]: null })
    if (fault !== 'users') return
    const edge = await faulty.gateway.execute<Data>(
      `{ trainingJob(databaseId: ${jobOfProject}) { databaseId project { name owner { email } } } }`,
    )
    expect(errorsOf(edge)).toEqual([{ path: 'trainingJob.project.owner', ...unavailable('users') }])
    expect(edge.data).toMatchObject({ trainingJob: { project: { name: expect.any(String), owner: null } } })
  })
})
