import { setImmediate as turn } from 'node:timers/promises'
import { Client } from 'pg'
import { Secret } from '../../src/config/secret.ts'
import type { SourceConfig } from '../../src/config/source-config.ts'
import type { ExpectedDatabase } from '../../src/database/expected.ts'
import { Source, type SourceOptions } from '../../src/database/source.ts'
import type { Timing } from '../../src/database/timing.ts'
import { createEmptyDatabase, type TestDatabase } from '../support/databases.ts'

/** A table of jobs, one of their metrics, and a view. */
export const expected: ExpectedDatabase = {
  source: 'lab',
  tables: [
    {
      name: 'jobs',
      kind: 'table',
      key: ['id'],
      columns: [
        { name: 'id', type: 'integer' },
        { name: 'title', type: 'text' },
        { name: 'state', type: 'enum', enumType: 'jobstate', enumLabels: ['WAITING', 'RUNNING'] },
      ],
    },
    {
      name: 'metrics',
      kind: 'table',
      originalName: 'training_metrics',
      key: ['id'],
      columns: [
        { name: 'id', type: 'bigint' },
        { name: 'loss', type: 'float' },
      ],
    },
    { name: 'recent_jobs', kind: 'view', key: ['id'], columns: [{ name: 'id', type: 'integer' }] },
  ],
}

const schema = `
  DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC;
  CREATE TYPE jobstate AS ENUM ('WAITING', 'RUNNING');
  CREATE TABLE jobs (id serial PRIMARY KEY, title varchar(100) NOT NULL, state jobstate NOT NULL);
  CREATE TABLE metrics (id bigserial PRIMARY KEY, loss double precision);
  CREATE VIEW recent_jobs AS SELECT id FROM jobs;
  INSERT INTO jobs (title, state) VALUES ('first', 'RUNNING');`

/** A minute of the watch's life in a second. */
export const quick: Timing = {
  heartbeatMs: 100,
  heartbeatTimeoutMs: 400,
  probeTimeoutMs: 400,
  probeTimeoutMaxMs: 800,
  backoffMs: 20,
  backoffMaxMs: 100,
  recheckMs: 100,
}

/** Runs SQL as superuser and answers the first row's first value. */
export async function run(url: string, text: string, values: unknown[] = []): Promise<unknown> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    const { rows } = await client.query<Record<string, unknown>>(text, values)
    return Object.values(rows?.[0] ?? {})[0]
  } finally {
    await client.end()
  }
}

/** Makes the database as expected, but for the given change, whatever it was. */
export const resetLab = (url: string, change = '') => run(url, `${schema} ${change}`)

/** A database as expected, but for the given change. */
export async function createLab(change = ''): Promise<TestDatabase> {
  const database = await createEmptyDatabase()
  await resetLab(database.url, change)
  return database
}

export interface LabOptions extends Partial<Omit<SourceOptions, 'config'>> {
  readonly config?: Partial<SourceConfig>
}

/** A source over the database of the URL, after its first try. */
export async function startSource(url: string, { config, ...options }: LabOptions = {}): Promise<Source> {
  const source = new Source({
    name: 'lab',
    expected,
    log: { info() {}, warn() {} },
    timing: quick,
    ...options,
    config: {
      name: 'lab',
      url: new Secret(url),
      maxConnections: 3,
      staleTimeoutMs: 300_000,
      connectionTimeoutMs: 30_000,
      statementTimeoutMs: 15_000,
      idleInTransactionTimeoutMs: 15_000,
      sslMode: 'prefer',
      ...config,
    },
  })
  await source.start()
  return source
}

/** Resolves at the first moment when the source is so. */
export async function until(source: Source, isSo: (source: Source) => boolean): Promise<void> {
  if (isSo(source)) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const off = source.on('change', () => isSo(source) && resolve())
  await promise
  off()
}

/** The error that work ends in, and how long it took, in milliseconds. */
export async function failure(work: Promise<unknown>) {
  const began = performance.now()
  const error = await work.then(
    () => undefined,
    (reason: Error & { code?: string; extensions?: object }) => reason,
  )
  if (error === undefined) throw new Error('It should have failed')
  return { error, code: error.code, took: performance.now() - began }
}

/** Asks again until the answer is as wanted; the test's own time-out ends it. */
export async function eventually(ask: () => Promise<unknown>, wanted: unknown): Promise<void> {
  while ((await ask()) !== wanted) await turn()
}
