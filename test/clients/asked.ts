/** What a document asks of rows, and how it is written. */
import fc from 'fast-check'

export interface Term {
  readonly field: string
  readonly direction: 'ASC' | 'DESC'
  readonly nulls?: 'FIRST' | 'LAST' | undefined
}

export interface PageAsked {
  readonly first?: number
  readonly last?: number
  readonly after?: string
  readonly orderBy: readonly Term[]
  /** Only rows whose key is below this. */
  readonly below?: number
}

/** A field that leads to other rows, under an alias. */
export interface Asked {
  readonly alias: string
  readonly field: string
  /** Where rows of a list lie in its answer; null for a field that leads to one row. */
  readonly list: 'nodes' | 'edges' | null
  readonly page: PageAsked
  readonly asked: readonly Asked[]
}

/** A type that takes part: its integer columns by field, and where its fields lead. */
export interface Shape {
  readonly source: 'platform' | 'users'
  readonly table: string
  readonly columns: Readonly<Record<string, string>>
  /** Field to type, and the column of that type which names this row. */
  readonly many: Readonly<Record<string, readonly [type: string, column: string]>>
  /** Field to type, and the column of this row which names that one. */
  readonly one: Readonly<Record<string, readonly [type: string, column: string]>>
}

export const shapes: Readonly<Record<string, Shape>> = {
  Organization: {
    source: 'users',
    table: 'organizations',
    columns: { databaseId: 'id', maxUsers: 'max_users' },
    many: { users: ['User', 'organization_id'], projects: ['Project', 'organization_id'] },
    one: {},
  },
  User: {
    source: 'users',
    table: 'users',
    columns: { databaseId: 'id', organizationId: 'organization_id' },
    many: { projects: ['Project', 'user_id'], trainingJobs: ['TrainingJob', 'created_by'] },
    one: { organization: ['Organization', 'organization_id'] },
  },
  Project: {
    source: 'platform',
    table: 'projects',
    columns: { databaseId: 'id', userId: 'user_id', organizationId: 'organization_id' },
    many: { trainingJobs: ['TrainingJob', 'project_id'], experiments: ['Experiment', 'project_id'] },
    one: { owner: ['User', 'user_id'], organization: ['Organization', 'organization_id'] },
  },
  Experiment: {
    source: 'platform',
    table: 'experiments',
    columns: { databaseId: 'id', projectId: 'project_id', numRuns: 'num_runs' },
    many: { trainingJobs: ['TrainingJob', 'experiment_id'] },
    one: { project: ['Project', 'project_id'] },
  },
  TrainingJob: {
    source: 'platform',
    table: 'training_jobs',
    columns: { databaseId: 'id', createdBy: 'created_by', experimentId: 'experiment_id', epochs: 'epochs' },
    many: { exportJobs: ['ExportJob', 'training_job_id'], metrics: ['TrainingMetric', 'job_id'] },
    one: {
      project: ['Project', 'project_id'],
      experiment: ['Experiment', 'experiment_id'],
      creator: ['User', 'created_by'],
    },
  },
  ExportJob: {
    source: 'platform',
    table: 'export_jobs',
    columns: { databaseId: 'id', version: 'version', trainingJobId: 'training_job_id' },
    many: { deployments: ['Deployment', 'export_job_id'] },
    one: { trainingJob: ['TrainingJob', 'training_job_id'] },
  },
  Deployment: {
    source: 'platform',
    table: 'deployments',
    columns: { databaseId: 'id', requestCount: 'request_count', exportJobId: 'export_job_id' },
    many: {},
    one: { exportJob: ['ExportJob', 'export_job_id'], trainingJob: ['TrainingJob', 'training_job_id'] },
  },
  TrainingMetric: {
    source: 'platform',
    table: 'metrics',
    columns: { databaseId: 'id', epoch: 'epoch', step: 'step' },
    many: {},
    one: { job: ['TrainingJob', 'job_id'] },
  },
}

export const shapeOf = (type: string): Shape => shapes[type] as Shape

const upperCase = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

/** A page of a type, in an order that may name a column twice or go on after the key. */
export const anyPage = (type: string): fc.Arbitrary<PageAsked> =>
  fc
    .record({
      size: fc.nat(3),
      backward: fc.boolean(),
      below: fc.option(fc.integer({ min: 1, max: 3000 }), { nil: undefined, freq: 3 }),
      orderBy: fc.array(
        fc.record({
          field: fc.constantFrom(...Object.keys(shapeOf(type).columns)),
          direction: fc.constantFrom('ASC' as const, 'DESC' as const),
          nulls: fc.constantFrom(undefined, 'FIRST' as const, 'LAST' as const),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    })
    .map(({ size, backward, below, orderBy }) => ({
      ...(backward ? { last: size } : { first: size }),
      ...(below === undefined ? {} : { below }),
      orderBy,
    }))

/** Up to two fields of a type, the same one under both aliases among them, and what is asked below. */
export function anyAsked(type: string, depth: number): fc.Arbitrary<readonly Asked[]> {
  const { many, one } = shapeOf(type)
  const fields = [...Object.entries(many), ...Object.entries(one)]
  if (depth === 0) return fc.constant([])
  const field = fc.constantFrom(...fields).chain(([name, [to]]) =>
    fc.record({
      field: fc.constant(name),
      list: name in many ? fc.constantFrom('nodes' as const, 'edges' as const) : fc.constant(null),
      page: anyPage(to),
      asked: anyAsked(to, depth - 1),
    }),
  )
  return fc
    .array(field, { minLength: 1, maxLength: 2 })
    .map((list) => list.map((one, index) => ({ alias: `a${index}`, ...one })))
}

/** The arguments of a page, as the document has them. */
export const argumentsOf = ({ first, last, after, orderBy, below }: PageAsked) =>
  [
    ...(first === undefined ? [] : [`first: ${first}`]),
    ...(last === undefined ? [] : [`last: ${last}`]),
    ...(after === undefined ? [] : [`after: "${after}"`]),
    ...(below === undefined ? [] : [`filter: { databaseId: { lt: ${below} } }`]),
    `orderBy: [${orderBy.map(
      ({ field, direction, nulls }) =>
        `{ field: ${upperCase(field)}, direction: ${direction}${nulls ? `, nulls: ${nulls}` : ''} }`,
    )}]`,
  ].join(', ')

/** The selection of a row, as the document has it. */
export const selectionOf = (asked: readonly Asked[]): string =>
  ['__typename', 'databaseId', ...asked.map(fieldOf)].join(' ')

function fieldOf({ alias, field, list, page, asked }: Asked): string {
  if (list === null) return `${alias}: ${field} { ${selectionOf(asked)} }`
  const rows =
    list === 'nodes' ? `nodes { ${selectionOf(asked)} }` : `edges { node { ${selectionOf(asked)} } }`
  return `${alias}: ${field}(${argumentsOf(page)}) { totalCount ${rows} pageInfo { hasNextPage hasPreviousPage } }`
}
